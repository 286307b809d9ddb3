import { createReferenceBackend, matrix } from "@surefoot/linalg";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { givenNeurons, seededNeurons } from "../../src/dynamics/lazy/neuron-source.ts";
import { createLazyRun, type LazyRun } from "../../src/dynamics/lazy/run.ts";
import { DirectDescent, largestEigenvalue, sphere } from "./direct.ts";

const backend = createReferenceBackend();

/** theory/06: losses agree to 1e-10·L + C·2⁻⁵²·√L·‖y‖; C covers the direct program's own sums of m·d terms. */
function lossTolerance(loss: number, y: Float64Array, terms: number): number {
  const norm = Math.sqrt(y.reduce((sum, value) => sum + value * value, 0));
  return 1e-10 * loss + 64 * Math.sqrt(terms) * Number.EPSILON * Math.sqrt(loss) * norm + 1e-26;
}

async function samePatterns(run: LazyRun, direct: DirectDescent): Promise<boolean> {
  for (let r = 0; r < direct.m; r++) {
    const [mine, theirs] = [await run.pattern(r), direct.pattern(r)];
    if (mine.some((bit, i) => bit !== theirs[i])) return false;
  }
  return true;
}

describe("exactness", () => {
  it("follows direct descent, patterns and losses, until rounding decides a sign", async () => {
    let flips = 0;
    let compared = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          seed: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
          n: fc.integer({ min: 1, max: 12 }),
          d: fc.integer({ min: 1, max: 8 }),
          m: fc.integer({ min: 1, max: 60 }),
          step: fc.double({ min: 0.05, max: 1.9, noNaN: true }),
          closeness: fc.constantFrom(0, 0, 1e-2, 1e-5),
          antisymmetric: fc.boolean(),
        }),
        async ({ seed, n, d, m: half, step, closeness, antisymmetric }) => {
          const m = antisymmetric ? 2 * half : half;
          const dataset = await sphere(backend, seed, n, d, closeness);
          const source = seededNeurons({ width: m, inputs: d, seed, antisymmetric }, backend);
          const probe = await createLazyRun({ dataset, source, stepSize: 1, backend, horizon: 1 });
          const largest = largestEigenvalue(probe.stepper.tangent.h, n);
          fc.pre(largest > 1e-6);
          const stepSize = step / largest;
          const run = await createLazyRun({ dataset, width: m, seed, antisymmetric, stepSize, backend, horizon: 30 });
          const direct = await DirectDescent.from(dataset, source, stepSize);
          for (let k = 0; k <= 60; k++) {
            if (direct.hasNearTie() || direct.loss > 1e6) break;
            expect(await samePatterns(run, direct)).toBe(true);
            expect(Math.abs(run.loss - direct.loss)).toBeLessThanOrEqual(lossTolerance(direct.loss, dataset.y, m * d));
            compared++;
            direct.step();
            expect((await run.step()).status).toBe("ok");
          }
          flips += run.state.flips;
        },
      ),
      { numRuns: 60, seed: 20180 },
    );
    expect(compared).toBeGreaterThan(1000);
    expect(flips).toBeGreaterThan(500);
  });
});

describe("ties", () => {
  it("z = 0 counts as on, for both signs of a", async () => {
    const x = matrix(1, 1, Float64Array.of(1));
    for (const a of [1, -1]) {
      const dataset = { x, y: Float64Array.of(0.5), provenance: { source: "one", steps: [], sourceRows: [0] } };
      const source = givenNeurons(matrix(1, 1, Float64Array.of(0)), Float64Array.of(a));
      const run = await createLazyRun({ dataset, source, stepSize: 0.5, backend });
      expect([...(await run.pattern(0))]).toEqual([1]);
      const direct = await DirectDescent.from(dataset, source, 0.5);
      for (let k = 0; k < 5; k++) {
        direct.step();
        await run.step();
        expect([...(await run.pattern(0))]).toEqual([...direct.pattern(0)]);
        expect(run.loss).toBeCloseTo(direct.loss, 14);
      }
    }
  });
});
