import { createNeuronScanner, matrix } from "@surefoot/linalg";
import {
  createProblem,
  type Dataset,
  drawnNeurons,
  type LazyTrainEvent,
  type LazyTrainResult,
  lazyColumns,
  lazyExcludes,
  lazyProbeInterval,
  openLazyRun,
  PROBE_NAMES,
  resolveNetwork,
  SurefootError,
  trainLazy,
} from "surefoot";
import type { Experiment } from "../state/experiment.ts";
import { Feed, follow } from "./follow.ts";
import type { KernelSeen, LookName, RunFacts, Seen } from "./protocol.ts";
import type { Session } from "./session.ts";
import type { StartOptions } from "./start.ts";
import { Queue } from "./turns.ts";

const MEMORY_LIMIT = 1e9;
const MOST_WIDTH = 1e6;
/** What is missing for a certificate is said anew at most this often (milliseconds). */
const OUTCOME_EVERY = 400;
/** Milliseconds between two turns of the event loop. */
const BREATH = 15;

/** Two-layer ReLU networks up to a million neurons by the library's own `trainLazy`: exact gradient descent in function space (theory/06). */
export async function startLazy(
  run: number,
  experiment: Experiment,
  dataset: Dataset,
  { backend, pace, tell }: StartOptions,
): Promise<Session> {
  const { initialiser, loss, seed, steps } = experiment;
  const { x, y } = dataset;
  const network = resolveNetwork(experiment.network, x.cols);
  const reason = lazyExcludes(network, initialiser, false);
  if (reason) throw new SurefootError("argument", `the lazy engine cannot run this: ${reason}`);
  const width = network.layers[0].rows;
  if (width > MOST_WIDTH) {
    throw new SurefootError("argument", `in the browser the lazy engine takes up to ${MOST_WIDTH} neurons`);
  }
  const problem = await createProblem(network, dataset, loss, backend);
  const { lossFactor } = problem;
  const source = drawnNeurons(network, initialiser, seed, backend);
  const scanner = await createNeuronScanner({ deterministic: true });
  const opened = await openLazyRun({
    problem,
    source,
    stepSize: experiment.stepSize,
    steps,
    scanner,
    memoryLimit: MEMORY_LIMIT,
  }).catch(async (error: unknown) => {
    await scanner.close();
    throw error;
  });
  const { run: lazy, stepSize } = opened;
  const kernel = () => lazy.stepper.tangent.h.slice();
  const initial = kernel();
  const largest = await backend.extremalEigenvalues(matrix(x.rows, x.rows, initial.slice()), { which: "largest" });
  const lambdaMax = largest.status === "ok" ? largest.largest?.value : undefined;
  let limit: Promise<{ kernel: Float64Array | null; values: Float64Array | null }> | undefined;
  const facts: RunFacts = {
    run,
    experiment,
    n: x.rows,
    d: x.cols,
    parameters: network.parameters,
    stepSize,
    inverseLambdaMax: lambdaMax !== undefined && lambdaMax > 0 ? 1 / (lambdaMax * lossFactor) : null,
    certifiedLimit: experiment.stepSize === "certified" ? stepSize : null,
    columns: lazyColumns(network, PROBE_NAMES),
    backend: `${backend.info.name}: ${backend.info.detail}`,
    threads: scanner.threads,
    y: y.slice(),
    source: dataset.provenance.source,
    steps: dataset.provenance.steps,
  };
  const queue = new Queue();
  const feed = new Feed(run, facts.columns, tell);
  const abort = new AbortController();
  let certified = false;
  let outcomeDue = 0;
  let nextBreath = 0;

  return {
    facts,
    run: async () => {
      const { signal } = abort;
      const probeEvery = lazyProbeInterval(y.length, lazy.plan.watchedPairs, steps);
      const subject = { network, dataset, loss, backend, lossFactor };
      const events = trainLazy(subject, lazy, { stepSize, steps, probes: PROBE_NAMES, probeEvery, signal });
      const result = await follow<LazyTrainEvent, LazyTrainResult>(events, {
        run,
        pace,
        queue,
        signal,
        feed,
        tell,
        onCertified: () => {
          certified = true;
        },
        onRow: async ({ row, outcome }) => {
          feed.take(row);
          const now = performance.now();
          if (outcome && !certified && now >= outcomeDue) {
            outcomeDue = now + OUTCOME_EVERY;
            tell({ kind: "outcome", run, step: row.step, outcome });
          }
          await breathe(now);
        },
      });
      if (!result) return;
      feed.flush();
      const { stopped, lastOutcome, curveViolations, roundingFloor } = result;
      if (lastOutcome) tell({ kind: "outcome", run, step: result.state.step, outcome: lastOutcome });
      tell({ kind: "finished", run, stopped, roundingFloor, curveViolations });
    },
    see: (look) => queue.add(() => see(look)),
    end: () => {
      abort.abort();
      pace.end();
      void queue.add(async () => {
        await lazy.close();
        await scanner.close();
      });
    },
  };

  async function see(look: LookName): Promise<Seen> {
    limit ??= limitKernel();
    const { step } = lazy.state;
    if (look === "limit") return { look, step, lambdaMin: (await limit).values?.[0] ?? null };
    if (look === "certificate")
      throw new SurefootError(
        "argument",
        "the lazy engine keeps no weights here; the command writes both with --out FOLDER",
      );
    if (look !== "kernel")
      throw new SurefootError("argument", "the lazy engine keeps no weights to show here; use the direct engine");
    const now = kernel();
    const infinite = await limit;
    const seen: KernelSeen = {
      look: "kernel",
      step,
      n: x.rows,
      initial: initial.slice(),
      now,
      limit: infinite.kernel?.slice() ?? null,
      spectra: {
        initial: await eigenvalues(initial),
        now: await eigenvalues(now),
        limit: infinite.values?.slice() ?? null,
      },
    };
    return seen;
  }

  async function limitKernel() {
    const { limitKernel: atInfinity } = await import("surefoot/kernel"); // only some views need it
    const found = await atInfinity(network.spec, initialiser, x, backend);
    return { kernel: found?.data ?? null, values: found ? await eigenvalues(found.data) : null };
  }

  async function eigenvalues(data: Float64Array): Promise<Float64Array | null> {
    const found = await backend.eigenvalues(matrix(x.rows, x.rows, data.slice()));
    return found.status === "ok" ? found.values : null;
  }

  /** Orders to the worker arrive between turns of the event loop. */
  async function breathe(now: number): Promise<void> {
    if (now < nextBreath) return;
    await new Promise((resolve) => setTimeout(resolve));
    nextBreath = performance.now() + BREATH;
  }
}
