import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import * as elementary from "../src/elementary.ts";
import { ulpDistance } from "./ulp.ts";

const golden: Record<string, number[][]> = JSON.parse(
  readFileSync(new URL("golden/elementary.json", import.meta.url), "utf8"),
);

/** Largest distance from the correctly rounded value, in doubles; the bound is the one that src/elementary.ts states. */
const UNITS_FUNCTIONS: Record<string, [units: number, f: (...x: number[]) => number]> = {
  exp: [1, elementary.exp],
  expm1: [2, elementary.expm1],
  log: [2, elementary.log],
  log1p: [2, elementary.log1p],
  tanh: [3, elementary.tanh],
  sigmoid: [2, elementary.sigmoid],
  softplus: [2, elementary.softplus],
  erf: [2, elementary.erf],
  "normal-cdf": [3, elementary.normalCdf],
  atan: [2, elementary.atan],
  acos: [3, elementary.acos],
  atan2: [2, elementary.atan2],
};

describe("elementary functions", () => {
  it("have golden values for every function", () => {
    expect(Object.keys(golden).sort()).toEqual(Object.keys(UNITS_FUNCTIONS).sort());
    for (const rows of Object.values(golden)) expect(rows.length).toBeGreaterThan(100);
  });

  it.each(Object.entries(UNITS_FUNCTIONS))(
    "%s is within its error of mpmath, subnormals and tails included",
    (name, [units, f]) => {
      const worst = golden[name]
        .map((row) => ({ row, value: f(...row.slice(0, -1)) }))
        .map(({ row, value }) => ({ row, value, distance: ulpDistance(value, row[row.length - 1]) }))
        .reduce((a, b) => (b.distance <= a.distance ? a : b));
      expect(worst.distance, JSON.stringify(worst)).toBeLessThanOrEqual(units);
    },
  );

  it("take the limits at infinity and pass NaN on", () => {
    const { exp, expm1, log, log1p, tanh, sigmoid, softplus, erf, normalCdf, atan, acos, atan2 } = elementary;
    const inf = Number.POSITIVE_INFINITY;
    expect([exp(-inf), exp(inf), expm1(-inf), expm1(inf)]).toEqual([0, inf, -1, inf]);
    expect([log(0), log(inf), log1p(-1), log1p(inf)]).toEqual([-inf, inf, -inf, inf]);
    expect([tanh(-inf), tanh(inf), sigmoid(-inf), sigmoid(inf)]).toEqual([-1, 1, 0, 1]);
    expect([softplus(-inf), softplus(inf), erf(-inf), erf(inf)]).toEqual([0, inf, -1, 1]);
    expect([normalCdf(-inf), normalCdf(inf)]).toEqual([0, 1]);
    expect([atan(inf), atan(-inf), acos(-1), acos(1)]).toEqual([Math.PI / 2, -Math.PI / 2, Math.PI, 0]);
    expect(ulpDistance(atan2(inf, inf), Math.PI / 4)).toBeLessThanOrEqual(2);
    expect(ulpDistance(atan2(inf, -inf), 3 * (Math.PI / 4))).toBeLessThanOrEqual(2);
    const oneArgument = [exp, expm1, log, log1p, tanh, sigmoid, softplus, erf, normalCdf, atan, acos];
    for (const f of oneArgument) expect(f(Number.NaN), f.name).toBeNaN();
    expect([log(-1), log(-inf), log1p(-1.5), acos(1.0000000000000002), atan2(Number.NaN, 1)]).toEqual(
      Array(5).fill(Number.NaN),
    );
  });

  it("keep the sign of zero where the function is odd", () => {
    const { expm1, log1p, tanh, erf, atan, atan2 } = elementary;
    for (const f of [expm1, log1p, tanh, erf, atan]) {
      expect(f(-0), f.name).toBe(-0);
      expect(f(0), f.name).toBe(0);
    }
    expect([atan2(0, 0), atan2(-0, 0), atan2(0, -0), atan2(-0, -0)]).toEqual([0, -0, Math.PI, -Math.PI]);
  });

  it("turn gives exact quarter turns and points of the unit circle", () => {
    const out = { cos: 0, sin: 0 };
    for (const [t, cos, sin] of [
      [0, 1, 0],
      [0.25, 0, 1],
      [0.5, -1, 0],
      [0.75, 0, -1],
    ] as const) {
      elementary.turn(t, out);
      expect([Math.abs(out.cos - cos), Math.abs(out.sin - sin)]).toEqual([0, 0]);
    }
    for (let k = 0; k < 1000; k++) {
      elementary.turn(k / 1000, out);
      // Each coordinate carries at most 2u of relative error, 2πt another u of the angle.
      const tolerance = 4 * 2 ** -53 * 2;
      expect(Math.abs(out.cos - Math.cos((2 * Math.PI * k) / 1000))).toBeLessThan(tolerance + 8 * 2 ** -53);
      expect(Math.abs(out.cos ** 2 + out.sin ** 2 - 1)).toBeLessThan(tolerance);
    }
  });
});
