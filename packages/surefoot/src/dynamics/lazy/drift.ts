import { type Backend, type Matrix, matrix } from "@surefoot/linalg";
import type { Census } from "./census.ts";
import { breathe, type Long } from "./long-work.ts";
import type { LazyProblem } from "./problem.ts";
import { shardSize } from "./start.ts";
import type { Stepper } from "./stepper.ts";

/** How far single neurons have moved: ‖w_r(k) − w_r(0)‖₂ over all m neurons. */
export interface NeuronDrift {
  readonly max: number;
  /** The neuron that attains `max` (the first of several). */
  readonly neuron: number;
  readonly mean: number;
}

/**
 * ‖W(k) − W(0)‖_F, exactly from the state: Σ_r (a_r²/m) c_rᵀ G c_r with c_r = base_r + s_r∘S; all neurons without a base together give
 * SᵀHS. Cost n² plus n per flipped pair and neuron.
 */
export function frobeniusDrift(problem: LazyProblem, stepper: Stepper): number {
  const { gram } = problem;
  const { sums } = stepper.state;
  const { h } = stepper.tangent;
  const { patterns, bytes, outputs } = stepper.watch;
  const n = sums.length;
  const image = new Float64Array(n);
  let square = quadratic(h, sums, n);
  const bases = new Float64Array(n);
  for (const slot of stepper.ledger.slots()) {
    bases.fill(0);
    stepper.ledger.addBases(slot, bases);
    image.fill(0);
    for (let j = 0; j < n; j++) {
      if (bases[j] === 0) continue;
      for (let i = 0; i < n; i++) image[i] += bases[j] * gram[j * n + i];
    }
    let sum = 0;
    for (let i = 0; i < n; i++) {
      const on = (patterns[slot * bytes + (i >> 3)] >> (i & 7)) & 1;
      sum += image[i] * (bases[i] + 2 * on * sums[i]);
    }
    square += (outputs[slot] * outputs[slot] * sum) / problem.source.width;
  }
  return Math.sqrt(Math.max(0, square));
}

/**
 * Largest and mean drift over all neurons. With a census (few samples) every unflipped neuron of a pattern moves alike: 2ⁿ norms and
 * the flipped neurons one by one. Otherwise all neurons are gone through, those without a watched pair drawn again: 2·m·n·min(n, d)
 * operations, 2·m·n·d more for those that are drawn.
 */
export async function neuronDrift(
  problem: LazyProblem,
  stepper: Stepper,
  census: Census | undefined,
  long: Long,
): Promise<NeuronDrift> {
  return census ? driftByPattern(problem, stepper, census, long) : driftByNeuron(problem, stepper, long);
}

async function driftByNeuron(problem: LazyProblem, stepper: Stepper, long: Long): Promise<NeuronDrift> {
  const { x, source, backend } = problem;
  const { watch, ledger, state } = stepper;
  const n = x.rows;
  const factor = await gramFactor(problem, backend);
  const size = shardSize(n, x.cols);
  const allWatched = watch.neurons.length === source.width;
  let [max, neuron, sum, slot] = [-1, 0, 0, 0];
  for (let first = 0; first < source.width; first += size) {
    await breathe(long, "drift", first, source.width);
    const count = Math.min(size, source.width - first);
    const c = matrix(count, n);
    const a = new Float64Array(count);
    if (!allWatched) {
      const block = await source.block(first, count);
      a.set(block.a);
      const z = await backend.gemm(block.w, x, { transposeB: true });
      for (let r = 0; r < count; r++) {
        for (let j = 0; j < n; j++) if (z.data[r * n + j] >= 0) c.data[r * n + j] = state.sums[j];
      }
    }
    for (; slot < watch.neurons.length && watch.neurons[slot] < first + count; slot++) {
      const r = watch.neurons[slot] - first;
      a[r] = watch.outputs[slot];
      const row = c.data.subarray(r * n, (r + 1) * n);
      for (let j = 0; j < n; j++) {
        row[j] = (watch.patterns[slot * watch.bytes + (j >> 3)] >> (j & 7)) & 1 ? state.sums[j] : 0;
      }
      ledger.addBases(slot, row);
    }
    const moved = await backend.gemm(c, factor);
    for (let r = 0; r < count; r++) {
      let square = 0;
      for (let q = 0; q < factor.cols; q++) square += moved.data[r * factor.cols + q] ** 2;
      const length = Math.abs(a[r]) * Math.sqrt(square / source.width);
      sum += length;
      if (length > max) [max, neuron] = [length, first + r];
    }
  }
  return { max, neuron, mean: sum / source.width };
}

/** F with FFᵀ = XXᵀ and as few columns as possible: ‖Xᵀc‖ = ‖Fᵀc‖. */
async function gramFactor({ x, gram }: LazyProblem, backend: Backend): Promise<Matrix> {
  if (x.cols <= x.rows) return x;
  const factored = await backend.cholesky(matrix(x.rows, x.rows, gram.slice()));
  return factored.status === "ok" ? factored.factor : x;
}

async function driftByPattern(
  problem: LazyProblem,
  stepper: Stepper,
  census: Census,
  long: Long,
): Promise<NeuronDrift> {
  const { gram, source } = problem;
  const { watch, ledger, state } = stepper;
  const n = state.sums.length;
  const left = census.counts.slice();
  const c = new Float64Array(n);
  let [max, neuron, sum] = [-1, 0, 0];
  const initial = new Map<number, number>();
  for (const { slot, sample, flips } of ledger.entries()) {
    const code = initial.get(slot) ?? patternCode(watch.patterns, slot * watch.bytes, n);
    initial.set(slot, flips % 2 === 1 ? code ^ (1 << sample) : code);
  }
  for (const [slot, code] of initial) {
    left[code] -= 1;
    const now = patternCode(watch.patterns, slot * watch.bytes, n);
    for (let j = 0; j < n; j++) c[j] = (now >> j) & 1 ? state.sums[j] : 0;
    ledger.addBases(slot, c);
    const length = Math.abs(watch.outputs[slot]) * Math.sqrt(Math.max(0, quadratic(gram, c, n)) / source.width);
    sum += length;
    if (length > max || (length === max && watch.neurons[slot] < neuron)) [max, neuron] = [length, watch.neurons[slot]];
  }
  let best = -1;
  for (let code = 0; code < left.length; code++) {
    if (left[code] === 0) continue;
    for (let j = 0; j < n; j++) c[j] = (code >> j) & 1 ? state.sums[j] : 0;
    const length = Math.sqrt(Math.max(0, quadratic(gram, c, n)) / source.width);
    sum += left[code] * length;
    if (length > max) [max, best] = [length, code];
  }
  if (best >= 0) neuron = await firstUnflipped(problem, stepper, best, census.first[best], long);
  return { max, neuron, mean: sum / source.width };
}

/** The first neuron from `start` on with this initial pattern and no flip; there is one. */
async function firstUnflipped(
  problem: LazyProblem,
  stepper: Stepper,
  code: number,
  start: number,
  long: Long,
): Promise<number> {
  const { source, x, backend } = problem;
  const size = shardSize(x.rows, x.cols);
  for (let first = start; first < source.width; first += size) {
    await breathe(long, "drift", first, source.width);
    const { w } = await source.block(first, Math.min(size, source.width - first));
    const z = await backend.gemm(w, x, { transposeB: true });
    for (let r = 0; r < w.rows; r++) {
      let pattern = 0;
      for (let i = 0; i < x.rows; i++) if (z.data[r * x.rows + i] >= 0) pattern |= 1 << i;
      if (pattern !== code) continue;
      const slot = stepper.slotOf(first + r);
      if (slot === undefined || !stepper.ledger.hasFlipped(slot)) return first + r;
    }
  }
  return start;
}

function patternCode(patterns: Uint8Array, offset: number, n: number): number {
  return (patterns[offset] | (patterns[offset + 1] << 8)) & (2 ** n - 1);
}

function quadratic(matrix: Float64Array, v: Float64Array, n: number): number {
  let total = 0;
  for (let i = 0; i < n; i++) {
    if (v[i] === 0) continue;
    let sum = 0;
    for (let j = 0; j < n; j++) sum += matrix[i * n + j] * v[j];
    total += v[i] * sum;
  }
  return total;
}
