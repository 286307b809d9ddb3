import type { Backend, BackendInfo } from "../backend.ts";
import { matrix } from "../matrix.ts";
import { arcCosine, elementwise, normals } from "./bulk.ts";
import { maskCounts } from "./bulk-masks.ts";
import { dualPairs } from "./dual-pairs.ts";
import { eigenvalues } from "./eigen.ts";
import { extremalEigenvalues } from "./extremal.ts";
import { cholesky, solveTriangular } from "./factor.ts";
import { piecewiseLinear } from "./piecewise-linear.ts";
import { gemm, syrk } from "./products.ts";
import { Runtime } from "./runtime.ts";

/** Threads and determinism of the WebAssembly backend. */
export interface WasmOptions {
  /** Worker threads that compute; default one per hardware thread, at most 16. */
  readonly threads?: number;
  /** Multiply and add separately in one fixed order: the same bits on every machine, with any number of threads. Default false. */
  readonly deterministic?: boolean;
}

/**
 * The backend that runs everywhere: 128-bit SIMD WebAssembly on worker threads. Small operations are done at once on the
 * calling thread, larger ones on the workers while the event loop stays free; where workers or shared memory are missing (a page
 * that is not cross-origin isolated) everything runs on the calling thread and `info.detail` says so.
 *
 * Operands are copied into WebAssembly memory, 4 GiB in all; the memory grows to what the largest operation needed and is given back
 * by `close()`. Rejects with `backend-unavailable` on engines without SIMD, `argument` for a bad option.
 */
export async function createWasmBackend(options: WasmOptions = {}): Promise<Backend> {
  const runtime = await Runtime.start(options);
  return {
    info: describe(runtime),
    gemm: (a, b, products) => gemm(runtime, a, b, products),
    syrk: (a, products) => syrk(runtime, a, products),
    cholesky: (a) => cholesky(runtime, a),
    solveTriangular: (l, b, solve) => solveTriangular(runtime, l, b, solve),
    eigenvalues: (a, eigen) => eigenvalues(runtime, a, eigen),
    extremalEigenvalues: (a, eigen) => extremalEigenvalues(runtime, a, eigen),
    maskCounts: (masks, counts) => maskCounts(runtime, masks, counts?.weights),
    elementwise: (f, x, out) => elementwise(runtime, f, x, out),
    arcCosine: (degree, gram, rows, cols, out) => arcCosine(runtime, degree, gram, rows, cols, out),
    piecewiseLinear: (covariances, request) => piecewiseLinear(runtime, covariances, request),
    dualPairs: (covariances, request, out) => dualPairs(runtime, covariances, request, out),
    normals: (request, out) => normals(runtime, request, out),
    allocate: matrix,
    close: () => runtime.close(),
  };
}

function describe(runtime: Runtime): BackendInfo {
  const { threads, tile, fused, deterministic, workersMissing } = runtime;
  const arithmetic = fused ? "relaxed multiply-add" : "separate multiply and add";
  const where = workersMissing === undefined ? "" : `, no workers (${workersMissing})`;
  return {
    name: "wasm",
    detail: `WebAssembly, 128-bit SIMD, ${arithmetic}, ${tile} × 4 tile${where}`,
    threads,
    deterministic,
  };
}
