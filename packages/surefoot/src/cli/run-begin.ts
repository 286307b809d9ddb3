import type { Dataset } from "../data/dataset.ts";
import { datasetHash } from "../data/index.ts";
import type { ProbeName } from "../dynamics/probe.ts";
import { type StepSizeSpec, stepSizeSpec } from "../dynamics/step-size.ts";
import { SurefootError } from "../error.ts";
import {
  type Checkpoint,
  createRecord,
  createRunFolder,
  loadCheckpoint,
  openRunFolder,
  type RecordColumns,
  type RunFolder,
  type RunRecord,
  resumeRecord,
} from "../record/index.ts";
import { GRADIENT_DESCENT } from "../spec/optimiser.ts";
import { type CommonArguments, type DataArguments, openData } from "./inputs.ts";
import { type RunSpec, runSpec } from "./run-spec.ts";
import type { TrainArguments } from "./train.ts";

export type StartOptions = Omit<TrainArguments, "probes"> & { readonly probes: readonly ProbeName[] };

/** What the engine has found out about its run before the first step. */
export type EngineFacts = Pick<RunSpec, "engine" | "network" | "initialiser" | "stepSize" | "probeEvery" | "backend"> &
  Partial<RunSpec>;

/** The spec of a run that begins, as run.json will hold it. */
export async function newSpec(
  source: string,
  options: StartOptions,
  dataset: Dataset,
  facts: EngineFacts,
): Promise<RunSpec> {
  return {
    data: { source, options: storedData(options) },
    dataHash: await datasetHash(dataset),
    seed: options.seed,
    fromFile: false,
    origin: `${options.init}, seed ${options.seed}`,
    loss: options.loss,
    optimiser: GRADIENT_DESCENT,
    steps: options.steps ?? 1000,
    targetLoss: options.targetLoss ?? 0,
    probes: [...options.probes],
    mode: options.float ? "float" : "proved",
    seconds: 0,
    curveViolations: 0,
    certified: null,
    descentCertifiable: null,
    command: `surefoot ${process.argv.slice(2).map(quote).join(" ")}`,
    ...facts,
  };
}

/** Where a run writes, if it writes. */
export interface RunOutput {
  readonly folder: RunFolder | undefined;
  readonly record: RunRecord | undefined;
}

/** The folder that `--out` names, with an empty record. */
export async function newOutput(options: StartOptions, columns: readonly string[]): Promise<RunOutput> {
  if (options.out === undefined) return { folder: undefined, record: undefined };
  const folder = await createRunFolder(options.out, { overwrite: options.overwrite ?? false });
  return { folder, record: createRecord(folder.record, columnTypes(columns)) };
}

/** A run that goes on. */
export interface Reopened {
  readonly folder: RunFolder;
  readonly checkpoint: Checkpoint<RunSpec>;
  /** As stored, with the number of steps and the target that the command line names now. */
  readonly spec: RunSpec;
  readonly dataset: Dataset;
  /** The run's own backend, unless the command line names another. */
  readonly backend: CommonArguments["backend"];
}

/** Throws `data` if the samples are not those that the run began with. */
export async function reopenRun(
  path: string,
  options: Pick<TrainArguments, "backend" | "steps" | "targetLoss">,
): Promise<Reopened> {
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
  const backend = options.backend === "auto" ? backendOf(spec) : options.backend;
  return { folder, checkpoint, spec, dataset, backend };
}

/** The record of a run that goes on, up to its checkpoint. */
export function reopenRecord({ folder, checkpoint }: Reopened, columns: readonly string[]): Promise<RunRecord> {
  return resumeRecord(folder.record, columnTypes(columns), checkpoint.step);
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

function storedData(options: DataArguments): Record<string, string | number> {
  return Object.fromEntries(
    DATA_OPTIONS.flatMap((name) => (options[name] === undefined ? [] : [[name, options[name]]])),
  );
}

function backendOf(spec: RunSpec): CommonArguments["backend"] {
  return spec.backend === "native" || spec.backend === "wasm" || spec.backend === "reference" ? spec.backend : "auto";
}

function columnTypes(columns: readonly string[]): RecordColumns {
  return { ...Object.fromEntries(columns.map((name) => [name, "number"] as const)), step: "integer" };
}

function quote(argument: string): string {
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", `'\\''`)}'`;
}
