import type { Backend, BackendName } from "./backend.ts";
import { LinalgError } from "./error.ts";
import { createNativeBackend, findNativeLibrary } from "./native/backend.ts";
import { createReferenceBackend } from "./reference/backend.ts";
import { createWasmBackend } from "./wasm/backend.ts";

/** Conditions on the backend to be chosen. */
export interface ChooseOptions {
  /** Threads to use; default: what the library or the machine offers. */
  readonly threads?: number;
  /** Ask for the same bits on every machine: rules native out, and takes the multiply-add-only mode of wasm. */
  readonly deterministic?: boolean;
  /** Path or name of the BLAS for native; default: the environment variable SUREFOOT_BLAS, else the usual places. */
  readonly library?: string;
}

/** One candidate, taken or passed over. */
export interface Considered {
  readonly name: BackendName;
  readonly available: boolean;
  /** What it runs on, or why it was passed over. */
  readonly reason: string;
}

/** The backend that was chosen, and what was considered on the way. */
export interface Choice {
  readonly backend: Backend;
  /** What was looked at, in order, the one that was taken last. */
  readonly considered: readonly Considered[];
}

/**
 * The backend to work with. "auto" takes native if its library loads and passes its self-test, else wasm; never the reference.
 * A name takes that backend or throws LinalgError `backend-unavailable`, with the reason and how to get it; so does a library
 * that was named (option or SUREFOOT_BLAS) and does not work. Close the backend when done.
 */
export async function chooseBackend(name: "auto" | BackendName = "auto", options: ChooseOptions = {}): Promise<Choice> {
  if (name !== "auto") {
    const backend = await create(name, options);
    return { backend, considered: [taken(backend)] };
  }
  const considered: Considered[] = [];
  if (options.deterministic) {
    considered.push({ name: "native", available: false, reason: "its bits depend on the library and the processor" });
  } else {
    const search = await findNativeLibrary(options.library);
    if (search.library || search.named) {
      const backend = await create("native", options);
      return { backend, considered: [taken(backend)] };
    }
    considered.push({ name: "native", available: false, reason: search.reason });
  }
  const backend = await create("wasm", options);
  return { backend, considered: [...considered, taken(backend)] };
}

const taken = ({ info }: Backend): Considered => ({ name: info.name, available: true, reason: info.detail });

async function create(name: BackendName, { threads, deterministic = false, library }: ChooseOptions): Promise<Backend> {
  if (name === "reference") return createReferenceBackend();
  const wasm = () => createWasmBackend({ deterministic, ...(threads === undefined ? {} : { threads }) });
  if (name === "wasm") return wasm();
  if (deterministic) {
    throw new LinalgError("argument", "native is not deterministic: ask for wasm, or leave deterministic out");
  }
  const kernels = await wasm();
  const options = {
    ...(threads === undefined ? {} : { threads }),
    ...(library === undefined ? {} : { library }),
  };
  return createNativeBackend(kernels, options).catch(async (error: unknown) => {
    await kernels.close();
    throw error;
  });
}
