import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Interval, interval, point } from "../../src/interval/arithmetic.ts";
import {
  HALF_PI,
  HALF_PI_HIGH,
  HALF_PI_LOW,
  INVERSE_ROOT_TWO_PI,
  LN2,
  LN2_1,
  LN2_2,
  LN2_3,
  LN2_HIGH,
  LN2_LOW,
  PI,
  ROOT_HALF,
  TWO_OVER_ROOT_PI_HIGH,
  TWO_OVER_ROOT_PI_LOW,
} from "../../src/interval/constants.ts";
import {
  acos,
  atan,
  atan2,
  erf,
  expm1,
  log1p,
  normalCdf,
  outward,
  sigmoid,
  softplus,
  softplusShifted,
  tanh,
} from "../../src/interval/outward.ts";
import { certainlyLess, certainlyPositive, contains, hull, intersect } from "../../src/interval/sets.ts";
import { atMost, type Dyadic, exact, ordinal, plus, times } from "./exact.ts";

const golden: Record<string, (number | string)[][]> = JSON.parse(
  readFileSync(new URL("golden/elementary.json", import.meta.url), "utf8"),
);

const unary: Record<string, (a: Interval) => Interval> = {
  exp: outward.exp,
  log: outward.log,
  expm1,
  log1p,
  tanh,
  sigmoid,
  softplus,
  softplusShifted,
  erf,
  normalCdf,
  atan,
  acos,
};

/** How many doubles a bound may lie beyond the best one. acos composes four operations; Φ is only absolutely accurate. */
const WIDEST_ULPS: Record<string, bigint> = { acos: 8n };

const finite = fc.double({ noNaN: true, noDefaultInfinity: true });
const ends = fc.tuple(finite, finite).map(([a, b]) => interval(Math.min(a, b), Math.max(a, b)));
/** An interval and a number in it. */
const member = fc.tuple(finite, finite, finite).map((xs) => {
  const [a, x, b] = [...xs].sort((p, q) => p - q);
  return { set: interval(a, b), x };
});

function holds(set: Interval, value: Dyadic): boolean {
  return atMost(set.lower, value) && atMost(value, set.upper);
}

function isSubset(a: Interval, b: Interval): boolean {
  return b.lower <= a.lower && a.upper <= b.upper;
}

describe("elementary enclosures", () => {
  test.each(Object.keys(unary))("%s contains the value at 50 digits everywhere and is tight", (name) => {
    expect(golden[name].length).toBeGreaterThan(80);
    for (const row of golden[name]) {
      const [x, down, up] = row.map(Number);
      const got = unary[name](point(x));
      expect(got.lower, `${name}(${x})`).toBeLessThanOrEqual(down);
      expect(got.upper, `${name}(${x})`).toBeGreaterThanOrEqual(up);
      const limit = WIDEST_ULPS[name] ?? 3n;
      if (name === "normalCdf") {
        expect(got.upper - got.lower).toBeLessThanOrEqual(4 * 2 ** -53);
      } else {
        expect(ordinal(down) - ordinal(got.lower) <= limit, `${name}(${x}) from below`).toBe(true);
        expect(ordinal(got.upper) - ordinal(up) <= limit, `${name}(${x}) from above`).toBe(true);
      }
    }
  });

  // The error of an enclosure varies by a few doubles from point to point, so its ends are monotone only up to that.
  const WOBBLE = 8n;
  test.each(Object.keys(unary))(
    "%s of a smaller interval lies, up to rounding, inside that of a larger one",
    (name) => {
      const f = unary[name];
      fc.assert(
        fc.property(member, member, (p, q) => {
          const inner = intersect(p.set, hull(point(q.x), point(p.x)));
          const whole = f(p.set);
          if (Number.isNaN(whole.lower) || Number.isNaN(whole.upper)) return;
          const part = f(inner);
          if (Number.isNaN(part.lower) || Number.isNaN(part.upper)) return;
          expect(ordinal(whole.lower) - ordinal(part.lower) <= WOBBLE).toBe(true);
          expect(ordinal(part.upper) - ordinal(whole.upper) <= WOBBLE).toBe(true);
        }),
        { numRuns: 300 },
      );
    },
  );

  test("an argument that is NaN proves nothing", () => {
    for (const f of Object.values(unary)) {
      const got = f(point(Number.NaN));
      expect(certainlyPositive(got) || certainlyLess(got, point(Number.MAX_VALUE))).toBe(false);
    }
    expect(outward.log(point(-1)).upper).toBeNaN();
    expect(acos(point(1.5)).lower).toBeNaN();
  });

  test("atan2 holds the angle of every corner, in all directions of the upper half-plane", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.01, max: Math.PI - 0.01, noNaN: true }),
        fc.integer({ min: -200, max: 200 }),
        (angle, k) => {
          const r = 2 ** k;
          const [x, y] = [Math.cos(angle) * r, Math.sin(angle) * r];
          const got = atan2(point(y), point(x));
          // cos and sin are a few units in the last place off, which turns the angle by less than 1e-15.
          expect(got.lower).toBeLessThanOrEqual(angle + 1e-15);
          expect(got.upper).toBeGreaterThanOrEqual(angle - 1e-15);
          expect(got.upper - got.lower).toBeLessThanOrEqual(8 * 2 ** -52);
        },
      ),
    );
    expect(contains(atan2(point(0), point(-1)), Math.PI)).toBe(true);
    expect(atan2(interval(0, 1), interval(-1, 1))).toEqual({ lower: 0, upper: PI.upper });
    expect(atan2(point(0), point(1))).toEqual({ lower: 0, upper: 0 });
  });
});

describe("interval arithmetic", () => {
  test("sums, differences, products and squares contain the exact results for members", () => {
    fc.assert(
      fc.property(member, member, ({ set: a, x }, { set: b, x: y }) => {
        expect(holds(outward.add(a, b), plus(exact(x), exact(y)))).toBe(true);
        expect(holds(outward.sub(a, b), plus(exact(x), exact(-y)))).toBe(true);
        expect(holds(outward.mul(a, b), times(exact(x), exact(y)))).toBe(true);
        expect(holds(outward.square(a), times(exact(x), exact(x)))).toBe(true);
      }),
      { numRuns: 5000 },
    );
  });

  test("quotients contain the exact results for members, and everything when the divisor may be 0", () => {
    fc.assert(
      fc.property(member, member, ({ set: a, x }, { set: b, x: y }) => {
        fc.pre(y !== 0);
        const q = outward.div(a, b);
        if (b.lower <= 0 && b.upper >= 0) {
          expect(q).toEqual({ lower: Number.NEGATIVE_INFINITY, upper: Number.POSITIVE_INFINITY });
          return;
        }
        const sides = [q.lower, q.upper].map((end) =>
          Number.isFinite(end) ? times(exact(end), exact(Math.abs(y))) : end,
        );
        const numerator = exact(y > 0 ? x : -x);
        expect(atMost(sides[0], numerator) && atMost(numerator, sides[1])).toBe(true);
      }),
      { numRuns: 5000 },
    );
    expect(outward.div(interval(1, Number.POSITIVE_INFINITY), interval(2, Number.POSITIVE_INFINITY)).lower).toBeCloseTo(
      0,
      300,
    );
  });

  test("every operation is inclusion monotone", () => {
    fc.assert(
      fc.property(member, member, (p, q) => {
        // Sums beyond 2^1021 step outward even where they are exact, so a point can have wider bounds than a set around it.
        const huge = [p.set, q.set].some(({ lower, upper }) => Math.max(-lower, upper) >= 2 ** 1021);
        for (const f of huge ? [outward.mul, outward.div] : [outward.add, outward.sub, outward.mul, outward.div]) {
          expect(isSubset(f(point(p.x), point(q.x)), f(p.set, q.set))).toBe(true);
        }
      }),
      { numRuns: 3000 },
    );
  });

  test("square roots treat negative parts as 0 and refuse wholly negative arguments", () => {
    expect(outward.sqrt(interval(-1, 4))).toEqual({ lower: 0, upper: 2 });
    expect(outward.sqrt(interval(-2, -1)).upper).toBeNaN();
  });

  test("hull, intersection and comparisons", () => {
    fc.assert(
      fc.property(ends, ends, (a, b) => {
        const both = hull(a, b);
        expect(isSubset(a, both) && isSubset(b, both)).toBe(true);
        const common = intersect(a, b);
        if (Number.isNaN(common.lower)) expect(certainlyLess(a, b) || certainlyLess(b, a)).toBe(true);
        else expect(isSubset(common, a) && isSubset(common, b)).toBe(true);
      }),
    );
  });
});

describe("constants", () => {
  /** Σ terms scaled by 2^bits, each a product of integer series truncated far below the tolerance. */
  const BITS = 400n;
  const ONE = 1n << BITS;

  /** arctan(1/k)·2^BITS. */
  function arctanInverse(k: bigint): bigint {
    let total = 0n;
    let power = ONE / k;
    for (let i = 1n; power > 0n; i += 2n) {
      total += i % 4n === 1n ? power / i : -(power / i);
      power /= k * k;
    }
    return total;
  }

  function root(x: bigint): bigint {
    let r = 1n << BigInt((x.toString(2).length + 2) >> 1);
    for (;;) {
      const next = (r + x / r) >> 1n;
      if (next >= r) return r;
      r = next;
    }
  }

  const pi = 4n * (4n * arctanInverse(5n) - arctanInverse(239n));
  let ln2 = 0n;
  for (let i = 1n, power = ONE / 3n; power > 0n; i += 2n, power /= 9n) ln2 += (2n * power) / i;
  const rootPi = root(pi << BITS);
  const rootTwo = root(2n << (2n * BITS));

  const scaled = ({ m, e }: Dyadic) => m << (BITS + BigInt(e));
  const sum = (...terms: number[]) => terms.map((x) => scaled(exact(x))).reduce((s, x) => s + x, 0n);
  /** Integer arithmetic above is right to about 2⁻³⁸⁰. */
  const close = (a: bigint, b: bigint, bitsWanted: bigint) => {
    const difference = a > b ? a - b : b - a;
    return difference < ONE >> bitsWanted;
  };

  test("pairs agree with integer arithmetic beyond 104 bits", () => {
    expect(close(sum(LN2_1, LN2_2, LN2_3), ln2, 120n)).toBe(true);
    expect(close(sum(LN2_HIGH, LN2_LOW), ln2, 106n)).toBe(true);
    expect(close(sum(HALF_PI_HIGH, HALF_PI_LOW), pi / 2n, 106n)).toBe(true);
    expect(close(sum(TWO_OVER_ROOT_PI_HIGH, TWO_OVER_ROOT_PI_LOW), (2n * ONE * ONE) / rootPi, 106n)).toBe(true);
  });

  test("the leading parts of ln 2 leave room for exact multiples", () => {
    for (const part of [LN2_1, LN2_2]) {
      const { m } = exact(part);
      let odd = m < 0n ? -m : m;
      while (odd % 2n === 0n) odd /= 2n;
      expect(odd < 1n << 33n).toBe(true);
    }
  });

  test("intervals of one unit in the last place hold π, π/2, ln 2, 1/√2 and 1/√(2π)", () => {
    const cases: [Interval, bigint][] = [
      [PI, pi],
      [HALF_PI, pi / 2n],
      [LN2, ln2],
      [ROOT_HALF, (ONE * ONE) / rootTwo],
      [INVERSE_ROOT_TWO_PI, (ONE * ONE * ONE) / (rootTwo * rootPi)],
    ];
    for (const [set, value] of cases) {
      expect(scaled(exact(set.lower)) < value && value < scaled(exact(set.upper))).toBe(true);
      expect(ordinal(set.upper) - ordinal(set.lower)).toBe(1n);
    }
  });
});
