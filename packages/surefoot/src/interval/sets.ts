import type { Interval } from "./arithmetic.ts";

/** The least interval that contains both. */
export function hull(a: Interval, b: Interval): Interval {
  return { lower: Math.min(a.lower, b.lower), upper: Math.max(a.upper, b.upper) };
}

/** What lies in both, when each is known to contain the same number. Disjoint (so one of them is wrong): NaN ends. */
export function intersect(a: Interval, b: Interval): Interval {
  const lower = Math.max(a.lower, b.lower);
  const upper = Math.min(a.upper, b.upper);
  return lower <= upper ? { lower, upper } : { lower: Number.NaN, upper: Number.NaN };
}

/** Every real of `a` is below every real of `b`; false when this is not shown. */
export function certainlyLess(a: Interval, b: Interval): boolean {
  return a.upper < b.lower;
}

export function certainlyAtMost(a: Interval, b: Interval): boolean {
  return a.upper <= b.lower;
}

export function certainlyPositive(a: Interval): boolean {
  return a.lower > 0;
}

export function contains(a: Interval, x: number): boolean {
  return a.lower <= x && x <= a.upper;
}
