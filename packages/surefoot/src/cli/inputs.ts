import { existsSync, readFileSync } from "node:fs";
import type { Backend, BackendName, Matrix } from "@surefoot/linalg";
import { chooseBackend, LinalgError } from "@surefoot/linalg";
import { type Command, InvalidArgumentError, Option } from "commander";
import type { Dataset } from "../data/dataset.ts";
import { type DataOptionsInput, loadDataset, NORMALIZATIONS, type Normalization } from "../data/index.ts";
import { SurefootError } from "../error.ts";
import { initialise } from "../network/initialise.ts";
import type { Network, Weights } from "../network/network.ts";
import { fitWeights, resolveNetwork } from "../network/resolve.ts";
import { readWeights } from "../record/index.ts";
import type { InitialiserSpec } from "../spec/initialiser.ts";
import type { LossSpec } from "../spec/loss.ts";
import type { NetworkSpec } from "../spec/network.ts";
import { INITIALISER_FORMS, initialiserFromText, networkFromText } from "../spec/shorthand.ts";
import { ENGINES } from "../train/engine.ts";

/** Options that mean the same in every command. */
export interface DataArguments {
  readonly label?: string;
  readonly labels?: string;
  readonly classes?: string;
  readonly samples?: number;
  readonly dataSeed: number;
  readonly randomLabels?: number;
  readonly normalize: Normalization;
  readonly mu?: number;
}

export interface NetworkArguments {
  readonly network?: string;
  readonly init: string;
  readonly seed: number;
  readonly weights?: string;
}

export interface CommonArguments {
  readonly backend: BackendName | "auto";
  readonly threads?: number;
  readonly deterministic?: boolean;
  readonly json?: boolean;
}

export function addDataOptions(command: Command): Command {
  return command
    .option("--label <name>", "CSV, Parquet: the label column (default: the last)")
    .option("--labels <file>", "the file of labels, when DATA names only the inputs (.npy, IDX)")
    .option("--classes <a,b>", "keep these labels; exactly two become −1 and +1, in this order")
    .option("--samples <n>", "choose this many samples", wholeNumber(2))
    .option("--data-seed <n>", "seed of the choice of samples", wholeNumber(0), 0)
    .option("--random-labels <seed>", "shuffle the labels", wholeNumber(0))
    .addOption(
      new Option("--normalize <how>", "what to do with the rows").choices([...NORMALIZATIONS]).default("unit-rows"),
    )
    .option("--mu <x>", "add a constant coordinate: x ← (√(1−μ²)·x/‖x‖, μ)", finiteNumber);
}

export function addNetworkOptions(command: Command): Command {
  const option = new Option(
    "--network <spec>",
    'JSON, a JSON file, or a shorthand: two-layer-relu:4096, tanh:512,512 (see "surefoot networks")',
  );
  return command
    .addOption(option)
    .option("--init <how>", `initial weights: ${INITIALISER_FORMS.join(", ")}, or JSON`, "gaussian")
    .option("--seed <n>", "seed of the initial weights", wholeNumber(0), 0)
    .option("--weights <file>", "start from these weights instead (.safetensors with W1, b1, W2, …)");
}

export function addCommonOptions(command: Command): Command {
  return command
    .addOption(
      new Option("--backend <name>", "linear algebra (see `surefoot doctor`)")
        .choices(["auto", "native", "wasm", "reference"])
        .default("auto"),
    )
    .option("--threads <n>", "threads of the linear algebra", wholeNumber(1))
    .option("--deterministic", "the same bits on every machine and in the lab (wasm, without fused multiply-add)")
    .option("--json", "print the result as JSON on stdout");
}

export const lossOption = new Option("--loss <convention>", "½‖u−y‖² (sum), times 1/n (half-mean) or 2/n (mean)")
  .choices(["sum", "mean", "half-mean"])
  .default("sum" satisfies LossSpec);

export function engineOption(what: string): Option {
  return new Option("--engine <name>", what).choices([...ENGINES]).default("auto");
}

export function openData(source: string, options: DataArguments): Promise<Dataset> {
  const { labels } = options;
  return loadDataset(source, { ...storedDataOptions(options), ...(labels !== undefined ? { labels } : {}) });
}

/** What the options do to the samples; without the path of a file of labels, which means nothing elsewhere. */
export function storedDataOptions(options: DataArguments): DataOptionsInput {
  const { label, classes, samples, dataSeed, randomLabels, normalize, mu } = options;
  return {
    ...(label !== undefined ? { label } : {}),
    ...(classes !== undefined ? { classes: classes.split(",").map((name) => name.trim()) } : {}),
    ...(samples !== undefined ? { samples } : {}),
    ...(randomLabels !== undefined ? { randomLabels } : {}),
    ...(mu !== undefined ? { mu } : {}),
    seed: dataSeed,
    normalize,
  };
}

export async function openBackend(options: CommonArguments): Promise<Backend> {
  try {
    const { backend, threads, deterministic = false } = options;
    return (await chooseBackend(backend, { deterministic, ...(threads === undefined ? {} : { threads }) })).backend;
  } catch (error) {
    if (error instanceof LinalgError && error.code === "backend-unavailable") {
      throw new SurefootError("backend", error.message, { cause: error });
    }
    throw error;
  }
}

/** A network spec as given: inline JSON or a shorthand, or the name of a file that holds either. */
export function readNetworkSpec(text: string): NetworkSpec {
  const file = !text.trimStart().startsWith("{") && existsSync(text);
  if (file) return networkFromText(readFileSync(text, "utf8"), text);
  if (/\.json$/.test(text)) throw new SurefootError("file", `${text}: no such file (--network)`);
  return networkFromText(text);
}

export interface OpenedNetwork {
  readonly network: Network;
  readonly weights: Weights;
  readonly initialiser: InitialiserSpec;
  /** Where the weights come from, in words. */
  readonly origin: string;
}

/** The network of the options with its initial weights; `x` is the data where there are any, else the number of inputs. */
export async function openNetwork(
  options: NetworkArguments,
  x: Matrix | number,
  backend: Backend,
): Promise<OpenedNetwork> {
  if (options.network === undefined) {
    throw new SurefootError("argument", "name a --network, e.g. --network tanh:512 (see `surefoot networks`)");
  }
  const data = typeof x === "number" ? undefined : x;
  const network = resolveNetwork(readNetworkSpec(options.network), typeof x === "number" ? x : x.cols);
  const initialiser = initialiserFromText(options.init);
  if (options.weights !== undefined) {
    const tensors = await readWeights(options.weights);
    return { network, weights: fitWeights(network, tensors, options.weights), initialiser, origin: options.weights };
  }
  const weights = await initialise(network, initialiser, options.seed, backend, data);
  return { network, weights, initialiser, origin: `${options.init}, seed ${options.seed}` };
}

export function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    const value = text.trim() === "" ? Number.NaN : Number(text);
    if (!Number.isSafeInteger(value) || value < least) {
      throw new InvalidArgumentError(`expected a whole number, at least ${least}.`);
    }
    return value;
  };
}

/** A number of bytes: 500000000, 500MB, 1.5GB. */
export function byteCount(text: string): number {
  const match = /^([\d.]+)\s*(kB|MB|GB|TB)?$/i.exec(text.trim());
  const unit = { kb: 1e3, mb: 1e6, gb: 1e9, tb: 1e12 }[match?.[2]?.toLowerCase() ?? ""] ?? 1;
  const value = match ? Number(match[1]) * unit : Number.NaN;
  if (!(value > 0) || !Number.isFinite(value)) throw new InvalidArgumentError("expected a size such as 500MB or 2GB.");
  return value;
}

export function finiteNumber(text: string): number {
  const value = text.trim() === "" ? Number.NaN : Number(text);
  if (!Number.isFinite(value)) throw new InvalidArgumentError("expected a number.");
  return value;
}
