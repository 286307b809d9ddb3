import { type BitMasks, type Matrix, matrix } from "@surefoot/linalg";
import type { LazyProblem } from "./problem.ts";
import type { Stepper } from "./stepper.ts";

/** The neurons that have a pair near its kink, in full, and of all others what they add to H: for theorems about what may flip. */
export interface NearKink {
  /** Indices r, ascending. */
  readonly neurons: Float64Array;
  /** a_r of these. */
  readonly outputs: Float64Array;
  /** n × (number of neurons): |z_ri|, or a lower bound of it that is above what was asked for. */
  readonly magnitudes: Matrix;
  /** Row i, bit q: pattern of neuron neurons[q]. */
  readonly patterns: BitMasks;
  /** Σ a_r² s_ri s_rj over the neurons that are not listed: none of their pairs is nearer than asked for. */
  readonly settledCounts: Matrix;
}

/**
 * Every neuron with |z_ri| ≤ (|a_r|/√m)·distance[i] for some i, at the current step. Undefined if the watch set does not reach
 * that far: the run must widen it first.
 */
export async function nearKink(
  problem: LazyProblem,
  stepper: Stepper,
  distance: Float64Array,
): Promise<NearKink | undefined> {
  const { watch } = stepper;
  const n = problem.x.rows;
  const rootWidth = Math.sqrt(problem.source.width);
  const margins = stepper.unwatchedDistance();
  if (margins.some((margin, i) => !(margin > distance[i]))) return undefined;

  const zeta = Array.from({ length: n }, (_, i) => stepper.currentZeta(i));
  const index = new Int32Array(watch.neurons.length).fill(-1);
  for (let i = 0; i < n; i++) {
    zeta[i].forEach((value, q) => {
      if (Math.abs(value) <= distance[i]) index[watch.slots[watch.offsets[i] + q]] = 0;
    });
  }
  const listed: number[] = [];
  index.forEach((mark, slot) => {
    if (mark === 0) index[slot] = listed.push(slot) - 1;
  });
  const count = listed.length;
  const outputs = Float64Array.from(listed, (slot) => watch.outputs[slot]);
  const magnitudes = matrix(n, count);
  const wordsPerRow = Math.max(1, Math.ceil(count / 32));
  const patterns = { rows: n, bits: count, wordsPerRow, words: new Uint32Array(n * wordsPerRow) };
  for (let i = 0; i < n; i++) {
    for (let q = 0; q < count; q++) {
      magnitudes.data[i * count + q] = (margins[i] * Math.abs(outputs[q])) / rootWidth;
      const byte = watch.patterns[listed[q] * watch.bytes + (i >> 3)];
      if ((byte >> (i & 7)) & 1) patterns.words[i * wordsPerRow + (q >>> 5)] |= 1 << (q & 31);
    }
    zeta[i].forEach((value, k) => {
      const q = index[watch.slots[watch.offsets[i] + k]];
      if (q >= 0) magnitudes.data[i * count + q] = (Math.abs(value) * Math.abs(outputs[q])) / rootWidth;
    });
  }
  const weights = problem.source.signs ? {} : { weights: outputs.map((a) => a * a) };
  const own = await problem.backend.maskCounts(patterns, weights);
  const settledCounts = matrix(
    n,
    n,
    stepper.tangent.counts.map((total, k) => total - own.data[k]),
  );
  return {
    neurons: Float64Array.from(listed, (slot) => watch.neurons[slot]),
    outputs,
    magnitudes,
    patterns,
    settledCounts,
  };
}
