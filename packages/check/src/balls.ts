/** Matrices with proved errors: rows that are balls in the Euclidean norm, symmetric matrices with a radius for every entry. */
import { FLOOR, gamma, raise, sqrtUp, U, up } from "./directed.ts";

/** n rows of length k: row i lies within rad[i] of mid's; size[i] bounds both ‖row‖ and ‖mid's row‖. */
export type Rows = { n: number; k: number; mid: Float64Array; rad: Float64Array; size: Float64Array };

/** All symmetric n × n matrices within `rad` of `mid`, entry by entry. */
export type Ball = { n: number; mid: Float64Array; rad: Float64Array };

/** z = scale·W h + bias, W rows × cols; `bias` is empty without biases. */
export type Layer = { rows: number; cols: number; scale: number; weight: Float64Array; bias: Float64Array };

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

/** ≥ Σ|v_i|. */
export const sum = (v: Float64Array): number =>
  raise(
    v.reduce((a, b) => a + Math.abs(b), 0),
    v.length,
  );

export function largest(v: Float64Array | readonly number[]): number {
  let most = 0;
  for (const x of v) most = Math.max(most, Math.abs(x));
  return most;
}

export function rows(n: number, k: number, mid: Float64Array, rad = new Float64Array(n)): Rows {
  return { n, k, mid, rad, size: rad.map((r, i) => up(norm(mid, i * k, k) + r)) };
}

export function transpose(a: Float64Array, m: number, k: number): Float64Array {
  const out = new Float64Array(a.length);
  for (let i = 0; i < m; i++) for (let j = 0; j < k; j++) out[j * m + i] = a[i * k + j];
  return out;
}

/** The layer on every row of a ball, ‖W‖₂ ≤ spectral. Rounding: γ_{k+4}(s|W||h| + |b|) entry by entry. */
export function dense(a: Rows, { rows: m, scale, weight, bias }: Layer, spectral: number): Rows {
  const mid = new Float64Array(a.n * m);
  const [whole, constant] = [norm(weight), norm(bias)];
  const rad = a.rad.map((r, i) => {
    for (let j = 0; j < m; j++) {
      mid[i * m + j] = scale * dot(a.mid, i * a.k, weight, j * a.k, a.k) + (bias.length > 0 ? bias[j] : 0);
    }
    return raise(scale * spectral * r + gamma(a.k + 4) * (scale * a.size[i] * whole + constant) + m * FLOOR, 8);
  });
  return rows(a.n, m, mid, rad);
}

/** A·Aᵀ: |a_i·a_j − â_i·â_j| ≤ ‖â_i‖r_j + r_i‖a_j‖. */
export function gram({ n, k, mid, rad, size }: Rows): Ball {
  const out = { n, mid: new Float64Array(n * n), rad: new Float64Array(n * n) };
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      out.mid[i * n + j] = out.mid[j * n + i] = dot(mid, i * k, mid, j * k, k);
      const error = raise(gamma(k + 2) * size[i] * size[j] + size[i] * rad[j] + rad[i] * size[j] + k * FLOOR, 8);
      out.rad[i * n + j] = out.rad[j * n + i] = error;
    }
  }
  return out;
}

/** f·A + B + c, f ≥ 0 and c ≥ 0. */
export function plus(f: number, a: Ball, b: Ball, c: number): Ball {
  const mid = a.mid.map((x, k) => f * x + b.mid[k] + c);
  const error = (x: number, k: number) => f * a.rad[k] + b.rad[k] + 4 * U * (f * Math.abs(x) + Math.abs(b.mid[k]) + c);
  return { n: a.n, mid, rad: a.mid.map((x, k) => raise(error(x, k), 8)) };
}

export const zero = (n: number): Ball => ({ n, mid: new Float64Array(n * n), rad: new Float64Array(n * n) });

/** A∘B. */
export function hadamard(a: Ball, b: Ball): Ball {
  const mid = a.mid.map((x, k) => x * b.mid[k]);
  const error = (x: number, y: number, rx: number, ry: number) => x * ry + rx * y + rx * ry + 2 * U * x * y;
  const rad = a.rad.map((r, k) => raise(error(Math.abs(a.mid[k]), Math.abs(b.mid[k]), r, b.rad[k]), 8));
  return { n: a.n, mid, rad };
}

/**
 * Whether sign·(A − cI) is positive semidefinite for every A of the ball. For any L whatever, B = LLᵀ + E gives λ_min(B) ≥ −‖E‖_∞:
 * take B = sign·(A − cI) − spare·I, L from Cholesky's method, and see that ‖E‖_∞ with all its roundings is at most `spare`.
 */
export function definite({ n, mid, rad }: Ball, c: number, sign: 1 | -1): boolean {
  const radius = largest(Array.from({ length: n }, (_, i) => sum(rad.subarray(i * n, i * n + n))));
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
  const size = Float64Array.from({ length: n }, (_, i) => norm(l, i * n, n));
  const total = sum(size);
  return size.every((length, i) => {
    let row = radius + gamma(n + 4) * length * total + 4 * U * (Math.abs(mid[i * n + i]) + Math.abs(c) + spare);
    for (let j = 0; j < n; j++) row += Math.abs(b(i, j) - dot(l, i * n, l, j * n, Math.min(i, j) + 1)) * (1 + 4 * U);
    return raise(row, n + 10) <= spare;
  });
}

/** ‖B‖₂ from above for a symmetric B ≥ 0: max_i (Bv)_i/v_i for any v > 0; the power method proposes v until the bound is at most `goal`. */
export function perron(b: Float64Array, n: number, goal = 0): number {
  let v = new Float64Array(n).fill(1);
  let least = Number.POSITIVE_INFINITY;
  for (let step = 0; step < 400 && !(least <= goal); step++) {
    const w = v.map((_, i) => dot(b, i * n, v, 0, n));
    least = Math.min(least, largest(w.map((x, i) => up(raise(x, n + 1) / v[i]))));
    const most = largest(w);
    if (!(most > 0)) break;
    v = w.map((x, i) => Math.max((x / most + v[i]) / 2, 1e-9));
  }
  return least;
}
