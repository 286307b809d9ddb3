import { totalmem } from "node:os";
import { type Backend, createNeuronScanner, type NeuronScanner } from "@surefoot/linalg";
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
  const { threads, deterministic = false } = options;
  const scanner =
    backend.info.name === "reference"
      ? undefined
      : await createNeuronScanner({ deterministic, ...(threads === undefined ? {} : { threads }) });
  return {
    backend,
    scanner,
    close: async () => {
      await scanner?.close();
      await backend.close();
    },
  };
}

export const memoryLimitOf = (bytes: number | undefined) => bytes ?? MEMORY_SHARE * totalmem();
