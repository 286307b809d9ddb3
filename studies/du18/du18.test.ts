import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, describe, expect, it } from "vitest";
import { linearity, powerLaw } from "./fit.mjs";

const out = mkdtempSync(join(tmpdir(), "du18-"));
afterAll(() => rmSync(out, { recursive: true }));

const study = async () => {
  const script = fileURLToPath(new URL("run.mjs", import.meta.url));
  const widths = ["--widths", "500,1000,2000"];
  const { stdout } = await promisify(execFile)(process.execPath, [
    script,
    "--quick",
    ...widths,
    "--out",
    out,
    "--json",
  ]);
  return JSON.parse(stdout) as {
    lambda0: number;
    verdicts: { id: string; verdict: string; fit?: { slope: number } }[];
  };
};

describe("fits of the study", () => {
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
});

describe("studies/du18", () => {
  it("draws its figures, ends with a verdict per claim, and does not repeat finished runs", async () => {
    const { verdicts, lambda0 } = await study();
    expect(lambda0).toBeGreaterThan(0);
    expect(verdicts.map(({ id }) => id)).toEqual(["du18-rate", "du18-flips", "du18-drift"]);
    for (const { id, verdict } of verdicts) {
      expect(["agrees", "disagrees", "not comparable"]).toContain(verdict);
      expect(existsSync(join(out, `${id}.png`))).toBe(true);
      expect(readFileSync(join(out, `${id}.svg`), "utf8")).toContain("<svg");
    }
    expect(verdicts[1].fit?.slope).toBeLessThan(-0.3);
    const times = () => readdirSync(join(out, "runs")).map((name) => statSync(join(out, "runs", name)).mtimeMs);
    const before = times();
    expect(before.length).toBe(6);
    await study();
    expect(times()).toEqual(before);
  }, 120_000);
});
