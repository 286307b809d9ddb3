import type { Matrix } from "@surefoot/linalg";
import type { Interval } from "./arithmetic.ts";
import { addUp, mulUp, sqrtUp } from "./directed.ts";
import { dot, gamma, LEAST_POSITIVE, norm, squares } from "./error-bounds.ts";
import { outward } from "./outward.ts";

/** What one pass over a symmetric matrix (its lower triangle) tells about an approximate eigenpair. */
export interface SymmetricResidual {
  /** Contains the Rayleigh quotient vᵀAv / vᵀv exactly. */
  readonly rayleigh: Interval;
  /** ≥ ‖Av − θv‖₂ / ‖v‖₂, and so ≥ the same with the Rayleigh quotient for θ. */
  readonly residual: number;
  /** ‖A‖_F. ∞ or NaN ends when an entry is not finite or its square overflows. */
  readonly frobenius: Interval;
}

const BLOCK = 64;

/**
 * r = Av − θv with proved bounds; cost n² multiply-adds twice over. Sums run in blocks of 64 rows and columns, so that an entry passes
 * through about n/64 + 72 roundings: ‖fl(r) − r‖ ≤ γ(‖A‖_F + |θ|)‖v‖ + n(n + 1)η (docs/proof.md, section 4).
 */
export function symmetricResidual(a: Matrix, v: Float64Array, theta: number): SymmetricResidual {
  const n = a.rows;
  const r = new Float64Array(n);
  const part = new Float64Array(n);
  let diagonalSquares = 0;
  let offSquares = 0;
  for (let i0 = 0; i0 < n; i0 += BLOCK) {
    const i1 = Math.min(i0 + BLOCK, n);
    part.fill(0, 0, i1);
    for (let i = i0; i < i1; i++) {
      const start = i * n;
      const vi = v[i];
      let rowSum = 0;
      let rowSquares = 0;
      for (let j0 = 0; j0 < i; j0 += BLOCK) {
        const j1 = Math.min(j0 + BLOCK, i);
        let s = 0;
        let q = 0;
        for (let j = j0; j < j1; j++) {
          const entry = a.data[start + j];
          s += entry * v[j];
          part[j] += entry * vi;
          q += entry * entry;
        }
        rowSum += s;
        rowSquares += q;
      }
      const diagonal = a.data[start + i];
      r[i] = rowSum + diagonal * vi;
      offSquares += rowSquares;
      diagonalSquares += diagonal * diagonal;
    }
    for (let j = 0; j < i1; j++) r[j] += part[j];
  }
  for (let i = 0; i < n; i++) r[i] -= theta * v[i];
  // A term's product, sums inside its block, of the blocks to its left and below it, the diagonal, −θv.
  const depth = Math.min(n, BLOCK + Math.ceil(n / BLOCK)) + 8;
  const frobenius = frobeniusOf(diagonalSquares + 2 * offSquares, n);
  const vNorm = norm(v);
  const size = mulUp(addUp(frobenius.upper, Math.abs(theta)), vNorm.upper);
  const error = addUp(mulUp(gamma(depth), size), n * (n + 1) * LEAST_POSITIVE);
  const residualNorm = addUp(norm(r).upper, error);
  const vr = dot(v, r);
  const spread = mulUp(vNorm.upper, error);
  const correction = outward.div(outward.add(vr, { lower: -spread, upper: spread }), squares(v));
  return {
    rayleigh: outward.add({ lower: theta, upper: theta }, correction),
    residual: outward.div({ lower: 0, upper: residualNorm }, vNorm).upper,
    frobenius,
  };
}

/** From the rounded sum of squares; each term passes through fewer than 2n + 8 roundings. */
function frobeniusOf(s: number, n: number): Interval {
  const g = gamma(2 * n + 8);
  const underflow = n * n * LEAST_POSITIVE;
  const squared = outward.div(outward.add({ lower: s, upper: s }, { lower: -underflow, upper: underflow }), {
    lower: 1 - g,
    upper: addUp(1, g),
  });
  return outward.sqrt({ lower: Math.max(squared.lower, 0), upper: squared.upper });
}

/** max_i (|A|x)_i / x_i for x > 0: an upper bound of ‖A‖₂ (Collatz–Wielandt), tight when A ≥ 0 and x is near its leading eigenvector. */
export function collatzBound(a: Matrix, x: Float64Array): number {
  const n = a.rows;
  const product = absoluteProduct(a, x);
  const g = gamma(n + 2);
  const scale = outward.div({ lower: 1, upper: 1 }, { lower: 1 - g, upper: 1 });
  let worst = 0;
  for (let i = 0; i < n; i++) {
    const sum = mulUp(addUp(product[i], n * LEAST_POSITIVE), scale.upper);
    worst = Math.max(
      worst,
      x[i] > 0 ? outward.div({ lower: 0, upper: sum }, { lower: x[i], upper: x[i] }).upper : Number.POSITIVE_INFINITY,
    );
  }
  return worst;
}

/** |A|x for the symmetric matrix in the lower triangle, rounded; every entry is a sum of n products. */
export function absoluteProduct(a: Matrix, x: Float64Array): Float64Array {
  const n = a.rows;
  const out = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    const start = i * n;
    const xi = x[i];
    let s = Math.abs(a.data[start + i]) * xi;
    for (let j = 0; j < i; j++) {
      const entry = Math.abs(a.data[start + j]);
      s += entry * x[j];
      out[j] += entry * xi;
    }
    out[i] += s;
  }
  return out;
}

/** ‖A‖_∞ of the symmetric matrix in the lower triangle, from above. */
export function symmetricInfinityNorm(a: Matrix): number {
  return collatzBound(a, new Float64Array(a.rows).fill(1));
}

/** Upper bound of √(x² − y²) for x ≥ y ≥ 0. */
export function leg(x: Interval, y: Interval): number {
  const difference = outward.sub(outward.square(x), outward.square(y));
  return sqrtUp(Math.max(difference.upper, 0));
}
