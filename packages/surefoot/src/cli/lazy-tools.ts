import { totalmem } from "node:os";
import { type Backend, createNeuronScanner, type NeuronScanner } from "@surefoot/linalg";
import { type NeuronSource, seededNeurons } from "../dynamics/lazy/neuron-source.ts";
import type { Network } from "../network/network.ts";
import type { InitialiserSpec } from "../spec/initialiser.ts";
import { type CommonArguments, openBackend } from "./inputs.ts";

/** Without --memory-limit a run may take this share of the machine's memory. */
const MEMORY_SHARE = 0.75;

/** Everything that passes over neurons need, and how it is closed. */
export interface LazyTools {
  readonly backend: Backend;
  readonly scanner: NeuronScanner | undefined;
  close(): Promise<void>;
}

export async function openLazyTools(options: CommonArguments): Promise<LazyTools> {
  const backend = await openBackend(options);
  // The reference backend is the oracle: nothing but it computes then.
  const threads = options.threads === undefined ? {} : { threads: options.threads };
  const scanner = backend.info.name === "reference" ? undefined : await createNeuronScanner(threads);
  return {
    backend,
    scanner,
    close: async () => {
      await scanner?.close();
      await backend.close();
    },
  };
}

export function sourceOf(network: Network, initialiser: InitialiserSpec, seed: number, backend: Backend): NeuronSource {
  const antisymmetric = initialiser.kind === "antisymmetric";
  return seededNeurons({ width: network.layers[0].rows, inputs: network.inputs, seed, antisymmetric }, backend);
}

export const memoryLimitOf = (bytes: number | undefined) => bytes ?? MEMORY_SHARE * totalmem();
