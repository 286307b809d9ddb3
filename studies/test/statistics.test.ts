import { describe, expect, it } from "vitest";
import { linearity, powerLaw, slopeAgrees } from "../src/statistics.ts";

describe("fits of the studies", () => {
  it("find an exact power with an interval of no width, and a noisy one inside its interval", () => {
    const x = [1, 2, 5, 10, 100];
    const exact = powerLaw(
      x,
      x.map((v) => 3 * v ** -0.5),
    );
    expect(exact.slope).toBeCloseTo(-0.5, 12);
    expect(exact.upper - exact.lower).toBeLessThan(1e-9);
    const noisy = powerLaw(
      x,
      x.map((v, k) => 3 * v ** -0.5 * (1 + 0.1 * (-1) ** k)),
    );
    expect(noisy.lower).toBeLessThan(-0.5);
    expect(noisy.upper).toBeGreaterThan(-0.5);
    expect(noisy.upper - noisy.lower).toBeGreaterThan(0.05);
  });

  it("know the width of an interval that scipy.stats.linregress and t.ppf give", () => {
    // scipy: linregress([0, 1, 2, 3], [1, 0, 3, 2]) has slope 0.6, stderr 0.565685424949238; t.ppf(0.975, 2) = 4.302652729749462
    const fit = powerLaw([0, 1, 2, 3].map(Math.exp), [1, 0, 3, 2].map(Math.exp));
    expect(fit.slope).toBeCloseTo(0.6, 12);
    expect(fit.upper - fit.slope).toBeCloseTo(4.302652729749462 * 0.565685424949238, 2); // t in three decimals
  });

  it("tell a straight line from a bent one", () => {
    expect(linearity(Array.from({ length: 50 }, (_, k) => 0.9 ** k))).toBeCloseTo(1, 12);
    expect(linearity(Array.from({ length: 50 }, (_, k) => Math.exp(-((k - 25) ** 2) / 50)))).toBeLessThan(0.97);
  });

  it("agree with a power only when the interval comes within the tolerance", () => {
    const fit = { slope: -0.44, lower: -0.46, upper: -0.42, points: 5 };
    expect(slopeAgrees(fit, -0.5, 0.05)).toBe(true);
    expect(slopeAgrees(fit, -0.5, 0.03)).toBe(false);
  });
});
