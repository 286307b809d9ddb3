import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { angle, arcCosine } from "../src/arc-cosine.ts";
import { LinalgError } from "../src/error.ts";
import { fromRows, matrix } from "../src/matrix.ts";
import { piecewiseLinearPair } from "../src/piecewise-linear.ts";
import { ulpDistance } from "./ulp.ts";

type GoldenRow = [g: number, a: number, b: number, kappa0: number, kappa1: number];
const golden: GoldenRow[] = JSON.parse(readFileSync(new URL("golden/arc-cosine.json", import.meta.url), "utf8"));

/** √, ÷, the arctangent and the last sum round once or twice each; more than 6 units would be a cancellation. */
const UNITS = 6;

function one(degree: 0 | 1, g: number, a: number, b: number): number {
  return arcCosine(degree, matrix(1, 1, Float64Array.of(g)), Float64Array.of(a), Float64Array.of(b)).data[0];
}

describe("arc-cosine kernels", () => {
  it.each([0, 1] as const)("of degree %i agree with mpmath from parallel to antiparallel, at all scales", (degree) => {
    for (const [g, a, b, kappa0, kappa1] of golden) {
      const wanted = degree === 0 ? kappa0 : kappa1;
      expect(ulpDistance(one(degree, g, a, b), wanted), `${g} ${a} ${b}`).toBeLessThanOrEqual(UNITS);
    }
  });

  it("are exact on the diagonal and at a right angle", () => {
    for (const a of [3, 0.1, 1e-300, 7e300]) {
      expect(one(0, a, a, a)).toBe(0.5);
      expect(one(1, a, a, a)).toBe(a / 2);
      expect(one(0, 0, a, a)).toBe(0.25);
      expect(one(0, -a, a, a)).toBe(0);
      expect(one(1, -a, a, a)).toBe(0);
    }
  });

  it("take a zero vector as parallel to all, and give NaN for inputs that are no Gram entries", () => {
    expect([one(0, 0, 0, 1), one(1, 0, 0, 1), one(0, 0, 0, 0)]).toEqual([0.5, 0, 0.5]);
    const bad: [number, number, number][] = [
      [Number.NaN, 1, 1],
      [0, -1, 1],
      [0, Number.POSITIVE_INFINITY, 1],
    ];
    for (const [g, a, b] of bad) expect([one(0, g, a, b), one(1, g, a, b)]).toEqual([Number.NaN, Number.NaN]);
  });

  it("take |g| > |a||b| by rounding as equality", () => {
    expect(one(0, 1.0000000000000002, 1, 1)).toBe(0.5);
    expect(one(0, -1.0000000000000002, 1, 1)).toBe(0);
  });

  it("refuse shapes that do not fit", () => {
    const two = Float64Array.of(1, 1);
    expect(() => arcCosine(0, matrix(2, 2), two, Float64Array.of(1))).toThrow(LinalgError);
    expect(() => arcCosine(0, matrix(2, 2), two, two, fromRows([[0, 0]]))).toThrow(/out is 1 × 2/);
  });
});

describe("piecewise-linear kernels", () => {
  it("of the ReLU are the arc-cosine kernels on both sides of every seam between their formulas", () => {
    const seams = [-0.5, 0, 0.5, 0.96875];
    const correlations = [
      ...Array.from({ length: 401 }, (_, k) => k / 200 - 1),
      ...seams.flatMap((rho) => [rho - 1e-9, rho - 2 ** -53, rho, rho + 2 ** -52, rho + 1e-9]),
      1 - 1e-9,
      1e-9 - 1,
    ];
    for (const rho of correlations) {
      for (const [a, b] of [
        [1, 1],
        [3, 0.7],
        [1e-280, 1e250],
      ]) {
        const size = Math.sqrt(a) * Math.sqrt(b);
        const c = rho * size;
        const { value, derivative } = piecewiseLinearPair(0, a, c, b);
        // ρ is rounded three times, which moves κ₁ by (π − θ)/2π·3u and κ₀ by 3u/(2π sin θ) at most; each formula rounds a dozen times.
        const [kappa0, kappa1] = [one(0, c, a, b), one(1, c, a, b)];
        const u = 2 ** -53;
        expect(Math.abs(value - kappa1), `κ₁ at ${rho}`).toBeLessThanOrEqual(
          8 * u * size * Math.max(kappa1 / size, 0.05),
        );
        const slope = 3 / (2 * Math.PI * Math.sqrt(Math.max(1 - rho * rho, 0.06)));
        expect(Math.abs(derivative - kappa0), `κ₀ at ${rho}`).toBeLessThanOrEqual((slope + 2) * u);
      }
    }
  });
});

describe("angle", () => {
  it("sees angles far below the square root of the rounding unit", () => {
    for (const theta of [1e-3, 1e-8, 1e-12]) {
      // Unit vectors are rounded once per entry, about u each: a few u absolutely.
      expect(Math.abs(angle([1, 0, 0], [1, theta, 0]) - Math.atan(theta))).toBeLessThan(4 * 2 ** -53);
      expect(Math.abs(Math.PI - angle([1, 0], [-1, theta]) - Math.atan(theta))).toBeLessThan(4 * 2 ** -52);
    }
  });

  it("does not depend on lengths, however extreme, and is 0 for a zero vector", () => {
    expect(angle([1e300, 1e300], [1e-310, 0])).toBeCloseTo(Math.PI / 4, 14);
    expect(angle([0, 0], [1, 2])).toBe(0);
    expect(() => angle([1], [1, 2])).toThrow(LinalgError);
  });
});
