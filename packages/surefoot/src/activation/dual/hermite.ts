/**
 * Hermite coefficients of σ under N(0, s²): a_k = E[σ(sZ)h_k(Z)], h_k orthonormal for Z ∼ N(0, 1). Mehler's formula then gives
 * E[σ(u)σ(v)] = Σ_k a_k(√a) a_k(√b) ρ^k. By Parseval Σ_k a_k² = E[σ(sZ)²], and by Cauchy–Schwarz what a series leaves out of a dual
 * kernel is at most √(tail_a·tail_b)·|ρ|^K: the tail is the check.
 */
export type HermiteSeries =
  | {
      readonly status: "ok";
      /** a_0 … a_{K−1}. */
      readonly coefficients: Float64Array;
      /** E[σ(sZ)²]. */
      readonly square: number;
      /** ≥ Σ_{k≥K} a_k², from E[σ(sZ)²] − Σ a_k², with its rounding. */
      readonly tail: number;
    }
  /** σ(s·)²φ does not vanish within 38 standard deviations, or is not finite. */
  | { readonly status: "not-square-integrable" }
  /** More than `MAX_TERMS` terms are needed: s is large, or σ has a kink. */
  | { readonly status: "no-convergence" };

export const MAX_TERMS = 4096;
/** Steps of the trapezoidal rule; ψ_k oscillates with wave number √k ≤ 64, so 2π/h leaves room for σ. */
const FIRST_STEP = 1 / 24;
const LAST_STEP = 1 / 96;
/** √φ(38) ≈ 1e-157: beyond, the weights underflow when squared. */
const FARTHEST = 38;

export function hermiteSeries(sigma: (x: number) => number, s: number): HermiteSeries {
  if (!(s >= 0)) return { status: "not-square-integrable" };
  let coarse = trapezoid(sigma, s, FIRST_STEP);
  for (let h = FIRST_STEP / 2; ; h /= 2) {
    if (typeof coarse === "string") return { status: coarse };
    const fine = trapezoid(sigma, s, h);
    if (typeof fine === "string") return { status: fine };
    if (agree(coarse.coefficients, fine.coefficients, fine.square)) return { status: "ok", ...fine };
    if (h <= LAST_STEP) return { status: "no-convergence" };
    coarse = fine;
  }
}

/** Both steps give the same coefficients to 32 units in the last place of ‖σ‖ (summation of some hundred terms). */
function agree(coarse: Float64Array, fine: Float64Array, square: number): boolean {
  const tolerance = 32 * Number.EPSILON * Math.sqrt(square);
  for (let k = 0; k < Math.max(coarse.length, fine.length); k++) {
    if (Math.abs((coarse[k] ?? 0) - (fine[k] ?? 0)) > tolerance) return false;
  }
  return true;
}

interface Sampled {
  readonly coefficients: Float64Array;
  readonly square: number;
  readonly tail: number;
}

function trapezoid(
  sigma: (x: number) => number,
  s: number,
  h: number,
): Sampled | "not-square-integrable" | "no-convergence" {
  const even: number[] = [];
  const odd: number[] = [];
  const weight: number[] = [];
  let square = 0;
  let largest = 0;
  let last = 0;
  for (let j = 0; ; j++) {
    const z = j * h;
    if (z > FARTHEST) return "not-square-integrable";
    const root = Math.exp((-z * z) / 4) * 0.6316187777460647; // (2π)^{−1/4}
    const [plus, minus] = [sigma(s * z), sigma(-s * z)];
    if (!Number.isFinite(plus) || !Number.isFinite(minus)) return "not-square-integrable";
    const share = (j === 0 ? h : 2 * h) * root;
    even.push(share * (0.5 * (plus + minus)));
    odd.push(share * (0.5 * (plus - minus)));
    weight.push(root);
    const size = Math.max(Math.abs(plus), Math.abs(minus)) * root;
    square += (j === 0 ? 0.5 : 1) * h * root * root * (plus * plus + minus * minus);
    largest = Math.max(largest, size);
    // Two standard deviations of silence, so that a zero of σ is not taken for its end.
    if (size > 1e-18 * largest) last = z;
    if (z > 8 && z > last + 2) break;
  }
  return expand(even, odd, Float64Array.from(weight), h, square);
}

function expand(
  even: number[],
  odd: number[],
  psi: Float64Array,
  h: number,
  square: number,
): Sampled | "no-convergence" {
  let previous: Float64Array = new Float64Array(psi.length);
  let current = psi;
  const coefficients: number[] = [];
  let left = square;
  let recent = 0;
  for (let k = 0; k < MAX_TERMS; k++) {
    const part = k % 2 === 0 ? even : odd;
    let sum = 0;
    for (let j = 0; j < part.length; j++) sum += part[j] * current[j];
    coefficients.push(sum);
    left -= sum * sum;
    recent = recent * 0.75 + sum * sum;
    // A geometric memory of the last terms: both parities must have died out, not one coefficient that happens to vanish.
    if (k >= 8 && recent <= 1e-19 * square && left <= 1e-13 * square) {
      const length = needed(coefficients, 1e-18 * square);
      const rest = coefficients.slice(length).reduce((total, a) => total + a * a, 0);
      const tail = Math.max(left, 0) + rest + 16 * Number.EPSILON * square;
      return { coefficients: Float64Array.from(coefficients.slice(0, length)), square, tail };
    }
    const next = previous;
    const [up, down] = [1 / Math.sqrt(k + 1), Math.sqrt(k / (k + 1))];
    for (let j = 0; j < next.length; j++) next[j] = up * (j * h) * current[j] - down * previous[j];
    previous = current;
    current = next;
  }
  return "no-convergence";
}

/** How many coefficients to keep so that the squares of the others stay below `negligible`; at least one. */
function needed(coefficients: readonly number[], negligible: number): number {
  let length = coefficients.length;
  for (let left = negligible; length > 1; length--) {
    left -= coefficients[length - 1] ** 2;
    if (left < 0) break;
  }
  return length;
}
