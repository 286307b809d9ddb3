import { createReferenceBackend, matrix } from "@surefoot/linalg";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  absoluteSum,
  dot,
  frobenius,
  gamma,
  gramError,
  innerProductError,
  norm,
  productError,
  rowNorms,
  schurBound,
  squares,
  sum,
  sumUpper,
} from "../../src/interval/error-bounds.ts";
import { spectralNorm } from "../../src/interval/spectral-norm.ts";
import { symmetricInfinityNorm, symmetricResidual } from "../../src/interval/symmetric-residual.ts";
import { atMost, type Dyadic, exact, minus, plus, times } from "./exact.ts";
import { symmetric } from "./matrices.ts";

const backend = createReferenceBackend();
const ZERO: Dyadic = { m: 0n, e: 0 };
/** Entries of very different sizes, both signs, subnormal ones included: sums cancel and products underflow. */
const entry = fc.oneof(
  fc.double({ min: -1, max: 1, noNaN: true }),
  fc.double({ min: -1e8, max: 1e8, noNaN: true }),
  fc.constantFrom(0, 5e-324, -1e-310, 1e-160, -3e-162, 1),
);
const vector = fc.array(entry, { minLength: 0, maxLength: 200 }).map((xs) => Float64Array.from(xs));
const pair = fc
  .array(fc.tuple(entry, entry), { minLength: 0, maxLength: 200 })
  .map((xs) => [Float64Array.from(xs, ([x]) => x), Float64Array.from(xs, ([, y]) => y)] as const);

function exactDot(x: Float64Array, y: Float64Array): Dyadic {
  return x.reduce<Dyadic>((s, value, i) => plus(s, times(exact(value), exact(y[i]))), ZERO);
}

function magnitude(a: Dyadic): Dyadic {
  return a.m < 0n ? { m: -a.m, e: a.e } : a;
}

function square(x: number): Dyadic | number {
  return Number.isFinite(x) ? times(exact(x), exact(x)) : x;
}

describe("a-priori bounds", () => {
  test("γ_k lies above ku/(1 − ku), by at most one unit in the last place", () => {
    for (const k of [1, 2, 3, 1000, 2 ** 20, 2 ** 40 + 1]) {
      const ku = { m: BigInt(k), e: -53 };
      const rest = minus(exact(1), ku);
      expect(atMost(ku, times(exact(gamma(k)), rest))).toBe(true);
      expect(atMost(times(exact(gamma(k) * (1 - 2 ** -52)), rest), ku)).toBe(true);
    }
    expect(gamma(2 ** 53)).toBe(Number.POSITIVE_INFINITY);
  });

  test("inner products, sums and norms contain the exact values", () => {
    fc.assert(
      fc.property(pair, ([x, y]) => {
        const product = dot(x, y);
        const value = exactDot(x, y);
        expect(atMost(product.lower, value) && atMost(value, product.upper)).toBe(true);
        const squared = squares(x);
        const own = exactDot(x, x);
        expect(atMost(squared.lower, own) && atMost(own, squared.upper)).toBe(true);
        const length = norm(x);
        expect(atMost(square(length.lower), own) && atMost(own, square(length.upper))).toBe(true);
        const total = x.reduce<Dyadic>((s, v) => plus(s, exact(v)), ZERO);
        const sums = sum(x);
        expect(atMost(sums.lower, total) && atMost(total, sums.upper)).toBe(true);
        const sizes = x.reduce<Dyadic>((s, v) => plus(s, exact(Math.abs(v))), ZERO);
        const absolute = absoluteSum(x);
        expect(atMost(absolute.lower, sizes) && atMost(sizes, absolute.upper)).toBe(true);
        expect(atMost(sizes, sumUpper(x.map(Math.abs)))).toBe(true);
      }),
      { numRuns: 1500 },
    );
  });

  test("they are tight: a hundred thousand terms cost fewer than 2000 units in the last place", () => {
    const x = Float64Array.from({ length: 100_000 }, (_, i) => 1 + (i % 7) / 8);
    const { lower, upper } = squares(x);
    expect(upper - lower).toBeLessThan(2 * 1600 * 2 ** -53 * upper);
    expect(upper).toBeGreaterThan(lower);
  });

  test("NaN and ∞ never give a finite bound", () => {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const x = new Float64Array([1, bad, 2]);
      expect(norm(x).upper < Number.POSITIVE_INFINITY).toBe(false);
      expect(dot(x, x).upper < Number.POSITIVE_INFINITY).toBe(false);
      expect(sumUpper(x) < Number.POSITIVE_INFINITY).toBe(false);
      expect(schurBound(matrix(1, 3, x)) < Number.POSITIVE_INFINITY).toBe(false);
      expect(symmetricInfinityNorm(matrix(1, 1, x.subarray(1, 2))) < Number.POSITIVE_INFINITY).toBe(false);
    }
  });

  test("products and Gram matrices of a backend stay within their bounds", async () => {
    await fc.assert(
      fc.asyncProperty(vector, fc.integer({ min: 1, max: 4 }), async (data, rows) => {
        const cols = Math.floor(data.length / rows);
        fc.pre(cols > 0);
        const x = matrix(rows, cols, data.slice(0, rows * cols));
        const product = await backend.gemm(x, x, { transposeB: true });
        const norms = rowNorms(x).upper;
        let squaredError: Dyadic = ZERO;
        for (let i = 0; i < rows; i++) {
          for (let j = 0; j < rows; j++) {
            const value = exactDot(x.data.slice(i * cols, (i + 1) * cols), x.data.slice(j * cols, (j + 1) * cols));
            const error = magnitude(minus(exact(product.data[i * rows + j]), value));
            expect(atMost(error, innerProductError(cols, norms[i], norms[j]))).toBe(true);
            squaredError = plus(squaredError, times(error, error));
          }
        }
        const size = frobenius(x).upper;
        for (const bound of [
          productError(cols, size, size, rows, rows),
          gramError(cols, squares(x.data).upper, rows),
        ]) {
          // The spectral norm of the error is at most its Frobenius norm, and on one row they agree.
          if (rows === 1 || bound === productError(cols, size, size, rows, rows)) {
            expect(atMost(squaredError, square(bound))).toBe(true);
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  test("norm bounds are in order: spectral ≤ Schur, spectral ≤ ∞-norm for symmetric matrices", async () => {
    const a = symmetric(6, (i, j) => Math.sin(3 * i + 5 * j + 1));
    const spectral = await spectralNorm(backend, a);
    if (spectral.status !== "proved") throw new Error(spectral.reason);
    expect(spectral.lower).toBeLessThanOrEqual(schurBound(a));
    expect(spectral.lower).toBeLessThanOrEqual(symmetricInfinityNorm(a));
    expect(schurBound(a)).toBeLessThan(symmetricInfinityNorm(a) * (1 + 1e-14));
  });
});

describe("the residual of an approximate eigenpair", () => {
  test("the Rayleigh quotient is contained and the residual bounded, in exact arithmetic", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }),
        fc.array(fc.double({ min: -4, max: 4, noNaN: true }), { minLength: 21, maxLength: 21 }),
        (n, numbers) => {
          const a = symmetric(n, (i, j) => numbers[(i * (i + 1)) / 2 + j]);
          const v = Float64Array.from(numbers.slice(15, 15 + n));
          fc.pre(v.some((x) => Math.abs(x) > 1e-3));
          const theta = numbers[20];
          const got = symmetricResidual(a, v, theta);
          const av = Array.from(v, (_, i) => exactDot(a.data.slice(i * n, (i + 1) * n), v));
          const vav = av.reduce((s, x, i) => plus(s, times(x, exact(v[i]))), ZERO);
          const vv = exactDot(v, v);
          expect(atMost(times(exact(got.rayleigh.lower), vv), vav)).toBe(true);
          expect(atMost(vav, times(exact(got.rayleigh.upper), vv))).toBe(true);
          const rr = av.reduce((s, x, i) => {
            const r = minus(x, times(exact(theta), exact(v[i])));
            return plus(s, times(r, r));
          }, ZERO);
          expect(atMost(rr, times(times(exact(got.residual), exact(got.residual)), vv))).toBe(true);
          const total = exactDot(a.data, a.data);
          expect(atMost(square(got.frobenius.lower), total) && atMost(total, square(got.frobenius.upper))).toBe(true);
        },
      ),
      { numRuns: 1000 },
    );
  });
});
