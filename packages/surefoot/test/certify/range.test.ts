import type { Matrix } from "@surefoot/linalg";
import { describe, expect, it } from "vitest";
import type { CertifyMode } from "../../src/certify/certify.ts";
import type { NetworkInput } from "../../src/spec/network.ts";
import { certifyHere, type Setting, setting, withResidual } from "./setting.ts";

/** Powers of two: multiplying by them is exact, so that a scaled problem is the same theorem until its squares leave the doubles. */
const EXPONENTS = [-1000, -530, -500, -400, -260, -100, -10, 10, 100, 260, 400, 500];
const MODES: readonly CertifyMode[] = ["float", "proved"];

function times(a: Matrix, factor: number): Matrix {
  return { ...a, data: a.data.map((value) => value * factor) };
}

/** ReLU: x ← cx, y ← cy makes u, e, z, δ c times and λ, ε c² times what they were. */
function homogeneous(at: Setting, c: number): Setting {
  const { dataset } = at;
  return { ...at, dataset: { ...dataset, x: times(dataset.x, c), y: dataset.y.map((value) => value * c) } };
}

/** x ← cx, W1 ← W1/c leaves u and e alone and makes λ and, with a frozen output layer, κ c² times what they were. */
function balanced(at: Setting, c: number): Setting {
  const { dataset, weights } = at;
  return {
    ...at,
    dataset: { ...dataset, x: times(dataset.x, c) },
    weights: { ...weights, W1: times(weights.W1, 1 / c) },
  };
}

const RELU: NetworkInput = { kind: "two-layer-relu", width: 60 };
const TANH: NetworkInput = { kind: "fully-connected", widths: [30], activation: "tanh", frozen: ["W2"] };
const CASES = [
  { name: "S2", spec: RELU, scaled: homogeneous, holds: 0.02, fails: 100 },
  { name: "S2, the first layer balanced", spec: RELU, scaled: balanced, holds: 0.02, fails: 100 },
  { name: "S1", spec: TANH, scaled: balanced, holds: 1e-4, fails: 1 },
];

describe("data and labels at the ends of the range of doubles", () => {
  it.each(CASES)(
    "$name: a change of units never certifies what was not, and keeps the margin of what is",
    async (one) => {
      const drawn = await setting(one.spec, { kind: "sphere", n: 4, d: 6, seed: 5 }, { kind: "gaussian" }, 5);
      for (const mode of MODES) {
        let kept = 0;
        for (const [residual, verdict] of [
          [one.holds, "certified"],
          [one.fails, "undecided"],
        ] as const) {
          const at = await withResidual(drawn, residual);
          const first = await certifyHere(at, { mode });
          expect(first.verdict).toBe(verdict);
          for (const exponent of EXPONENTS) {
            const found = await certifyHere(one.scaled(at, 2 ** exponent), { mode });
            if (found.verdict !== "certified") continue;
            kept++;
            expect(verdict).toBe("certified");
            // proved bounds near the ends are wider, so they may promise less but not more
            expect(found.margin!).toBeLessThanOrEqual(first.margin! * (1 + 1e-6));
            expect(found.stepSize! > 0 && Number.isFinite(found.stepSize) && Number.isFinite(found.radius)).toBe(true);
          }
        }
        expect(kept).toBeGreaterThanOrEqual(4);
      }
    },
  );

  it.each(CASES)("$name: a residual too small for its square is a residual", async ({ spec }) => {
    const { dataset, ...drawn } = await setting(
      spec,
      { kind: "sphere", n: 4, d: 6, seed: 5 },
      { kind: "antisymmetric" },
      5,
    );
    for (const mode of MODES) {
      for (const size of [1e-160, 1e-300, 5e-324]) {
        const y = Float64Array.from([size, -size, 0, size]);
        const found = await certifyHere({ ...drawn, dataset: { ...dataset, y } }, { mode });
        expect(found.residualNorm!).toBeGreaterThan(0);
        expect(found.form).not.toBe("zero loss");
      }
    }
  });

  it("answers with finite numbers only, however large or small the labels", async () => {
    for (const { spec } of CASES) {
      const { dataset, ...drawn } = await setting(
        spec,
        { kind: "sphere", n: 4, d: 6, seed: 5 },
        { kind: "gaussian" },
        5,
      );
      for (const mode of MODES) {
        for (const size of [1e-300, 1e150, 1e300]) {
          const y = dataset.y.map((value) => value * size);
          const text = JSON.stringify(
            await certifyHere({ ...drawn, dataset: { ...dataset, y } }, { mode }),
            (_, value) => {
              if (typeof value === "number") expect(Number.isFinite(value)).toBe(true);
              return value;
            },
          );
          expect(text).not.toMatch(/NaN|Infinity/);
        }
      }
    }
  });
});
