import { type Matrix, matrix } from "@surefoot/linalg";
import { measurerOf, outcomeOf } from "../certify/certify.ts";
import { certifyLazyStart, predictMovement } from "../certify/certify-lazy-start.ts";
import { datasetHash } from "../data/index.ts";
import type { LazyCheckpoint } from "../dynamics/lazy/checkpoint.ts";
import type { Long } from "../dynamics/lazy/long-work.ts";
import type { NeuronSource } from "../dynamics/lazy/neuron-source.ts";
import { lazyProblem } from "../dynamics/lazy/problem.ts";
import { predictReach } from "../dynamics/lazy/reach.ts";
import { createLazyRun, type LazyOptions, type LazyRun, resumeLazyRun } from "../dynamics/lazy/run.ts";
import { startPass } from "../dynamics/lazy/start.ts";
import { createProblem, type Problem } from "../dynamics/problem.ts";
import type { StepSizeSpec } from "../dynamics/step-size.ts";
import { SurefootError } from "../error.ts";
import { point } from "../interval/arithmetic.ts";
import type { Network, Weights } from "../network/network.ts";
import { resolveNetwork } from "../network/resolve.ts";
import {
  createRecord,
  createRunFolder,
  loadCheckpoint,
  openRunFolder,
  type RecordColumns,
  type RunFolder,
  type RunRecord,
  resumeRecord,
  saveCheckpoint,
} from "../record/index.ts";
import { initialiserFromText } from "../spec/shorthand.ts";
import type { Certified } from "../train/certification.ts";
import { lazyWeights } from "../train/lazy-weights.ts";
import type { RecordRow } from "../train/train.ts";
import { type LazyTrainOptions, lazyColumns, lazyProbeInterval, trainLazy } from "../train/train-lazy.ts";
import { type DataArguments, openData, readNetworkSpec } from "./inputs.ts";
import { describePlan, lazyNotes } from "./lazy-summary.ts";
import { type LazyTools, memoryLimitOf, openLazyTools, sourceOf } from "./lazy-tools.ts";
import {
  backendOf,
  type FinishedRun,
  plain,
  quote,
  SAVE_EVERY_SECONDS,
  type StartOptions,
  stepSizeRule,
  storedData,
} from "./run.ts";
import { writeRunCertificate } from "./run-certificate.ts";
import { type RunSpec, runSpec } from "./run-spec.ts";
import { createProgress, format, say } from "./terminal.ts";
import type { TrainArguments } from "./train.ts";

/** Weights with at most so many entries are written at the end. */
const WRITTEN_WEIGHTS = 2 ** 25;
const LEAST_ROOM = 1.25;

/** What a lazy run works with, whether it begins or goes on. */
interface Session {
  readonly problem: Problem;
  readonly run: LazyRun;
  readonly spec: RunSpec;
  readonly folder: RunFolder | undefined;
  readonly record: RunRecord | undefined;
  readonly resume?: LazyTrainOptions["resume"];
}

export async function startLazyRun(source: string, options: StartOptions, signal: AbortSignal): Promise<FinishedRun> {
  const rule = stepSizeRule(options.stepSize);
  const dataset = await openData(source, options);
  const tools = await openLazyTools(options);
  const progress = createProgress();
  const long = watched(signal, progress);
  try {
    const network = resolveNetwork(readNetworkSpec(options.network ?? ""), dataset.x.cols);
    const initialiser = initialiserFromText(options.init);
    const { backend, scanner } = tools;
    const neurons = sourceOf(network, initialiser, options.seed, backend);
    const problem = await createProblem(network, dataset, options.loss, backend);
    const memoryLimit = memoryLimitOf(options.memoryLimit);
    const stepSize = await resolveLazyStepSize(rule, problem, neurons, tools, memoryLimit, long);
    const steps = options.steps ?? 1000;
    const inner = stepSize * problem.lossFactor;
    const run = await createLazyRun({
      ...lazyOptions(problem, neurons, inner, tools, memoryLimit, long),
      horizon: steps,
      room: await roomFor(problem, neurons, inner, steps, long),
    });
    progress.clear();
    const spec: RunSpec = {
      data: { source, options: storedData(options) },
      dataHash: await datasetHash(dataset),
      engine: "lazy",
      fingerprint: run.problem.fingerprint,
      memoryLimit: options.memoryLimit ?? null,
      network: network.spec,
      initialiser,
      seed: options.seed,
      fromFile: false,
      origin: `${options.init}, seed ${options.seed}`,
      loss: options.loss,
      stepSize,
      steps,
      targetLoss: options.targetLoss ?? 0,
      probes: [...options.probes],
      mode: options.float ? "float" : "proved",
      probeEvery: options.probeEvery ?? lazyProbeInterval(dataset.y.length, run.plan.watchedPairs, steps),
      backend: backend.info.name,
      seconds: 0,
      curveViolations: 0,
      certified: null,
      command: `surefoot ${process.argv.slice(2).map(quote).join(" ")}`,
    };
    const folder =
      options.out === undefined
        ? undefined
        : await createRunFolder(options.out, { overwrite: options.overwrite ?? false });
    const record = folder && createRecord(folder.record, columnTypes(network, spec));
    say(scanner ? `neurons on ${scanner.threads} threads (${scanner.detail})` : `neurons on ${backend.info.name}`);
    return await perform({ problem, run, spec, folder, record }, signal);
  } catch (error) {
    throw stoppedEarly(error, signal);
  } finally {
    progress.clear();
    await tools.close();
  }
}

export async function resumeLazyRunIn(
  path: string,
  options: TrainArguments,
  signal: AbortSignal,
): Promise<FinishedRun> {
  const folder = await openRunFolder(path);
  const checkpoint = await loadCheckpoint(folder, runSpec);
  const spec: RunSpec = {
    ...checkpoint.run,
    ...(options.steps !== undefined ? { steps: options.steps } : {}),
    ...(options.targetLoss !== undefined ? { targetLoss: options.targetLoss } : {}),
    ...(options.memoryLimit !== undefined ? { memoryLimit: options.memoryLimit } : {}),
  };
  const dataset = await openData(spec.data.source, spec.data.options as unknown as DataArguments);
  if ((await datasetHash(dataset)) !== spec.dataHash) {
    throw new SurefootError("data", `${spec.data.source} has changed since the run in ${path} began; it cannot go on`);
  }
  const tools = await openLazyTools({
    ...options,
    backend: options.backend === "auto" ? backendOf(spec) : options.backend,
  });
  const progress = createProgress();
  const long = watched(signal, progress);
  try {
    const network = resolveNetwork(spec.network, dataset.x.cols);
    const neurons = sourceOf(network, spec.initialiser, spec.seed, tools.backend);
    const problem = await createProblem(network, dataset, spec.loss, tools.backend);
    const memoryLimit = memoryLimitOf(spec.memoryLimit ?? undefined);
    const inner = spec.stepSize * problem.lossFactor;
    const run = await resumeLazyRun(
      lazyOptions(problem, neurons, inner, tools, memoryLimit, long),
      fromStored(checkpoint.state, spec.fingerprint ?? ""),
    );
    progress.clear();
    const record = await resumeRecord(folder.record, columnTypes(network, spec), checkpoint.step);
    const resume = {
      certified: spec.certified as unknown as Certified | null,
      curveViolations: spec.curveViolations,
      initialLoss: record.rows[0]?.loss as number | undefined,
      recordedStep: record.rows.at(-1)?.step ?? -1,
    };
    return await perform({ problem, run, spec, folder, record, resume }, signal);
  } catch (error) {
    throw stoppedEarly(error, signal);
  } finally {
    progress.clear();
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

/** The watch list of a run that is likely to be certified at its start reaches far enough for that. */
async function roomFor(
  { dataset, backend }: Problem,
  source: NeuronSource,
  stepSize: number,
  steps: number,
  long: Long,
): Promise<number> {
  const problem = await lazyProblem(dataset, source, stepSize, backend);
  const { reach, expectedMargin } = await predictMovement(problem, point(stepSize), long);
  if (!(expectedMargin > 1)) return LEAST_ROOM;
  const path = await predictReach(problem, steps, 1, long);
  return reach.reduce((room, length, i) => Math.max(room, length / path[i]), LEAST_ROOM);
}

async function resolveLazyStepSize(
  rule: StepSizeSpec,
  problem: Problem,
  source: NeuronSource,
  { backend, scanner }: LazyTools,
  memoryLimit: number,
  long: Long,
): Promise<number> {
  if (typeof rule === "number") return rule;
  const { network, dataset, loss, lossFactor, gram } = problem;
  if (rule === "certified") {
    const { outcome } = await certifyLazyStart({ dataset, source, backend, scanner, memoryLimit, ...long });
    const found = outcomeOf(outcome, { network, dataset, loss }, measurerOf({ backend }));
    const stepSize = found.stepSize ?? found.suggestedStepSize;
    if (stepSize !== null) return stepSize;
    const why = found.reasons[0] ?? found.statement;
    throw new SurefootError("argument", `--step-size certified: no theorem gives one here (${why}); give a number`);
  }
  const n = dataset.y.length;
  const none = new Float64Array(n).fill(-1);
  const { counts } = await startPass(dataset.x, source, none, { backend, scanner }, long);
  const kernel = matrix(
    n,
    n,
    counts.map((count, k) => (gram.data[k] * count) / source.width),
  );
  const found = await backend.extremalEigenvalues(kernel, { which: "largest" });
  const lambdaMax = found.status === "ok" ? found.largest?.value : undefined;
  if (lambdaMax === undefined || !(lambdaMax > 0)) {
    throw new SurefootError(
      "argument",
      "step size 1/lambda-max: λ_max of the tangent kernel is not positive; give a number",
    );
  }
  return 1 / (lambdaMax * lossFactor);
}

async function perform(
  { problem, run, spec, folder, record, resume }: Session,
  signal: AbortSignal,
): Promise<FinishedRun> {
  const began = performance.now();
  const rows: RecordRow[] = record ? (record.rows as RecordRow[]).slice() : [];
  const progress = createProgress();
  const elapsed = () => spec.seconds + (performance.now() - began) / 1000;
  let certified = resume?.certified ?? null;
  let lastSave = performance.now();
  let [lastMargin, lastLambda]: (number | null)[] = [null, null];

  const save = async (violations: number, weights: Weights) => {
    if (!folder || !record) return;
    await record.save();
    const saved: RunSpec = { ...spec, seconds: elapsed(), curveViolations: violations, certified: plain(certified) };
    const { step } = run.state;
    await saveCheckpoint(folder, { run: saved, step, weights, state: toStored(run.checkpoint()) });
    lastSave = performance.now();
  };
  const writable = run.problem.source.width * run.problem.x.cols <= WRITTEN_WEIGHTS;

  const events = trainLazy(problem, run, {
    ...spec,
    ...watched(signal, progress),
    signal,
    ...(resume ? { resume } : {}),
  });
  let next = await events.next();
  for (; !next.done; next = await events.next()) {
    const event = next.value;
    if (event.kind === "certified") {
      certified = event.certified;
      progress.clear();
      const { step, loss, outcome } = certified;
      say(
        `step ${format(step)}: certified by ${outcome.theorem} at loss ${format(loss)}, margin ${format(outcome.margin)}`,
      );
      if (folder && writable) {
        const missing = await writeRunCertificate(folder, problem, await lazyWeights(run), spec);
        if (missing) say(`no certificate file: ${missing}`);
      } else if (folder) say("no certificate file: the weights that it would be about are too many to write");
      continue;
    }
    rows.push(event.row);
    record?.append(event.row);
    lastMargin = event.row.margin ?? lastMargin;
    lastLambda = event.row.lambdaMin ?? lastLambda;
    progress.update(
      `step ${format(event.row.step)}/${format(spec.steps)}  loss ${format(event.row.loss)}  λ_min ${format(lastLambda)}  ` +
        `flips ${format(run.state.flips)}  ` +
        (certified
          ? `certified since step ${format(certified.step)}`
          : `margin ${format(lastMargin)} (certified above 1)`),
    );
    if (performance.now() - lastSave > SAVE_EVERY_SECONDS * 1000) await save(event.curveViolations, {});
  }
  progress.clear();
  const result = next.value;
  const finishing = folder && writable && result.stopped !== "interrupted" && result.stopped !== "diverged";
  await save(result.curveViolations, finishing ? await lazyWeights(run) : {});
  await run.close();
  const finished: FinishedRun = {
    result,
    verdict: result.certified ? "certified" : (result.lastOutcome?.verdict ?? "undecided"),
    lastOutcome: result.lastOutcome,
    stepSize: spec.stepSize,
    loss: spec.loss,
    seconds: elapsed(),
    backend: problem.backend.info,
    dataset: problem.dataset,
    rows,
    columns: lazyColumns(problem.network, spec.probes),
    spec,
    parameters: problem.network.parameters,
    files: [],
    folder: folder?.path ?? null,
    notes: lazyNotes(run, rows, folder !== undefined && !writable),
  };
  if (!folder) return finished;
  const { writeOutputs } = await import("./train-outputs.ts"); // figures take a while to load, and only a run with a folder draws them
  return { ...finished, files: await writeOutputs(finished, folder) };
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

/** Ctrl-C before the first step leaves nothing behind. */
function stoppedEarly(error: unknown, signal: AbortSignal): unknown {
  if (!signal.aborted || error !== signal.reason) return error;
  return new SurefootError("argument", "stopped before the first step: nothing was written");
}

const NUMBERS = ["step", "path", "flips", "looks", "nearTies", "firstNearTie", "frozenAt"] as const;

/** A checkpoint as tensors. */
function toStored({ numbers, arrays }: LazyCheckpoint): Weights {
  const row = (data: Float64Array): Matrix => ({ rows: 1, cols: data.length, data });
  const tensors = Object.entries(arrays).filter(([, data]) => data.length > 0);
  return {
    numbers: row(Float64Array.from(NUMBERS, (name) => numbers[name])),
    ...Object.fromEntries(tensors.map(([name, data]) => [name, row(data)])),
  };
}

function fromStored(state: Weights, fingerprint: string): LazyCheckpoint {
  const array = (name: string) => state[name]?.data ?? new Float64Array(0);
  const names = ["residual", "sums", "up", "down", "reach", "counts", "flipped"] as const;
  const numbers = array("numbers");
  return {
    kind: "surefoot-lazy-checkpoint",
    version: 1,
    fingerprint,
    numbers: Object.fromEntries(NUMBERS.map((name, k) => [name, numbers[k]])) as LazyCheckpoint["numbers"],
    arrays: Object.fromEntries(names.map((name) => [name, array(name)])) as LazyCheckpoint["arrays"],
  };
}

function columnTypes(network: Network, spec: Pick<RunSpec, "probes">): RecordColumns {
  const numbers = lazyColumns(network, spec.probes).map((name) => [name, "number"] as const);
  return { ...Object.fromEntries(numbers), step: "integer" };
}
