import type { Matrix } from "@surefoot/linalg";
import type { LazyCheckpoint } from "../dynamics/lazy/checkpoint.ts";
import type { Long } from "../dynamics/lazy/long-work.ts";
import type { NeuronSource } from "../dynamics/lazy/neuron-source.ts";
import { type LazyOptions, type LazyRun, resumeLazyRun } from "../dynamics/lazy/run.ts";
import { createProblem, type Problem } from "../dynamics/problem.ts";
import { SurefootError } from "../error.ts";
import type { Weights } from "../network/network.ts";
import { resolveNetwork } from "../network/resolve.ts";
import { squaredOnly } from "../spec/loss.ts";
import { initialiserFromText } from "../spec/shorthand.ts";
import type { Certified } from "../train/certification.ts";
import { lazyWeights } from "../train/lazy-weights.ts";
import { drawnNeurons, openLazyRun } from "../train/open-lazy.ts";
import { type LazyTrainOptions, lazyColumns, lazyProbeInterval, trainLazy } from "../train/train-lazy.ts";
import { openData, readNetworkSpec } from "./inputs.ts";
import { describePlan, lazyNotes } from "./lazy-summary.ts";
import { type LazyTools, memoryLimitOf, openLazyTools } from "./lazy-tools.ts";
import {
  newOutput,
  newSpec,
  type Reopened,
  type RunOutput,
  reopenRecord,
  reopenRun,
  type StartOptions,
  stepSizeRule,
} from "./run-begin.ts";
import { type FinishedRun, followRun } from "./run-follow.ts";
import type { RunSpec } from "./run-spec.ts";
import { createProgress, format, say } from "./terminal.ts";
import type { TrainArguments } from "./train.ts";

/** Weights with at most so many entries are written at the end. */
const WRITTEN_WEIGHTS = 2 ** 25;

/** What a lazy run works with, whether it begins or goes on. */
interface Session {
  readonly problem: Problem;
  readonly run: LazyRun;
  readonly spec: RunSpec;
  readonly output: RunOutput;
  readonly resume?: LazyTrainOptions["resume"];
}

export async function startLazyRun(source: string, options: StartOptions, signal: AbortSignal): Promise<FinishedRun> {
  const rule = stepSizeRule(options.stepSize ?? "1/lambda-max");
  const dataset = await openData(source, options);
  const tools = await openLazyTools(options);
  return toTheEnd(tools, signal, async (long) => {
    const network = resolveNetwork(readNetworkSpec(options.network ?? ""), dataset.x.cols);
    const initialiser = initialiserFromText(options.init);
    const { backend, scanner } = tools;
    const neurons = drawnNeurons(network, initialiser, options.seed, backend);
    const problem = await createProblem(network, dataset, squaredOnly(options.loss, "the lazy simulator"), backend);
    const memoryLimit = memoryLimitOf(options.memoryLimit);
    const steps = options.steps ?? 1000;
    const { run, stepSize } = await openLazyRun({
      problem,
      source: neurons,
      stepSize: rule,
      steps,
      scanner,
      memoryLimit,
      ...long,
      onPlan: (plan) => say(describePlan(plan, neurons.width, dataset.y.length)),
    });
    const spec = await newSpec(source, options, dataset, {
      engine: "lazy",
      fingerprint: run.problem.fingerprint,
      memoryLimit: options.memoryLimit ?? null,
      network: network.spec,
      initialiser,
      stepSize,
      probeEvery: options.probeEvery ?? lazyProbeInterval(dataset.y.length, run.plan.watchedPairs, steps),
      backend: backend.info.name,
    });
    const output = await newOutput(options, lazyColumns(network, spec.probes));
    say(scanner ? `neurons on ${scanner.threads} threads (${scanner.detail})` : `neurons on ${backend.info.name}`);
    return { problem, run, spec, output };
  });
}

export async function resumeLazyRunIn(
  path: string,
  options: TrainArguments,
  signal: AbortSignal,
): Promise<FinishedRun> {
  const reopened = await reopenRun(path, options);
  const { folder, checkpoint, dataset } = reopened;
  const spec: RunSpec = {
    ...reopened.spec,
    ...(options.memoryLimit !== undefined ? { memoryLimit: options.memoryLimit } : {}),
  };
  const tools = await openLazyTools({ ...options, backend: reopened.backend });
  return toTheEnd(tools, signal, async (long) => {
    const network = resolveNetwork(spec.network, dataset.x.cols);
    const neurons = drawnNeurons(network, spec.initialiser, spec.seed, tools.backend);
    const problem = await createProblem(network, dataset, squaredOnly(spec.loss, "the lazy simulator"), tools.backend);
    const memoryLimit = memoryLimitOf(spec.memoryLimit ?? undefined);
    const inner = spec.stepSize * problem.lossFactor;
    const run = await resumeLazyRun(
      lazyOptions(problem, neurons, inner, tools, memoryLimit, long),
      checkpointOf(checkpoint, spec),
    );
    const record = await reopenRecord(reopened, lazyColumns(network, spec.probes));
    const resume = {
      certified: spec.certified as unknown as Certified | null,
      curveViolations: spec.curveViolations,
      initialLoss: record.rows[0]?.loss as number | undefined,
      recordedStep: record.rows.at(-1)?.step ?? -1,
    };
    return { problem, run, spec, output: { folder, record }, resume };
  });
}

/** Opens a run and follows it; whatever happens, the run and the tools are closed. */
async function toTheEnd(
  tools: LazyTools,
  signal: AbortSignal,
  open: (long: Long) => Promise<Session>,
): Promise<FinishedRun> {
  const progress = createProgress();
  let session: Session | undefined;
  try {
    session = await open(watched(signal, progress));
    progress.clear();
    return await perform(session, signal);
  } catch (error) {
    // Ctrl-C before the first step leaves nothing behind.
    if (session || !signal.aborted || error !== signal.reason) throw error;
    throw new SurefootError("argument", "stopped before the first step: nothing was written");
  } finally {
    progress.clear();
    await session?.run.close();
    await tools.close();
  }
}

function lazyOptions(
  { dataset }: Problem,
  source: NeuronSource,
  stepSize: number,
  { backend, scanner }: LazyTools,
  memoryLimit: number,
  long: Long,
) {
  return {
    dataset,
    source,
    stepSize,
    backend,
    scanner,
    memoryLimit,
    ...long,
    onPlan: (plan) => say(describePlan(plan, source.width, dataset.y.length)),
  } satisfies Omit<LazyOptions, "width" | "seed"> & { source: NeuronSource };
}

function perform({ problem, run, spec, output, resume }: Session, signal: AbortSignal): Promise<FinishedRun> {
  const { folder } = output;
  const writable = run.problem.source.width * run.problem.x.cols <= WRITTEN_WEIGHTS;
  const columns = lazyColumns(problem.network, spec.probes);
  const long = watched(signal, createProgress());
  return followRun({
    problem,
    spec,
    output,
    columns,
    events: trainLazy(problem, run, { ...spec, ...long, signal, ...(resume ? { resume } : {}) }),
    checkpoint: async (_, stopped) => {
      const finished = stopped !== undefined && stopped !== "interrupted" && stopped !== "diverged";
      const weights = folder && writable && finished ? await lazyWeights(run) : {};
      return { step: run.state.step, weights, state: toStored(run.checkpoint()) };
    },
    certifiedWeights: () => (writable ? lazyWeights(run) : "the weights that it would be about are too many to write"),
    lastOutcome: async (result) => result.lastOutcome,
    progress: () => `flips ${format(run.state.flips)}`,
    notes: (rows) => lazyNotes(run, rows, folder !== undefined && !writable),
  });
}

const PHASES = { pilot: "trying a few neurons", start: "looking at neurons", drift: "measuring drifts" } as const;

function watched(signal: AbortSignal, progress: ReturnType<typeof createProgress>): Long {
  return {
    signal,
    onProgress: ({ phase, done, total }) => {
      if (phase !== "steps") progress.update(`${PHASES[phase]}: ${format(done)} of ${format(total)}`);
    },
  };
}

const NUMBERS = ["step", "path", "flips", "looks", "unsettled", "nearTies", "firstNearTie", "frozenAt"] as const;

/** A checkpoint as tensors. */
function toStored({ numbers, arrays }: LazyCheckpoint): Weights {
  const row = (data: Float64Array): Matrix => ({ rows: 1, cols: data.length, data });
  const tensors = Object.entries(arrays).filter(([, data]) => data.length > 0);
  return {
    numbers: row(Float64Array.from(NUMBERS, (name) => numbers[name])),
    ...Object.fromEntries(tensors.map(([name, data]) => [name, row(data)])),
  };
}

/** The state that a run on the lazy engine left in its folder. */
export function checkpointOf({ state }: Reopened["checkpoint"], { fingerprint = "" }: RunSpec): LazyCheckpoint {
  const array = (name: string) => state[name]?.data ?? new Float64Array(0);
  const names = ["residual", "sums", "up", "down", "reach", "counts", "flipped"] as const;
  const numbers = array("numbers");
  return {
    kind: "surefoot-lazy-checkpoint",
    version: 2,
    fingerprint,
    numbers: Object.fromEntries(NUMBERS.map((name, k) => [name, numbers[k]])) as LazyCheckpoint["numbers"],
    arrays: Object.fromEntries(names.map((name) => [name, array(name)])) as LazyCheckpoint["arrays"],
  };
}
