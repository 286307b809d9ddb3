import { createReferenceBackend, normals } from "@surefoot/linalg";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Dataset } from "../src/data/dataset.ts";
import { initDescent, stepDescent, terminateDescent } from "../src/dynamics/gradient-descent.ts";
import { createProbe, PROBE_NAMES, probeColumns } from "../src/dynamics/probe.ts";
import { createProblem } from "../src/dynamics/problem.ts";
import { snapshot } from "../src/dynamics/snapshot.ts";
import { inverseLambdaMax } from "../src/dynamics/step-size.ts";
import { initialise } from "../src/network/initialise.ts";
import { resolveNetwork } from "../src/network/resolve.ts";
import type { LossSpec } from "../src/spec/loss.ts";
import { networkSpec } from "../src/spec/network.ts";

const backend = createReferenceBackend();

function sphere(n: number, d: number, seed: number): Dataset {
  const x = normals({ seed: [seed, 1], stream: 1000, firstRow: 0, rows: n, cols: d });
  for (let i = 0; i < n; i++) {
    const row = x.data.subarray(i * d, (i + 1) * d);
    const length = Math.sqrt(row.reduce((sum, v) => sum + v * v, 0));
    row.forEach((v, k) => {
      row[k] = v / length;
    });
  }
  const y = Float64Array.from({ length: n }, (_, i) => (i % 2 === 0 ? 1 : -1));
  return { x, y, provenance: { source: "test", steps: [], sourceRows: [] } };
}

async function start(spec: object, dataset: Dataset, loss: LossSpec = "sum", seed = 0) {
  const network = resolveNetwork(networkSpec.parse(spec), dataset.x.cols);
  const problem = await createProblem(network, dataset, loss, backend);
  return { problem, weights: await initialise(network, { kind: "gaussian" }, seed, backend) };
}

const TANH = { kind: "fully-connected", widths: [40], activation: "tanh" };

describe("gradient descent", () => {
  it("lowers the loss at 1/λ_max and diverges well above 2/λ_max", async () => {
    const { problem, weights } = await start({ kind: "two-layer-relu", width: 2000 }, sphere(6, 8, 1));
    const first = await initDescent(problem, weights);
    const stable = await inverseLambdaMax(snapshot(problem, first));
    let state = first;
    for (let k = 0; k < 20; k++) {
      const before = state.loss;
      state = await stepDescent(problem, state, stable);
      expect(state.loss).toBeLessThan(before);
    }
    expect(terminateDescent(state, first.loss)).toBeUndefined();
    expect(terminateDescent(state, first.loss, state.loss)).toBe("reached-target");
    let wild = await initDescent(problem, weights);
    for (let k = 0; k < 60 && !terminateDescent(wild, first.loss); k++)
      wild = await stepDescent(problem, wild, 20 * stable);
    expect(terminateDescent(wild, first.loss)).toBe("diverged");
  });

  it("takes the same path in every loss convention once the step size is scaled by its factor", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 99 }), fc.constantFrom("mean", "half-mean"), async (seed, loss) => {
        const dataset = sphere(4, 5, seed);
        const sum = await start(TANH, dataset, "sum", seed);
        const other = await start(TANH, dataset, loss as LossSpec, seed);
        let a = await initDescent(sum.problem, sum.weights);
        let b = await initDescent(other.problem, other.weights);
        for (let k = 0; k < 5; k++) {
          a = await stepDescent(sum.problem, a, 0.05);
          b = await stepDescent(other.problem, b, 0.05 / other.problem.lossFactor);
        }
        expect(b.loss).toBeCloseTo(a.loss * other.problem.lossFactor, 12);
      }),
      { numRuns: 10, seed: 5 },
    );
  });

  it("does not touch the weights it was given, and starts again from a copy to the same bits", async () => {
    const { problem, weights } = await start(TANH, sphere(4, 5, 2));
    const before = weights.W1.data.slice();
    let state = await initDescent(problem, weights);
    for (let k = 0; k < 3; k++) state = await stepDescent(problem, state, 0.1);
    expect(weights.W1.data).toEqual(before);
    let again = await initDescent(problem, state.weights, state.step);
    state = await stepDescent(problem, state, 0.1);
    again = await stepDescent(problem, again, 0.1);
    expect(again.step).toBe(4);
    expect(again.loss).toBe(state.loss);
    expect(again.weights.W1.data).toEqual(state.weights.W1.data);
  });

  it("leaves frozen tensors alone", async () => {
    const { problem, weights } = await start({ ...TANH, biases: true, frozen: ["W2", "b1"] }, sphere(4, 5, 2));
    const state = await stepDescent(problem, await initDescent(problem, weights), 0.1);
    expect(state.weights.W2.data).toEqual(weights.W2.data);
    expect(state.weights.b1.data).toEqual(weights.b1.data);
    expect(state.weights.W1.data).not.toEqual(weights.W1.data);
    expect(state.weights.b2.data).not.toEqual(weights.b2.data);
  });

  it("moves as its linearisation does: e(k+1) = (I − ηK)e(k) up to O(η²)", async () => {
    const { problem, weights } = await start(TANH, sphere(4, 5, 3));
    const defect = async (eta: number) => {
      const state = await initDescent(problem, weights);
      const e = state.residual;
      const kernel = await snapshot(problem, state).kernel();
      const next = await stepDescent(problem, state, eta);
      return Math.hypot(
        ...next.residual.map((value, i) => {
          const step = e.reduce((sum, entry, j) => sum + kernel.data[i * 4 + j] * entry, 0);
          return value - (e[i] - eta * step);
        }),
      );
    };
    const ratio = (await defect(1e-3)) / (await defect(5e-4));
    expect(ratio).toBeGreaterThan(3.8);
    expect(ratio).toBeLessThan(4.2);
  });
});

describe("probes", () => {
  it("are zero drift and no flips at the start, positive later, and fill exactly their columns", async () => {
    const { problem, weights } = await start({ kind: "two-layer-relu", width: 50 }, sphere(5, 6, 4));
    let state = await initDescent(problem, weights);
    const at = snapshot(problem, state);
    const probes = await Promise.all(PROBE_NAMES.map((name) => createProbe(name, problem, at)));
    const measure = async () => {
      const rows = await Promise.all(probes.map((probe) => probe.measure(snapshot(problem, state))));
      for (const [i, row] of rows.entries())
        expect(Object.keys(row)).toEqual(probeColumns(PROBE_NAMES[i], problem.network));
      return Object.assign({}, ...rows) as Record<string, number>;
    };
    const first = await measure();
    expect([first.kernelDrift, first["drift:W1"], first.flips]).toEqual([0, 0, 0]);
    for (let k = 0; k < 30; k++) state = await stepDescent(problem, state, 0.5);
    const later = await measure();
    for (const name of ["kernelDrift", "drift:W1", "flips"]) expect(later[name]).toBeGreaterThan(0);
    expect(later.lambdaMax).toBeGreaterThan(later.lambdaMin);
  });
});
