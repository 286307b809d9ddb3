import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Backend } from "../src/backend.ts";
import { type Matrix, matrix } from "../src/matrix.ts";
import { normals } from "../src/random.ts";
import { gemm as oracle, syrk as syrkOracle } from "../src/reference/products.ts";
import { createWasmBackend } from "../src/wasm/backend.ts";
import { gemm, syrk } from "../src/wasm/products.ts";
import { Runtime } from "../src/wasm/runtime.ts";

const U = 2 ** -53;

function gaussian(rows: number, cols: number, stream: number): Matrix {
  return normals({ seed: [17, 3], stream, firstRow: 0, rows, cols });
}

const absolute = (a: Matrix) => matrix(a.rows, a.cols, a.data.map(Math.abs));

/** |difference| ≤ 2(γ_k + 3u)(|α||A||B| + |β||C|): two computations of one product, each within the any-order bound. */
function expectClose(got: Matrix, want: Matrix, scale: Matrix, k: number): void {
  const gamma = 2 * ((k * U) / (1 - k * U) + 3 * U);
  for (let i = 0; i < want.data.length; i++) {
    const error = Math.abs(got.data[i] - want.data[i]);
    if (!(error <= gamma * scale.data[i] * (1 + 4 * k * U))) {
      expect.fail(`entry ${i}: ${got.data[i]} is not ${want.data[i]} within ${gamma * scale.data[i]}`);
    }
  }
}

describe.each([
  { threads: 1, tile: 4 },
  { threads: 2, tile: 6 },
] as const)("$threads threads, $tile × 4 tile", (options) => {
  let runtime: Runtime;
  beforeAll(async () => {
    runtime = await Runtime.start(options);
  });
  afterAll(() => runtime.close());

  // 1153 and 2049 pass the panel sizes, 257 the depth of a panel; work above 2e6 goes to the workers.
  test.each([
    [3, 5, 7],
    [49, 65, 257],
    [1153, 9, 130],
    [7, 2049, 260],
    [130, 131, 513],
  ])("products %i × %i × %i in every orientation are within the bound of any-order summation", async (m, n, k) => {
    for (const [transposeA, transposeB, alpha, beta] of [
      [false, false, 1, 0],
      [true, false, -0.5, 2],
      [false, true, 3, 1],
      [true, true, 1, -1],
    ] as const) {
      const a = transposeA ? gaussian(k, m, 1) : gaussian(m, k, 1);
      const b = transposeB ? gaussian(n, k, 2) : gaussian(k, n, 2);
      const c = gaussian(m, n, 3);
      const on = (out: Matrix) => ({ transposeA, transposeB, alpha, beta, out });
      const want = oracle(a, b, on({ ...c, data: c.data.slice() }));
      const scale = oracle(absolute(a), absolute(b), {
        ...on(absolute(c)),
        alpha: Math.abs(alpha),
        beta: Math.abs(beta),
      });
      const got = await gemm(runtime, a, b, on(c));
      expect(got).toBe(c);
      expectClose(got, want, scale, k);
    }
  });

  test("products of any small shape agree with the oracle", async () => {
    const size = fc.integer({ min: 0, max: 21 });
    await fc.assert(
      fc.asyncProperty(size, size, size, fc.boolean(), fc.boolean(), async (m, n, k, transposeA, transposeB) => {
        const a = transposeA ? gaussian(k, m, 4) : gaussian(m, k, 4);
        const b = transposeB ? gaussian(n, k, 5) : gaussian(k, n, 5);
        const got = await gemm(runtime, a, b, { transposeA, transposeB });
        const scale = oracle(absolute(a), absolute(b), { transposeA, transposeB });
        expectClose(got, oracle(a, b, { transposeA, transposeB }), scale, k);
      }),
      { numRuns: 60, seed: 5 },
    );
  });

  test.each([
    [1, 1],
    [5, 300],
    [67, 130],
    [1170, 20],
  ])("A·Aᵀ with %i rows of %i is exactly symmetric and within the bound", async (n, k) => {
    for (const transpose of [false, true]) {
      const a = transpose ? gaussian(k, n, 6) : gaussian(n, k, 6);
      const got = await syrk(runtime, a, { transpose });
      for (let i = 0; i < n; i++) {
        for (let j = 0; j < i; j++) {
          if (got.data[i * n + j] !== got.data[j * n + i]) expect.fail(`entries (${i}, ${j}) and (${j}, ${i}) differ`);
        }
      }
      expectClose(got, syrkOracle(a, { transpose }), syrkOracle(absolute(a), { transpose }), k);
    }
  });

  test("syrk with β adds to the lower triangle and mirrors", async () => {
    const a = gaussian(70, 9, 7);
    const c = gaussian(70, 70, 8);
    const want = syrkOracle(a, { alpha: 2, beta: -3, out: { ...c, data: c.data.slice() } });
    const scale = syrkOracle(absolute(a), { alpha: 2, beta: 3, out: absolute(c) });
    expectClose(await syrk(runtime, a, { alpha: 2, beta: -3, out: c }), want, scale, 9);
  });

  test("bringing operands in by pieces of the inner dimension changes no bit", async () => {
    const a = gaussian(30, 700, 14);
    const b = gaussian(700, 20, 15);
    const at = gaussian(700, 30, 16);
    const c = gaussian(30, 30, 17);
    const out = () => ({ ...c, data: c.data.slice() });
    for (const chunk of [256, 512]) {
      expect(await gemm(runtime, a, b, {}, chunk)).toEqual(await gemm(runtime, a, b));
      const both = { transposeA: true, transposeB: true, alpha: 2, beta: -0.5 };
      const turned = await gemm(runtime, at, a, { ...both, out: out() }, chunk);
      expect(turned).toEqual(await gemm(runtime, at, a, { ...both, out: out() }));
      const options = { transpose: true, alpha: 3, beta: 2 };
      expect(await syrk(runtime, at, { ...options, out: out() }, chunk)).toEqual(
        await syrk(runtime, at, { ...options, out: out() }),
      );
    }
  });

  test("β = 0 does not read the target: NaN in it does not spread", async () => {
    const out = matrix(50, 50, new Float64Array(2500).fill(Number.NaN));
    const a = gaussian(50, 300, 9);
    expect((await gemm(runtime, a, a, { transposeB: true, out })).data.every(Number.isFinite)).toBe(true);
  });

  test("an infinite or NaN entry reaches its own row of the product and no other", async () => {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const a = gaussian(50, 70, 10);
      a.data[49 * 70 + 69] = bad;
      const got = await gemm(runtime, a, gaussian(70, 51, 11));
      got.data.forEach((value, i) => {
        expect(Number.isFinite(value)).toBe(i < 49 * 51);
      });
    }
  });

  test("subnormal results are kept: nothing is flushed to zero", async () => {
    const tiny = matrix(1, 1, Float64Array.of(2 ** -600));
    const smaller = matrix(1, 1, Float64Array.of(2 ** -470));
    expect((await gemm(runtime, tiny, smaller)).data[0]).toBe(2 ** -1070);
  });
});

describe("deterministic", () => {
  test("any number of threads and either tile give the same bits, and those of k-order summation in panels of 256", async () => {
    const a = gaussian(203, 600, 12);
    const b = gaussian(600, 131, 13);
    const results: Float64Array[] = [];
    for (const options of [
      { threads: 1, tile: 4 },
      { threads: 2, tile: 6 },
      { threads: 3, tile: 4 },
    ] as const) {
      const runtime = await Runtime.start({ ...options, deterministic: true });
      expect(runtime.fused).toBe(false);
      results.push((await gemm(runtime, a, b)).data);
      await runtime.close();
    }
    const plain = new Float64Array(203 * 131);
    for (let i = 0; i < 203; i++) {
      for (let j = 0; j < 131; j++) {
        let total = 0;
        for (let p0 = 0; p0 < 600; p0 += 256) {
          let sum = 0;
          for (let p = p0; p < Math.min(600, p0 + 256); p++) sum += a.data[i * 600 + p] * b.data[p * 131 + j];
          total = sum + total;
        }
        plain[i * 131 + j] = total;
      }
    }
    for (const result of results) expect(result).toEqual(plain);
  });

  test("the backend says whether it is", async () => {
    for (const deterministic of [true, false]) {
      const backend = await createWasmBackend({ threads: 1, deterministic });
      expect(backend.info).toMatchObject({ name: "wasm", threads: 1, deterministic });
      expect(backend.info.detail).toMatch(/128-bit SIMD.*[46] × 4 tile/);
      if (deterministic) expect(backend.info.detail).toContain("separate multiply and add");
      await backend.close();
    }
  });
});

describe("misuse", () => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await createWasmBackend({ threads: 1 });
  });
  afterAll(() => backend.close());

  test("shapes that do not fit are refused with both shapes named", async () => {
    await expect(backend.gemm(matrix(2, 3), matrix(4, 5))).rejects.toThrow("product of 2 × 3 and 4 × 5");
    await expect(backend.gemm(matrix(2, 3), matrix(3, 5), { out: matrix(2, 4) })).rejects.toThrow(/out is 2 × 4/);
    await expect(backend.syrk(matrix(2, 3), { out: matrix(3, 3) })).rejects.toMatchObject({ code: "shape" });
  });

  test("every call on a closed backend rejects", async () => {
    const closed = await createWasmBackend({ threads: 2 });
    await closed.close();
    await closed.close();
    const a = matrix(2, 2);
    for (const call of [
      () => closed.gemm(a, a),
      () => closed.syrk(a),
      () => closed.cholesky(a),
      () => closed.solveTriangular(matrix(2, 2, Float64Array.of(1, 0, 0, 1)), a),
      () => closed.eigenvalues(a),
      () => closed.extremalEigenvalues(a),
      () => closed.maskCounts({ rows: 1, bits: 1, wordsPerRow: 1, words: Uint32Array.of(1) }),
      () => closed.elementwise("exp", a.data),
      () => closed.arcCosine(0, a, new Float64Array(2), new Float64Array(2)),
      () => closed.normals({ seed: [1, 2], stream: 0, firstRow: 0, rows: 1, cols: 1 }),
    ]) {
      await expect(call()).rejects.toMatchObject({ code: "closed" });
    }
  });
});
