/**
 * Elementary functions with the same bits on every engine: only +, −, ×, ÷, √, comparisons and whole-number operations in a fixed
 * order, which IEEE 754 fixes, where `Math.exp` and its kin are left to each engine. Errors are below 3 units in the last
 * place (tests hold them against mpmath); nothing here is an enclosure, proofs use their own.
 * assembly/elementary.ts repeats these operations in the same order on pairs of numbers: change both together.
 */
import type { ElementwiseFunction } from "./backend.ts";
import {
  ASIN_POLY,
  ATAN_POLY,
  COSINE_POLY,
  ERF_POLY,
  EXP_POLY,
  EXP_STEP_HI,
  EXP_STEP_LO,
  EXP_STEPS_PER_UNIT,
  EXP_TABLE,
  HALF_PI_HI,
  HALF_PI_LO,
  LN2_HI,
  LN2_LO,
  LOG_POLY,
  SINE_POLY,
  TAIL_CENTRE,
  TAIL_POLY,
} from "./elementary-tables.ts";

/** 2ᵏ at index k + 1023, −1023 < k ≤ 1023. */
const POWERS = powersOfTwo();

function powersOfTwo(): Float64Array {
  const powers = new Float64Array(2047);
  powers[1023] = 1;
  for (let k = 1; k <= 1023; k++) {
    powers[1023 + k] = 2 * powers[1022 + k];
    powers[1023 - k] = 0.5 * powers[1024 - k];
  }
  return powers;
}

/** 1.5·2⁵²: adding and subtracting it rounds to the nearest whole number. */
const ROUNDER = 6755399441055744;

function horner(coefficients: Float64Array, x: number): number {
  let p = coefficients[coefficients.length - 1];
  for (let i = coefficients.length - 2; i >= 0; i--) p = p * x + coefficients[i];
  return p;
}

/** The same polynomial as even(x²) + x·odd(x²): two chains of dependent operations of half the length. */
function hornerSplit(coefficients: Float64Array, x: number): number {
  const z = x * x;
  const last = coefficients.length - 1;
  let high = coefficients[last];
  let low = coefficients[last - 1];
  for (let i = last - 2; i >= 0; i -= 2) high = high * z + coefficients[i];
  for (let i = last - 3; i >= 0; i -= 2) low = low * z + coefficients[i];
  return last % 2 === 0 ? high + x * low : low + x * high;
}

/** The whole number n nearest to x/(ln 2/128). */
function nearestStep(x: number): number {
  return x * EXP_STEPS_PER_UNIT + ROUNDER - ROUNDER;
}

/** eʳ − 1 for |r| ≤ ln 2/256, relative error below u. */
function expm1Small(r: number): number {
  const s = r * r;
  return r + s * (EXP_POLY[0] + r * EXP_POLY[1] + s * (EXP_POLY[2] + r * EXP_POLY[3]));
}

/** factor·e^(high + low) for a small correction `low`: n = 128k + j steps of ln 2/128, then a table of 2^(j/128) and a polynomial. */
function scaledExp(high: number, low: number, factor: number): number {
  const n = nearestStep(high);
  const p = expm1Small(high - n * EXP_STEP_HI - n * EXP_STEP_LO + low);
  const j = 2 * (n & 127);
  const k = n >> 7;
  const half = k >> 1;
  const value = EXP_TABLE[j] + (EXP_TABLE[j + 1] + EXP_TABLE[j] * p);
  return value * factor * POWERS[half + 1023] * POWERS[k - half + 1023];
}

/** eˣ. */
export function exp(x: number): number {
  return scaledExp(Math.min(Math.max(x, -746), 710), 0, 1);
}

/** eˣ − 1 for −44 ≤ x ≤ 40: no cancellation, since 2ᵏ·2^(j/128) − 1 is exact near x = 0. */
function expm1Middle(x: number): number {
  const n = nearestStep(x);
  const p = expm1Small(x - n * EXP_STEP_HI - n * EXP_STEP_LO);
  const j = 2 * (n & 127);
  const scale = POWERS[(n >> 7) + 1023];
  return EXP_TABLE[j] * scale - 1 + scale * (EXP_TABLE[j + 1] + EXP_TABLE[j] * p);
}

/** eˣ − 1, accurate near 0. */
export function expm1(x: number): number {
  if (x === 0) return x;
  return x > 40 ? exp(x) : expm1Middle(Math.max(x, -44));
}

/** tanh x = −E/(E + 2) with E = e^(−2|x|) − 1. */
export function tanh(x: number): number {
  if (x === 0) return x;
  const e = expm1Middle(-2 * Math.min(Math.abs(x), 22));
  const t = -e / (2 + e);
  return x < 0 ? -t : t;
}

/** 1/(1 + e⁻ˣ). */
export function sigmoid(x: number): number {
  const e = exp(-Math.abs(x));
  return (x < 0 ? e : 1) / (1 + e);
}

/** ln(1 + eˣ). */
export function softplus(x: number): number {
  return Math.max(x, 0) + log1p(exp(-Math.abs(x)));
}

const bits = new DataView(new ArrayBuffer(8));

/** k·ln 2 + ln(1 + g) + low, √½ ≤ 1 + g < √2: with s = g/(2 + g), ln(1 + g) = g − s·(g − s²·P(s²)), the leading term exact. */
function assembleLog(k: number, g: number, low: number): number {
  const s = g / (2 + g);
  const z = s * s;
  return k * LN2_HI + (g - (s * (g - z * horner(LOG_POLY, z)) - (k * LN2_LO + low)));
}

/** ln x + low for a normal x > 0; `scaled` is added to the binary exponent of x. */
function logNormal(x: number, scaled: number, low: number): number {
  bits.setFloat64(0, x);
  const head = bits.getInt32(0);
  bits.setInt32(0, (head & 0x000fffff) | 0x3ff00000);
  const f = bits.getFloat64(0);
  const k = (head >> 20) - 1023 + scaled;
  return f >= Math.SQRT2 ? assembleLog(k + 1, f * 0.5 - 1, low) : assembleLog(k, f - 1, low);
}

/** ln x; NaN for x < 0. */
export function log(x: number): number {
  if (!(x > 0)) return x === 0 ? Number.NEGATIVE_INFINITY : Number.NaN;
  if (x === Number.POSITIVE_INFINITY) return x;
  return x < 2.2250738585072014e-308 ? logNormal(x * 18014398509481984, -54, 0) : logNormal(x, 0, 0); // 2⁵⁴
}

/** ln(1 + x), accurate near 0; NaN for x < −1. */
export function log1p(x: number): number {
  if (x === 0) return x;
  if (x > Math.SQRT1_2 - 1 && x < Math.SQRT2 - 1) return assembleLog(0, x, 0);
  if (!(x > -1)) return x === -1 ? Number.NEGATIVE_INFINITY : Number.NaN;
  if (x === Number.POSITIVE_INFINITY) return x;
  const u = 1 + x;
  const lost = x < 1 ? x - (u - 1) : 1 - (u - x);
  return logNormal(u, 0, lost / u);
}

/** Φ(−t) = e^(−t²/2)·P((t − 5)/(t + 5))/(t + 5) for 0 ≤ t ≤ 40; t² is split so that the exponential keeps its digits. */
function normalTail(t: number): number {
  const c = t * 134217729; // 2²⁷ + 1
  const head = c - (c - t);
  const rest = t - head;
  const inverse = 1 / (t + TAIL_CENTRE);
  const factor = hornerSplit(TAIL_POLY, (t - TAIL_CENTRE) * inverse) * inverse;
  return scaledExp(-0.5 * (head * head), -0.5 * (rest * (t + head)), factor);
}

/** erf x for |x| ≤ 1. */
function erfCentre(x: number): number {
  return x * hornerSplit(ERF_POLY, x * x);
}

/** The standard normal distribution function Φ(x), with full relative accuracy in the lower tail. */
export function normalCdf(x: number): number {
  if (Math.abs(x) <= 1) return 0.5 + 0.5 * erfCentre(x * Math.SQRT1_2);
  const tail = normalTail(Math.min(Math.abs(x), 40));
  return x < 0 ? tail : 1 - tail;
}

/** erf x = x·P(x²) up to 1, 1 − 2Φ(−√2·x) beyond. */
export function erf(x: number): number {
  const size = Math.abs(x);
  if (size <= 1) return erfCentre(x);
  const value = 1 - 2 * normalTail(Math.min(size * Math.SQRT2, 40));
  return x < 0 ? -value : value;
}

/** t − arctan t for 0 ≤ t ≤ 1, full relative accuracy (arc-cosine kernels need it near antiparallel pairs). */
export function atanDeficit(t: number): number {
  const z = t * t;
  return t * (z * hornerSplit(ATAN_POLY, z));
}

/** arcsin x for 0 ≤ x ≤ ½, given x² as well. */
export function arcSineOfHalf(x: number, square: number): number {
  return x + x * (square * hornerSplit(ASIN_POLY, square));
}

/** The angle in [0, π/2] of the point (x, y), x, y ≥ 0; 0 for the origin. */
export function quadrantAngle(y: number, x: number): number {
  const large = Math.max(x, y);
  if (large === 0) return 0;
  const t = large === Math.min(x, y) ? 1 : Math.min(x, y) / large;
  const a = t - atanDeficit(t);
  return y > x ? HALF_PI_HI - (a - HALF_PI_LO) : a;
}

/** The angle of the point (x, y) in [−π, π], with the signs of zero of IEEE 754's atan2. */
export function atan2(y: number, x: number): number {
  const a = quadrantAngle(Math.abs(y), Math.abs(x));
  const left = x < 0 || Object.is(x, -0);
  const angle = left ? 2 * HALF_PI_HI - (a - 2 * HALF_PI_LO) : a;
  return y < 0 || Object.is(y, -0) ? -angle : angle;
}

/** arctan x in [−π/2, π/2]. */
export function atan(x: number): number {
  return atan2(x, 1);
}

/** arccos x in [0, π]; NaN outside [−1, 1]. */
export function acos(x: number): number {
  return 2 * quadrantAngle(Math.sqrt(1 - x), Math.sqrt(1 + x));
}

/** [cos 2πt, sin 2πt] for 0 ≤ t < 1, written to `out`: the quarter turn nearest to t, then polynomials on |r| ≤ π/4. */
export function turn(t: number, out: { cos: number; sin: number }): void {
  const quarter = Math.floor(4 * t + 0.5);
  const r = (t - 0.25 * quarter) * 6.283185307179586;
  const z = r * r;
  const s = r * horner(SINE_POLY, z);
  const c = horner(COSINE_POLY, z);
  const odd = (quarter & 1) === 1;
  const x = odd ? s : c;
  const y = odd ? c : s;
  out.cos = quarter === 1 || quarter === 2 ? -x : x;
  out.sin = quarter === 2 || quarter === 3 ? -y : y;
}

/** The functions of `Backend.elementwise`. */
export const ELEMENTARY: Readonly<Record<ElementwiseFunction, (x: number) => number>> = {
  exp,
  log,
  tanh,
  sigmoid,
  softplus,
  erf,
  "normal-cdf": normalCdf,
};
