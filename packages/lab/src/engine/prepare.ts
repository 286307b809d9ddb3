import type { Backend } from "@surefoot/linalg";
import {
  certify,
  createProblem,
  type DataOptionsInput,
  type Dataset,
  initDescent,
  initialise,
  inverseLambdaMax,
  loadDataset,
  type Network,
  type Problem,
  resolveNetwork,
  resolveStepSize,
  SurefootError,
  snapshot,
  type Weights,
} from "surefoot";
import { type DataSpec, EXTRACTS, type Experiment } from "../state/experiment.ts";
import type { OwnFile } from "./protocol.ts";

/** An experiment that can be run: nothing of it has been run yet. */
export interface Prepared {
  readonly experiment: Experiment;
  readonly problem: Problem;
  readonly weights: Weights;
  readonly stepSize: number;
  readonly inverseLambdaMax: number | null;
  readonly certifiedLimit: number | null;
}

/** A page cannot say how much memory it may take; beyond this a tab is likely to be killed. */
const MEMORY_LIMIT = 1.5e9;

/** Throws SurefootError with what does not fit and what to do; the caller's run is not touched. */
export async function prepare(
  experiment: Experiment,
  files: readonly OwnFile[],
  base: string,
  backend: Backend,
): Promise<Prepared> {
  const dataset = await openDataset(experiment.data, files, base);
  const network = resolveNetwork(experiment.network, dataset.x.cols);
  checkMemory(network, dataset.x.rows);
  const weights = await initialise(network, experiment.initialiser, experiment.seed, backend, dataset.x);
  const problem = await createProblem(network, dataset, experiment.loss, backend);
  const { loss } = problem;
  const free = await certify({ network, weights, dataset, loss, backend });
  const inverse = await inverseLambdaMax(snapshot(problem, await initDescent(problem, weights))).catch(() => null);
  return {
    experiment,
    problem,
    weights,
    stepSize: await resolveStepSize(experiment.stepSize, problem, weights),
    inverseLambdaMax: inverse,
    certifiedLimit: free.stepSize ?? free.suggestedStepSize,
  };
}

/** What the command's options say of the samples, in its order: a certificate file holds them. */
export function storedDataOptions(data: DataSpec): DataOptionsInput {
  return {
    ...(data.label !== undefined ? { label: data.label } : {}),
    ...(data.classes ? { classes: data.classes } : {}),
    ...(data.samples !== undefined ? { samples: data.samples } : {}),
    ...(data.shuffle !== undefined ? { randomLabels: data.shuffle } : {}),
    ...(data.mu !== undefined ? { mu: data.mu } : {}),
    seed: data.sampleSeed,
    normalize: data.normalize,
  };
}

export async function openDataset(data: DataSpec, files: readonly OwnFile[], base: string): Promise<Dataset> {
  return loadDataset(data.source, storedDataOptions(data), (name) => readBytes(name, files, base));
}

async function readBytes(name: string, files: readonly OwnFile[], base: string): Promise<Uint8Array<ArrayBuffer>> {
  const own = files.find((file) => file.name === name);
  if (own) return own.bytes;
  if (!EXTRACTS.some(({ source }) => source === name)) {
    throw new SurefootError(
      "file",
      `${name}: choose this file again; files never leave your machine, so a link cannot hold them`,
    );
  }
  const address = new URL(`data/${name.split("/").at(-1)}`, base);
  const response = await fetch(address).catch(() => undefined);
  if (!response?.ok) throw new SurefootError("file", `${name}: cannot be loaded from ${address.host}; try again`);
  return new Uint8Array(await response.arrayBuffer());
}

/** Weights thrice (initial, current, path), per sample and neuron five numbers, kernels and their factors. */
function checkMemory(network: Network, n: number): void {
  const neurons = network.layers.reduce((sum, layer) => sum + layer.rows, 0);
  const weights = network.layers.reduce((sum, layer) => sum + layer.rows * layer.cols, 0);
  const bytes = 8 * (5 * weights + 6 * n * neurons + 12 * n * n);
  if (bytes > MEMORY_LIMIT) {
    throw new SurefootError(
      "argument",
      `this network on ${n} samples needs about ${(bytes / 1e9).toFixed(1)} GB in the browser; make it narrower, take fewer samples, or use the command`,
    );
  }
}
