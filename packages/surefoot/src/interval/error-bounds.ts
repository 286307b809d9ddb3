/**
 * A-priori bounds for rounding errors of products in round-to-nearest arithmetic, valid for any order of summation with or
 * without fused multiply-add (theory/07; derivations in docs/proof.md, section 4). u = 2⁻⁵³, η = 2⁻¹⁰⁷⁴, γ_k = ku/(1 − ku).
 */
import type { Matrix } from "@surefoot/linalg";
import type { Interval } from "./arithmetic.ts";
import { addUp, divDown, divUp, mulUp, powerOfTwo, sqrtDown, sqrtUp, subDown } from "./directed.ts";

export const UNIT_ROUNDOFF = powerOfTwo(-53);
export const LEAST_POSITIVE = powerOfTwo(-1074);

/** γ_k from above, k a whole number below 2⁵³; ku and 1 − ku are exact. */
export function gamma(k: number): number {
  const ku = k * UNIT_ROUNDOFF;
  return ku < 1 ? divUp(ku, 1 - ku) : Number.POSITIVE_INFINITY;
}

const LANES = 4;
const BLOCK = 64;

/**
 * Roundings that a term of `dot`, `sum` or `squares` below passes through at most: its product, the sums within its lane, of
 * the lanes, and of the blocks.
 */
function depth(n: number): number {
  return 1 + BLOCK / LANES + LANES + Math.ceil(n / BLOCK);
}

/** Σ x_i y_i, or of |x_i y_i|, over `count` entries from the offsets, rounded, in the order `depth` describes. */
function blockedDot(
  x: Float64Array,
  xStart: number,
  y: Float64Array,
  yStart: number,
  count: number,
  absolute: boolean,
): number {
  let total = 0;
  for (let from = 0; from < count; from += BLOCK) {
    const to = Math.min(from + BLOCK, count);
    let s0 = 0;
    let s1 = 0;
    let s2 = 0;
    let s3 = 0;
    let i = from;
    if (absolute) {
      for (; i + 3 < to; i += LANES) {
        s0 += Math.abs(x[xStart + i] * y[yStart + i]);
        s1 += Math.abs(x[xStart + i + 1] * y[yStart + i + 1]);
        s2 += Math.abs(x[xStart + i + 2] * y[yStart + i + 2]);
        s3 += Math.abs(x[xStart + i + 3] * y[yStart + i + 3]);
      }
      for (; i < to; i++) s0 += Math.abs(x[xStart + i] * y[yStart + i]);
    } else {
      for (; i + 3 < to; i += LANES) {
        s0 += x[xStart + i] * y[yStart + i];
        s1 += x[xStart + i + 1] * y[yStart + i + 1];
        s2 += x[xStart + i + 2] * y[yStart + i + 2];
        s3 += x[xStart + i + 3] * y[yStart + i + 3];
      }
      for (; i < to; i++) s0 += x[xStart + i] * y[yStart + i];
    }
    total += s0 + s1 + (s2 + s3);
  }
  return total;
}

/** The exact sum of n non-negative terms (products included) from their rounded sum `s` in `depth(n)` roundings. */
function positiveSum(s: number, n: number): Interval {
  if (n === 0) return { lower: 0, upper: 0 };
  const g = gamma(depth(n));
  const underflow = n * LEAST_POSITIVE;
  return {
    lower: Math.max(0, divDown(subDown(s, underflow), addUp(1, g))),
    upper: divUp(addUp(s, underflow), subDown(1, g)),
  };
}

/** s ± the error of a sum of n terms whose sizes sum to at most `magnitude`. */
function around(s: number, magnitude: number, n: number): Interval {
  const radius = addUp(mulUp(gamma(depth(n)), magnitude), n * LEAST_POSITIVE);
  return { lower: subDown(s, radius), upper: addUp(s, radius) };
}

/** xᵀy. */
export function dot(x: Float64Array, y: Float64Array): Interval {
  return dotSlice(x, 0, y, 0, x.length);
}

/** Σ x[xStart + i]·y[yStart + i], i < count: rows of matrices without copying them. */
export function dotSlice(x: Float64Array, xStart: number, y: Float64Array, yStart: number, count: number): Interval {
  const s = blockedDot(x, xStart, y, yStart, count, false);
  const magnitude = positiveSum(blockedDot(x, xStart, y, yStart, count, true), count).upper;
  return around(s, magnitude, count);
}

/** Σ x_i. */
export function sum(x: Float64Array): Interval {
  const ones = onesOf(x.length);
  const s = blockedDot(x, 0, ones, 0, x.length, false);
  const magnitude = positiveSum(blockedDot(x, 0, ones, 0, x.length, true), x.length).upper;
  return around(s, magnitude, x.length);
}

/** An upper bound of Σ x_i for x ≥ 0. */
export function sumUpper(x: Float64Array): number {
  return positiveSum(blockedDot(x, 0, onesOf(x.length), 0, x.length, false), x.length).upper;
}

let ones = new Float64Array(0);

function onesOf(n: number): Float64Array {
  if (ones.length < n) ones = new Float64Array(n).fill(1);
  return ones;
}

/** Σ x_i² over `count` entries from `start`. */
export function squares(x: Float64Array, start = 0, count = x.length - start): Interval {
  return positiveSum(blockedDot(x, start, x, start, count, false), count);
}

/** ‖x‖₂. */
export function norm(x: Float64Array, start = 0, count = x.length - start): Interval {
  const s = squares(x, start, count);
  return { lower: sqrtDown(s.lower), upper: sqrtUp(s.upper) };
}

/** Σ |x_i|. */
export function absoluteSum(x: Float64Array, start = 0, count = x.length - start): Interval {
  return positiveSum(blockedDot(x, start, onesOf(count), 0, count, true), count);
}

/** Bounds for every row's ‖·‖₂: arrays as long as the matrix has rows. */
export function rowNorms(a: Matrix): { readonly lower: Float64Array; readonly upper: Float64Array } {
  const lower = new Float64Array(a.rows);
  const upper = new Float64Array(a.rows);
  for (let i = 0; i < a.rows; i++) {
    const row = norm(a.data, i * a.cols, a.cols);
    lower[i] = row.lower;
    upper[i] = row.upper;
  }
  return { lower, upper };
}

/** ‖A‖_F. */
export function frobenius(a: Matrix): Interval {
  return norm(a.data);
}

/** Error of one inner product of length k, from upper bounds of the two norms: γ_k‖x‖‖y‖ + kη. */
export function innerProductError(k: number, xNorm: number, yNorm: number): number {
  return addUp(mulUp(gamma(k), mulUp(xNorm, yNorm)), k * LEAST_POSITIVE);
}

/** ‖fl(AB) − AB‖_F for inner dimension k and a rows × cols result: γ_k‖A‖_F‖B‖_F + kη√(rows·cols). */
export function productError(k: number, aFrobenius: number, bFrobenius: number, rows: number, cols: number): number {
  const underflow = mulUp(k * LEAST_POSITIVE, sqrtUp(rows * cols));
  return addUp(mulUp(gamma(k), mulUp(aFrobenius, bFrobenius)), underflow);
}

/**
 * ‖fl(XXᵀ) − XXᵀ‖₂ from the rank-one radius γ_k‖x_i‖‖x_j‖ + kη of its entries: γ_k‖X‖_F² + nkη, for X with n rows of length k.
 */
export function gramError(k: number, frobeniusSquared: number, n: number): number {
  return addUp(mulUp(gamma(k), frobeniusSquared), mulUp(n, k * LEAST_POSITIVE));
}

/** √(‖A‖₁‖A‖_∞) ≥ ‖A‖₂: cheap and coarse. */
export function schurBound(a: Matrix): number {
  const columns = new Float64Array(a.cols);
  let row = 0;
  for (let i = 0; i < a.rows; i++) {
    const s = absoluteSum(a.data, i * a.cols, a.cols).upper;
    row = Math.max(row, s);
    for (let j = 0; j < a.cols; j++) columns[j] += Math.abs(a.data[i * a.cols + j]);
  }
  const g = gamma(a.rows);
  let column = 0;
  for (const s of columns) column = Math.max(column, s);
  return sqrtUp(mulUp(row, divUp(column, subDown(1, g))));
}
