/**
 * The contract of a linear-algebra backend. `reference` is the oracle, `wasm` runs everywhere, `native` calls OpenBLAS or
 * Accelerate; one conformance suite (test/conformance.ts) runs on all of them.
 *
 * Every method but `allocate` is asynchronous: a large operation may run on other threads while the event loop stays free, a small one
 * is done at once. Arguments must not be changed until the promise settles. Shapes that do not fit reject with
 * `LinalgError`; numerical trouble (indefinite, NaN, no convergence) is a status in the result. An `out` must share no memory
 * with an operand (`argument`) unless a method says otherwise.
 *
 * Rounding: every backend obeys the standard bound of any-order summation, |fl(xᵀy) − xᵀy| ≤ γ_k |x|ᵀ|y| + k·2⁻¹⁰⁷⁴ with
 * γ_k = ku/(1 − ku), u = 2⁻⁵³ (no Strassen-like products, no flush to zero): proofs rest on it.
 */
import type { DualPairsRequest } from "./dual-pairs.ts";
import type { Matrix } from "./matrix.ts";
import type { PiecewiseLinearRequest } from "./piecewise-linear.ts";

/** The operations of one backend; see the head of this file for what holds of all of them. */
export interface Backend {
  readonly info: BackendInfo;

  /** C ← α·op(A)·op(B) + β·C; returns C (`out`, or a new matrix when `out` is absent; β then is 0). */
  gemm(a: Matrix, b: Matrix, options?: GemmOptions): Promise<Matrix>;

  /** C ← α·op(A)·op(A)ᵀ + β·C, both triangles filled, exactly symmetric; the lower triangle of `out` is read. `transpose` takes AᵀA. */
  syrk(a: Matrix, options?: SyrkOptions): Promise<Matrix>;

  /**
   * A = L·Lᵀ. Reads the lower triangle of A only; A is not changed. L has zeros above the diagonal. With `overwrite` A's memory is given away: L may
   * take the place of its lower triangle; then above the diagonal stands what stood there, and a failure leaves A in ruins.
   */
  cholesky(a: Matrix, options?: { readonly overwrite?: boolean }): Promise<CholeskyOutcome>;

  /** X with op(L)·X = B for lower-triangular L (its upper triangle is not read). A zero on the diagonal is a status. */
  solveTriangular(l: Matrix, b: Matrix, options?: { readonly transpose?: boolean }): Promise<SolveOutcome>;

  /** All eigenvalues of a symmetric matrix, ascending (lower triangle read), and on demand orthonormal eigenvectors. */
  eigenvalues(a: Matrix, options?: { readonly vectors?: boolean }): Promise<EigenOutcome>;

  /** λ_min and λ_max of a symmetric matrix with a vector each; |λ − value| ≤ residual = ‖Av − value·v‖ for some eigenvalue λ. An empty matrix has none (`argument`). */
  extremalEigenvalues(a: Matrix, options?: ExtremalOptions): Promise<ExtremalOutcome>;

  /**
   * For ReLU kernels: C_ij = Σ_r weight_r·mask_ir·mask_jr over all pairs of rows (weight 1: exact counts popcount(mask_i & mask_j)).
   * Symmetric n × n. Weighted sums round like an inner product of length `bits`.
   */
  maskCounts(masks: BitMasks, options?: { readonly weights?: Float64Array }): Promise<Matrix>;

  /** Applies an elementary function to every entry; `out` may be `x` itself. Same bits on every backend (see elementary.ts). */
  elementwise(f: ElementwiseFunction, x: Float64Array, out?: Float64Array): Promise<Float64Array>;

  /**
   * The degree-0 or degree-1 arc-cosine kernel of all pairs from a Gram matrix of *inner products*:
   * degree 0: κ₀ = (π − θ)/(2π) = E[1{u≥0}1{v≥0}]; degree 1: κ₁ = |a||b|(sin θ + (π − θ)cos θ)/(2π) = E[relu(u)relu(v)], (u,v) Gaussian
   * with the covariance [[|a|², g], [g, |b|²]]. Accurate to a few units in the last place for near-parallel pairs *given g and
   * the norms*: 1 − cos θ is formed from the products without cancellation beyond that of the inputs. `squaredRows`, `squaredCols`
   * hold |a_i|² and |b_j|².
   */
  arcCosine(
    degree: 0 | 1,
    gram: Matrix,
    squaredRows: Float64Array,
    squaredCols: Float64Array,
    out?: Matrix,
  ): Promise<Matrix>;

  /**
   * The kernels of layers of σ(x) = max(x, 0) + slope·min(x, 0), in place of the covariances of their first inputs: S, Θ or the part of the
   * last layer (piecewise-linear.ts has the formulas). Accurate as `arcCosine`, same bits on every backend. Returns `covariances`; with `out` these are left as they were.
   */
  piecewiseLinear(covariances: Matrix, request: PiecewiseLinearRequest): Promise<Matrix>;

  /** A dual kernel of all pairs from their covariances, into `out` (row-major); dual-pairs.ts has the formulas. Same bits on every backend. */
  dualPairs(covariances: Matrix, request: DualPairsRequest, out: Float64Array): Promise<Float64Array>;

  /** Standard normals from the counter-based generator: see random.ts. Same bits on every backend. */
  normals(request: NormalsRequest, out?: Matrix): Promise<Matrix>;

  /** A rows × cols matrix of zeros that is to be filled soon: native asks the system for huge pages, so that filling it costs few page faults. */
  allocate(rows: number, cols: number): Matrix;

  /** Stops worker threads and frees memory; the backend rejects every later call with `closed`. */
  close(): Promise<void>;
}

/** The three implementations of the contract. */
export type BackendName = "reference" | "wasm" | "native";

/** What computed a result: goes into every record and certificate. */
export interface BackendInfo {
  readonly name: BackendName;
  /** e.g. "OpenBLAS 0.3.21 (SkylakeX)", "WebAssembly, 128-bit SIMD, relaxed multiply-add". */
  readonly detail: string;
  readonly threads: number;
  /** Whether a run with the same inputs gives the same bits on every machine. */
  readonly deterministic: boolean;
}

/**
 * How many products with `alone` are worth having in flight: on a library of few threads they keep all of them busy, without one call waiting for
 * its slower half. Above four (the threads that Node lends to such calls) the library's own threads do better.
 */
export function lanesOf({ name, threads }: BackendInfo): number {
  return name === "native" && threads <= 4 ? threads : 1;
}

/** α = 1, β = 0, nothing transposed and a new result unless said otherwise. */
export interface GemmOptions {
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
  readonly alpha?: number;
  /** β = 0 never reads C (a NaN in `out` does not spread). */
  readonly beta?: number;
  readonly out?: Matrix;
  /** On one thread of a native library, for products of which several are in flight (`lanesOf`). Other backends pay no heed. */
  readonly alone?: boolean;
}

/** As for `GemmOptions`; `transpose` takes AᵀA instead of AAᵀ. */
export interface SyrkOptions {
  readonly transpose?: boolean;
  readonly alpha?: number;
  readonly beta?: number;
  readonly out?: Matrix;
  readonly alone?: boolean;
}

/** A factor, or why there is none. */
export type CholeskyOutcome =
  | { readonly status: "ok"; readonly factor: Matrix }
  /** `pivot` is the 0-based index of the first pivot that is not > 0. */
  | { readonly status: "not-positive-definite"; readonly pivot: number }
  | { readonly status: "not-finite" };

/** A solution, or why there is none. */
export type SolveOutcome =
  | { readonly status: "ok"; readonly solution: Matrix }
  | { readonly status: "singular"; readonly pivot: number }
  | { readonly status: "not-finite" };

/** The spectrum, or why there is none. */
export type EigenOutcome =
  /** Row k of `vectors` is the eigenvector of `values[k]`. */
  | { readonly status: "ok"; readonly values: Float64Array; readonly vectors?: Matrix }
  | { readonly status: "no-convergence"; readonly index: number }
  | { readonly status: "not-finite" };

/** What `extremalEigenvalues` looks for, and how closely. */
export interface ExtremalOptions {
  readonly which?: "smallest" | "largest" | "both";
  /** Stop when residual ≤ tolerance·max|λ|. Default 1e-13. */
  readonly tolerance?: number;
}

/** One eigenvalue with a unit vector. */
export interface Eigenpair {
  readonly value: number;
  readonly vector: Float64Array;
  /** ‖Av − value·v‖₂ as computed. */
  readonly residual: number;
}

/** The ends of a spectrum, or what was reached. */
export type ExtremalOutcome =
  | {
      readonly status: "ok";
      readonly smallest?: Eigenpair;
      readonly largest?: Eigenpair;
      /** How the result was reached, e.g. "all eigenvalues", "shift-and-invert, confirmed by Cholesky". */
      readonly method: string;
    }
  | { readonly status: "no-convergence"; readonly smallest?: Eigenpair; readonly largest?: Eigenpair }
  | { readonly status: "not-finite" };

/** n bit strings of `bits` bits: bit r of row i is `words[i * wordsPerRow + (r >>> 5)] >>> (r & 31) & 1`. Unused high bits are 0. */
export interface BitMasks {
  readonly rows: number;
  readonly bits: number;
  readonly wordsPerRow: number;
  readonly words: Uint32Array;
}

/** The functions that `elementwise` knows (elementary.ts). */
export type ElementwiseFunction = "exp" | "log" | "tanh" | "sigmoid" | "softplus" | "erf" | "normal-cdf";

/** A block of the generator's rows (random.ts). */
export interface NormalsRequest {
  /** 64-bit seed as two unsigned 32-bit words, low first. */
  readonly seed: readonly [number, number];
  /** Which stream of the seed (a layer of a network, say): 0 … 2³² − 1. */
  readonly stream: number;
  /** First row wanted; rows are numbered from 0 up to 2⁵³ − 1. */
  readonly firstRow: number;
  readonly rows: number;
  /** Row r, column c depends on (seed, stream, r, c) alone: not on how many rows or columns are asked for. */
  readonly cols: number;
}
