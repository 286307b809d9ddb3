import { describe, expect, it } from "vitest";
import { certify } from "../../src/certify/index.ts";
import { createOptimiser } from "../../src/dynamics/optimiser/optimiser.ts";
import type { LossSpec } from "../../src/spec/loss.ts";
import { optimiserSpec } from "../../src/spec/optimiser.ts";
import { backend, setting } from "../optimiser/support.ts";

const POSITIVE = {
  kind: "fully-connected",
  widths: [5, 5],
  activation: { kind: "smooth-leaky-relu", slope: 0.3 },
  scaling: "standard",
  biases: true,
};

async function certified(network: object, initialiser: Parameters<typeof setting>[0], loss: LossSpec = "sum") {
  const made = await setting({ data: "orthonormal:n=3,d=3,labels=sign", network, loss, ...initialiser });
  const { weights, dataset } = made;
  const outcome = await certify({ network: made.network, weights, dataset, loss, backend });
  return { ...made, outcome };
}

describe("the rate along gradient flow", () => {
  it.each([
    ["S1", { kind: "fully-connected", widths: [120], activation: "tanh" }, { initialiser: { kind: "antisymmetric" } }],
    ["S2", { kind: "two-layer-relu", width: 300 }, { initialiser: { kind: "antisymmetric" } }],
    ["S3", POSITIVE, { initialiser: { kind: "positive", scale: 14 } }],
  ] as const)("of %s is obeyed by the flow, as it is followed to 1e-9", async (theorem, network, start) => {
    const { problem, weights, outcome } = await certified(network, start);
    expect(outcome).toMatchObject({ verdict: "certified", theorem });
    const rate = outcome.flowRate ?? 0;
    expect(rate).toBeGreaterThan(0);
    const every = 0.5 / rate;
    const flow = createOptimiser(problem, optimiserSpec.parse({ kind: "gradient-flow", tolerance: 1e-9 }), every);
    let state = await flow.init(weights);
    const first = state.loss;
    for (let k = 1; k <= 8; k++) {
      state = await flow.step(state);
      expect(state.loss).toBeLessThanOrEqual(first * Math.exp(-rate * k * every) * (1 + 1e-6));
    }
  });

  it("does not depend on a step size, scales with the loss, and is left out where only larger steps are certified", async () => {
    const network = { kind: "fully-connected", widths: [120], activation: "tanh" };
    const start = { initialiser: { kind: "antisymmetric" } } as const;
    const { outcome, weights, dataset, network: resolved } = await certified(network, start);
    const mean = (await certified(network, start, "half-mean")).outcome;
    expect(mean.flowRate).toBeCloseTo((outcome.flowRate ?? 0) / 3, 12);
    const at = (stepSize: number) => certify({ network: resolved, weights, dataset, backend, stepSize });
    const step = outcome.stepSize ?? 0;
    expect((await at(step / 2)).flowRate).toBe(outcome.flowRate);
    const larger = await at(step * 1.02);
    expect(larger.form).toBe("larger step");
    expect(larger.flowRate).toBeNull();
    // 1 − ηω ≤ e^{−ηω}: a step of descent is certified to do no worse than the flow in the same time
    expect(outcome.ratePerStep).toBeLessThanOrEqual(Math.exp(-(outcome.flowRate ?? 0) * step));
  });
});
