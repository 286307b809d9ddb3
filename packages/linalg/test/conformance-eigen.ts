import { readFileSync } from "node:fs";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Backend, copy, type EigenOutcome, identity, type Matrix, matrix } from "../src/index.ts";
import { gemm } from "../src/reference/products.ts";
import {
  type BackendFactory,
  expectMisuse,
  expectSameBits,
  expectWithin,
  frobenius,
  positiveDefinite,
  random,
  symmetric,
  U,
  withUpper,
} from "./conformance-tools.ts";

interface Spectrum {
  readonly name: string;
  readonly order: number;
  readonly entries: readonly number[];
  /** From LAPACK's dsyev. */
  readonly lapack: readonly number[];
  /** The matrix as stored, in 40 digits, rounded. */
  readonly exact: readonly number[];
}

const GOLDEN = JSON.parse(readFileSync(new URL("./golden/spectra.json", import.meta.url), "utf8")) as {
  readonly spectra: readonly Spectrum[];
};

/**
 * A backward-stable symmetric eigensolver returns the spectrum of A + E with ‖E‖₂ ≤ p(n)·u·‖A‖₂, p a modest polynomial (LAPACK
 * Users' Guide, 4.7); 8n covers the orthogonal reductions in use here, and Weyl's inequality carries it to every eigenvalue.
 */
const spectralBound = (a: Matrix): number => 8 * Math.max(a.rows, 1) * U * lowerNorm(a);

/** Frobenius norm of the symmetric matrix whose lower triangle is stored; scaled, so that 1e300 does not overflow. */
function lowerNorm(a: Matrix): number {
  return frobenius(mirrored(a));
}

function mirrored(a: Matrix): Matrix {
  const out = copy(a);
  for (let i = 0; i < a.rows; i++) for (let j = 0; j < i; j++) out.data[j * a.rows + i] = out.data[i * a.rows + j];
  return out;
}

type Solved = Extract<EigenOutcome, { status: "ok" }>;

async function solve(backend: Backend, a: Matrix, vectors: boolean): Promise<Solved> {
  const outcome = await backend.eigenvalues(a, { vectors });
  if (outcome.status !== "ok") expect.fail(outcome.status);
  expect(outcome.values.length).toBe(a.rows);
  for (let i = 1; i < a.rows; i++) expect(outcome.values[i]).toBeGreaterThanOrEqual(outcome.values[i - 1]);
  return outcome;
}

/** V·A·Vᵀ = Λ and V·Vᵀ = I for the rows of V, to 8n·u·‖A‖ and 8n·u. A is divided by a power of two first when it is ill-scaled. */
function expectEigenvectors(a: Matrix, { values, vectors }: Solved, unit = 1): void {
  if (!vectors) expect.fail("no vectors");
  const n = a.rows;
  const full = mirrored(a);
  for (let i = 0; i < full.data.length; i++) full.data[i] /= unit;
  const scaled = gemm(vectors, full);
  const want = copy(vectors);
  for (let k = 0; k < n; k++) for (let j = 0; j < n; j++) want.data[k * n + j] *= values[k] / unit;
  const bound = 8 * Math.max(n, 1) * U;
  const norm = frobenius(full);
  expectWithin(scaled, want, () => bound * norm);
  expectWithin(gemm(vectors, vectors, { transposeB: true }), identity(n), () => bound);
}

export function eigenTests(create: BackendFactory): void {
  describe("symmetric eigenvalues", () => {
    let backend: Backend;
    beforeAll(async () => {
      backend = await create();
    });
    afterAll(() => backend.close());

    for (const { name, order, entries, exact, lapack } of GOLDEN.spectra) {
      test(`golden spectrum: ${name}`, async () => {
        const a = matrix(order, order, Float64Array.from(entries));
        const { values } = await solve(backend, a, false);
        const bound = spectralBound(a);
        for (let i = 0; i < order; i++) {
          expect(Math.abs(values[i] - exact[i])).toBeLessThanOrEqual(bound);
          expect(Math.abs(values[i] - lapack[i])).toBeLessThanOrEqual(2 * bound);
        }
        expectEigenvectors(a, await solve(backend, a, true));
        await expectExtremal(backend, a, exact);
      });
    }

    for (const n of [0, 1, 2, 3, 4, 9, 32, 33, 65, 150]) {
      test(`order ${n}: vectors diagonalise the matrix, the lower triangle alone is read, the matrix is left alone`, async () => {
        const a = withUpper(symmetric(n, 70), Number.NaN);
        const before = copy(a);
        const withVectors = await solve(backend, a, true);
        expectEigenvectors(a, withVectors);
        const { values, vectors } = await solve(backend, a, false);
        expect(vectors).toBeUndefined();
        for (let i = 0; i < n; i++) {
          expect(Math.abs(values[i] - withVectors.values[i])).toBeLessThanOrEqual(2 * spectralBound(a));
        }
        if (n > 0) await expectExtremal(backend, a, values);
        expectSameBits(a.data, before.data);
      });
    }

    test("trace and Frobenius norm are those of the spectrum at an order that is blocked and threaded", async () => {
      const n = 389;
      const a = symmetric(n, 71);
      const { values } = await solve(backend, a, false);
      let [trace, sum, squares] = [0, 0, 0];
      for (let i = 0; i < n; i++) {
        trace += a.data[i * n + i];
        sum += values[i];
        squares += values[i] ** 2;
      }
      expect(Math.abs(sum - trace)).toBeLessThanOrEqual(n * spectralBound(a));
      const norm = frobenius(a);
      // Hoffman–Wielandt: √Σ(λ_i − λ̂_i)² ≤ ‖E‖_F ≤ √n‖E‖₂.
      expect(Math.abs(Math.sqrt(squares) - norm)).toBeLessThanOrEqual(Math.sqrt(n) * spectralBound(a));
      await expectExtremal(backend, a, values);
    });

    test("arbitrary symmetric matrices are diagonalised", async () => {
      await fc.assert(
        fc.asyncProperty(fc.integer({ min: 1, max: 24 }), fc.nat(), async (n, seed) => {
          const a = symmetric(n, seed);
          const solved = await solve(backend, a, true);
          expectEigenvectors(a, solved);
          await expectExtremal(backend, a, solved.values);
        }),
        { numRuns: 25 },
      );
    });

    test("ill-scaled matrices, 1e-300 and 1e300, keep relative accuracy", async () => {
      for (const scale of [2 ** -997, 2 ** 990]) {
        const unscaled = symmetric(40, 72);
        const a = copy(unscaled);
        for (let i = 0; i < a.data.length; i++) a.data[i] *= scale;
        const plain = await solve(backend, unscaled, false);
        const { values } = await solve(backend, a, false);
        for (let i = 0; i < 40; i++) {
          expect(Math.abs(values[i] / scale - plain.values[i])).toBeLessThanOrEqual(2 * spectralBound(unscaled));
        }
        expectEigenvectors(a, await solve(backend, a, true), scale);
      }
    });

    test("the ends of the spectrum of ill-scaled matrices, too large for a direct method, keep relative accuracy", async () => {
      const unscaled = symmetric(160, 78);
      const { values } = await solve(backend, unscaled, false);
      const bound = spectralBound(unscaled);
      for (const scale of [2 ** -997, 2 ** -300, 2 ** 300, 2 ** 990]) {
        const a = copy(unscaled);
        for (let i = 0; i < a.data.length; i++) a.data[i] *= scale;
        const outcome = await backend.extremalEigenvalues(a);
        if (outcome.status !== "ok" || !outcome.smallest || !outcome.largest)
          expect.fail(`${outcome.status} at ${scale}`);
        const { smallest, largest } = outcome;
        expect(Math.abs(smallest.value / scale - values[0])).toBeLessThanOrEqual(smallest.residual / scale + 2 * bound);
        expect(Math.abs(largest.value / scale - values[159])).toBeLessThanOrEqual(largest.residual / scale + 2 * bound);
        const size = Math.max(Math.abs(values[0]), Math.abs(values[159]));
        expect(Math.max(smallest.residual, largest.residual) / scale).toBeLessThanOrEqual(1e-13 * size + bound);
      }
    });

    test("zero, diagonal, singular and semidefinite matrices", async () => {
      expectSameBits((await solve(backend, matrix(6, 6), false)).values.map(Math.abs), new Float64Array(6));
      const diagonal = matrix(5, 5);
      [3, -1, 4, 1, -5].forEach((x, i) => {
        diagonal.data[i * 5 + i] = x;
      });
      expect(Array.from((await solve(backend, diagonal, false)).values)).toEqual([-5, -1, 1, 3, 4]);
      const g = random(60, 20, 73);
      const lowRank = gemm(g, g, { transposeB: true });
      const { values } = await solve(backend, lowRank, false);
      for (let i = 0; i < 40; i++) expect(Math.abs(values[i])).toBeLessThanOrEqual(spectralBound(lowRank));
      expect(values[40]).toBeGreaterThan(1);
      await expectExtremal(backend, lowRank, values);
      await expectExtremal(backend, matrix(6, 6), new Float64Array(6));
      await expectExtremal(backend, identity(70), new Float64Array(70).fill(1));
    });

    test("a spectrum clustered at its bottom: λ_min is found, with a certificate by its residual", async () => {
      const n = 190;
      const q = await solve(backend, symmetric(n, 74), true);
      if (!q.vectors) expect.fail("no vectors");
      const left = copy(q.vectors);
      for (let k = 0; k < n; k++) {
        const value = k < 150 ? 1e-3 * (1 + k * 1e-6) : 1 + k;
        for (let j = 0; j < n; j++) left.data[k * n + j] *= value;
      }
      const a = mirrored(gemm(q.vectors, left, { transposeA: true }));
      const { values } = await solve(backend, a, false);
      await expectExtremal(backend, a, values);
    });

    test("an entry that is not finite, on or below the diagonal, is a status", async () => {
      for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
        for (const [n, i, j] of [
          [1, 0, 0],
          [5, 3, 1],
          [120, 119, 0],
        ]) {
          const a = positiveDefinite(n, 75);
          a.data[i * n + j] = bad;
          expect(await backend.eigenvalues(a)).toEqual({ status: "not-finite" });
          expect(await backend.eigenvalues(a, { vectors: true })).toEqual({ status: "not-finite" });
          expect(await backend.extremalEigenvalues(a)).toEqual({ status: "not-finite" });
        }
      }
    });

    test("which asks for one end only", async () => {
      const a = symmetric(30, 76);
      const smallest = await backend.extremalEigenvalues(a, { which: "smallest" });
      if (smallest.status !== "ok") expect.fail(smallest.status);
      expect(smallest.smallest).toBeDefined();
      expect("largest" in smallest).toBe(false);
      const largest = await backend.extremalEigenvalues(a, { which: "largest" });
      if (largest.status !== "ok") expect.fail(largest.status);
      expect(largest.largest).toBeDefined();
      expect("smallest" in largest).toBe(false);
    });

    test("a matrix that is not square, and the extremal eigenvalues of an empty one, are refused", async () => {
      await expectMisuse(backend.eigenvalues(random(3, 4, 77)), "shape");
      await expectMisuse(backend.extremalEigenvalues(random(3, 4, 77)), "shape");
      await expectMisuse(backend.extremalEigenvalues(matrix(0, 0)), "argument");
    });
  });
}

/**
 * Both ends: near the known spectrum, of unit length, and with a residual that is what it says. The residual as the backend
 * computed it and as computed here differ by the rounding of two matrix-vector products, 2·γ_{n+2}·‖|A|‖ ≤ the spectral bound.
 */
async function expectExtremal(backend: Backend, a: Matrix, spectrum: ArrayLike<number>): Promise<void> {
  const n = a.rows;
  const outcome = await backend.extremalEigenvalues(a);
  if (outcome.status !== "ok") expect.fail(outcome.status);
  expect(outcome.method.length).toBeGreaterThan(0);
  const bound = spectralBound(a);
  const full = mirrored(a);
  for (const [pair, want] of [
    [outcome.smallest, spectrum[0]],
    [outcome.largest, spectrum[n - 1]],
  ] as const) {
    if (!pair) expect.fail("which = both asks for two eigenpairs");
    const v = matrix(n, 1, pair.vector);
    expect(Math.abs(frobenius(v) - 1)).toBeLessThanOrEqual(8 * n * U);
    const product = gemm(full, v);
    for (let i = 0; i < n; i++) product.data[i] -= pair.value * pair.vector[i];
    const residual = frobenius(product);
    expect(Math.abs(pair.residual - residual)).toBeLessThanOrEqual(bound);
    const scale = Math.max(Math.abs(spectrum[0]), Math.abs(spectrum[n - 1]));
    expect(pair.residual).toBeLessThanOrEqual(1e-13 * scale + bound);
    expect(Math.abs(pair.value - want)).toBeLessThanOrEqual(pair.residual + 2 * bound);
  }
}
