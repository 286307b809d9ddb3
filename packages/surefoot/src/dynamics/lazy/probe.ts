import { type Matrix, matrix } from "@surefoot/linalg";
import type { Census } from "./census.ts";
import { frobeniusDrift, type NeuronDrift, neuronDrift } from "./drift.ts";
import type { Long } from "./long-work.ts";
import type { LazyProblem } from "./problem.ts";
import type { Stepper } from "./stepper.ts";

/** What a run measures of itself at one iterate; names as in the record of direct descent. */
export interface LazyProbe {
  readonly step: number;
  /** ½‖e‖². */
  readonly loss: number;
  /** Of H(k); null when the eigensolver did not converge. */
  readonly lambdaMin: number | null;
  readonly lambdaMax: number | null;
  /** ‖H(k) − H(0)‖_F and ‖H(k) − H(0)‖₂ (null: no convergence). */
  readonly kernelDrift: number;
  readonly kernelDriftSpectral: number | null;
  /** ‖W(k) − W(0)‖_F. */
  readonly weightDrift: number;
  /** Share of the n·m pairs whose pattern differs from step 0. */
  readonly flips: number;
  /** Flips so far, and pairs that have flipped at least once: many more of the first than of the second is chattering. */
  readonly flipEvents: number;
  readonly flippedPairs: number;
  /** Present if asked for: it visits every neuron (drift.ts). */
  readonly neurons?: NeuronDrift;
}

export async function probe(
  problem: LazyProblem,
  stepper: Stepper,
  initialCounts: Float64Array,
  census: Census | undefined,
  options: Long & { readonly neurons?: boolean },
): Promise<LazyProbe> {
  const { backend, source, gram } = problem;
  const { state, tangent, ledger } = stepper;
  const n = state.residual.length;
  const change = matrix(n, n);
  let square = 0;
  for (let k = 0; k < n * n; k++) {
    change.data[k] = (gram[k] * (tangent.counts[k] - initialCounts[k])) / source.width;
    square += change.data[k] * change.data[k];
  }
  let odd = 0;
  for (const { flips } of ledger.entries()) odd += flips % 2;
  const spectrum = await backend.extremalEigenvalues(matrix(n, n, tangent.h.slice()));
  return {
    step: state.step,
    loss: 0.5 * state.residual.reduce((sum, e) => sum + e * e, 0),
    lambdaMin: spectrum.status === "ok" ? (spectrum.smallest?.value ?? null) : null,
    lambdaMax: spectrum.status === "ok" ? (spectrum.largest?.value ?? null) : null,
    kernelDrift: Math.sqrt(square),
    kernelDriftSpectral: square === 0 ? 0 : await spectralNorm(change, problem),
    weightDrift: frobeniusDrift(problem, stepper),
    flips: odd / (n * source.width),
    flipEvents: state.flips,
    flippedPairs: ledger.pairs,
    ...(options.neurons ? { neurons: await neuronDrift(problem, stepper, census, options) } : {}),
  };
}

async function spectralNorm(a: Matrix, { backend }: LazyProblem): Promise<number | null> {
  const found = await backend.extremalEigenvalues(a);
  if (found.status !== "ok" || !found.smallest || !found.largest) return null;
  return Math.max(Math.abs(found.smallest.value), Math.abs(found.largest.value));
}
