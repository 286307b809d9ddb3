import { closedError } from "../arguments.ts";
import type { Backend } from "../backend.ts";
import { LinalgError } from "../error.ts";
import { matrix } from "../matrix.ts";
import { type Candidate, candidates } from "./candidates.ts";
import { eigenvalues } from "./eigen.ts";
import { extremalEigenvalues } from "./extremal.ts";
import { cholesky, solveTriangular } from "./factor.ts";
import { firstLine, type Koffi, loadKoffi, nodeProcess } from "./host.ts";
import { type NativeLibrary, openLibrary } from "./library.ts";
import { hugePages } from "./memory.ts";
import { gemm, syrk } from "./products.ts";
import { selfTest } from "./self-test.ts";

/** Which library to load and how many threads it may use. */
export interface NativeOptions {
  /** Path or name of the library; default: the environment variable SUREFOOT_BLAS, else the usual places. */
  readonly library?: string;
  /** Threads of the library, which has one pool for the whole process: setting it here sets it for every native backend. */
  readonly threads?: number;
}

/** A library that loaded and passed its self-test, or why none did: one line for each place that was tried. */
export type NativeSearch =
  | { readonly library: NativeLibrary; readonly refused: readonly Refusal[] }
  | {
      readonly library: undefined;
      readonly reason: string;
      readonly refused: readonly Refusal[];
      /** Whether a library was asked for by name, so that falling back would be silent disobedience. */
      readonly named: boolean;
    };

/** A library that was tried and not taken. */
export interface Refusal {
  readonly path: string;
  readonly reason: string;
}

/** Libraries stay loaded for the life of the process (unloading one with live threads crashes), so each is opened and tested once. */
const opened = new Map<string, Promise<NativeLibrary | { readonly reason: string }>>();

/** Looks for a library in order; never throws. */
export async function findNativeLibrary(named?: string): Promise<NativeSearch> {
  const host = nodeProcess();
  const refused: Refusal[] = [];
  const places = candidates(named);
  const none = (reason: string) => ({
    library: undefined,
    reason,
    refused,
    named: places.some((place) => place.named),
  });
  if (!host) return none("shared libraries can be loaded in Node 20.16 and later only, not in a browser");
  const loaded = await loadKoffi();
  if ("reason" in loaded) return none(loaded.reason);
  if (places.length === 0) return none(`no usual place is known on ${host.platform}`);
  for (const candidate of places) {
    const result = await openOnce(loaded.koffi, candidate);
    if (!("reason" in result)) return { library: result, refused };
    refused.push({ path: candidate.path, reason: result.reason });
  }
  return none(summary(refused));
}

function openOnce(koffi: Koffi, candidate: Candidate): Promise<NativeLibrary | { readonly reason: string }> {
  const key = `${candidate.named} ${candidate.path}`;
  const known = opened.get(key);
  if (known) return known;
  const attempt = (async () => {
    const library = openLibrary(koffi, candidate);
    if ("reason" in library) return library;
    const fault = await selfTest(library).catch(firstLine);
    return fault ? { reason: `${library.title} failed its self-test: ${fault}` } : library;
  })();
  opened.set(key, attempt);
  return attempt;
}

/** The reason that tells most: of a library that is there but will not do, else that none was found. */
function summary(refused: readonly Refusal[]): string {
  const absent = /no such file|cannot open shared object|not found/i;
  const telling = refused.find(({ reason }) => !absent.test(reason)) ?? (refused.length === 1 ? refused[0] : undefined);
  if (telling) return `${telling.path}: ${telling.reason}`;
  return `no OpenBLAS found (tried ${refused.map(({ path }) => path).join(", ")})`;
}

/** What to do to get the native backend on this platform. */
export function howToGetNative(): string {
  const platform = nodeProcess()?.platform;
  if (platform === "darwin") return "Accelerate comes with macOS; koffi is needed (`npm install koffi`).";
  if (platform === "linux") {
    return (
      "Install OpenBLAS (Debian, Ubuntu: libopenblas0-pthread; Fedora: openblas-threads; Arch, Alpine: openblas) and koffi " +
      "(`npm install koffi`), or name a library with SUREFOOT_BLAS."
    );
  }
  return "Name an OpenBLAS with SUREFOOT_BLAS, and install koffi (`npm install koffi`); in a browser use wasm.";
}

/**
 * OpenBLAS or Accelerate through koffi for products, factorisations and eigenvalues; `kernels` does what BLAS has no call for
 * (mask counts, elementwise, arc-cosine, normals) and is closed with this backend. Throws `backend-unavailable` with the reason.
 */
export async function createNativeBackend(kernels: Backend, options: NativeOptions = {}): Promise<Backend> {
  const { threads } = options;
  if (threads !== undefined && !(Number.isInteger(threads) && threads >= 1)) {
    throw new LinalgError("argument", `threads is a whole number from 1, not ${threads}`);
  }
  const search = await findNativeLibrary(options.library);
  if (!search.library) throw new LinalgError("backend-unavailable", `native: ${search.reason}. ${howToGetNative()}`);
  const { library } = search;
  if (threads !== undefined) library.setThreads(threads);
  const loaded = await loadKoffi();
  const advise = "koffi" in loaded ? hugePages(loaded.koffi, nodeProcess()?.platform ?? "") : () => {};

  let closed = false;
  const pending = new Set<Promise<unknown>>();
  /** Runs `work` unless closed, and lets `close` wait for it: the library reads and writes the caller's memory until it is done. */
  const guard = <T>(work: () => Promise<T>): Promise<T> => {
    if (closed) return Promise.reject(closedError("native"));
    const running = work();
    pending.add(running);
    const settle = () => pending.delete(running);
    running.then(settle, settle);
    return running;
  };

  return {
    info: {
      name: "native",
      detail: `${library.title}; bit masks, elementwise and normals: ${kernels.info.detail}`,
      threads: library.threads(),
      deterministic: false,
    },
    gemm: (a, b, o) => guard(() => gemm(library, a, b, o)),
    syrk: (a, o) => guard(() => syrk(library, a, o)),
    cholesky: (a, o) => guard(() => cholesky(library, a, o)),
    solveTriangular: (l, b, o) => guard(() => solveTriangular(library, l, b, o)),
    eigenvalues: (a, o) => guard(() => eigenvalues(library, a, o)),
    extremalEigenvalues: (a, o) => guard(() => extremalEigenvalues(library, a, o)),
    maskCounts: (masks, o) => guard(() => kernels.maskCounts(masks, o)),
    elementwise: (f, x, out) => guard(() => kernels.elementwise(f, x, out)),
    arcCosine: (degree, gram, rows, cols, out) => guard(() => kernels.arcCosine(degree, gram, rows, cols, out)),
    piecewiseLinear: (covariances, request) => guard(() => kernels.piecewiseLinear(covariances, request)),
    dualPairs: (covariances, request, out) => guard(() => kernels.dualPairs(covariances, request, out)),
    normals: (request, out) => guard(() => kernels.normals(request, out)),
    allocate: (rows, cols) => {
      const out = matrix(rows, cols);
      advise(out.data);
      return out;
    },
    close: async () => {
      closed = true;
      await Promise.allSettled(pending);
      await kernels.close();
    },
  };
}
