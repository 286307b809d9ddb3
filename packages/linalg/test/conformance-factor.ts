import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Backend, copy, identity, type Matrix, matrix, transpose } from "../src/index.ts";
import { gemm } from "../src/reference/products.ts";
import {
  absolute,
  type BackendFactory,
  expectMisuse,
  expectSameBits,
  expectWithin,
  gamma,
  lowerTriangular,
  positiveDefinite,
  random,
  withUpper,
} from "./conformance-tools.ts";

const SIZES = [0, 1, 2, 3, 5, 8, 17, 33, 63, 64, 65, 130, 259];

/**
 * |A − L·Lᵀ| ≤ γ_{n+1}|L||Lᵀ| (Higham, Accuracy and Stability, Theorem 10.3, any order of summation); blocks whose diagonal is
 * inverted once add a rounding an entry, the reconstruction here another γ_n: 4·γ_{n+2} covers all.
 */
function expectFactorOf(a: Matrix, l: Matrix): void {
  const n = a.rows;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      if (j > i && l.data[i * n + j] !== 0) expect.fail(`L(${i}, ${j}) = ${l.data[i * n + j]} above the diagonal`);
    }
  }
  const lower: Matrix = { ...a, data: a.data.slice() };
  for (let i = 0; i < n; i++) for (let j = i + 1; j < n; j++) lower.data[i * n + j] = a.data[j * n + i];
  const size = gemm(absolute(l), absolute(l), { transposeB: true });
  expectWithin(gemm(l, l, { transposeB: true }), lower, (i) => 4 * gamma(n + 2) * size.data[i] + (n + 2) * 2 ** -1074);
}

/** |op(L)·X − B| ≤ γ_n|op(L)||X| (Higham, Theorem 8.5), once more for the residual as computed here, and a rounding for inverted diagonals. */
function expectSolves(l: Matrix, x: Matrix, b: Matrix, transposed: boolean): void {
  const clean = withUpper(l, 0);
  const op = transposed ? transpose(clean) : clean;
  const size = gemm(absolute(op), absolute(x));
  expectWithin(gemm(op, x), b, (i) => 4 * gamma(l.rows + 2) * size.data[i] + (l.rows + 2) * 2 ** -1074);
}

export function factorTests(create: BackendFactory): void {
  describe("factorisations and solves", () => {
    let backend: Backend;
    beforeAll(async () => {
      backend = await create();
    });
    afterAll(() => backend.close());

    for (const n of SIZES) {
      test(`Cholesky of order ${n} reproduces the matrix, reads its lower triangle only and leaves it alone`, async () => {
        const a = withUpper(positiveDefinite(n, 40), Number.NaN);
        const before = copy(a);
        const outcome = await backend.cholesky(a);
        if (outcome.status !== "ok") expect.fail(outcome.status);
        expectFactorOf(a, outcome.factor);
        expectSameBits(a.data, before.data);
      });

      test(`triangular solves of order ${n} have small residuals, both ways, with one and many right-hand sides`, async () => {
        const l = lowerTriangular(n, 41);
        for (const m of [0, 1, 2, 5, 67]) {
          for (const transposed of [false, true]) {
            const b = random(n, m, 42);
            const before = copy(b);
            const outcome = await backend.solveTriangular(l, b, { transpose: transposed });
            if (outcome.status !== "ok") expect.fail(outcome.status);
            expectSolves(l, outcome.solution, b, transposed);
            expectSameBits(b.data, before.data);
          }
        }
      });
    }

    test("Cholesky of arbitrary positive definite matrices reproduces them", async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.integer({ min: 1, max: 50 }),
          fc.nat(),
          fc.integer({ min: -200, max: 200 }),
          async (n, seed, e) => {
            const a = positiveDefinite(n, seed, 1e-3);
            for (let i = 0; i < a.data.length; i++) a.data[i] *= 2 ** e;
            const outcome = await backend.cholesky(a);
            if (outcome.status !== "ok") expect.fail(outcome.status);
            expectFactorOf(a, outcome.factor);
          },
        ),
        { numRuns: 30 },
      );
    });

    test("Cholesky of ill-scaled matrices, near 1e-300, near 1e300 and graded by rows, reproduces them", async () => {
      for (const n of [5, 70]) {
        for (const scale of [1e-300, 1e300]) {
          const a = positiveDefinite(n, 43);
          for (let i = 0; i < a.data.length; i++) a.data[i] *= scale;
          const outcome = await backend.cholesky(a);
          if (outcome.status !== "ok") expect.fail(`${outcome.status} at scale ${scale}`);
          expectFactorOf(a, outcome.factor);
        }
        const graded = positiveDefinite(n, 44);
        for (let i = 0; i < n; i++) {
          for (let j = 0; j < n; j++) graded.data[i * n + j] *= 2 ** (Math.round((400 * (i + j)) / n) - 400);
        }
        const outcome = await backend.cholesky(graded);
        if (outcome.status !== "ok") expect.fail(outcome.status);
        expectFactorOf(graded, outcome.factor);
      }
    });

    test("the first pivot that is not positive is named", async () => {
      for (const n of [1, 6, 40, 150, 300]) {
        for (const pivot of new Set([0, n >> 1, n - 1])) {
          const negative = positiveDefinite(n, 45);
          negative.data[pivot * n + pivot] = -1;
          expect(await backend.cholesky(negative)).toEqual({ status: "not-positive-definite", pivot });
        }
      }
      expect(await backend.cholesky(matrix(4, 4))).toEqual({ status: "not-positive-definite", pivot: 0 });
    });

    test("a singular matrix whose pivots are exact is refused at its zero pivot", async () => {
      for (const n of [4, 100]) {
        const a = identity(n);
        a.data[n * n - 1] = 0;
        expect(await backend.cholesky(a)).toEqual({ status: "not-positive-definite", pivot: n - 1 });
      }
      const ones = matrix(3, 3, new Float64Array(9).fill(1));
      expect(await backend.cholesky(ones)).toEqual({ status: "not-positive-definite", pivot: 1 });
    });

    test("an entry that is not finite, on or below the diagonal, is a status", async () => {
      for (const n of [1, 9, 150]) {
        for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
          for (const [i, j] of [
            [0, 0],
            [n - 1, 0],
            [n - 1, n - 1],
            [n >> 1, n >> 2],
          ]) {
            const a = positiveDefinite(n, 46);
            a.data[i * n + j] = bad;
            expect(await backend.cholesky(a)).toEqual({ status: "not-finite" });
          }
        }
      }
    });

    test("an inverse through two solves with the factor is an inverse", async () => {
      const n = 90;
      const a = positiveDefinite(n, 47);
      const factor = await backend.cholesky(a);
      if (factor.status !== "ok") expect.fail(factor.status);
      const half = await backend.solveTriangular(factor.factor, identity(n));
      if (half.status !== "ok") expect.fail(half.status);
      const inverse = await backend.solveTriangular(factor.factor, half.solution, { transpose: true });
      if (inverse.status !== "ok") expect.fail(inverse.status);
      // ‖A‖ ≤ 4.5 and ‖A⁻¹‖ ≤ 2 here, so that |A·X − I| ≤ (3n + 1)u·κ with κ ≤ 9·√n entrywise (Higham, Theorem 10.4, n columns).
      expectWithin(gemm(a, inverse.solution), identity(n), () => gamma(3 * n + 1) * 9 * Math.sqrt(n));
    });

    test("ill-scaled triangular solves keep small residuals", async () => {
      for (const [scale, right] of [
        [1e-300, 1e-300],
        [1e300, 1e300],
        [1e-150, 1e150],
        [1e150, 1e-150],
      ]) {
        for (const transposed of [false, true]) {
          const l = lowerTriangular(70, 48, scale);
          const b = random(70, 9, 49, right);
          const outcome = await backend.solveTriangular(l, b, { transpose: transposed });
          if (outcome.status !== "ok") expect.fail(`${outcome.status} at ${scale}, ${right}`);
          expectSolves(l, outcome.solution, b, transposed);
        }
      }
    });

    test("a zero on the diagonal is a status with its place, whatever the right-hand side", async () => {
      for (const n of [1, 7, 140]) {
        for (const pivot of [0, n - 1]) {
          const l = lowerTriangular(n, 50);
          l.data[pivot * n + pivot] = 0;
          for (const transposed of [false, true]) {
            const outcome = await backend.solveTriangular(l, random(n, 3, 51), { transpose: transposed });
            expect(outcome).toEqual({ status: "singular", pivot });
          }
        }
      }
    });

    test("a solution that is not finite is a status: NaN in L or B, overflow", async () => {
      for (const transposed of [false, true]) {
        for (const n of [2, 80]) {
          const bad = lowerTriangular(n, 52);
          bad.data[(n - 1) * n] = Number.NaN;
          const options = { transpose: transposed };
          expect(await backend.solveTriangular(bad, random(n, 3, 53), options)).toEqual({ status: "not-finite" });
          const b = random(n, 3, 54);
          b.data[4] = Number.NaN;
          expect(await backend.solveTriangular(lowerTriangular(n, 55), b, options)).toEqual({ status: "not-finite" });
          const tiny = lowerTriangular(n, 56, 1e-200);
          const huge = random(n, 3, 57, 1e200);
          expect(await backend.solveTriangular(tiny, huge, options)).toEqual({ status: "not-finite" });
        }
      }
    });

    test("shapes that do not fit are refused", async () => {
      await expectMisuse(backend.cholesky(random(3, 4, 58)), "shape");
      await expectMisuse(backend.solveTriangular(random(3, 4, 59), random(3, 1, 60)), "shape");
      await expectMisuse(backend.solveTriangular(random(3, 3, 61), random(4, 1, 62)), "shape");
    });
  });
}
