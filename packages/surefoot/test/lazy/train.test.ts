import { createReferenceBackend } from "@surefoot/linalg";
import { describe, expect, it } from "vitest";
import { seededNeurons } from "../../src/dynamics/lazy/neuron-source.ts";
import { createLazyRun } from "../../src/dynamics/lazy/run.ts";
import { PROBE_NAMES } from "../../src/dynamics/probe.ts";
import { createProblem } from "../../src/dynamics/problem.ts";
import { SurefootError } from "../../src/error.ts";
import { initialise } from "../../src/network/initialise.ts";
import { resolveNetwork } from "../../src/network/resolve.ts";
import type { InitialiserSpec } from "../../src/spec/initialiser.ts";
import type { LossSpec } from "../../src/spec/loss.ts";
import { chooseEngine } from "../../src/train/engine.ts";
import { lazyWeights } from "../../src/train/lazy-weights.ts";
import { type RecordRow, runColumns, type TrainResult, train } from "../../src/train/train.ts";
import { type LazyTrainResult, lazyColumns, trainLazy } from "../../src/train/train-lazy.ts";
import { sphere } from "./direct.ts";

const backend = createReferenceBackend();

async function collect<Result>(
  events: AsyncGenerator<{ kind: string; row?: RecordRow }, Result>,
): Promise<{ rows: RecordRow[]; result: Result }> {
  const rows: RecordRow[] = [];
  let next = await events.next();
  for (; !next.done; next = await events.next()) if (next.value.row) rows.push(next.value.row);
  return { rows, result: next.value };
}

async function bothEngines(initialiser: InitialiserSpec, loss: LossSpec, width: number, steps: number, rate = 0.9) {
  const [n, d, seed] = [8, 12, 5];
  const dataset = await sphere(backend, 6, n, d);
  const network = resolveNetwork({ kind: "two-layer-relu", width }, d);
  const problem = await createProblem(network, dataset, loss, backend);
  const stepSize = rate / problem.lossFactor;
  const shared = { stepSize, steps, probes: PROBE_NAMES, probeEvery: 4, mode: "float" } as const;
  const weights = await initialise(network, initialiser, seed, backend);
  const direct = await collect<TrainResult>(train(problem, weights, shared));
  const antisymmetric = initialiser.kind === "antisymmetric";
  const run = await createLazyRun({
    dataset,
    source: seededNeurons({ width, inputs: d, seed, antisymmetric }, backend),
    stepSize: stepSize * problem.lossFactor,
    backend,
    horizon: steps,
  });
  const lazy = await collect<LazyTrainResult>(trainLazy(problem, run, shared));
  return { direct, lazy, run };
}

describe("a lazy run records what direct descent records", () => {
  for (const [kind, loss, width] of [
    ["gaussian", "sum", 500],
    ["antisymmetric", "sum", 3000],
    ["gaussian", "mean", 3000],
    ["antisymmetric", "half-mean", 500],
  ] as const) {
    it(`from ${kind} weights, ${loss} loss, m = ${width}`, async () => {
      const { direct, lazy, run } = await bothEngines({ kind }, loss, width, 40);
      expect(lazy.rows.map(({ step }) => step)).toEqual(direct.rows.map(({ step }) => step));
      expect(run.state.flips).toBeGreaterThan(0);
      let compared = 0;
      direct.rows.forEach((row, k) => {
        if (!(row.loss > 1e-9)) return;
        compared++;
        const own = lazy.rows[k];
        // The bound: both are exact up to the rounding of direct descent's own sums.
        expect(Math.abs(own.loss / row.loss - 1)).toBeLessThan(1e-8);
        for (const name of ["lambdaMin", "lambdaMax", "flips"]) {
          if (row[name] === null || row[name] === undefined) expect(own[name] ?? null).toBeNull();
          else expect(Math.abs(own[name]! - row[name])).toBeLessThanOrEqual(1e-10 * Math.abs(row[name]));
        }
        for (const name of ["kernelDrift", "drift:W1", "maxNeuronDrift", "meanNeuronDrift"]) {
          // Differences of numbers of size 1 in direct descent.
          if (row[name] !== null && row[name] !== undefined) expect(own[name]).toBeCloseTo(row[name], 9);
        }
      });
      expect(compared).toBeGreaterThan(20);
    });
  }

  it("certifies at the same step with the same rate, and keeps under the curve", async () => {
    const { direct, lazy } = await bothEngines({ kind: "antisymmetric" }, "mean", 20_000, 20);
    expect(direct.result.certified).not.toBeNull();
    expect(lazy.result.certified?.step).toBe(direct.result.certified?.step);
    expect(lazy.result.certified?.ratePerStep).toBeCloseTo(direct.result.certified!.ratePerStep, 9);
    expect(lazy.result.curveViolations).toBe(0);
    expect(lazy.rows.filter((row) => row.certifiedLoss !== null).length).toBeGreaterThan(10);
  });

  it("gives the same weights", async () => {
    const { direct, lazy, run } = await bothEngines({ kind: "gaussian" }, "sum", 500, 15);
    const own = await lazyWeights(run);
    const { weights } = direct.result.state;
    expect(own.W2.data).toEqual(weights.W2.data);
    const farthest = own.W1.data.reduce((most, w, k) => Math.max(most, Math.abs(w - weights.W1.data[k])), 0);
    expect(farthest).toBeLessThan(1e-11); // sums of 15 steps of size 1
    // Neurons of one pattern move alike: which of them is named may differ, how far it has moved may not.
    const last = lazy.rows[lazy.rows.length - 1];
    const { drift } = await run.neuron(last.maxDriftNeuron!);
    expect(Math.hypot(...drift)).toBeCloseTo(direct.rows[direct.rows.length - 1].maxNeuronDrift!, 9);
  });

  it("diverges where direct descent diverges", async () => {
    const { direct, lazy } = await bothEngines({ kind: "gaussian" }, "sum", 500, 400, 40);
    expect(direct.result.stopped).toBe("diverged");
    expect(lazy.result.stopped).toBe("diverged");
  });

  it("stops between two steps when it is told to, and its state goes on to the same bits", async () => {
    const dataset = await sphere(backend, 6, 8, 12);
    const network = resolveNetwork({ kind: "two-layer-relu", width: 800 }, 12);
    const problem = await createProblem(network, dataset, "sum", backend);
    const start = () => createLazyRun({ dataset, width: 800, seed: 2, stepSize: 0.9, backend });
    const options = { stepSize: 0.9, steps: 30, probes: PROBE_NAMES, probeEvery: 5, mode: "float" } as const;
    const [whole, parts] = [await start(), await start()];
    await collect(trainLazy(problem, whole, options));
    const controller = new AbortController();
    const events = trainLazy(problem, parts, { ...options, signal: controller.signal });
    let next = await events.next();
    for (; !next.done; next = await events.next()) {
      if (next.value.kind === "row" && next.value.row.step === 11) controller.abort();
    }
    expect(next.value.stopped).toBe("interrupted");
    expect(next.value.state.step).toBe(11);
    const resume = { certified: null, curveViolations: 0, initialLoss: next.value.initialLoss, recordedStep: 11 };
    const rest = await collect(trainLazy(problem, parts, { ...options, resume }));
    expect(rest.rows[0].step).toBe(12);
    expect(parts.state.residual).toEqual(whole.state.residual);
  });

  it("stopped in the middle of a probe, goes on with the row of that step", async () => {
    const dataset = await sphere(backend, 6, 8, 12);
    const network = resolveNetwork({ kind: "two-layer-relu", width: 800 }, 12);
    const problem = await createProblem(network, dataset, "sum", backend);
    const run = await createLazyRun({ dataset, width: 800, seed: 2, stepSize: 0.9, backend, horizon: 1 });
    const controller = new AbortController();
    const options = { stepSize: 0.9, steps: 6, probes: PROBE_NAMES, probeEvery: 3, mode: "float" } as const;
    const events = trainLazy(problem, run, {
      ...options,
      signal: controller.signal,
      // the certificate at step 0 makes the watch list longer, a pass over the neurons
      onProgress: ({ phase }) => phase === "start" && controller.abort(),
    });
    const cut = await collect(events);
    expect(cut.result.stopped).toBe("interrupted");
    expect(cut.rows).toEqual([]);
    const resume = { certified: null, curveViolations: 0, recordedStep: -1 };
    const { rows } = await collect(trainLazy(problem, run, { ...options, resume }));
    expect(rows.map(({ step }) => step)).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });

  it("has the columns of direct descent, and counts of flips", () => {
    const network = resolveNetwork({ kind: "two-layer-relu", width: 4 }, 2);
    expect(lazyColumns(network, PROBE_NAMES)).toEqual([
      ...runColumns(network, PROBE_NAMES),
      "flipEvents",
      "flippedPairs",
    ]);
  });
});

describe("--engine auto", () => {
  const relu = (width: number, d: number) => resolveNetwork({ kind: "two-layer-relu", width }, d);
  const gaussian = { kind: "gaussian" } as const;

  it("takes the lazy simulator from m ≈ 2000 on at n = d = 1000, and never for small runs", () => {
    expect(chooseEngine("auto", relu(1500, 1000), gaussian, false, 1000, 1000)).toBe("direct");
    expect(chooseEngine("auto", relu(3000, 1000), gaussian, false, 1000, 1000)).toBe("lazy");
    expect(chooseEngine("auto", relu(100_000, 784), gaussian, false, 100, 1000)).toBe("lazy");
    expect(chooseEngine("auto", relu(1000, 20), gaussian, false, 10, 1000)).toBe("direct");
    // One or two steps do not pay for the start.
    expect(chooseEngine("auto", relu(1_000_000, 1000), gaussian, false, 1000, 2)).toBe("direct");
  });

  it("leaves to direct descent what the simulator cannot run, and `lazy` says why", () => {
    const tanh = resolveNetwork(
      { kind: "fully-connected", widths: [1e6], activation: "tanh", scaling: "ntk", biases: false, frozen: [] },
      100,
    );
    const cases = [
      [tanh, gaussian, false, /two-layer-relu/],
      [relu(1e7, 100), { kind: "sphere" }, false, /gaussian or antisymmetric.*sphere/],
      [relu(1e7, 100), { kind: "gaussian", output: "uniform" }, false, /±1/],
      [relu(1e7, 100), gaussian, true, /file/],
    ] as const;
    for (const [network, initialiser, fromFile, message] of cases) {
      expect(chooseEngine("auto", network, initialiser, fromFile, 100, 1000)).toBe("direct");
      expect(() => chooseEngine("lazy", network, initialiser, fromFile, 100, 1000)).toThrow(SurefootError);
      expect(() => chooseEngine("lazy", network, initialiser, fromFile, 100, 1000)).toThrow(message);
    }
  });
});
