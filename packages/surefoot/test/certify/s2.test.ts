import { matrix } from "@surefoot/linalg";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Measured, ReluEvidence } from "../../src/certify/evidence.ts";
import { floatMeasurer } from "../../src/certify/measure.ts";
import { emptyMasks, midpointKernel, setBit } from "../../src/certify/s2-kernel.ts";
import { type LinearSums, linearSums } from "../../src/certify/s2-linear.ts";
import { structuredKernel } from "../../src/certify/s2-structured.ts";
import { perronBound, upward } from "../../src/certify/upward.ts";
import { point, rounded } from "../../src/interval/arithmetic.ts";
import { backend, setting } from "./setting.ts";

const measurer = floatMeasurer(backend);
const measured = (value: number): Measured => ({ value: point(value), warrant: "computed", how: "given" });

async function evidence(width: number, n: number, seed: number): Promise<ReluEvidence> {
  const source = { kind: "sphere", n, d: 5, seed, labels: "gaussian" } as const;
  const at = await setting({ kind: "two-layer-relu", width }, source, { kind: "gaussian", output: "uniform" }, seed);
  const found = await measurer.relu(at);
  if (found.status === "failed") throw new Error(found.reason);
  return found.evidence;
}

describe.each([
  ["midpoint", midpointKernel],
  ["structured", structuredKernel],
] as const)("the %s kernel of S2", (_name, kernelOf) => {
  it("is within ε, in spectral norm, of every kernel that flips and slopes inside U can make", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 1000 }),
        fc.array(fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 9 })), { maxLength: 8 }),
        async (seed, open) => {
          const [n, m] = [4, 10];
          const at = await evidence(m, n, seed);
          const unstable = emptyMasks(at.pattern);
          for (const [i, r] of open) setBit(unstable, i, r);
          const found = await kernelOf(at, unstable, measurer);
          if (found.status === "failed") throw new Error(found.reason);
          const { kernel, epsilon } = found.evidence;
          if (open.length === 0) expect(epsilon).toBe(0);
          const bit = (words: Uint32Array, i: number, r: number) =>
            (words[i * at.pattern.wordsPerRow + (r >>> 5)] >>> (r & 31)) & 1;
          for (let trial = 0; trial < 20; trial++) {
            // M_s: pattern of the step's start times slope within the step, each free on U; trial 0: all 0, trial 1: all 1
            const value = (i: number, r: number, kind: number) => {
              if (bit(unstable.words, i, r) === 0) return bit(at.pattern.words, i, r);
              if (trial < 2) return trial;
              const draw = Math.abs(Math.sin(1000 * trial + 37 * i + 11 * r + 5 * kind));
              return kind === 0 ? Math.round(draw) : draw;
            };
            const off = matrix(n, n);
            for (let i = 0; i < n; i++) {
              for (let j = 0; j < n; j++) {
                let count = 0;
                for (let r = 0; r < m; r++) count += at.outputWeights[r] ** 2 * value(i, r, 1) * value(j, r, 0);
                const entry = at.outputScale ** 2 * at.gram.mid.data[i * n + j] * count;
                off.data[i * n + j] = entry - kernel.mid.data[i * n + j];
              }
            }
            const norm = await backend.extremalEigenvalues(await backend.syrk(off), { which: "largest" });
            if (norm.status !== "ok") throw new Error("no convergence");
            expect(Math.sqrt(Math.max(0, norm.largest!.value))).toBeLessThanOrEqual(epsilon + 1e-12);
          }
        },
      ),
      { seed: 41, numRuns: 60 },
    );
  });
});

/** How far S is outside the cell's reach. */
function beyond(sums: LinearSums, cell: number, s: readonly number[]): number {
  const { reached, ahead } = sums.grid[cell];
  return Math.max(...s.map((value, i) => Math.abs(value - reached[i]) - ahead[i] - sums.error));
}

describe("the structured kernel of S2", () => {
  it("has the smaller ε where many samples have scattered pairs", async () => {
    const at = await evidence(400, 80, 1);
    const unstable = emptyMasks(at.pattern);
    for (let k = 0; k < 800; k++) setBit(unstable, (7 * k) % 80, (37 * k) % 400);
    const [plain, structured] = [
      await midpointKernel(at, unstable, measurer),
      await structuredKernel(at, unstable, measurer),
    ];
    if (plain.status === "failed" || structured.status === "failed") throw new Error("no kernel");
    expect(structured.evidence.epsilon).toBeLessThan(0.9 * plain.evidence.epsilon);
  });
});

describe("the sums of the linear prediction", () => {
  it("lie above a plain simulation, and within 1 % of it, for short and long steps", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.double({ min: 0.05, max: 1, noNaN: true }),
        fc.double({ min: -2.5, max: 0, noNaN: true }),
        fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 3, maxLength: 3 }),
        async (low, exponent, start) => {
          const length = Math.hypot(...start);
          fc.pre(length > 0.1);
          // M = low·I + (1 − low)·vvᵀ
          const v = [2 / 3, 2 / 3, -1 / 3];
          const mid = matrix(
            3,
            3,
            Float64Array.from({ length: 9 }, (_, k) => {
              const [i, j] = [Math.floor(k / 3), k % 3];
              return (i === j ? low : 0) + (1 - low) * v[i] * v[j];
            }),
          );
          const eta = 10 ** exponent;
          const sums = linearSums(
            { mid: Float64Array.from(start), radius: 0 },
            {
              kernel: { mid, radius: 0 },
              epsilon: 0,
              rate: low,
              spectrum: { lambdaMin: measured(low), lambdaMax: measured(1) },
            },
            point(eta),
            rounded,
          );
          let e = start;
          let path = 0;
          const reached = [0, 0, 0];
          let cell = 0;
          let outside = 0;
          const plain = [0, 0, 0];
          const steps = Math.ceil(12 / (eta * low));
          for (let k = 0; k < steps; k++) {
            path += eta * Math.hypot(...e);
            // S(k) stays within the variation that its grid cell allows, whichever cell k is in
            while (cell + 1 < sums.grid.length && beyond(sums, cell, reached) > 0) cell++;
            outside = Math.max(outside, beyond(sums, cell, reached));
            e.forEach((x, i) => {
              reached[i] += eta * x;
            });
            e.forEach((x, i) => {
              plain[i] += eta * Math.abs(x);
            });
            e = e.map((x, i) => x - eta * [0, 1, 2].reduce((sum, j) => sum + mid.data[3 * i + j] * e[j], 0));
          }
          expect(outside).toBeLessThan(1e-9 * path);
          expect(sums.path / path).toBeGreaterThan(1 - 1e-5); // e⁻¹² of the plain sum is missing
          expect(sums.path / path).toBeLessThan(1.01);
          plain.forEach((sum, i) => {
            expect(sums.perSample[i]).toBeGreaterThanOrEqual(sum * (1 - 1e-9) - 1e-5 * path);
            expect(sums.perSample[i]).toBeLessThan(sum + 0.01 * path);
          });
        },
      ),
      { seed: 42, numRuns: 40 },
    );
  });
});

describe("the Collatz–Wielandt bound", () => {
  it("is never below the norm of a symmetric non-negative matrix and meets it to 1 %, reducible ones included", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 7 }),
        fc.array(fc.oneof(fc.constant(0), fc.double({ min: 0, max: 10, noNaN: true })), {
          minLength: 28,
          maxLength: 28,
        }),
        async (n, entries) => {
          const b = matrix(n, n);
          let k = 0;
          for (let i = 0; i < n; i++) for (let j = 0; j <= i; j++) b.data[i * n + j] = b.data[j * n + i] = entries[k++];
          const found = await backend.extremalEigenvalues(b);
          if (found.status !== "ok") throw new Error("no convergence");
          const norm = Math.max(found.largest!.value, -found.smallest!.value);
          const bound = perronBound(b, upward(rounded));
          expect(bound).toBeGreaterThanOrEqual(norm * (1 - 1e-12));
          expect(bound).toBeLessThanOrEqual(norm * 1.01 + 1e-12);
        },
      ),
      { seed: 43, numRuns: 300 },
    );
  });
});
