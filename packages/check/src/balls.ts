/** Matrices with proved errors, entry by entry; and Cholesky's method with a bound of everything that it gets wrong. */
import { FLOOR, gamma, raise, sqrtUp, U, up } from "./directed.ts";

/** All matrices within `rad` of `mid`, entry by entry; stored row by row. */
export type Ball = { rows: number; cols: number; mid: Float64Array; rad: Float64Array };

export const ball = (rows: number, cols: number, mid: Float64Array, rad = new Float64Array(mid.length)): Ball => ({
  ...{ rows, cols, mid, rad },
});
export const zero = (n: number, k = n): Ball => ball(n, k, new Float64Array(n * k));

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

/** ≥ the Euclidean norm of v[from … from + k − 1]. */
export const norm = (v: Float64Array, from = 0, k = v.length): number => sqrtUp(raise(dot(v, from, v, from, k), k + 2));

/** ≥ the Euclidean norm of each row of a matrix with rows of length k. */
const norms = (v: Float64Array, rows: number, k: number) =>
  Float64Array.from({ length: rows }, (_, i) => norm(v, i * k, k));

/** ≥ |a_ij| for every matrix of the ball. */
export const magnitudes = ({ mid, rad }: Ball): Float64Array => mid.map((x, k) => up(Math.abs(x) + rad[k]));
export const sizes = (a: Ball): Float64Array => norms(magnitudes(a), a.rows, a.cols);

/** ≥ Σ|v_i|. */
function sum(v: Float64Array): number {
  const total = v.reduce((s, x) => s + Math.abs(x), 0);
  return raise(total, v.length);
}

/** ≥ ‖A‖_∞ of n × n numbers. */
export const infinityNorm = (v: Float64Array, n: number): number =>
  largest(Array.from({ length: n }, (_, i) => sum(v.subarray(i * n, i * n + n))));

/** The largest |v_i|; NaN if there is one. */
export const largest = (v: ArrayLike<number>): number => Array.from(v).reduce((a, x) => Math.max(a, Math.abs(x)), 0);

export function transpose({ rows, cols, mid, rad }: Ball): Ball {
  const turn = (v: Float64Array) => v.map((_, k) => v[(k % rows) * cols + Math.floor(k / rows)]);
  return ball(cols, rows, turn(mid), turn(rad));
}

/** A·Bᵀ: |a_i·b_j − â_i·b̂_j| ≤ ‖â_i‖‖rad b_j‖ + ‖rad a_i‖(‖b̂_j‖ + ‖rad b_j‖), and γ‖â_i‖‖b̂_j‖ for rounding. */
export function product(a: Ball, b: Ball): Ball {
  const [k, out] = [a.cols, ball(a.rows, b.rows, new Float64Array(a.rows * b.rows))];
  const [sa, ra, sb, rb] = [a, b].flatMap(({ mid, rad, rows }) => [norms(mid, rows, k), norms(rad, rows, k)]);
  for (let i = 0; i < a.rows; i++) {
    for (let j = 0; j < b.rows; j++) {
      out.mid[i * b.rows + j] = dot(a.mid, i * k, b.mid, j * k, k);
      const error = gamma(k + 2) * sa[i] * sb[j] + sa[i] * rb[j] + ra[i] * (sb[j] + rb[j]);
      out.rad[i * b.rows + j] = raise(error + k * FLOOR, 8);
    }
  }
  return out;
}
export const gram = (a: Ball): Ball => product(a, a);

/** f·A + B for f ≥ 0, itself rounded twice at most. */
export function plus(f: number, a: Ball, b: Ball): Ball {
  const error = (x: number, k: number) => f * a.rad[k] + b.rad[k] + 6 * U * (f * Math.abs(x) + Math.abs(b.mid[k]));
  const mid = a.mid.map((x, k) => f * x + b.mid[k]);
  return { ...a, mid, rad: a.mid.map((x, k) => raise(error(x, k), 8)) };
}

/** A∘B. */
export function hadamard(a: Ball, b: Ball): Ball {
  const error = (x: number, y: number, rx: number, ry: number) => x * ry + rx * y + rx * ry + 2 * U * x * y;
  const rad = a.rad.map((r, k) => raise(error(Math.abs(a.mid[k]), Math.abs(b.mid[k]), r, b.rad[k]), 8));
  return { ...a, mid: a.mid.map((x, k) => x * b.mid[k]), rad };
}

/**
 * Whether sign·(A − cI) is positive semidefinite for every A of the ball. For any L whatever, B = LLᵀ + E gives λ_min(B) ≥ −‖E‖_∞:
 * take B = sign·(A − cI) − spare·I, L from Cholesky's method, and see that ‖E‖_∞ with all its roundings is at most `spare`.
 */
export function definite({ rows: n, mid, rad }: Ball, c: number, sign: 1 | -1): boolean {
  const radius = infinityNorm(rad, n);
  const trace = sum(Float64Array.from({ length: n }, (_, i) => Math.abs(mid[i * n + i]) + Math.abs(c)));
  const spare = up(4 * up(radius + gamma(n + 8) * trace));
  const b = (i: number, j: number) => sign * mid[i * n + j] - (i === j ? sign * c + spare : 0);
  const l = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      const rest = b(i, j) - dot(l, i * n, l, j * n, j);
      if (i === j && !(rest > 0 && rest < Number.MAX_VALUE)) return false;
      l[i * n + j] = i === j ? Math.sqrt(rest) : rest / l[j * n + j];
    }
  }
  const size = norms(l, n, n);
  const total = sum(size);
  return size.every((length, i) => {
    let row = radius + gamma(n + 4) * length * total + 4 * U * (Math.abs(mid[i * n + i]) + Math.abs(c) + spare);
    for (let j = 0; j < n; j++) row += Math.abs(b(i, j) - dot(l, i * n, l, j * n, Math.min(i, j) + 1)) * (1 + 4 * U);
    return raise(row, n + 10) <= spare;
  });
}

/** ‖B‖₂ from above for a symmetric B ≥ 0: max_i (Bv)_i/v_i for any v > 0; the power method proposes v until `goal` is met. */
export function perron(b: Float64Array, n: number, goal = 0): number {
  let [v, least] = [new Float64Array(n).fill(1), Number.POSITIVE_INFINITY];
  for (let step = 0; step < 400 && !(least <= goal); step++) {
    const w = v.map((_, i) => dot(b, i * n, v, 0, n));
    least = Math.min(least, largest(w.map((x, i) => up(raise(x, n + 1) / v[i]))));
    const most = largest(w);
    if (!(most > 0)) break;
    v = w.map((x, i) => Math.max((x / most + v[i]) / 2, 1e-9));
  }
  return least;
}
