/**
 * Directed rounding for hardware that rounds to nearest: after an operation take `up` or `down` of its result. ∞ stays ∞, and what
 * cannot be bounded becomes NaN; every test in this package is written so that NaN fails it.
 */

/** u = 2⁻⁵³, the unit roundoff. */
export const U = Number.EPSILON / 2;
/** More than all underflows of one sum of fewer than 2⁵⁰ products together. */
export const FLOOR = 1e-300;

/** Above every real that rounds to x: |x|·2⁻⁵² + 2⁻¹⁰⁷⁴ is at least one unit in the last place of x. */
export const up = (x: number): number => x + (Math.abs(x) * (2 * U) + Number.MIN_VALUE);
export const down = (x: number): number => x - (Math.abs(x) * (2 * U) + Number.MIN_VALUE);

/** ≥ the sum and the product of upper bounds of non-negative numbers. Nothing times 0 is more than 0. */
export const add = (...v: number[]): number => v.reduce((a, b) => up(a + b));
export const mul = (...v: number[]): number => (v.includes(0) ? 0 : v.reduce((a, b) => up(a * b)));
/** ≤ the product of lower bounds of non-negative numbers, while they are positive. */
export const least = (...v: number[]): number => v.reduce((a, b) => down(a * b));

/** ≥ √x. `Math.sqrt` is only a first guess. */
export function sqrtUp(x: number): number {
  if (!(x >= FLOOR)) return x >= 0 ? 1e-150 : Number.NaN;
  let s = up(Math.sqrt(x));
  while (down(s * s) < x) s = up(s);
  return s;
}

/** ≤ √x. */
export function sqrtDown(x: number): number {
  if (!(x >= FLOOR)) return x >= 0 ? 0 : Number.NaN;
  let s = Math.sqrt(x);
  while (up(s * s) > x) s = down(s);
  return s;
}

/** γ_k = ku/(1 − ku): the relative error of k roundings, and of a sum of k products in any order relative to the sum of absolute values. */
export const gamma = (k: number): number => up((k * U) / down(1 - k * U));

/** Above the exact value of a sum of products of non-negative numbers whose floating-point result x went through at most k roundings. */
export const raise = (x: number, k: number): number => up(up(x * up(1 + 2 * gamma(k))) + FLOOR);
