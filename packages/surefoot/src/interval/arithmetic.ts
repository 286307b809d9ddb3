import type { Warrant } from "../warrant.ts";

/** A closed interval of reals; ±∞ as an end means unbounded on that side. */
export interface Interval {
  readonly lower: number;
  readonly upper: number;
}

/**
 * One set of operations, two meanings, so that every formula of a certificate is written once: `rounded` computes in floating
 * point (lower === upper, warrant `computed`); the outward arithmetic (outward.ts) returns an interval that contains the exact
 * result for all exact reals in its arguments (warrant `proved`). A formula reads `.lower` where it needs a bound from
 * below and `.upper` where it needs one from above, and is then right in both.
 */
export interface Arithmetic {
  readonly warrant: Exclude<Warrant, "assumed">;
  add(a: Interval, b: Interval): Interval;
  sub(a: Interval, b: Interval): Interval;
  mul(a: Interval, b: Interval): Interval;
  /** Division by an interval that contains 0 gives (−∞, ∞). */
  div(a: Interval, b: Interval): Interval;
  /** Of a non-negative argument; a negative lower end is taken as 0, a negative upper end gives NaN. */
  sqrt(a: Interval): Interval;
  square(a: Interval): Interval;
  exp(a: Interval): Interval;
  log(a: Interval): Interval;
}

/** The interval of one double, taken as an exact real. */
export function point(x: number): Interval {
  return { lower: x, upper: x };
}

/** [lower, upper]: exact, so the same in both arithmetics. */
export function interval(lower: number, upper: number): Interval {
  return { lower, upper };
}

export function negate(a: Interval): Interval {
  return { lower: -a.upper, upper: -a.lower };
}

export function abs(a: Interval): Interval {
  if (a.lower >= 0) return a;
  if (a.upper <= 0) return negate(a);
  return { lower: 0, upper: Math.max(-a.lower, a.upper) };
}

export function max(a: Interval, b: Interval): Interval {
  return { lower: Math.max(a.lower, b.lower), upper: Math.max(a.upper, b.upper) };
}

export function min(a: Interval, b: Interval): Interval {
  return { lower: Math.min(a.lower, b.lower), upper: Math.min(a.upper, b.upper) };
}

/** Round-to-nearest floating point: quick, and not a proof. */
export const rounded: Arithmetic = {
  warrant: "computed",
  add: (a, b) => point(a.upper + b.upper),
  sub: (a, b) => point(a.upper - b.upper),
  mul: (a, b) => point(a.upper * b.upper),
  div: (a, b) => point(a.upper / b.upper),
  sqrt: (a) => point(Math.sqrt(Math.max(a.upper, 0))),
  square: (a) => point(a.upper * a.upper),
  exp: (a) => point(Math.exp(a.upper)),
  log: (a) => point(Math.log(a.upper)),
};
