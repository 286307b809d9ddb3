/** Matrices with proved errors: rows that are balls in the Euclidean norm, symmetric matrices with a radius for every entry. */
import { FLOOR, gamma, raise, sqrtUp, U, up } from "./directed.ts";

/** n rows of length k: row i lies within rad[i] of mid's; norm[i] bounds both ‖row‖ and ‖mid's row‖. */
export interface Rows {
  readonly n: number;
  readonly k: number;
  readonly mid: Float64Array;
  readonly rad: Float64Array;
  readonly norm: Float64Array;
}

/** Symmetric n × n matrices within `rad` of `mid`, entry by entry. */
export interface Ball {
  readonly n: number;
  readonly mid: Float64Array;
  readonly rad: Float64Array;
}

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

export function rows(n: number, k: number, mid: Float64Array, rad = new Float64Array(n)): Rows {
  return { n, k, mid, rad, norm: rad.map((r, i) => up(norm(mid, i * k, k) + r)) };
}

export function transpose(a: Float64Array, m: number, k: number): Float64Array {
  const out = new Float64Array(a.length);
  for (let i = 0; i < m; i++) for (let j = 0; j < k; j++) out[j * m + i] = a[i * k + j];
  return out;
}

/** s·A·Wᵀ + b for A in the ball, W m × k with ‖W‖₂ ≤ spectral. Rounding: γ_{k+4}(s|a||w| + |b|) entry by entry. */
export function dense(a: Rows, w: Float64Array, m: number, s: number, b: Float64Array, spectral: number): Rows {
  const { n, k } = a;
  const mid = new Float64Array(n * m);
  const moved = norm(w);
  const constant = norm(b);
  const rad = a.rad.map((r, i) => {
    for (let j = 0; j < m; j++) mid[i * m + j] = s * dot(a.mid, i * k, w, j * k, k) + (b.length > 0 ? b[j] : 0);
    const rounding = gamma(k + 4) * (s * a.norm[i] * moved + constant);
    return raise(s * spectral * r + rounding + m * FLOOR, 8);
  });
  return rows(n, m, mid, rad);
}

/** A·Aᵀ: |a_i·a_j − â_i·â_j| ≤ ‖â_i‖r_j + r_i‖a_j‖. */
export function gram({ n, k, mid, rad, norm: size }: Rows): Ball {
  const out = { n, mid: new Float64Array(n * n), rad: new Float64Array(n * n) };
  const rounding = gamma(k + 2);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      out.mid[i * n + j] = out.mid[j * n + i] = dot(mid, i * k, mid, j * k, k);
      const error = raise(rounding * size[i] * size[j] + size[i] * rad[j] + rad[i] * size[j], 8);
      out.rad[i * n + j] = out.rad[j * n + i] = error;
    }
  }
  return out;
}

/** Entry by entry f(a, b) with the radius g(|a|, ra, |b|, rb) and the rounding of at most 8 operations on numbers up to `g`'s and f's size. */
export function combine(a: Ball, b: Ball, f: (x: number, y: number) => number, g: RadiusRule): Ball {
  const mid = a.mid.map((x, k) => f(x, b.mid[k]));
  const rad = a.rad.map((r, k) => {
    const [x, y] = [Math.abs(a.mid[k]), Math.abs(b.mid[k])];
    return raise(g(x, r, y, b.rad[k]) + 8 * U * f(x, y), 12);
  });
  return { n: a.n, mid, rad };
}
type RadiusRule = (x: number, rx: number, y: number, ry: number) => number;

/** A∘B. */
export const hadamard = (a: Ball, b: Ball): Ball =>
  combine(
    a,
    b,
    (x, y) => x * y,
    (x, rx, y, ry) => x * ry + rx * y + rx * ry,
  );

/**
 * Whether sign·(A − cI) is positive semidefinite for every A of the ball. For any L whatever, B = LLᵀ + E gives λ_min(B) ≥ −‖E‖₂ ≥ −‖E‖_∞:
 * take B = sign·(A − cI) − spare·I, L from Cholesky's method, and see that ‖E‖_∞ with all its roundings is at most `spare`.
 */
export function definite({ n, mid, rad }: Ball, c: number, sign: 1 | -1): boolean {
  let radius = 0;
  let trace = 0;
  for (let i = 0; i < n; i++) {
    radius = Math.max(
      radius,
      raise(
        rad.subarray(i * n, i * n + n).reduce((a, b) => a + b, 0),
        n,
      ),
    );
    trace += Math.abs(mid[i * n + i]) + Math.abs(c);
  }
  const spare = up(4 * up(radius + gamma(n + 8) * trace));
  const shifted = (i: number, j: number) => sign * mid[i * n + j] - (i === j ? sign * c + spare : 0);
  const l = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      const rest = shifted(i, j) - dot(l, i * n, l, j * n, j);
      if (i === j && !(rest > 0 && rest < Number.MAX_VALUE)) return false;
      l[i * n + j] = i === j ? Math.sqrt(rest) : rest / l[j * n + j];
    }
  }
  const size = Float64Array.from({ length: n }, (_, i) => norm(l, i * n, i + 1));
  const total = raise(
    size.reduce((a, b) => a + b, 0),
    n,
  );
  for (let i = 0; i < n; i++) {
    let row = radius + gamma(n + 4) * size[i] * total + 4 * U * (Math.abs(mid[i * n + i]) + Math.abs(c) + spare);
    for (let j = 0; j < n; j++)
      row += Math.abs(shifted(i, j) - dot(l, i * n, l, j * n, Math.min(i, j) + 1)) * (1 + 4 * U);
    if (!(raise(row, n + 10) <= spare)) return false;
  }
  return true;
}

/** What `definite` can prove, to about six digits: for messages only. */
export function provable(a: Ball, sign: 1 | -1): number {
  let radius = 0;
  for (let i = 0; i < a.n; i++) radius += Math.abs(a.mid[i * a.n + i]);
  let [good, bad] = [-sign * 2 * radius, sign * 2 * radius];
  for (let step = 0; step < 24; step++) {
    const middle = (good + bad) / 2;
    if (definite(a, middle, sign)) good = middle;
    else bad = middle;
  }
  return good;
}

/** ≥ the norm of a symmetric matrix of non-negative entries: max_i (Bv)_i/v_i for any positive v; the power method proposes one, until the bound is at most `goal`. */
export function perron(b: Float64Array, n: number, goal = 0): number {
  let v = new Float64Array(n).fill(1);
  let least = Number.POSITIVE_INFINITY;
  for (let step = 0; step < 400 && !(least <= goal); step++) {
    const w = v.map((_, i) => dot(b, i * n, v, 0, n));
    let worst = 0;
    for (let i = 0; i < n; i++) worst = Math.max(worst, up(raise(w[i], n + 1) / v[i]));
    least = Math.min(least, worst);
    const most = w.reduce((x, y) => Math.max(x, y), 0);
    if (!(most > 0)) break;
    v = w.map((x, i) => Math.max((x / most + v[i]) / 2, 1e-9));
  }
  return least;
}
