/**
 * The rigorous meaning of `Arithmetic`: every result contains the exact result for all exact reals in the arguments. Ends are
 * rounded outward only where an operation was inexact. An argument with a NaN end gives NaN ends, from which nothing follows.
 */

import { atanAt } from "./arctangent.ts";
import type { Arithmetic, Interval } from "./arithmetic.ts";
import { HALF_PI, PI } from "./constants.ts";
import { addDown, addUp, divDown, divUp, mulDown, mulUp, sqrtDown, sqrtUp, subDown, subUp } from "./directed.ts";
import { erfAt, normalCdfAt } from "./error-function.ts";
import { expAt, expm1At, log1pAt, logAt, sigmoidAt, softplusAt, softplusShiftedAt, tanhAt } from "./exponential.ts";

function add(a: Interval, b: Interval): Interval {
  return { lower: addDown(a.lower, b.lower), upper: addUp(a.upper, b.upper) };
}

function sub(a: Interval, b: Interval): Interval {
  return { lower: subDown(a.lower, b.upper), upper: subUp(a.upper, b.lower) };
}

function mul(a: Interval, b: Interval): Interval {
  if (a.lower >= 0 && b.lower >= 0) return { lower: mulDown(a.lower, b.lower), upper: mulUp(a.upper, b.upper) };
  return {
    lower: Math.min(
      mulDown(a.lower, b.lower),
      mulDown(a.lower, b.upper),
      mulDown(a.upper, b.lower),
      mulDown(a.upper, b.upper),
    ),
    upper: Math.max(mulUp(a.lower, b.lower), mulUp(a.lower, b.upper), mulUp(a.upper, b.lower), mulUp(a.upper, b.upper)),
  };
}

function div(a: Interval, b: Interval): Interval {
  if (isInvalid(a) || isInvalid(b)) return { lower: Number.NaN, upper: Number.NaN };
  if (b.lower <= 0 && b.upper >= 0) return { lower: Number.NEGATIVE_INFINITY, upper: Number.POSITIVE_INFINITY };
  // The quotient is monotone in each argument, so its extremes are at ends; ∞/∞ stands for the whole range between 0 and ∞.
  if (b.lower > 0) {
    return {
      lower: quotient(divDown, a.lower, a.lower >= 0 ? b.upper : b.lower),
      upper: quotient(divUp, a.upper, a.upper >= 0 ? b.lower : b.upper),
    };
  }
  return {
    lower: quotient(divDown, a.upper, a.upper >= 0 ? b.upper : b.lower),
    upper: quotient(divUp, a.lower, a.lower >= 0 ? b.lower : b.upper),
  };
}

function quotient(direction: typeof divUp, a: number, b: number): number {
  return Math.abs(a) === Number.POSITIVE_INFINITY && Math.abs(b) === Number.POSITIVE_INFINITY ? 0 : direction(a, b);
}

function sqrt(a: Interval): Interval {
  if (!(a.upper >= 0)) return { lower: Number.NaN, upper: Number.NaN };
  return { lower: a.lower > 0 ? sqrtDown(a.lower) : a.lower <= 0 ? 0 : Number.NaN, upper: sqrtUp(a.upper) };
}

function square(a: Interval): Interval {
  if (isInvalid(a)) return { lower: Number.NaN, upper: Number.NaN };
  if (a.lower >= 0) return { lower: mulDown(a.lower, a.lower), upper: mulUp(a.upper, a.upper) };
  if (a.upper <= 0) return { lower: mulDown(a.upper, a.upper), upper: mulUp(a.lower, a.lower) };
  return { lower: 0, upper: Math.max(mulUp(a.lower, a.lower), mulUp(a.upper, a.upper)) };
}

function isInvalid(a: Interval): boolean {
  return Number.isNaN(a.lower) || Number.isNaN(a.upper);
}

/** Lifts enclosures of a non-decreasing function at single doubles to intervals. */
function increasing(at: (x: number) => Interval): (a: Interval) => Interval {
  return (a) => (a.lower === a.upper ? at(a.lower) : { lower: at(a.lower).lower, upper: at(a.upper).upper });
}

/** eˣ − 1. */
export const expm1 = increasing(expm1At);
/** ln(1 + x). */
export const log1p = increasing(log1pAt);
export const tanh = increasing(tanhAt);
/** 1/(1 + e⁻ˣ). */
export const sigmoid = increasing(sigmoidAt);
/** ln(1 + eˣ). */
export const softplus = increasing(softplusAt);
/** ln((1 + eˣ)/2). */
export const softplusShifted = increasing(softplusShiftedAt);
export const erf = increasing(erfAt);
/** Φ(x) = (1 + erf(x/√2))/2; absolute, not relative, accuracy in the left tail. */
export const normalCdf = increasing(normalCdfAt);
export const atan = increasing(atanAt);

/** Outward rounding: every result contains the exact one (docs/proof.md). */
export const outward: Arithmetic = {
  warrant: "proved",
  add,
  sub,
  mul,
  div,
  sqrt,
  square,
  exp: increasing(expAt),
  log: increasing((x) => (x < 0 ? { lower: Number.NEGATIVE_INFINITY, upper: Number.NaN } : logAt(x))),
};

/** The angle in [0, π] of points (x, y) with y ≥ 0 (negative parts of `y` are taken as 0): atan2(y, x). */
export function atan2(y: Interval, x: Interval): Interval {
  if (isInvalid(y) || isInvalid(x) || y.upper < 0) return { lower: Number.NaN, upper: Number.NaN };
  const near = Math.max(y.lower, 0);
  const lower = angle(x.upper > 0 ? near : y.upper, x.upper).lower;
  const upper = angle(x.lower > 0 ? y.upper : near, x.lower).upper;
  return { lower: Math.max(lower, 0), upper: Math.min(upper, PI.upper) };
}

function angle(y: number, x: number): Interval {
  if (x === 0) return y === 0 ? { lower: 0, upper: PI.upper } : HALF_PI;
  if (x > 0) return { lower: atanAt(divDown(y, x)).lower, upper: atanAt(divUp(y, x)).upper };
  return sub(PI, { lower: atanAt(divDown(y, -x)).lower, upper: atanAt(divUp(y, -x)).upper });
}

/** arccos of the part of `a` inside [−1, 1]; NaN if there is none. */
export function acos(a: Interval): Interval {
  if (isInvalid(a) || a.lower > 1 || a.upper < -1) return { lower: Number.NaN, upper: Number.NaN };
  return { lower: acosAt(Math.min(a.upper, 1)).lower, upper: acosAt(Math.max(a.lower, -1)).upper };
}

function acosAt(t: number): Interval {
  const x = { lower: t, upper: t };
  const one = { lower: 1, upper: 1 };
  return atan2(sqrt(mul(sub(one, x), add(one, x))), x);
}
