import { matrix } from "@surefoot/linalg";
import { createLazyRun, type Dataset, hInfinity, type LazyRun, SurefootError } from "surefoot";
import type { Experiment } from "../state/experiment.ts";
import type { KernelSeen, LookName, RunFacts, Seen } from "./protocol.ts";
import type { Session } from "./session.ts";
import type { StartOptions } from "./start.ts";
import { Queue } from "./turns.ts";

const COLUMNS = ["step", "loss", "lambdaMin", "lambdaMax", "kernelDrift", "drift:W1", "flips"] as const;
const MEMORY_LIMIT = 1e9;
const MOST_WIDTH = 1e6;
const PROBE_MILLISECONDS = 15;

/** Two-layer ReLU networks up to a million neurons: exact gradient descent in function space (theory/06). It certifies nothing. */
export async function startLazy(
  run: number,
  experiment: Experiment,
  dataset: Dataset,
  { backend, pace, tell }: StartOptions,
): Promise<Session> {
  const { network, initialiser, loss, seed } = experiment;
  const antisymmetric = initialiser.kind === "antisymmetric";
  if (network.kind !== "two-layer-relu" || loss !== "sum") {
    throw new SurefootError("argument", "the lazy engine runs two-layer-relu networks with the sum loss");
  }
  if (!antisymmetric && initialiser.kind !== "gaussian") {
    throw new SurefootError("argument", "the lazy engine draws gaussian or antisymmetric weights");
  }
  if ("output" in initialiser && initialiser.output !== undefined && initialiser.output !== "sign") {
    throw new SurefootError("argument", "the lazy engine draws output weights ±1; leave the output law out");
  }
  if (network.width > MOST_WIDTH) {
    throw new SurefootError("argument", `in the browser the lazy engine takes up to ${MOST_WIDTH} neurons`);
  }
  const { x, y } = dataset;
  const limit = await hInfinity(x, backend);
  const spectrum = await backend.extremalEigenvalues(limit);
  const largest = spectrum.status === "ok" ? spectrum.largest?.value : undefined;
  const inverse = largest !== undefined && largest > 0 ? 1 / largest : null;
  const stepSize = typeof experiment.stepSize === "number" ? experiment.stepSize : inverse;
  if (stepSize === null || experiment.stepSize === "certified") {
    throw new SurefootError("argument", "the lazy engine takes a step size that is a number or 1/lambda-max (of H^∞)");
  }
  const options = { dataset, width: network.width, seed, stepSize, backend, antisymmetric };
  const lazy = await createLazyRun({ ...options, horizon: experiment.steps, memoryLimit: MEMORY_LIMIT });
  const initial = kernelOf(lazy);
  const facts: RunFacts = {
    run,
    experiment,
    n: x.rows,
    d: x.cols,
    parameters: network.width * x.cols,
    stepSize,
    inverseLambdaMax: inverse,
    certifiedLimit: null,
    probeEvery: null,
    columns: COLUMNS,
    backend: `${backend.info.name}: ${backend.info.detail}`,
    threads: backend.info.threads,
    y: y.slice(),
    source: dataset.provenance.source,
    steps: dataset.provenance.steps,
  };
  const queue = new Queue();
  let ended = false;
  let pending: number[] = [];
  let probed = 0;
  const flush = () => {
    if (pending.length === 0) return;
    const rows = Float64Array.from(pending);
    pending = [];
    tell({ kind: "rows", run, rows }, [rows.buffer]);
  };
  const record = async (last: boolean) => {
    const { step } = lazy.state;
    if (step > 0 && !last && performance.now() - probed < PROBE_MILLISECONDS) {
      pending.push(step, lazy.loss, ...Array(COLUMNS.length - 2).fill(Number.NaN));
      return;
    }
    const at = await lazy.probe();
    probed = performance.now();
    pending.push(
      step,
      at.loss,
      at.lambdaMin ?? Number.NaN,
      at.lambdaMax ?? Number.NaN,
      at.kernelDrift,
      at.weightDrift,
      at.flips,
    );
    flush();
  };
  const finish = (stopped: string) => {
    flush();
    tell({ kind: "finished", run, stopped, roundingFloor: null, curveViolations: 0 });
  };

  return {
    facts,
    run: async () => {
      await record(false);
      while (lazy.state.step < experiment.steps) {
        if (!(await pace.turn(flush))) return;
        const outcome = await queue.add(async () => {
          const done = await lazy.step(1);
          if (done.status === "ok") await record(lazy.state.step >= experiment.steps);
          return done;
        });
        if (ended) return;
        if (outcome.status !== "ok") return finish(outcome.status);
        await breathe();
      }
      finish("steps-done");
    },
    see: (look) => queue.add(() => see(look)),
    end: () => {
      ended = true;
      pace.end();
    },
  };

  async function see(look: LookName): Promise<Seen> {
    if (look !== "kernel")
      throw new SurefootError("argument", "the lazy engine keeps no weights to show here; use the direct engine");
    const now = kernelOf(lazy);
    const values = async (data: Float64Array) => {
      const found = await backend.eigenvalues(matrix(x.rows, x.rows, data.slice()));
      return found.status === "ok" ? found.values : null;
    };
    const seen: KernelSeen = {
      look: "kernel",
      step: lazy.state.step,
      n: x.rows,
      initial: initial.slice(),
      now,
      limit: limit.data.slice(),
      spectra: { initial: await values(initial), now: await values(now), limit: await values(limit.data) },
    };
    return seen;
  }

  /** Orders to the worker arrive between turns of the event loop. */
  function breathe(): Promise<void> {
    if (performance.now() - probed < PROBE_MILLISECONDS) return Promise.resolve();
    return new Promise((resolve) => setTimeout(resolve));
  }
}

/** H(k) of the run. */
const kernelOf = (run: LazyRun) => run.stepper.tangent.h.slice();
