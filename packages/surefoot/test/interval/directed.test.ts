import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  addDown,
  addUp,
  divDown,
  divUp,
  mulDown,
  mulUp,
  nextDown,
  nextUp,
  powerOfTwo,
  sqrtDown,
  sqrtUp,
} from "../../src/interval/directed.ts";
import { atMost, exact, ordinal, plus, times } from "./exact.ts";

const finite = fc.double({ noNaN: true, noDefaultInfinity: true });
/** Numbers whose sums cancel and whose products and quotients meet the limits of the error-free transformations. */
const awkward = fc
  .tuple(
    fc.integer({ min: -1074, max: 1023 }),
    fc.integer({ min: 0, max: 6 }),
    fc.boolean(),
    fc.integer({ min: 0, max: 52 }),
  )
  .map(([k, kind, negative, bit]) => {
    const base = powerOfTwo(k);
    const x = kind < 3 ? base : kind < 5 ? base * (1 + powerOfTwo(-bit)) : kind === 5 ? nextDown(base) : nextUp(base);
    return (negative ? -1 : 1) * Math.min(x, Number.MAX_VALUE);
  });
const number = fc.oneof(finite, awkward);
const RUNS = { numRuns: 20_000 };

/** The bounds are at most this many doubles apart: 1 when the operation is inexact, 2 where the transformation is unsafe. */
function width(down: number, up: number): bigint {
  return ordinal(up) - ordinal(down);
}

describe("directed rounding", () => {
  test("nextUp and nextDown are the neighbours in the order of the bits", () => {
    fc.assert(
      fc.property(number, (x) => {
        if (x !== Number.MAX_VALUE) expect(ordinal(nextUp(x)) - ordinal(x)).toBe(1n);
        if (x !== -Number.MAX_VALUE) expect(ordinal(x) - ordinal(nextDown(x))).toBe(1n);
      }),
      RUNS,
    );
    expect(nextUp(Number.MAX_VALUE)).toBe(Number.POSITIVE_INFINITY);
    expect(nextUp(Number.NEGATIVE_INFINITY)).toBe(-Number.MAX_VALUE);
    expect(nextUp(0)).toBe(5e-324);
    expect(nextUp(Number.NaN)).toBeNaN();
  });

  test("powerOfTwo has the bits it should have, subnormal ones included", () => {
    for (let k = -1074; k <= 1023; k++) {
      const { m, e } = exact(powerOfTwo(k));
      expect(m << BigInt(e + 1074)).toBe(1n << BigInt(k + 1074));
    }
  });

  test("sums lie between their bounds, which are equal when the sum is exact and neighbours otherwise", () => {
    fc.assert(
      fc.property(number, number, (a, b) => {
        const s = plus(exact(a), exact(b));
        const [down, up] = [addDown(a, b), addUp(a, b)];
        expect(atMost(down, s) && atMost(s, up)).toBe(true);
        const safe = Math.abs(a) < 2 ** 1021 && Math.abs(b) < 2 ** 1021;
        expect(width(down, up) <= (safe ? 1n : 2n)).toBe(true);
      }),
      RUNS,
    );
  });

  test("products lie between bounds that are equal or neighbours, at every size", () => {
    fc.assert(
      fc.property(number, number, (a, b) => {
        const p = times(exact(a), exact(b));
        const [down, up] = [mulDown(a, b), mulUp(a, b)];
        expect(atMost(down, p) && atMost(p, up)).toBe(true);
        expect(width(down, up) <= 1n).toBe(true);
        if (down === up) expect(atMost(p, down) && atMost(up, p)).toBe(true);
      }),
      RUNS,
    );
  });

  test("quotients lie between bounds that are equal or neighbours, at every size", () => {
    fc.assert(
      fc.property(number, number, (a, b) => {
        fc.pre(b !== 0);
        const [down, up] = [divDown(a, b), divUp(a, b)];
        // q ≤ a/b exactly when q·b ≤ a (b > 0) or q·b ≥ a (b < 0).
        const lowIsBelow =
          down === Number.NEGATIVE_INFINITY ||
          (b > 0 ? atMost(times(exact(down), exact(b)), a) : atMost(exact(a), times(exact(down), exact(b))));
        const highIsAbove =
          up === Number.POSITIVE_INFINITY ||
          (b > 0 ? atMost(exact(a), times(exact(up), exact(b))) : atMost(times(exact(up), exact(b)), a));
        expect(lowIsBelow && highIsAbove).toBe(true);
        expect(width(down, up) <= 1n).toBe(true);
      }),
      RUNS,
    );
  });

  test("square roots lie between neighbouring bounds at every size", () => {
    fc.assert(
      fc.property(number, (x) => {
        const a = Math.abs(x);
        const [down, up] = [sqrtDown(a), sqrtUp(a)];
        expect(atMost(times(exact(down), exact(down)), a) && atMost(exact(a), times(exact(up), exact(up)))).toBe(true);
        expect(width(down, up) <= 1n).toBe(true);
      }),
      RUNS,
    );
    expect(sqrtUp(-1)).toBeNaN();
  });

  test("exact operations do not move a bound", () => {
    expect([addDown(1, 2), addUp(1, 2)]).toEqual([3, 3]);
    expect([mulDown(3, 0.5), mulUp(3, 0.5)]).toEqual([1.5, 1.5]);
    expect([divDown(9, 3), divUp(9, 3)]).toEqual([3, 3]);
    expect([sqrtDown(49), sqrtUp(49)]).toEqual([7, 7]);
    expect([mulDown(1e-320, 1), mulUp(1e-320, 1)]).toEqual([1e-320, 1e-320]);
  });

  test("NaN stays NaN and 0·∞ counts as 0", () => {
    for (const f of [addUp, mulUp, divUp]) expect(f(Number.NaN, 1)).toBeNaN();
    expect(mulUp(Number.NaN, 0)).toBeNaN();
    expect(mulUp(0, Number.POSITIVE_INFINITY)).toBe(0);
  });
});
