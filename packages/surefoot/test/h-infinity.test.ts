import { createReferenceBackend, fromRows, identity } from "@surefoot/linalg";
import { describe, expect, it } from "vitest";
import { hInfinity } from "../src/kernel/h-infinity.ts";

const backend = createReferenceBackend();

async function lambdaMin(rows: number[][]): Promise<number> {
  const all = await backend.eigenvalues(await hInfinity(fromRows(rows), backend));
  if (all.status !== "ok") throw new Error(all.status);
  return all.values[0];
}

describe("H^∞ (golden facts of theory/01)", () => {
  it("is ½ I for orthonormal inputs", async () => {
    const h = await hInfinity(identity(7), backend);
    for (let i = 0; i < 7; i++) for (let j = 0; j < 7; j++) expect(h.data[7 * i + j]).toBe(i === j ? 0.5 : 0);
  });

  it("has λ₀ = ½(1 − |cos θ|(1 − θ/π)) for two unit points at angle θ", async () => {
    for (const theta of [0.1, 0.7, 1.5, 2.5, 3.1]) {
      const expected = 0.5 * (1 - Math.abs(Math.cos(theta)) * (1 - theta / Math.PI));
      const found = await lambdaMin([
        [1, 0],
        [Math.cos(theta), Math.sin(theta)],
      ]);
      // 8 roundings of entries no larger than ½.
      expect(Math.abs(found - expected)).toBeLessThan(8 * 2 ** -53);
    }
  });

  it("keeps its digits as a pair closes up or becomes opposite: errors stay at rounding level", async () => {
    for (const epsilon of [1e-3, 1e-6, 1e-9, 1e-12]) {
      const near = await hInfinity(
        fromRows([
          [1, 0],
          [1, epsilon],
        ]),
        backend,
      );
      const theta = epsilon - epsilon ** 3 / 3;
      const gap = 0.5 - near.data[1];
      expect(Math.abs(gap - theta / (2 * Math.PI))).toBeLessThan(4 * 2 ** -53);
      const opposite = await hInfinity(
        fromRows([
          [1, 0],
          [-1, epsilon],
        ]),
        backend,
      );
      const expected = -theta / (2 * Math.PI);
      expect(Math.abs(opposite.data[1] - expected)).toBeLessThan(4 * 2 ** -53);
    }
  });

  it("does not depend on the lengths of the rows beyond the inner product", async () => {
    const a = await hInfinity(
      fromRows([
        [1, 2, 2],
        [3, 0, 4],
      ]),
      backend,
    );
    const b = await hInfinity(
      fromRows([
        [10, 20, 20],
        [0.3, 0, 0.4],
      ]),
      backend,
    );
    expect(b.data[1]).toBeCloseTo(a.data[1], 14);
  });
});
