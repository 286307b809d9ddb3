import { describe, expect, it } from "vitest";
import { createOptimiser } from "../../src/dynamics/optimiser/optimiser.ts";
import type { TrainingProblem } from "../../src/dynamics/problem.ts";
import type { Weights } from "../../src/network/network.ts";
import { optimiserSpec } from "../../src/spec/optimiser.ts";
import { setting } from "./support.ts";

async function follow(problem: TrainingProblem, weights: Weights, tolerance: number, rows: number, every: number) {
  const optimiser = createOptimiser(problem, optimiserSpec.parse({ kind: "gradient-flow", tolerance }), every);
  const states = [await optimiser.init(weights)];
  for (let k = 0; k < rows; k++) states.push(await optimiser.step({ ...states[k] }));
  return states.map(
    ({ loss, columns }) => ({ loss, ...columns }) as { loss: number; time: number; fieldEvaluations: number },
  );
}

/** One sample x of length 1, one neuron w that stays positive, output weight 1: u = w·x is linear, e(t) = e(0)·exp(−t). */
async function exponential() {
  const dataset = {
    x: { rows: 1, cols: 2, data: Float64Array.of(0.6, 0.8) },
    y: Float64Array.of(1),
    provenance: { source: "one sample", steps: [], sourceRows: [0] },
  };
  const network = { kind: "fully-connected", widths: [1], activation: "relu", scaling: "standard", frozen: ["W2"] };
  const { problem } = await setting({ dataset, network, loss: "sum" });
  const weights = {
    W1: { rows: 1, cols: 2, data: Float64Array.of(1.8, 2.4) },
    W2: { rows: 1, cols: 1, data: Float64Array.of(1) },
  };
  return { problem, weights };
}

describe("gradient flow", () => {
  it("follows exp(−t) on a linear problem, more closely as the tolerance falls", async () => {
    const { problem, weights } = await exponential();
    const worst = async (tolerance: number) => {
      const rows = await follow(problem, weights, tolerance, 40, 0.25);
      return Math.max(...rows.map(({ loss, time }) => Math.abs(Math.sqrt(2 * loss) / (2 * Math.exp(-time)) - 1)));
    };
    const found = [await worst(1e-3), await worst(1e-6), await worst(1e-9)];
    // errors of all steps add up, relative to a solution that shrinks; the fourth-order error is controlled, the fifth-order one is kept
    expect(found[0]).toBeLessThan(20e-3);
    expect(found[1]).toBeLessThan(20e-6);
    expect(found[2]).toBeLessThan(20e-9);
    expect(found[2]).toBeLessThan(found[1] / 50);
    expect(found[1]).toBeLessThan(found[0] / 50);
  });

  it("meets the same times whatever the distance of the rows, at the cost that the tolerance asks for", async () => {
    const { problem, weights } = await setting();
    const coarse = await follow(problem, weights, 1e-9, 4, 1);
    const fine = await follow(problem, weights, 1e-9, 64, 1 / 16);
    coarse.forEach(({ loss }, k) => {
      expect(fine[16 * k].loss).toBeCloseTo(loss, 9);
    });
    const rough = await follow(problem, weights, 1e-3, 4, 1);
    expect(rough[4].fieldEvaluations).toBeLessThan(coarse[4].fieldEvaluations / 2);
  });

  it("is the limit of gradient descent: its distance to it halves with the step size", async () => {
    for (const loss of ["half-mean", "logistic", "exponential", "squared-hinge"] as const) {
      const { problem, weights } = await setting({ loss });
      const exact = (await follow(problem, weights, 1e-10, 1, 1))[1].loss;
      const off = async (steps: number) => {
        const optimiser = createOptimiser(problem, optimiserSpec.parse({ kind: "gradient-descent" }), 1 / steps);
        let state = await optimiser.init(weights);
        for (let k = 0; k < steps; k++) state = await optimiser.step(state);
        return state.loss - exact;
      };
      const ratio = (await off(100)) / (await off(200));
      expect(ratio, loss).toBeGreaterThan(1.9);
      expect(ratio, loss).toBeLessThan(2.1);
    }
  });

  it("never lets the loss grow, also where neurons cross their kinks", async () => {
    const { problem, weights } = await setting({ network: { kind: "two-layer-relu", width: 60 } });
    const rows = await follow(problem, weights, 1e-4, 30, 1);
    for (let k = 1; k < rows.length; k++) expect(rows[k].loss).toBeLessThanOrEqual(rows[k - 1].loss * (1 + 1e-6));
    expect(rows[30].loss).toBeLessThan(rows[0].loss / 2);
  });
});
