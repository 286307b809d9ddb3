import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { loadDataset } from "../../src/data/index.ts";
import { initDescent, stepDescent } from "../../src/dynamics/gradient-descent.ts";
import { classificationLoss, marginLoss } from "../../src/dynamics/margin-loss.ts";
import { objectiveOf } from "../../src/dynamics/objective.ts";
import { snapshot } from "../../src/dynamics/snapshot.ts";
import { inverseLambdaMax } from "../../src/dynamics/step-size.ts";
import { classificationLossSpec } from "../../src/spec/loss.ts";
import { setting } from "./support.ts";

describe("classification losses", () => {
  it.each(classificationLossSpec.options)(
    "%s: ℓ' is the derivative, and p, α₀, α₁, λ hold everywhere tried",
    (name) => {
      const { value, slope, constants } = classificationLoss(name);
      fc.assert(
        fc.property(fc.double({ min: -25, max: 25, noNaN: true }), (z) => {
          const h = 1e-5;
          const secant = (value(z + h) - value(z - h)) / (2 * h);
          expect(Math.abs(secant - slope(z))).toBeLessThan(1e-5 * (1 + Math.abs(slope(z))));
          const bound = Math.min(
            constants.alpha0 ?? Number.POSITIVE_INFINITY,
            constants.alpha1 * value(z) ** constants.p,
          );
          expect(-slope(z)).toBeGreaterThanOrEqual(bound * (1 - 1e-12));
          if (constants.smoothness !== null) {
            expect(Math.abs(slope(z + h) - slope(z))).toBeLessThanOrEqual(constants.smoothness * h * (1 + 1e-6));
          }
        }),
        { numRuns: 300, seed: 2 },
      );
    },
  );

  it("of one's own: the constants of the logistic loss are found again", () => {
    const { value, slope } = classificationLoss("logistic");
    const { constants } = marginLoss({ name: "mine", value, slope });
    expect(constants.p).toBeCloseTo(1, 2);
    expect(constants.smoothness).toBeCloseTo(0.25, 4);
    expect(constants.alpha1).toBeGreaterThan(0.6);
    expect(constants.alpha0).toBeGreaterThan(0.5 - 1e-3);
  });

  it("of one's own: a condition of the family that fails is named", () => {
    const { value, slope } = classificationLoss("logistic");
    const mine = (change: object) => () => marginLoss({ name: "mine", value, slope, ...change });
    expect(mine({ slope: (z: number) => 0.5 * slope(z) })).toThrow(/ℓ' is .* but ℓ changes/);
    expect(mine({ value: (z: number) => value(z) - 1 })).toThrow(/negative/);
    expect(mine({ value: (z: number) => value(-z), slope: (z: number) => -slope(-z) })).toThrow(
      /positive; the loss must not grow/,
    );
    expect(mine({ value: (z: number) => value(z) + 1 })).toThrow(/vanish at ∞/);
    expect(mine({ constants: { p: 1, alpha0: 2, alpha1: 2 } })).toThrow(/below min/);
    expect(mine({ constants: { smoothness: 0.2 } })).toThrow(/more than λ = 0.2/);
    expect(mine({ constants: { smoothness: 0.2500001 } })).not.toThrow();
  });

  it("need labels ±1, and say which label is not", async () => {
    const dataset = await loadDataset("sphere:n=6,d=3,labels=gaussian");
    expect(() => objectiveOf("logistic", dataset)).toThrow(
      /label of sample 0 .* needs labels −1 and \+1: choose two classes with --classes/,
    );
    expect(() => objectiveOf("mean", dataset)).not.toThrow();
  });

  it("move by −(1/n)Jᵀ(yℓ'(yu)): the decrease of the loss is η‖∇‖² up to η²", async () => {
    for (const loss of classificationLossSpec.options) {
      const { problem, weights } = await setting({ loss });
      const first = await initDescent(problem, weights);
      const before = first.loss;
      const kernel = await snapshot(problem, first).kernel();
      const c = first.residual.map((r) => r / 8);
      const square = c.reduce(
        (sum, ci, i) => sum + ci * c.reduce((inner, cj, j) => inner + kernel.data[i * 8 + j] * cj, 0),
        0,
      );
      const eta = 1e-4;
      const after = (await stepDescent(problem, first, eta)).loss;
      expect((before - after) / (eta * square), loss).toBeCloseTo(1, 3);
    }
  });

  it("of a deep ReLU network fall monotonically at 1/(λ·λ_max/n)", async () => {
    const network = {
      kind: "fully-connected",
      widths: [80, 80],
      activation: "relu",
      scaling: "standard",
      frozen: ["W3"],
    };
    for (const loss of ["logistic", "squared-hinge"] as const) {
      const { problem, weights } = await setting({ loss, network, initialiser: { kind: "he" } });
      let state = await initDescent(problem, weights);
      const eta = 0.5 * (await inverseLambdaMax(snapshot(problem, state)));
      const first = state.loss;
      for (let k = 0; k < 40; k++) {
        const before = state.loss;
        state = await stepDescent(problem, state, eta);
        expect(state.loss).toBeLessThanOrEqual(before);
      }
      expect(state.loss).toBeLessThan(first / 2);
    }
  });
});
