import { readFileSync } from "node:fs";
import { createReferenceBackend, fromRows, matrix } from "@surefoot/linalg";
import { afterAll, describe, expect, test } from "vitest";
import { expAt } from "../src/interval/exponential.ts";
import { atan2 } from "../src/interval/outward.ts";
import { ANGLE_ERROR, quickAngle } from "../src/interval/quick.ts";
import { hInfinity } from "../src/kernel/h-infinity.ts";
import { provedHInfinity, provedHInfinitySpectrum } from "../src/kernel/h-infinity-proved.ts";

const backend = createReferenceBackend();
afterAll(() => backend.close());

interface Golden {
  name: string;
  x: number[][];
  entries: [number, number][][];
  least: [number, number];
  greatest: [number, number];
}

const golden: Golden[] = JSON.parse(readFileSync(new URL("golden/h-infinity-proved.json", import.meta.url), "utf8"));

describe("H^∞ with a proof", () => {
  test.each(golden.map((g) => [g.name, g] as const))(
    "holds entries and extreme eigenvalues at 60 digits: %s",
    async (_, g) => {
      const x = fromRows(g.x);
      const n = x.rows;
      const { mid, radius } = await provedHInfinity(x, backend);
      const largest = Math.max(...g.entries.map((row, i) => row[i][1]));
      expect(radius).toBeLessThan(2e-12 * n * largest);
      g.entries.forEach((row, i) => {
        row.forEach(([below, above], j) => {
          expect(mid.data[i * n + j] - radius).toBeLessThanOrEqual(below);
          expect(mid.data[i * n + j] + radius).toBeGreaterThanOrEqual(above);
        });
      });
      const { smallest, largest: top } = await provedHInfinitySpectrum(x, backend);
      if (smallest.status !== "proved" || top.status !== "proved") throw new Error("undecided");
      expect(smallest.lower).toBeLessThanOrEqual(g.least[0]);
      expect(smallest.upper).toBeGreaterThanOrEqual(g.least[1]);
      expect(top.lower).toBeLessThanOrEqual(g.greatest[0]);
      expect(top.upper).toBeGreaterThanOrEqual(g.greatest[1]);
      if (g.least[0] > 1e-6 * g.greatest[1]) expect(smallest.lower).toBeGreaterThan(0.999 * g.least[0]);
    },
  );

  test("agrees with the floating-point matrix, and is undecided for a zero row, NaN and ∞", async () => {
    const x = fromRows(golden[0].x);
    const float = await hInfinity(x, backend);
    const { mid, radius } = await provedHInfinity(x, backend);
    float.data.forEach((value, k) => {
      expect(Math.abs(value - mid.data[k])).toBeLessThanOrEqual(radius);
    });
    for (const bad of [
      [0, 0],
      [Number.NaN, 1],
      [Number.POSITIVE_INFINITY, 1],
      [1e-200, 0],
    ]) {
      const { smallest } = await provedHInfinitySpectrum(matrix(2, 2, Float64Array.from([1, 2, ...bad])), backend);
      expect(smallest.status).toBe("undecided");
    }
  });

  test("angles in plain double keep their stated error by a factor two", () => {
    for (let k = 0; k <= 4000; k++) {
      const t = (k / 2000 - 1) * 30;
      const ratio = expAt(Math.abs(t)).lower;
      for (const [y, x] of [
        [ratio, 1],
        [1, ratio],
        [ratio, -1],
        [1, -ratio],
        [Math.abs(t), 17],
      ]) {
        const { lower, upper } = atan2({ lower: y, upper: y }, { lower: x, upper: x });
        const got = quickAngle(y, x);
        expect(Math.max(lower - got, got - upper)).toBeLessThanOrEqual(ANGLE_ERROR / 2);
      }
    }
    expect(quickAngle(0, 1)).toBe(0);
  });
});
