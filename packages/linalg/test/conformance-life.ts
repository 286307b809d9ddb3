import { describe, expect, test } from "vitest";
import { identity } from "../src/index.ts";
import { type BackendFactory, expectMisuse, random } from "./conformance-tools.ts";

export function lifeTests(create: BackendFactory): void {
  describe("description and end of life", () => {
    test("the description names the backend, what it runs on and its threads", async () => {
      const backend = await create();
      expect(["reference", "wasm", "native"]).toContain(backend.info.name);
      expect(backend.info.detail.length).toBeGreaterThan(5);
      expect(Number.isInteger(backend.info.threads) && backend.info.threads >= 1).toBe(true);
      await backend.close();
    });

    test("a closed backend rejects every call, and may be closed again", async () => {
      const backend = await create();
      const a = identity(3);
      const x = new Float64Array(3);
      await backend.close();
      await backend.close();
      await expectMisuse(backend.gemm(a, a), "closed");
      await expectMisuse(backend.syrk(a), "closed");
      await expectMisuse(backend.cholesky(a), "closed");
      await expectMisuse(backend.solveTriangular(a, a), "closed");
      await expectMisuse(backend.eigenvalues(a), "closed");
      await expectMisuse(backend.extremalEigenvalues(a), "closed");
      await expectMisuse(backend.maskCounts({ rows: 1, bits: 1, wordsPerRow: 1, words: new Uint32Array(1) }), "closed");
      await expectMisuse(backend.elementwise("exp", x), "closed");
      await expectMisuse(backend.arcCosine(0, a, x, x), "closed");
      const layer = { part: "top", slope: 0, weight: 1, bias: 0, squaredRows: [x], squaredCols: [x] } as const;
      await expectMisuse(backend.piecewiseLinear(a, layer), "closed");
      await expectMisuse(backend.normals({ seed: [0, 0], stream: 0, firstRow: 0, rows: 1, cols: 1 }), "closed");
    });

    test("work that is under way when the backend is closed still settles", async () => {
      const backend = await create();
      const a = random(200, 200, 90);
      const work = backend.gemm(a, a).then(
        () => "done",
        () => "refused",
      );
      await backend.close();
      expect(["done", "refused"]).toContain(await work);
    });

    test("closing one backend does not disturb another of its kind", async () => {
      const [first, second] = [await create(), await create()];
      await first.close();
      const a = random(150, 150, 91);
      expect((await second.gemm(a, a)).rows).toBe(150);
      await second.close();
    });
  });
}
