import { type Matrix, matrix } from "@surefoot/linalg";
import { watchedShare } from "../dynamics/lazy/memory-plan.ts";
import { SubsetSums } from "../dynamics/lazy/subset-sums.ts";
import { type Interval, point, rounded } from "../interval/arithmetic.ts";
import type { MatrixBall, Measurement, Measurer } from "./evidence.ts";
import type { NearPairs } from "./near-pairs.ts";
import { finite, type TheoremOutcome } from "./outcome.ts";
import { type MidpointKernel, midpointOfCounts, raise } from "./s2-kernel.ts";
import { linearSums } from "./s2-linear.ts";
import { type Found, fits, largestStep, outcomeOfS2 } from "./s2-outcome.ts";
import { singularity } from "./spectrum.ts";
import { perronBound, upward } from "./upward.ts";

export type NearOutcome =
  | {
      readonly status: "decided";
      readonly outcome: TheoremOutcome;
      /** Pairs in U. */
      readonly unstable: number;
      /** Certified: by sample, a bound of |ζ_ri(k) − ζ_ri(0)| for every pair outside U; else null. */
      readonly movement: Float64Array | null;
    }
  /** Nothing can be decided before the near pairs reach farther, by at least so much for each sample; undecided until then. */
  | {
      readonly status: "reach";
      readonly extra: Float64Array;
      /** λ/ε to be expected if Gaussian neurons have as many pairs near their kinks as they have on average. */
      readonly expectedMargin: number;
      readonly outcome: TheoremOutcome;
    };

/** The list is asked to reach this many times as far as the bound that it was too short for. */
const ROOM = 1.15;

/**
 * Theorem S2, the full form of s2.ts, on near pairs: pairs that are not listed move by less than their distance if
 * X_i = Σ_j|G̃_ij|V_j + ‖G̃_i‖D, the bound with A_r all samples, is below `reach`; then they are never in U, and all that matters of them are
 * counts. In units of ζ the condition is |ζ_ri| > √m s₂ (Σ_{A_r}|G̃_ij|V_j + (Σ_{A_r}G̃_ij²)^½ D).
 */
export async function certifyNear(
  pairs: NearPairs,
  measurer: Measurer,
  stepSize?: Interval,
  work?: number,
): Promise<NearOutcome> {
  const { arithmetic } = measurer;
  const { samples: n, watch, distances } = pairs;
  const unstable = new Uint8Array(watch.patterns.length);
  let count = 0;
  const add = (i: number, pair: number) => {
    unstable[watch.slots[pair] * watch.bytes + (i >> 3)] |= 1 << (i & 7);
    count++;
  };
  forEachPair(pairs, (i, pair) => {
    if (distances[pair] < 0) add(i, pair);
  });
  const report = (found: Found) => outcomeOfS2(pairs, arithmetic, found);
  const decided = (found: Found, movement: Float64Array | null = null): NearOutcome => ({
    status: "decided",
    outcome: report(found),
    unstable: count,
    movement,
  });
  for (let round = 0; ; round++) {
    const measured = await kernelWithin(pairs, unstable, measurer);
    if (measured.status === "failed") {
      return decided({ form: "full", margin: 0, obstacle: { kind: "measurement", reason: measured.reason } });
    }
    const mid = measured.evidence;
    const lambda = mid.spectrum.lambdaMin.value.lower;
    const margin = finite(mid.epsilon === 0 ? Number.POSITIVE_INFINITY : lambda / mid.epsilon);
    const found: Found = { form: "full", mid, margin, unstable: count, rounds: round + 1, obstacle: null };
    const degenerate = singularity(mid.spectrum, n, pairs.parameters);
    if (degenerate && round === 0) return decided({ ...found, margin: 0, obstacle: degenerate });
    const open: Found = {
      ...found,
      margin: Math.min(margin, 1),
      obstacle: {
        kind: "unstable pairs",
        lambda,
        epsilon: mid.epsilon,
        unstable: count,
        pairs: n * pairs.width,
      },
    };
    if (degenerate || !(mid.rate > 0)) return decided(open);
    const step = stepSize ?? point(largestStep(mid, arithmetic));
    if (!fits(step, mid, arithmetic)) {
      const product = step.upper * (lambda + mid.spectrum.lambdaMax.value.upper);
      return decided({ ...found, margin: 0, obstacle: { kind: "step size", product } });
    }
    const bounds = movementBounds(pairs, mid, step, measurer, work);
    if (!bounds.wide.every((length, i) => length < pairs.reach[i])) {
      const extra = bounds.wide.map((length, i) => Math.max(0, ROOM * length - pairs.reach[i]));
      const expectedMargin = lambda / expectedDoubt(pairs, bounds.wide);
      return { status: "reach", extra, expectedMargin, outcome: report(open) };
    }
    const before = count;
    const least = addViolators(pairs, unstable, bounds, measurer, add);
    if (count === before) {
      const { path, steps } = bounds;
      return decided({ ...found, step, path, leastRatio: least, steps }, bounds.wide);
    }
  }
}

/** How far pairs can move while flips stay within U. */
interface Bounds {
  /** X_i: with A_r all samples. */
  readonly wide: Float64Array;
  readonly perSample: Float64Array;
  /** D and P of s2.ts. */
  readonly deviation: number;
  readonly path: number;
  readonly steps: number;
}

export function movementBounds(
  { samples: n, gram, residual }: Pick<NearPairs, "samples" | "gram" | "residual">,
  mid: MidpointKernel,
  step: Interval,
  { arithmetic }: Measurer,
  work?: number,
): Bounds {
  const lambda = mid.spectrum.lambdaMin.value.lower;
  const sums = linearSums(residual, mid, step, arithmetic, work);
  const path = raise((lambda * sums.path) / mid.rate, 4, arithmetic);
  const deviation = raise((mid.epsilon / lambda) * path, 4, arithmetic);
  const wide = Float64Array.from({ length: n }, (_, i) => {
    let [linear, squares] = [0, 0];
    for (let j = 0; j < n; j++) {
      const g = Math.abs(gram.mid.data[i * n + j]) + gram.radius;
      linear += g * sums.perSample[j];
      squares += g * g;
    }
    return raise(linear + Math.sqrt(squares) * deviation, 2 * n + 24, arithmetic);
  });
  return { wide, perSample: sums.perSample, deviation, path, steps: sums.steps };
}

/** ε to be expected when every pair with |ζ_ri| ≤ distance[i] may flip, w_r ~ N(0, I): a guess, for plans. */
export function expectedDoubt(
  { samples: n, gram, width }: Pick<NearPairs, "samples" | "gram" | "width">,
  distance: Float64Array,
): number {
  const share = Float64Array.from(distance, (length, i) =>
    watchedShare(length, Math.sqrt(gram.mid.data[i * n + i]), width),
  );
  const doubt = matrix(n, n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      // the other pattern is on for one neuron in two
      const open = i === j ? share[i] : (share[i] + share[j]) / 2;
      doubt.data[i * n + j] = 0.5 * Math.abs(gram.mid.data[i * n + j]) * open;
    }
  }
  return perronBound(doubt, upward(rounded));
}

/** Adds the near pairs outside U that may cross 0; returns the least |ζ_ri|/bound of the others. */
function addViolators(
  { samples: n, gram, watch, distances, reach }: NearPairs,
  unstable: Uint8Array,
  { wide, perSample, deviation }: Bounds,
  { arithmetic }: Measurer,
  add: (i: number, pair: number) => void,
): number {
  const { patterns, bytes, offsets, slots } = watch;
  const active = patterns.map((byte, k) => byte | unstable[k]);
  const [linear, squares] = [new SubsetSums(bytes), new SubsetSums(bytes)];
  const entries = new Float64Array(n);
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < n; i++) {
    if (wide[i] === 0) continue;
    for (let j = 0; j < n; j++) entries[j] = Math.abs(gram.mid.data[i * n + j]) + gram.radius;
    const wanted = offsets[i + 1] - offsets[i];
    linear.prepare(entries, 0, perSample, wanted);
    squares.prepare(entries, 0, entries, wanted);
    least = Math.min(least, reach[i] / wide[i]);
    for (let pair = offsets[i]; pair < offsets[i + 1]; pair++) {
      const at = slots[pair] * bytes;
      if ((unstable[at + (i >> 3)] >> (i & 7)) & 1) continue;
      const distance = distances[pair];
      let bound = wide[i];
      if (!(distance > bound)) {
        const narrow = linear.sum(active, at) + Math.sqrt(squares.sum(active, at)) * deviation;
        bound = raise(narrow, 2 * n + 24, arithmetic);
      }
      if (bound === 0) continue;
      if (distance > bound) least = Math.min(least, distance / bound);
      else add(i, pair);
    }
  }
  return least;
}

/** M and ε: the counts of all neurons, and of those with a pair in U what that pair may change. */
async function kernelWithin(
  pairs: NearPairs,
  unstable: Uint8Array,
  measurer: Measurer,
): Promise<Measurement<MidpointKernel>> {
  const { samples: n, counts, watch } = pairs;
  const { patterns, bytes } = watch;
  const [more, less] = [new Float64Array(n * n), new Float64Array(n * n)];
  const set = new Uint8Array(bytes);
  for (let at = 0; at < patterns.length; at += bytes) {
    for (const turnedOn of [true, false]) {
      let loaded = false;
      for (let b = 0; b < bytes; b++) {
        const on = patterns[at + b];
        for (let bits = unstable[at + b] & (turnedOn ? ~on : on); bits !== 0; bits &= bits - 1) {
          if (!loaded) set.set(patterns.subarray(at, at + bytes));
          loaded = true;
          const bit = bits & -bits;
          const i = b * 8 + 31 - Math.clz32(bit);
          set[b] &= ~bit;
          addRow(turnedOn ? more : less, i, set, n);
          if (turnedOn) set[b] |= bit;
        }
      }
    }
  }
  const changed = (change: Float64Array, sign: number): MatrixBall => {
    const mid: Matrix = matrix(n, n);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        const both = i === j ? change[i * n + i] : change[i * n + j] + change[j * n + i];
        mid.data[i * n + j] = counts[i * n + j] + sign * both;
      }
    }
    return { mid, radius: 0 };
  };
  return midpointOfCounts(pairs, changed(more, 1), changed(less, -1), measurer);
}

/** Products of sample i with itself and with the samples of `set`. */
function addRow(change: Float64Array, i: number, set: Uint8Array, n: number): void {
  change[i * n + i] += 1;
  for (let b = 0; b < set.length; b++) {
    for (let bits = set[b]; bits !== 0; bits &= bits - 1) change[i * n + b * 8 + 31 - Math.clz32(bits & -bits)] += 1;
  }
}

function forEachPair({ samples, watch }: NearPairs, visit: (i: number, pair: number) => void): void {
  for (let i = 0; i < samples; i++) {
    for (let pair = watch.offsets[i]; pair < watch.offsets[i + 1]; pair++) visit(i, pair);
  }
}
