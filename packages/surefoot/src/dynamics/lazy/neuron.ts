import { SurefootError } from "../../error.ts";
import { type LazyCheckpoint, readCheckpoint } from "./checkpoint.ts";
import type { NeuronBlock, NeuronSource } from "./neuron-source.ts";
import { type LazyProblem, type LazyProblemOptions, lazyProblem } from "./problem.ts";

/** One neuron after k steps. */
export interface LazyNeuron {
  /** w_r(k), d entries. */
  readonly w: Float64Array;
  /** a_r. */
  readonly a: number;
  /** w_r(k) − w_r(0). */
  readonly drift: Float64Array;
  /** s_rj(k), n entries: 1 where the neuron is on. */
  readonly pattern: Uint8Array;
}

/**
 * The weights of neuron r at the step of a checkpoint, without the run being made again: cost n·d, and n²·d for the Gram matrix. Throws
 * `file` where the checkpoint belongs to another problem, `argument` where there is no such neuron.
 */
export async function lazyNeuron(
  options: LazyProblemOptions & { readonly source: NeuronSource },
  checkpoint: LazyCheckpoint,
  r: number,
): Promise<LazyNeuron> {
  const { dataset, source, stepSize, backend } = options;
  const problem = await lazyProblem(dataset, source, stepSize, backend);
  const { state, entries } = readCheckpoint(checkpoint, problem);
  const block = await neuronBlock(source, r);
  const pattern = initialPattern(problem, block.w.data);
  const bases = new Float64Array(problem.x.rows);
  for (const { neuron, sample, base, flips } of entries) {
    if (neuron !== r) continue;
    bases[sample] = base;
    pattern[sample] ^= flips & 1;
  }
  return movedNeuron(
    problem,
    block,
    pattern,
    bases.map((base, j) => base + pattern[j] * state.sums[j]),
  );
}

/** The initial weights of neuron r. */
export async function neuronBlock(source: NeuronSource, r: number): Promise<NeuronBlock> {
  if (!Number.isSafeInteger(r) || r < 0 || r >= source.width) {
    throw new SurefootError("argument", `neuron ${r}: there are neurons 0 to ${source.width - 1}`);
  }
  return source.block(r, 1);
}

/** s_rj(0) of a neuron with initial weights w. */
export function initialPattern({ x }: LazyProblem, w: Float64Array): Uint8Array {
  return Uint8Array.from({ length: x.rows }, (_, j) => {
    let z = 0;
    for (let q = 0; q < x.cols; q++) z += w[q] * x.data[j * x.cols + q];
    return z >= 0 ? 1 : 0;
  });
}

/** w_r(k) = w_r(0) − (a_r/√m) Σ_j c_rj x_j. */
export function movedNeuron(
  { x, source }: LazyProblem,
  block: NeuronBlock,
  pattern: Uint8Array,
  coefficients: Float64Array,
): LazyNeuron {
  const a = block.a[0];
  const drift = new Float64Array(x.cols);
  for (let j = 0; j < x.rows; j++) {
    const c = coefficients[j];
    if (c !== 0) for (let q = 0; q < x.cols; q++) drift[q] += c * x.data[j * x.cols + q];
  }
  const scale = -a / Math.sqrt(source.width);
  for (let q = 0; q < x.cols; q++) drift[q] *= scale;
  return { w: block.w.data.map((value, q) => value + drift[q]), a, drift, pattern };
}
