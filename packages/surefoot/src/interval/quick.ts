/**
 * Elementary functions in plain double with a proved error, for matrices of activations: some thirty times faster than the enclosures
 * of exponential.ts and error-function.ts, a hundred times wider. Only sums, products, quotients and comparisons; the errors are counted in
 * docs/proof.md, section 3. NaN gives NaN.
 */
import { atanTable, STEPS } from "./arctangent.ts";
import { HALF_PI_HIGH, LN2_1, LN2_2, ROOT_HALF } from "./constants.ts";
import { powerOfTwo } from "./directed.ts";
import { erfNodeIndex, erfNodes } from "./error-function.ts";
import { exponentOf, guessLog1p, INVERSE_FACTORIALS, softplusShiftedAt } from "./exponential.ts";

/** Relative error of `quickExp` and `quickExpm1`, and of what does not magnify it. */
export const EXP_ERROR = powerOfTwo(-47);
/** Relative error of `quickTanh` and `quickSigmoid`. */
export const SIGMOID_ERROR = powerOfTwo(-46);
/** Relative error of `quickSoftplusShifted`. */
export const SOFTPLUS_ERROR = powerOfTwo(-45);
/** Absolute error of `quickErf` and `quickNormalCdf`. */
export const ERF_ERROR = powerOfTwo(-48);
/** Absolute error of `quickAngle`. */
export const ANGLE_ERROR = powerOfTwo(-48);
/** Absolute error of `quickGaussian`. */
export const GAUSSIAN_ERROR = powerOfTwo(-46);
/** Where a value vanishes below this size its relative error says nothing: an absolute one to add. */
export const VANISHING = powerOfTwo(-1000);

/** eʳ − 1 for |r| ≤ 0.3467, error 14u. */
function reduced(r: number): number {
  const t = 0.0625 * r;
  let p = INVERSE_FACTORIALS[7];
  for (let k = 6; k >= 0; k--) p = p * t + INVERSE_FACTORIALS[k];
  let e = t + t * t * (0.5 + t * p);
  e *= 2 + e;
  e *= 2 + e;
  e *= 2 + e;
  return e * (2 + e);
}

/** eˣ for |x| ≤ 700; 0 below (absolutely right to 10⁻³⁰⁴), ∞ above. */
export function quickExp(x: number): number {
  if (!(Math.abs(x) <= 700)) return x > 0 ? Number.POSITIVE_INFINITY : x < 0 ? 0 : Number.NaN;
  const k = exponentOf(x);
  return (1 + reduced(x - k * LN2_1 - k * LN2_2)) * powerOfTwo(k);
}

/** eˣ − 1 for |x| ≤ 700. */
export function quickExpm1(x: number): number {
  const k = exponentOf(x);
  return k === 0 ? reduced(x) : quickExp(x) - 1;
}

export function quickTanh(x: number): number {
  if (Math.abs(x) > 20) return x > 0 ? 1 : -1;
  const e = quickExpm1(2 * x);
  return e / (2 + e);
}

/** 1/(1 + e⁻ˣ). */
export function quickSigmoid(x: number): number {
  return 1 / (1 + quickExp(-x));
}

/** ln((1 + eˣ)/2). */
export function quickSoftplusShifted(x: number): number {
  if (Math.abs(x) <= 36) {
    const w = 0.5 * quickExpm1(x);
    const y = guessLog1p(w);
    const e = quickExpm1(y);
    const delta = (w - e) / (1 + e);
    // The guess is not trusted: a correction this small leaves ln(1 + δ) − δ below 2⁻⁶⁰ of y.
    if (Math.abs(delta) <= Math.abs(y) * CORRECTION) return y + delta;
  }
  return softplusShiftedAt(x).lower;
}

const CORRECTION = powerOfTwo(-32);

export function quickErf(x: number): number {
  const size = Math.abs(x);
  if (!(size < 6)) return x > 0 ? 1 : x < 0 ? -1 : Number.NaN;
  const j = erfNodeIndex(size);
  const { value, slope, tail } = erfNodes()[j];
  const c = j / 8;
  const h = size - c;
  let p = tail[tail.length - 1];
  for (let k = tail.length - 2; k >= 0; k--) p = p * h + tail[k];
  const result = value[0] + slope[0] * (h - h * h * (c - h * p));
  return x < 0 ? -result : result;
}

/** Φ(x) = (1 + erf(x/√2))/2. */
export function quickNormalCdf(x: number): number {
  return 0.5 + 0.5 * quickErf(ROOT_HALF.lower * x);
}

/** e^{−q} for q ≥ 0 that is itself rounded once or twice. */
export function quickGaussian(q: number): number {
  return quickExp(-q);
}

/** arctan q for 0 ≤ q ≤ 1, error 2.5u. */
function unitAngle(q: number): number {
  const j = Math.floor(STEPS * q + 0.5);
  const c = j / STEPS;
  const t = (q - c) / (1 + q * c);
  const z = t * t;
  const p = 1 / 3 - z * (1 / 5 - z * (1 / 7 - z * (1 / 9 - z * (1 / 11 - z / 13))));
  return atanTable()[2 * j] + (t - t * z * p);
}

/** atan2(y, x) in [0, π] for y ≥ 0, not both 0, each given to 4u relatively. */
export function quickAngle(y: number, x: number): number {
  const size = Math.abs(x);
  const acute = y <= size ? unitAngle(y / size) : HALF_PI_HIGH - unitAngle(size / y);
  return x >= 0 ? acute : 2 * HALF_PI_HIGH - acute;
}
