import { createReferenceBackend } from "@surefoot/linalg";
import { describe, expect, it } from "vitest";
import { initDescent, stepDescent } from "../../src/dynamics/gradient-descent.ts";
import { createLazyRun } from "../../src/dynamics/lazy/run.ts";
import { createProblem } from "../../src/dynamics/problem.ts";
import { initialise } from "../../src/network/initialise.ts";
import { resolveNetwork } from "../../src/network/resolve.ts";
import type { InitialiserSpec } from "../../src/spec/initialiser.ts";
import { sphere } from "./direct.ts";

const backend = createReferenceBackend();

describe("the direct and the lazy engine", () => {
  for (const kind of ["gaussian", "antisymmetric"] as const) {
    it(`start from the same ${kind} weights and agree to 1e-8 while the loss is above 1e-9`, async () => {
      const [n, d, width, seed, stepSize] = [12, 16, 400, 31, 0.9];
      const dataset = await sphere(backend, 4, n, d);
      const initialiser: InitialiserSpec = { kind };
      const network = resolveNetwork({ kind: "two-layer-relu", width }, d);
      const weights = await initialise(network, initialiser, seed, backend);
      const problem = await createProblem(network, dataset, "sum", backend);
      const antisymmetric = kind === "antisymmetric";
      const run = await createLazyRun({ dataset, width, seed, antisymmetric, stepSize, backend });
      for (const r of [0, 1, 17, width - 1]) {
        const { w, a } = await run.neuron(r);
        expect([...w]).toEqual([...weights.W1.data.subarray(r * d, (r + 1) * d)]);
        expect(a).toBe(weights.W2.data[r]);
      }
      let state = await initDescent(problem, weights);
      let compared = 0;
      while (state.loss > 1e-9 && state.step < 200) {
        expect(Math.abs(run.loss - state.loss)).toBeLessThanOrEqual(1e-8 * state.loss);
        compared++;
        state = await stepDescent(problem, state, stepSize);
        await run.step();
      }
      expect(compared).toBeGreaterThan(30);
      expect(run.state.flips).toBeGreaterThan(30);
    });
  }
});
