import { type Backend, type Matrix, matrix } from "@surefoot/linalg";
import { SurefootError } from "../../error.ts";
import { type Dynamics, diesOut, modeOf, stepSizeLimit } from "./modes.ts";

/**
 * Weight decay towards the initial weights: ½ρ‖θ − θ_0‖² is added to ½‖e‖², which adds ρ to every eigenvalue of the kernel. `kernel`: ρ is
 * `value`, in the units of the kernel; `mean-diagonal`: ρ is `value` times the mean of the kernel's diagonal (as in neural-tangents).
 */
export interface Ridge {
  readonly value: number;
  readonly units: "kernel" | "mean-diagonal";
}

/** The spectrum that training sees: of the kernel plus ρ. */
export interface SpectrumReport {
  readonly lambdaMin: number;
  readonly lambdaMax: number;
  /** How many are < 0, of a kernel that should have none: rounding, or a matrix that is no kernel. They are used as they are. */
  readonly negative: number;
  /** How many are within rounding (n·2⁻⁵²·λ_max) of 0: their signs and 1/λ mean nothing. */
  readonly undetermined: number;
  /** ρ in the units of the kernel. */
  readonly ridge: number;
  /** Step sizes at and above this do not converge; ∞ for the flow. */
  readonly stepSizeLimit: number;
}

/** A training kernel with its eigenvectors, for any number of times and right-hand sides. */
export interface TrainKernel {
  readonly kernel: Matrix;
  readonly values: Float64Array;
  /** Row k belongs to values[k], as read from the kernel without ρ. */
  readonly vectors: Matrix;
  readonly ridge: number;
}

export type TrainKernelOutcome =
  | ({ readonly status: "ok" } & TrainKernel)
  | { readonly status: "not-finite" | "no-convergence"; readonly advice: string };

/** Diagonalises a kernel (n × n symmetric, lower triangle read). Cost about 9n³. Throws `argument` for a shape or ridge that cannot be. */
export async function trainKernel(
  kernel: Matrix,
  backend: Backend,
  ridge: Ridge = { value: 0, units: "kernel" },
): Promise<TrainKernelOutcome> {
  if (kernel.rows !== kernel.cols || kernel.rows === 0) {
    throw new SurefootError(
      "argument",
      `a training kernel is square with at least one row, not ${kernel.rows} × ${kernel.cols}`,
    );
  }
  if (!(ridge.value >= 0 && Number.isFinite(ridge.value))) {
    throw new SurefootError("argument", `ridge ${ridge.value}: give a finite number ≥ 0`);
  }
  const n = kernel.rows;
  let trace = 0;
  for (let i = 0; i < n; i++) trace += kernel.data[i * n + i];
  const rho = ridge.units === "kernel" ? ridge.value : (ridge.value * trace) / n;
  const found = await backend.eigenvalues(kernel, { vectors: true });
  if (found.status === "not-finite")
    return { status: "not-finite", advice: "the kernel holds a NaN or an infinity; look at its inputs" };
  if (found.status !== "ok" || found.vectors === undefined) {
    return { status: "no-convergence", advice: "the eigenvalue iteration did not converge; try another --backend" };
  }
  return { status: "ok", kernel, values: found.values, vectors: found.vectors, ridge: rho };
}

export function spectrumOf({ values, ridge }: TrainKernel, dynamics: Dynamics): SpectrumReport {
  const shifted = values.map((value) => value + ridge);
  const lambdaMax = shifted[shifted.length - 1];
  const rounding = shifted.length * 2 ** -52 * Math.max(Math.abs(lambdaMax), Math.abs(shifted[0]));
  return {
    lambdaMin: shifted[0],
    lambdaMax,
    negative: shifted.filter((value) => value < 0).length,
    undetermined: shifted.filter((value) => Math.abs(value) <= rounding).length,
    ridge,
    stepSizeLimit: stepSizeLimit(dynamics, lambdaMax),
  };
}

/** Why a limit t → ∞ does not exist or cannot be computed; undefined when it can. */
export function limitFault(
  train: TrainKernel,
  dynamics: Dynamics,
): { status: "diverges" | "singular"; advice: string } | undefined {
  const duration = dynamics.kind === "flow" ? dynamics.time : dynamics.steps;
  if (duration !== Number.POSITIVE_INFINITY) return undefined;
  const { lambdaMin, lambdaMax, undetermined, stepSizeLimit: limit } = spectrumOf(train, dynamics);
  if (undetermined > 0) {
    return {
      status: "singular",
      advice: `${undetermined} eigenvalue(s) are zero to rounding (λ_min = ${lambdaMin}, λ_max = ${lambdaMax}): equal inputs, or too few parameters; add a ridge or ask for a finite time`,
    };
  }
  if (lambdaMin < 0) {
    return {
      status: "diverges",
      advice: `λ_min = ${lambdaMin} is negative, so its mode grows; add a ridge above ${-lambdaMin}`,
    };
  }
  if (diesOut(dynamics, lambdaMax)) return undefined;
  return {
    status: "diverges",
    advice: `the step size is not below ${limit}, where λ_max stops converging; take a smaller one`,
  };
}

/** Σ_k f(λ_k + ρ) v_k v_kᵀ applied to the rows of b (any number × n). */
export async function applyToRows(
  { values, vectors, ridge }: TrainKernel,
  f: (lambda: number) => number,
  b: Matrix,
  backend: Backend,
): Promise<Matrix> {
  const n = values.length;
  const factors = values.map((value) => f(value + ridge));
  const coordinates = await backend.gemm(b, vectors, { transposeB: true });
  for (let i = 0; i < b.rows; i++) for (let k = 0; k < n; k++) coordinates.data[i * n + k] *= factors[k];
  return backend.gemm(coordinates, vectors);
}

/** The gains g(λ + ρ) on the eigenvectors, applied to the rows of b. */
export function applyGain(train: TrainKernel, dynamics: Dynamics, b: Matrix, backend: Backend): Promise<Matrix> {
  return applyToRows(train, (lambda) => modeOf(dynamics, lambda).gain, b, backend);
}

/** A row vector as a matrix. */
export function asRow(v: Float64Array): Matrix {
  const out = matrix(1, v.length);
  out.data.set(v);
  return out;
}
