import type { Backend, Matrix } from "@surefoot/linalg";
import { matrix } from "@surefoot/linalg";

export const OFF = 0;
export const ON = 1;
export const SLIDING = 2;

/**
 * How one neuron moves while its pairs keep their states: dζ/dt = −response·e for ζ_ri = √m z_ri/a_r, and coefficient e = dc/dt with
 * w_r(t) = w_r(0) − (a_r/√m) Σ_j c_j x_j. Rows of `coefficient`: e_j for a pair that is on, 0 for one that is off, and for sliding ones the μ
 * that keeps their ζ at 0: G_KK μ = −G_KA e_A (theory/06; several sliding pairs: the Schur complement).
 */
export interface NeuronMotion {
  readonly response: Matrix;
  readonly coefficient: Matrix;
}

/** Undefined if the samples that slide together are linearly dependent. */
export async function neuronMotion(
  gram: Matrix,
  states: Uint8Array,
  backend: Backend,
): Promise<NeuronMotion | undefined> {
  const n = states.length;
  const coefficient = matrix(n, n);
  const sliding: number[] = [];
  for (let j = 0; j < n; j++) {
    if (states[j] === ON) coefficient.data[j * n + j] = 1;
    if (states[j] === SLIDING) sliding.push(j);
  }
  const k = sliding.length;
  if (k > 0) {
    const inner = matrix(k, k);
    const outer = matrix(k, n);
    for (let p = 0; p < k; p++) {
      for (let q = 0; q < k; q++) inner.data[p * k + q] = gram.data[sliding[p] * n + sliding[q]];
      for (let j = 0; j < n; j++) if (states[j] === ON) outer.data[p * n + j] = -gram.data[sliding[p] * n + j];
    }
    const factored = await backend.cholesky(inner);
    if (factored.status !== "ok") return undefined;
    const half = await backend.solveTriangular(factored.factor, outer);
    if (half.status !== "ok") return undefined;
    const whole = await backend.solveTriangular(factored.factor, half.solution, { transpose: true });
    if (whole.status !== "ok") return undefined;
    for (let p = 0; p < k; p++) {
      coefficient.data.set(whole.solution.data.subarray(p * n, (p + 1) * n), sliding[p] * n);
    }
  }
  const response = await backend.gemm(gram, coefficient);
  for (const i of sliding) response.data.fill(0, i * n, (i + 1) * n);
  return { response, coefficient };
}

/** Row i of a matrix times e. */
export function rowTimes(a: Matrix, i: number, e: Float64Array): number {
  let sum = 0;
  for (let j = 0; j < a.cols; j++) sum += a.data[i * a.cols + j] * e[j];
  return sum;
}

/** dζ_ri/dt if pair i of the neuron were in `state`; undefined as for `neuronMotion`. */
export async function velocity(
  gram: Matrix,
  states: Uint8Array,
  i: number,
  state: number,
  e: Float64Array,
  backend: Backend,
): Promise<number | undefined> {
  const tried = states.slice();
  tried[i] = state;
  const motion = await neuronMotion(gram, tried, backend);
  return motion && -rowTimes(motion.response, i, e);
}
