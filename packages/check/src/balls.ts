/** Matrices with proved errors, entry by entry. */
import { FLOOR, gamma, raise, sqrtUp, U, up } from "./directed.ts";

/** All matrices within `rad` of `mid`, entry by entry; stored row by row. */
export type Ball = { rows: number; cols: number; mid: Float64Array; rad: Float64Array };

export const exact = (rows: number, cols: number, mid: Float64Array): Ball => ({
  ...{ rows, cols, mid, rad: new Float64Array(mid.length) },
});

/** The ball whose entry k, row by row, is [middle, radius]. */
export function each(rows: number, cols: number, entry: (k: number) => readonly number[]): Ball {
  const out = exact(rows, cols, new Float64Array(rows * cols));
  for (let k = 0; k < rows * cols; k++) [out.mid[k], out.rad[k]] = entry(k);
  return out;
}

export const transpose = ({ rows, cols, mid, rad }: Ball): Ball =>
  each(cols, rows, (k) => {
    const from = (k % rows) * cols + Math.floor(k / rows);
    return [mid[from], rad[from]];
  });

/** Σ a[ao + i]·b[bo + i], i < k. */
export function dot(a: Float64Array, ao: number, b: Float64Array, bo: number, k: number): number {
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  let i = 0;
  for (; i + 3 < k; i += 4) {
    s0 += a[ao + i] * b[bo + i];
    s1 += a[ao + i + 1] * b[bo + i + 1];
    s2 += a[ao + i + 2] * b[bo + i + 2];
    s3 += a[ao + i + 3] * b[bo + i + 3];
  }
  for (; i < k; i++) s0 += a[ao + i] * b[bo + i];
  return s0 + s1 + (s2 + s3);
}

/** ≥ the Euclidean norm of v[from … from + k − 1]; of each row; of each row of |A| + rad A. */
export const norm = (v: Float64Array, from = 0, k = v.length): number => sqrtUp(raise(dot(v, from, v, from, k), k + 2));
export const norms = (v: Float64Array, rows: number, k: number) =>
  Float64Array.from({ length: rows }, (_, i) => norm(v, i * k, k));
export const magnitudes = ({ mid, rad }: Ball): Float64Array => mid.map((x, k) => up(Math.abs(x) + rad[k]));
export const sizes = (a: Ball): Float64Array => norms(magnitudes(a), a.rows, a.cols);

/** The largest |v_i|, NaN if there is one; ≥ Σ|v_i|; ≥ ‖A‖_∞ of n × n numbers. */
export const largest = (v: ArrayLike<number>): number => Array.from(v).reduce((a, x) => Math.max(a, Math.abs(x)), 0);
export const total = (v: Float64Array): number =>
  raise(
    Array.from(v, Math.abs).reduce((s, x) => s + x, 0),
    v.length,
  );
export const infinityNorm = (v: Float64Array, n: number): number =>
  largest(Array.from({ length: n }, (_, i) => total(v.subarray(i * n, i * n + n))));

/** A·Bᵀ: |a_i·b_j − â_i·b̂_j| ≤ ‖â_i‖‖rad b_j‖ + ‖rad a_i‖(‖b̂_j‖ + ‖rad b_j‖), and γ‖â_i‖‖b̂_j‖ for rounding. */
export function product(a: Ball, b: Ball): Ball {
  const k = a.cols;
  const [sa, ra, sb, rb] = [a, b].flatMap(({ mid, rad, rows }) => [norms(mid, rows, k), norms(rad, rows, k)]);
  return each(a.rows, b.rows, (at) => {
    const [i, j] = [Math.floor(at / b.rows), at % b.rows];
    const error = gamma(k + 2) * sa[i] * sb[j] + sa[i] * rb[j] + ra[i] * (sb[j] + rb[j]);
    return [dot(a.mid, i * k, b.mid, j * k, k), raise(error + k * FLOOR, 8)];
  });
}
export const gram = (a: Ball): Ball => product(a, a);

/** f·A + B; f itself may be rounded once. */
export const plus = (f: number, a: Ball, b = exact(a.rows, a.cols, new Float64Array(a.mid.length))): Ball =>
  each(a.rows, a.cols, (k) => {
    const error = Math.abs(f) * a.rad[k] + b.rad[k] + 6 * U * (Math.abs(f * a.mid[k]) + Math.abs(b.mid[k]));
    return [f * a.mid[k] + b.mid[k], raise(error, 8)];
  });

/** A∘B. */
export const hadamard = (a: Ball, b: Ball): Ball =>
  each(a.rows, a.cols, (k) => {
    const [x, y, rx, ry] = [Math.abs(a.mid[k]), Math.abs(b.mid[k]), a.rad[k], b.rad[k]];
    return [a.mid[k] * b.mid[k], raise(x * ry + rx * y + rx * ry + 2 * U * x * y, 8)];
  });
