import { readFileSync } from "node:fs";
import { matrix } from "@surefoot/linalg";
import { describe, expect, it } from "vitest";
import type { Dataset } from "../../src/data/dataset.ts";
import { createOptimiser } from "../../src/dynamics/optimiser/optimiser.ts";
import type { NamedLossSpec } from "../../src/spec/loss.ts";
import { type OptimiserInput, optimiserSpec } from "../../src/spec/optimiser.ts";
import { setting } from "./support.ts";

interface Golden {
  readonly n: number;
  readonly d: number;
  readonly x: number[];
  readonly y: number[];
  readonly seed: number;
  readonly cases: readonly {
    readonly network: { readonly kind: string };
    readonly loss: NamedLossSpec;
    readonly optimiser: OptimiserInput;
    readonly stepSize: number;
    readonly losses: number[];
    readonly last: Readonly<Record<string, number[]>>;
  }[];
  readonly flows: readonly {
    readonly network: { readonly kind: string };
    readonly every: number;
    readonly losses: number[];
  }[];
}
const golden: Golden = JSON.parse(readFileSync(new URL("../golden/optimisers-torch.json", import.meta.url), "utf8"));
const dataset: Dataset = {
  x: matrix(golden.n, golden.d, Float64Array.from(golden.x)),
  y: Float64Array.from(golden.y),
  provenance: { source: "golden", steps: [], sourceRows: [] },
};
/** The square root of RMSProp and Adam at gradients near 0 loses digits; all else agrees to 1e-14. */
const AGREEMENT = 1e-11;

describe("optimisers on networks of every kind", () => {
  it.each(golden.cases.map((one) => ({ ...one, name: JSON.stringify(one.optimiser), kind: one.network.kind })))(
    "$name on $kind, $loss loss: the losses and weights of torch.optim",
    async ({ network, loss, optimiser, stepSize, losses, last }) => {
      const { problem, weights } = await setting({ dataset, network, loss, seed: golden.seed });
      const method = createOptimiser(problem, optimiserSpec.parse(optimiser), stepSize);
      let state = await method.init(weights);
      for (const [k, wanted] of losses.entries()) {
        if (k > 0) state = await method.step(state);
        expect(Math.abs(state.loss - wanted), `step ${k}`).toBeLessThanOrEqual(AGREEMENT * losses[0]);
      }
      for (const [name, values] of Object.entries(last)) {
        const size = Math.max(...values.map(Math.abs));
        for (const [i, wanted] of values.entries()) {
          expect(Math.abs(state.weights[name].data[i] - wanted), name).toBeLessThanOrEqual(AGREEMENT * size);
        }
      }
    },
  );

  it.each(golden.flows.map((one) => ({ ...one, kind: one.network.kind })))(
    "gradient flow on $kind: the losses of SciPy's DOP853 with PyTorch's gradients",
    async ({ network, every, losses }) => {
      const { problem, weights } = await setting({ dataset, network, loss: "half-mean", seed: golden.seed });
      const flow = createOptimiser(problem, optimiserSpec.parse({ kind: "gradient-flow", tolerance: 1e-10 }), every);
      let state = await flow.init(weights);
      for (const [k, wanted] of losses.entries()) {
        if (k > 0) state = await flow.step(state);
        // a hundred steps of tolerance 1e-10 in u − y
        expect(Math.abs(state.loss - wanted), `row ${k}`).toBeLessThanOrEqual(1e-8 * wanted);
      }
    },
  );
});
