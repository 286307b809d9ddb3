import type { BackendInfo } from "@surefoot/linalg";
import { type CertifyOutcome, certify } from "../certify/index.ts";
import type { Dataset } from "../data/dataset.ts";
import { datasetHash } from "../data/index.ts";
import type { ProbeName } from "../dynamics/probe.ts";
import { createProblem, type Problem } from "../dynamics/problem.ts";
import { type StepSizeSpec, stepSizeSpec } from "../dynamics/step-size.ts";
import { SurefootError } from "../error.ts";
import { initialise } from "../network/initialise.ts";
import type { Network, Weights } from "../network/network.ts";
import { fitWeights, resolveNetwork } from "../network/resolve.ts";
import {
  createRecord,
  createRunFolder,
  loadCheckpoint,
  openRunFolder,
  type RecordColumns,
  type RunFolder,
  type RunRecord,
  readWeights,
  resumeRecord,
  saveCheckpoint,
  writeWeights,
} from "../record/index.ts";
import type { LossSpec } from "../spec/loss.ts";
import type { Certified } from "../train/certification.ts";
import { probeInterval } from "../train/probe-interval.ts";
import { resolveStepSize } from "../train/resolve-step-size.ts";
import { type RecordRow, runColumns, type TrainResult, train } from "../train/train.ts";
import type { Verdict } from "./exit-code.ts";
import { type CommonArguments, type DataArguments, openBackend, openData, openNetwork } from "./inputs.ts";
import { writeRunCertificate } from "./run-certificate.ts";
import { type RunSpec, runSpec } from "./run-spec.ts";
import { createProgress, format, say } from "./terminal.ts";
import type { TrainArguments } from "./train.ts";

/** How a run of either engine ended. */
export type RunResult = Omit<TrainResult, "state" | "stopped"> & {
  readonly state: { readonly step: number; readonly loss: number };
  readonly stopped: TrainResult["stopped"] | "out-of-memory";
};

export interface FinishedRun {
  readonly result: RunResult;
  readonly verdict: Verdict;
  /** What `certify` says of the last iterate; null where the run was certified or diverged. */
  readonly lastOutcome: CertifyOutcome | null;
  readonly stepSize: number;
  readonly loss: LossSpec;
  readonly seconds: number;
  readonly backend: BackendInfo;
  readonly dataset: Dataset;
  readonly rows: readonly RecordRow[];
  readonly columns: readonly string[];
  readonly spec: RunSpec;
  readonly parameters: number;
  readonly files: readonly string[];
  readonly folder: string | null;
  /** What the engine has to say beside the rest. */
  readonly notes?: readonly string[];
}

export type StartOptions = Omit<TrainArguments, "probes"> & { readonly probes: readonly ProbeName[] };

/** What a run works with, whether it begins or goes on. */
interface Session {
  readonly problem: Problem;
  readonly weights: Weights;
  readonly spec: RunSpec;
  readonly folder: RunFolder | undefined;
  readonly record: RunRecord | undefined;
  readonly resume?: { readonly step: number; readonly weights: Weights; readonly certified: Certified | null };
}

export const SAVE_EVERY_SECONDS = 20;

export async function startRun(source: string, options: StartOptions, signal: AbortSignal): Promise<FinishedRun> {
  const rule = stepSizeRule(options.stepSize);
  const dataset = await openData(source, options);
  const backend = await openBackend(options);
  try {
    const opened = await openNetwork(options, dataset.x.cols, backend);
    const problem = await createProblem(opened.network, dataset, options.loss, backend);
    const stepSize = await resolveStepSize(rule, problem, opened.weights);
    const spec: RunSpec = {
      data: { source, options: storedData(options) },
      dataHash: await datasetHash(dataset),
      engine: "direct",
      network: opened.network.spec,
      initialiser: opened.initialiser,
      seed: options.seed,
      fromFile: options.weights !== undefined,
      origin: opened.origin,
      loss: options.loss,
      stepSize,
      steps: options.steps ?? 1000,
      targetLoss: options.targetLoss ?? 0,
      probes: [...options.probes],
      mode: options.float ? "float" : "proved",
      probeEvery: options.probeEvery ?? probeInterval(opened.network, dataset.y.length),
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
    if (folder && spec.fromFile) await writeWeights(initialWeightsFile(folder), opened.weights);
    const record = folder && createRecord(folder.record, columnTypes(opened.network, spec.probes));
    return await perform({ problem, weights: opened.weights, spec, folder, record }, signal);
  } finally {
    await backend.close();
  }
}

export async function resumeRun(path: string, options: TrainArguments, signal: AbortSignal): Promise<FinishedRun> {
  const folder = await openRunFolder(path);
  const checkpoint = await loadCheckpoint(folder, runSpec);
  const spec: RunSpec = {
    ...checkpoint.run,
    ...(options.steps !== undefined ? { steps: options.steps } : {}),
    ...(options.targetLoss !== undefined ? { targetLoss: options.targetLoss } : {}),
  };
  const dataset = await openData(spec.data.source, spec.data.options as unknown as DataArguments);
  if ((await datasetHash(dataset)) !== spec.dataHash) {
    throw new SurefootError("data", `${spec.data.source} has changed since the run in ${path} began; it cannot go on`);
  }
  const chosen: CommonArguments = {
    ...options,
    backend: options.backend === "auto" ? backendOf(spec) : options.backend,
  };
  const backend = await openBackend(chosen);
  try {
    const network = resolveNetwork(spec.network, dataset.x.cols);
    const weights = spec.fromFile
      ? fitWeights(network, await readWeights(initialWeightsFile(folder)), initialWeightsFile(folder))
      : await initialise(network, spec.initialiser, spec.seed, backend);
    const problem = await createProblem(network, dataset, spec.loss, backend);
    const record = await resumeRecord(folder.record, columnTypes(network, spec.probes), checkpoint.step);
    const resume = {
      step: checkpoint.step,
      weights: fitWeights(network, checkpoint.weights, folder.weights),
      certified: spec.certified as unknown as Certified | null,
    };
    return await perform({ problem, weights, spec, folder, record, resume }, signal);
  } finally {
    await backend.close();
  }
}

async function perform(session: Session, signal: AbortSignal): Promise<FinishedRun> {
  const { problem, weights, spec, folder, record } = session;
  const began = performance.now();
  const rows: RecordRow[] = record ? (record.rows as RecordRow[]).slice() : [];
  const progress = createProgress();
  const elapsed = () => spec.seconds + (performance.now() - began) / 1000;
  let certified = session.resume?.certified ?? null;
  let lastSave = Number.NEGATIVE_INFINITY; // the first row is saved at once: a run that is killed can go on from there
  let lastMargin: number | null = null;
  let lastLambda: number | null = null;

  const save = async (step: number, current: Weights, violations: number) => {
    if (!folder || !record) return;
    await record.save();
    const run: RunSpec = { ...spec, seconds: elapsed(), curveViolations: violations, certified: plain(certified) };
    await saveCheckpoint(folder, { run, step, weights: current, state: {} });
    lastSave = performance.now();
  };

  const events = train(problem, weights, {
    ...spec,
    signal,
    ...(session.resume ? { resume: { ...session.resume, curveViolations: spec.curveViolations } } : {}),
  });
  let next = await events.next();
  while (!next.done) {
    const event = next.value;
    if (event.kind === "certified") {
      certified = event.certified;
      progress.clear();
      const { step, loss, outcome } = certified;
      say(
        `step ${format(step)}: certified by ${outcome.theorem} at loss ${format(loss)}, margin ${format(outcome.margin)}`,
      );
      const missing = folder && (await writeRunCertificate(folder, problem, event.state.weights, spec));
      if (missing) say(`no certificate file: ${missing}`);
    } else {
      rows.push(event.row);
      record?.append(event.row);
      lastMargin = event.row.margin ?? lastMargin;
      lastLambda = event.row.lambdaMin ?? lastLambda;
      progress.update(
        `step ${format(event.row.step)}/${format(spec.steps)}  loss ${format(event.row.loss)}  λ_min ${format(lastLambda)}  ` +
          (certified
            ? `certified since step ${format(certified.step)}`
            : `margin ${format(lastMargin)} (certified above 1)`),
      );
      if (performance.now() - lastSave > SAVE_EVERY_SECONDS * 1000) {
        await save(event.row.step, event.state.weights, event.curveViolations);
      }
    }
    next = await events.next();
  }
  progress.clear();
  const result = next.value;
  await save(result.state.step, result.state.weights, result.curveViolations);
  const lastOutcome =
    result.certified || result.stopped === "diverged" ? null : await outcomeNow(problem, result, spec);
  const finished: FinishedRun = {
    result,
    verdict: result.certified ? "certified" : (lastOutcome?.verdict ?? "undecided"),
    lastOutcome,
    stepSize: spec.stepSize,
    loss: spec.loss,
    seconds: elapsed(),
    backend: problem.backend.info,
    dataset: problem.dataset,
    rows,
    columns: runColumns(problem.network, spec.probes),
    spec,
    parameters: problem.network.parameters,
    files: [],
    folder: folder?.path ?? null,
  };
  if (!folder) return finished;
  const { writeOutputs } = await import("./train-outputs.ts"); // figures take a while to load, and only a run with a folder draws them
  return { ...finished, files: await writeOutputs(finished, folder) };
}

function outcomeNow(problem: Problem, { state }: TrainResult, spec: RunSpec): Promise<CertifyOutcome> {
  const { network, dataset, loss, backend } = problem;
  return certify({ network, weights: state.weights, dataset, loss, stepSize: spec.stepSize, backend, mode: spec.mode });
}

export function stepSizeRule(text: string): StepSizeSpec {
  const value = text.trim() === "" ? Number.NaN : Number(text);
  const rule = stepSizeSpec.safeParse(Number.isNaN(value) ? text : value);
  if (rule.success) return rule.data;
  throw new SurefootError("argument", `--step-size ${text}: expected a positive number, 1/lambda-max or certified`);
}

const DATA_OPTIONS = [
  "label",
  "labels",
  "classes",
  "samples",
  "dataSeed",
  "randomLabels",
  "normalize",
  "mu",
] as const satisfies readonly (keyof DataArguments)[];

export function storedData(options: DataArguments): Record<string, string | number> {
  return Object.fromEntries(
    DATA_OPTIONS.flatMap((name) => (options[name] === undefined ? [] : [[name, options[name]]])),
  );
}

export function backendOf(spec: RunSpec): CommonArguments["backend"] {
  return spec.backend === "native" || spec.backend === "wasm" || spec.backend === "reference" ? spec.backend : "auto";
}

function columnTypes(network: Network, probes: readonly ProbeName[]): RecordColumns {
  const numbers = runColumns(network, probes).map((name) => [name, "number"] as const);
  return { ...Object.fromEntries(numbers), step: "integer" };
}

const initialWeightsFile = (folder: RunFolder) => `${folder.path}/initial.safetensors`;

/** As JSON holds it. */
export function plain(certified: Certified | null): RunSpec["certified"] {
  return certified === null ? null : JSON.parse(JSON.stringify(certified));
}

export function quote(argument: string): string {
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", `'\\''`)}'`;
}
