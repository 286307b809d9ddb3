/**
 * Enclosures of exp, log and what is made of them at one double. Each is computed as a pair of doubles with a proved relative
 * error and rounded outward once, so an enclosure is mostly two neighbouring doubles. No `Math.*` transcendental is used:
 * logarithms start from a guess that the exponential then settles. Errors: docs/proof.md, section 3.
 */
import type { Interval } from "./arithmetic.ts";
import { LN2, LN2_1, LN2_2, LN2_3, LN2_HIGH, LN2_LOW, LOG2_E, ROOT_HALF } from "./constants.ts";
import { addDown, addUp, divDown, divUp, mulDown, mulUp, nextDown, nextUp, powerOfTwo } from "./directed.ts";
import * as dd from "./double-double.ts";

/** Twice the proved relative error of every pair below; the factor 2 pays for the roundings in `settle`. */
const PAIR_ERROR = powerOfTwo(-57);
/** Below this size the first term of the series, moved by one place, is the enclosure. */
const TINY = powerOfTwo(-100);
const EVERYTHING: Interval = { lower: Number.NEGATIVE_INFINITY, upper: Number.POSITIVE_INFINITY };
const NOTHING: Interval = { lower: Number.NaN, upper: Number.NaN };

/** The doubles around high + low with relative error at most half of `error`. */
export function settle(high: number, low: number, error: number): Interval {
  const slack = Math.abs(high) * error;
  return { lower: addDown(high, low - slack), upper: addUp(high, low + slack) };
}

/** 1/(k + 3)!, k = 0 … 7. */
export const INVERSE_FACTORIALS = Float64Array.from({ length: 8 }, (_, k) => {
  let product = 1;
  for (let i = 2; i <= k + 3; i++) product *= i;
  return 1 / product;
});

/** eʳ − 1 for |r| ≤ 0.3467: Taylor at r/16, then (1 + E)² − 1 = E(2 + E) four times. */
function expm1Reduced(rHigh: number, rLow: number): number {
  const tHigh = rHigh * 0.0625;
  const tLow = rLow * 0.0625;
  let p = INVERSE_FACTORIALS[7];
  for (let k = 6; k >= 0; k--) p = p * tHigh + INVERSE_FACTORIALS[k];
  const tail = tHigh * tHigh * tHigh * p;
  let high = dd.mul(tHigh, tLow, tHigh, tLow);
  high = dd.add(tHigh, tLow, 0.5 * high, 0.5 * dd.low[0]);
  high = dd.addDouble(high, dd.low[0], tail);
  for (let i = 0; i < 4; i++) {
    const low = dd.low[0];
    const next = dd.addDouble(high, low, 2);
    high = dd.mul(high, low, next, dd.low[0]);
  }
  return high;
}

/** k with |x − k ln 2| ≤ 0.3467. */
export function exponentOf(x: number): number {
  return Math.floor(x * LOG2_E + 0.5);
}

/** x − k ln 2 for |k| < 2²⁰. */
function reduce(xHigh: number, xLow: number, k: number): number {
  if (k === 0) {
    dd.low[0] = xLow;
    return xHigh;
  }
  let r = dd.twoSum(xHigh, -k * LN2_1);
  r = dd.addDouble(r, dd.low[0], -k * LN2_2);
  return dd.addDouble(r, dd.low[0], xLow - k * LN2_3);
}

/** eˣ for |x| ≤ 250. */
export function expPair(xHigh: number, xLow: number): number {
  const k = exponentOf(xHigh);
  const r = reduce(xHigh, xLow, k);
  const e = expm1Reduced(r, dd.low[0]);
  const high = dd.addDouble(e, dd.low[0], 1);
  const scale = powerOfTwo(k);
  dd.low[0] *= scale;
  return high * scale;
}

/** eˣ − 1 for 2⁻¹⁰⁰ ≤ |x| ≤ 250. */
function expm1Pair(xHigh: number, xLow: number): number {
  if (exponentOf(xHigh) === 0) return expm1Reduced(xHigh, xLow);
  const e = expPair(xHigh, xLow);
  return dd.addDouble(e, dd.low[0], -1);
}

/** ln(1 + w), correct to about 2⁻⁴⁸: the guess from which `log1pPair` starts. */
export function guessLog1p(w: number): number {
  let k = 0;
  let g = w;
  if (w < -0.29 || w > 0.42) {
    const v = 1 + w;
    k = exponentOfDouble(v * ROOT_HALF.lower) + 1;
    g = v * powerOfTwo(-k) - 1;
  }
  const s = g / (2 + g);
  const z = s * s;
  let p = 1 / 23;
  for (let i = 21; i >= 3; i -= 2) p = p * z + 1 / i;
  return k * LN2_HIGH + (2 * s + 2 * s * z * p);
}

/** ln(1 + w) for −0.6 ≤ w ≤ 2²⁰⁰, |w| ≥ 2⁻¹⁰⁰; NaN should the guess be useless. With E = e^y − 1: y + ln(1 + (w − E)/(1 + E)). */
function log1pPair(wHigh: number, wLow: number): number {
  const y = guessLog1p(wHigh);
  const e = expm1Pair(y, 0);
  const eLow = dd.low[0];
  const delta = dd.add(wHigh, wLow, -e, -eLow) / (1 + e);
  if (!(Math.abs(delta) <= Math.abs(y) * powerOfTwo(-40))) return Number.NaN;
  return dd.addDouble(y, 0, delta - 0.5 * delta * delta);
}

const view = new DataView(new ArrayBuffer(8));

/** ⌊log₂ x⌋ of a positive normal double. */
function exponentOfDouble(x: number): number {
  view.setFloat64(0, x);
  return (view.getInt32(0) >>> 20) - 1023;
}

/** ln x for 0 < x < ∞. */
function logPair(x: number): number {
  let k = 0;
  let f = x;
  if (f < powerOfTwo(-1000)) {
    f *= powerOfTwo(100);
    k = -100;
  }
  const shift = exponentOfDouble(f);
  f *= powerOfTwo(-shift);
  k += shift;
  if (f > 2 * ROOT_HALF.upper) {
    f *= 0.5;
    k += 1;
  }
  if (k === 0) return log1pPair(f - 1, 0);
  let high = dd.mulDouble(LN2_HIGH, LN2_LOW, k);
  if (f === 1) return high;
  const low = dd.low[0];
  const rest = log1pPair(f - 1, 0);
  high = dd.add(high, low, rest, dd.low[0]);
  return high;
}

function clampLower(bound: Interval, least: number): Interval {
  return bound.lower < least ? { lower: least, upper: bound.upper } : bound;
}

export function expAt(x: number): Interval {
  if (Number.isNaN(x)) return NOTHING;
  if (x > 709.79) return { lower: Number.MAX_VALUE, upper: Number.POSITIVE_INFINITY };
  if (x < -745.2) return { lower: 0, upper: 5e-324 };
  if (x === 0) return { lower: 1, upper: 1 };
  if (Math.abs(x) < TINY) return x > 0 ? { lower: 1, upper: nextUp(1) } : { lower: nextDown(1), upper: 1 };
  const k = exponentOf(x);
  const r = reduce(x, 0, k);
  const e = expm1Reduced(r, dd.low[0]);
  const high = dd.addDouble(e, dd.low[0], 1);
  const bound = settle(high, dd.low[0], PAIR_ERROR);
  if (k >= -1020 && k <= 1020) {
    const scale = powerOfTwo(k);
    return { lower: bound.lower * scale, upper: bound.upper * scale };
  }
  const half = Math.trunc(k / 2);
  return {
    lower: mulDown(bound.lower * powerOfTwo(half), powerOfTwo(k - half)),
    upper: mulUp(bound.upper * powerOfTwo(half), powerOfTwo(k - half)),
  };
}

/** eˣ − 1. */
export function expm1At(x: number): Interval {
  if (Number.isNaN(x)) return NOTHING;
  if (Math.abs(x) < TINY) return x === 0 ? { lower: x, upper: x } : { lower: x, upper: nextUp(x) };
  if (x > 200) {
    const e = expAt(x);
    return { lower: addDown(e.lower, -1), upper: addUp(e.upper, -1) };
  }
  if (x < -40) return { lower: -1, upper: nextUp(-1) };
  const high = expm1Pair(x, 0);
  return settle(high, dd.low[0], PAIR_ERROR);
}

export function logAt(x: number): Interval {
  if (!(x > 0)) {
    return x === 0 ? { lower: Number.NEGATIVE_INFINITY, upper: Number.NEGATIVE_INFINITY } : NOTHING;
  }
  if (x === 1) return { lower: 0, upper: 0 };
  if (x === Number.POSITIVE_INFINITY) return { lower: x, upper: x };
  const high = logPair(x);
  return Number.isNaN(high) ? EVERYTHING : settle(high, dd.low[0], PAIR_ERROR);
}

/** ln(1 + x). */
export function log1pAt(x: number): Interval {
  if (!(x > -1)) return x === -1 ? { lower: Number.NEGATIVE_INFINITY, upper: Number.NEGATIVE_INFINITY } : NOTHING;
  if (x === Number.POSITIVE_INFINITY) return { lower: x, upper: x };
  if (Math.abs(x) < TINY) return x === 0 ? { lower: x, upper: x } : { lower: nextDown(x), upper: x };
  if (x < -0.5) return logAt(1 + x); // 1 + x is exact there
  if (x > powerOfTwo(60)) return { lower: logAt(x).lower, upper: addUp(logAt(x).upper, divUp(1, x)) };
  const high = log1pPair(x, 0);
  return Number.isNaN(high) ? EVERYTHING : settle(high, dd.low[0], PAIR_ERROR);
}

export function tanhAt(x: number): Interval {
  if (Number.isNaN(x)) return NOTHING;
  if (x < 0) {
    const mirrored = tanhAt(-x);
    return { lower: -mirrored.upper, upper: -mirrored.lower };
  }
  if (x < TINY) return x === 0 ? { lower: 0, upper: 0 } : { lower: nextDown(x), upper: x };
  if (x > 20) return { lower: nextDown(1), upper: 1 }; // 1 − tanh x < 2e^{−2x} < 2⁻⁵³
  const e = expm1Pair(2 * x, 0);
  const eLow = dd.low[0];
  const denominator = dd.addDouble(e, eLow, 2);
  const high = dd.div(e, eLow, denominator, dd.low[0]);
  const bound = settle(high, dd.low[0], PAIR_ERROR);
  return bound.upper > 1 ? { lower: bound.lower, upper: 1 } : bound;
}

/** 1/(1 + e⁻ˣ). */
export function sigmoidAt(x: number): Interval {
  if (Number.isNaN(x)) return NOTHING;
  if (x > 40) return { lower: nextDown(1), upper: 1 };
  if (x < -40) {
    const e = expAt(x); // e/(1 + e) lies between e(1 − e) and e
    return { lower: mulDown(e.lower, nextDown(1)), upper: e.upper };
  }
  const e = expPair(-x, 0);
  const denominator = dd.addDouble(e, dd.low[0], 1);
  const high = dd.div(1, 0, denominator, dd.low[0]);
  const bound = settle(high, dd.low[0], PAIR_ERROR);
  return bound.upper > 1 ? { lower: bound.lower, upper: 1 } : bound;
}

/** ln(1 + eˣ). */
export function softplusAt(x: number): Interval {
  if (Number.isNaN(x)) return NOTHING;
  if (x > 40) return { lower: x, upper: addUp(x, expAt(-x).upper) };
  if (x < -40) {
    const e = expAt(x); // ln(1 + e) lies between e(1 − e) and e
    return { lower: mulDown(e.lower, nextDown(1)), upper: e.upper };
  }
  const e = expPair(x, 0);
  const high = log1pPair(e, dd.low[0]);
  return Number.isNaN(high) ? EVERYTHING : clampLower(settle(high, dd.low[0], PAIR_ERROR), 0);
}

/** ln((1 + eˣ)/2) = ln(1 + (eˣ − 1)/2), which keeps its relative accuracy where it vanishes, at 0. */
export function softplusShiftedAt(x: number): Interval {
  if (Number.isNaN(x)) return NOTHING;
  if (x > 40) return { lower: addDown(x, -LN2.upper), upper: addUp(addUp(x, -LN2.lower), expAt(-x).upper) };
  if (x < -40) return { lower: -LN2.upper, upper: addUp(-LN2.lower, expAt(x).upper) };
  if (Math.abs(x) < TINY) {
    // x/2 < ln((1 + eˣ)/2) < x/2 + x²/8
    const half = { lower: divDown(x, 2), upper: divUp(x, 2) };
    return x === 0 ? half : { lower: half.lower, upper: nextUp(half.upper) };
  }
  const e = expm1Pair(x, 0);
  const high = log1pPair(0.5 * e, 0.5 * dd.low[0]);
  return Number.isNaN(high) ? EVERYTHING : settle(high, dd.low[0], PAIR_ERROR);
}
