import type { Backend, Matrix } from "@surefoot/linalg";
import { SurefootError } from "../../error.ts";
import type { Dynamics } from "./modes.ts";
import { applyGain, asRow, limitFault, type SpectrumReport, spectrumOf, type TrainKernel } from "./train-kernel.ts";

/** Training from outputs that are known: a finite network, linearised at its weights. With cross = the training kernel, the training outputs. */
export interface MeanRequest {
  readonly train: TrainKernel;
  readonly dynamics: Dynamics;
  /** n labels. */
  readonly y: Float64Array;
  /** Θ(z, x), m × n, for the m points to predict at. */
  readonly cross: Matrix;
  /** Outputs before training at x and z; absent: 0, the mean over random initial weights. */
  readonly initial?: { readonly train: Float64Array; readonly test: Float64Array };
}

export type Prediction =
  | {
      readonly status: "ok";
      /** m outputs. */
      readonly mean: Float64Array;
      /** m × m, over the random initial weights; absent when these are fixed. */
      readonly covariance?: Matrix;
      /** Variances < 0 on the diagonal of the covariance, by rounding; they are left as they are. */
      readonly negativeVariances?: number;
      readonly spectrum: SpectrumReport;
    }
  /** The limit t → ∞ does not exist (at a finite time: has left the doubles), or hangs on eigenvalues that rounding decides. */
  | { readonly status: "diverges" | "singular"; readonly advice: string; readonly spectrum: SpectrumReport };

/** u_t(z) = u_0(z) − Θ(z, x)·g_t(Θ + ρ)·(u_0(x) − y): exact for the linearised network (Lee et al. 2019, eqs. 8, 11). Throws `argument` for shapes. */
export async function predictMean(request: MeanRequest, backend: Backend): Promise<Prediction> {
  const { train, dynamics, y, cross, initial } = request;
  const n = train.values.length;
  checkDynamics(dynamics);
  checkShape("y", y.length, n);
  checkShape("columns of the cross kernel", cross.cols, n);
  if (initial) checkShape("initial training outputs", initial.train.length, n);
  if (initial) checkShape("initial test outputs", initial.test.length, cross.rows);
  const spectrum = spectrumOf(train, dynamics);
  const fault = limitFault(train, dynamics);
  if (fault) return { ...fault, spectrum };
  const target = asRow(y.map((value, i) => value - (initial?.train[i] ?? 0)));
  const alpha = await applyGain(train, dynamics, target, backend);
  const moved = await backend.gemm(cross, alpha, { transposeB: true });
  const mean = moved.data.map((value, i) => value + (initial?.test[i] ?? 0));
  if (mean.every(Number.isFinite)) return { status: "ok", mean, spectrum };
  return {
    status: "diverges",
    advice: "the outputs at this time exceed the doubles; take fewer steps or a smaller step size",
    spectrum,
  };
}

export interface EnsembleRequest extends Omit<MeanRequest, "initial"> {
  /** Covariances of the outputs at initialisation: x with x, z with x, z with z. */
  readonly nngp: { readonly train: Matrix; readonly cross: Matrix; readonly test: Matrix };
  /** `nngp` trains the last layer alone, so that Θ = 𝒦 and t = ∞ is the Gaussian process posterior with noise ρ. */
  readonly method: "ntk" | "nngp";
}

/**
 * Mean and covariance over random initial weights of infinitely wide networks trained on x (Lee et al. 2019, eqs. 14–16), at z: with
 * M = Θ(z, x)g_t(Θ + ρ), the mean is My and the covariance 𝒦(z, z) + M𝒦(x, x)Mᵀ − M𝒦(x, z) − 𝒦(z, x)Mᵀ; for `nngp` 𝒦(x, x) + ρ stands
 * in the middle. Cost 4mn² + 2m²n after `trainKernel`.
 */
export async function predictEnsemble(request: EnsembleRequest, backend: Backend): Promise<Prediction> {
  const { train, dynamics, cross, nngp, method } = request;
  checkShape("rows of the NNGP training kernel", nngp.train.rows, train.values.length);
  checkShape("rows of the NNGP cross kernel", nngp.cross.rows, cross.rows);
  checkShape("rows of the NNGP test kernel", nngp.test.rows, cross.rows);
  const found = await predictMean(request, backend);
  if (found.status !== "ok") return found;
  const m = await applyGain(train, dynamics, cross, backend);
  const inner = await backend.gemm(m, nngp.train);
  if (method === "nngp") for (let k = 0; k < m.data.length; k++) inner.data[k] += train.ridge * m.data[k];
  const middle = await backend.gemm(inner, m, { transposeB: true });
  const side = await backend.gemm(m, nngp.cross, { transposeB: true });
  const size = cross.rows;
  const covariance = { rows: size, cols: size, data: new Float64Array(size * size) };
  let negativeVariances = 0;
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      const [a, b] = [i * size + j, j * size + i];
      const value = nngp.test.data[a] + 0.5 * (middle.data[a] + middle.data[b]) - (side.data[a] + side.data[b]);
      covariance.data[a] = value;
      covariance.data[b] = value;
    }
    if (covariance.data[i * size + i] < 0) negativeVariances += 1;
  }
  return { ...found, covariance, negativeVariances };
}

function checkShape(what: string, found: number, wanted: number): void {
  if (found !== wanted) throw new SurefootError("argument", `${what}: ${found}, but the kernels say ${wanted}`);
}

function checkDynamics(dynamics: Dynamics): void {
  if (dynamics.kind === "flow") {
    if (!(dynamics.time >= 0)) throw new SurefootError("argument", `time ${dynamics.time}: give a number ≥ 0, or ∞`);
    return;
  }
  const { stepSize, steps } = dynamics;
  if (!(stepSize > 0 && Number.isFinite(stepSize)))
    throw new SurefootError("argument", `step size ${stepSize}: give a finite number > 0`);
  if (!(steps === Number.POSITIVE_INFINITY || (Number.isSafeInteger(steps) && steps >= 0))) {
    throw new SurefootError("argument", `steps ${steps}: give a whole number ≥ 0, or ∞`);
  }
  if (dynamics.kind === "momentum" && !(dynamics.momentum >= 0 && dynamics.momentum < 1)) {
    throw new SurefootError("argument", `momentum ${dynamics.momentum}: give a number in [0, 1)`);
  }
}
