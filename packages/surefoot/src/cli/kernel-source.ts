import { existsSync, readFileSync } from "node:fs";
import type { Backend, Matrix } from "@surefoot/linalg";
import { type Command, Option } from "commander";
import { SurefootError } from "../error.ts";
import {
  type ArchitectureInput,
  type ArchitectureSpec,
  architectureSpec,
  type BlockSource,
  empiricalKernel,
  finiteSpec,
  hInfinityBlocks,
  infiniteKernel,
  networkFeatures,
  type TangentFeatures,
} from "../kernel/index.ts";
import { initialise } from "../network/initialise.ts";
import { resolveNetwork } from "../network/resolve.ts";
import { parseSpec } from "../spec/parse.ts";
import { parseJson } from "../spec/shorthand.ts";
import { finiteNumber, type NetworkArguments, openNetwork, wholeNumber } from "./inputs.ts";

export const KERNEL_KINDS = ["h-infinity", "nngp", "ntk", "k-top", "empirical"] as const;
export type KernelKind = (typeof KERNEL_KINDS)[number];

export interface KernelArguments extends NetworkArguments {
  readonly kind: KernelKind;
  readonly architecture?: string;
  readonly wStd?: number;
  readonly bStd?: number;
  readonly width?: number;
}

export function addArchitectureOptions(command: Command, kinds: readonly KernelKind[], kind: KernelKind): Command {
  return command
    .addOption(new Option("--kind <kind>", "which kernel").choices([...kinds]).default(kind))
    .option(
      "--architecture <spec>",
      "of nngp, ntk, k-top: JSON or a JSON file; fully-connected, residual or convolutional-residual",
    )
    .option("--w-std <x>", "the parameterisation of neural-tangents, with this W_std", finiteNumber)
    .option("--b-std <x>", "weigh trained N(0, 1) biases by this (b_std)", finiteNumber)
    .option("--width <m>", "empirical, with --architecture: the width of the finite network", wholeNumber(1));
}

export interface OpenedKernel {
  readonly source: BlockSource;
  /** The kernel between these rows (rows of the result) and the data (columns). */
  readonly between: (z: Matrix) => Promise<BlockSource>;
  readonly architecture?: ArchitectureSpec;
  readonly parameters?: number;
  readonly name: string;
  /** Of a finite network: its outputs before training, on the data and elsewhere. */
  readonly finite?: { readonly outputs: Float64Array; readonly outputsAt: (z: Matrix) => Promise<Float64Array> };
}

/** The kernel that the options name, for the rows of x. */
export async function openKernel(options: KernelArguments, x: Matrix, backend: Backend): Promise<OpenedKernel> {
  const { kind } = options;
  if (kind === "h-infinity") {
    refuse(options, ["architecture", "wStd", "bStd", "width"]);
    const name = "H∞ (two-layer ReLU, infinite width)";
    return { source: hInfinityBlocks(x, backend), between: async (z) => hInfinityBlocks(z, backend, x), name };
  }
  if (kind === "empirical") return openEmpirical(options, x, backend);
  refuse(options, ["width"]);
  const architecture = readArchitecture(options);
  const title = { nngp: "NNGP Σ", ntk: "NTK Θ", "k-top": "K of the last hidden layer" }[kind];
  return {
    source: infiniteKernel(architecture, kind, x, backend),
    between: async (z) => infiniteKernel(architecture, kind, z, backend, x),
    architecture,
    name: `${title} at infinite width, ${architecture.kind}, depth ${architecture.depth}`,
  };
}

async function openEmpirical(options: KernelArguments, x: Matrix, backend: Backend): Promise<OpenedKernel> {
  const { features, parameters, architecture } = await openFinite(options, x, backend);
  const here = await features(x);
  return {
    source: empiricalKernel(here, backend),
    between: async (z) => empiricalKernel(await features(z), backend, here),
    ...(architecture ? { architecture } : {}),
    parameters,
    name: "K = J·Jᵀ at these weights",
    finite: { outputs: here.outputs, outputsAt: async (z) => (await features(z)).outputs },
  };
}

interface Finite {
  readonly features: (x: Matrix) => Promise<TangentFeatures>;
  readonly parameters: number;
  readonly architecture?: ArchitectureSpec;
}

async function openFinite(options: KernelArguments, x: Matrix, backend: Backend): Promise<Finite> {
  if (options.architecture === undefined) {
    refuse(options, ["width", "wStd", "bStd"]);
    const { network, weights } = await openNetwork(options, x, backend);
    return { features: (z) => networkFeatures(network, weights, z, backend), parameters: network.parameters };
  }
  const spec = readArchitecture(options);
  if (options.network !== undefined || options.width === undefined) {
    throw new SurefootError("argument", "--kind empirical takes either --network, or --architecture with --width");
  }
  const network = resolveNetwork(finiteSpec(spec, options.width), x.cols);
  const weights = await initialise(network, { kind: "gaussian" }, options.seed, backend);
  return {
    features: (z) => networkFeatures(network, weights, z, backend),
    parameters: network.parameters,
    architecture: spec,
  };
}

const FLAGS = { architecture: "--architecture", wStd: "--w-std", bStd: "--b-std", width: "--width" } as const;

function refuse(options: KernelArguments, names: readonly (keyof typeof FLAGS)[]): void {
  for (const name of names) {
    if (options[name] === undefined) continue;
    throw new SurefootError("argument", `${FLAGS[name]} has no meaning for --kind ${options.kind}; leave it out`);
  }
}

/** --architecture with --w-std and --b-std put in. */
function readArchitecture({ architecture, kind, wStd, bStd }: KernelArguments): ArchitectureSpec {
  if (architecture === undefined) {
    const example = `--architecture '{"kind":"fully-connected","depth":3,"activation":"relu"}'`;
    throw new SurefootError("argument", `--kind ${kind} needs an architecture, e.g. ${example}`);
  }
  const isFile = !architecture.trimStart().startsWith("{") && existsSync(architecture);
  if (!isFile && !architecture.trimStart().startsWith("{")) {
    throw new SurefootError("argument", `--architecture ${architecture}: neither JSON ({…}) nor a file that exists`);
  }
  const value = parseJson(
    isFile ? readFileSync(architecture, "utf8") : architecture,
    isFile ? architecture : "--architecture",
  );
  const kindOf = (value as { kind?: unknown } | null)?.kind;
  if ((wStd !== undefined || bStd !== undefined) && typeof kindOf === "string" && kindOf.endsWith("residual")) {
    throw new SurefootError("argument", `--w-std and --b-std are of fully-connected architectures, not of ${kindOf}`);
  }
  const fields = {
    ...(value as ArchitectureInput),
    ...(wStd !== undefined ? { weightStd: wStd } : {}),
    ...(bStd !== undefined ? { biasStd: bStd } : {}),
  };
  return parseSpec(architectureSpec, typeof value === "object" && value !== null ? fields : value, "--architecture");
}
