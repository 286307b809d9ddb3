import { describe, expect, it } from "vitest";
import { certify } from "../src/certify/certify.ts";
import { generate } from "../src/data/generate.ts";
import { createProblem } from "../src/dynamics/problem.ts";
import { initialise } from "../src/network/initialise.ts";
import { resolveNetwork } from "../src/network/resolve.ts";
import { networkSpec } from "../src/spec/network.ts";
import { type TrainResult, train } from "../src/train/train.ts";
import { backend } from "./certify/setting.ts";

const CHATTERJEE = {
  kind: "fully-connected",
  widths: [5, 5],
  activation: { kind: "smooth-leaky-relu", slope: 0.3 },
  scaling: "standard",
};

describe("train", () => {
  it.each([1e3, 1e4, 1e5])("does not take rounding for a contradiction where output weights are %f", async (scale) => {
    const dataset = generate({ kind: "sphere", n: 20, d: 50, seed: 0 });
    const network = resolveNetwork(networkSpec.parse(CHATTERJEE), 50);
    const weights = await initialise(network, { kind: "positive", scale }, 0, backend);
    const { stepSize } = await certify({ network, weights, dataset, backend });
    const problem = await createProblem(network, dataset, "sum", backend);
    const run = train(problem, weights, { stepSize: stepSize!, steps: 600, probes: [], mode: "float", probeEvery: 50 });
    let result: TrainResult | undefined;
    for (let next = await run.next(); result === undefined; next = await run.next()) if (next.done) result = next.value;
    expect(result.certified?.step).toBe(0);
    expect(result.curveViolations).toBe(0);
    expect(result.state.loss).toBeLessThanOrEqual(result.roundingFloor); // far enough down for rounding to matter
    expect(result.roundingFloor).toBeLessThan(1e-13 * result.initialLoss); // and the floor hides nothing above it
  });
});
