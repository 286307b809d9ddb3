import { type BitMasks, copy, type Matrix } from "@surefoot/linalg";
import type { Snapshot } from "../dynamics/snapshot.ts";
import { hInfinity } from "../kernel/h-infinity.ts";
import { countFlips, signPattern } from "../network/sign-pattern.ts";
import { createExtremes, type Extremes } from "./extremes.ts";
import { difference, frobenius, leastEigenvalueOf, spectralNorm } from "./matrix-norms.ts";
import type { DeskRequest } from "./request.ts";

/** What Du et al. 2018 and the slides speak of, measured along a run of the two-layer ReLU network; shared by their desks. */
export interface TwoLayerWatch {
  at(snapshot: Snapshot): Promise<void>;
  /** H^∞ and H(0). */
  readonly limit: Matrix;
  readonly initialKernel: Matrix;
  /** w_r(0)·x_i, n × m. */
  readonly initialZ: Matrix;
  readonly lambdaMin: Extremes;
  /** ‖H(k) − H(0)‖₂ and ‖·‖_F. */
  readonly kernelDrift: Extremes;
  readonly kernelDriftFrobenius: Extremes;
  /** max_r ‖w_r(k) − w_r(0)‖. */
  readonly neuronDrift: Extremes;
  /** Share of the pairs (r, i) whose pattern differs from step 0. */
  readonly flipShare: Extremes;
  /** max_ij |H_ij(k) − H_ij(0)| over what the flips of i and j allow (0/0 = 0). */
  readonly entryDrift: Extremes;
  /** Flips so far of pairs with |w_r(0)·x_i| > ‖w_r(k) − w_r(0)‖·‖x_i‖: 0, or arithmetic is wrong. */
  readonly impossibleFlips: Extremes;
  /** ‖u − y‖² at step 0. */
  readonly initialSquare: number;
}

const watches = new WeakMap<DeskRequest, Promise<TwoLayerWatch>>();

/** The watch of a request: made once, whichever desk asks first. */
export function twoLayerWatch(request: DeskRequest): Promise<TwoLayerWatch> {
  const known = watches.get(request);
  if (known) return known;
  const made = createWatch(request);
  watches.set(request, made);
  return made;
}

async function createWatch({ problem, weights }: DeskRequest): Promise<TwoLayerWatch> {
  const { dataset, network, backend } = problem;
  const [first, second] = network.layers;
  const a = weights[second.weight].data;
  const initialW = weights[first.weight];
  const norms = rowNormsOf(dataset.x);
  const limit = await hInfinity(dataset.x, backend);
  const extremes = {
    lambdaMin: createExtremes(),
    kernelDrift: createExtremes(),
    kernelDriftFrobenius: createExtremes(),
    neuronDrift: createExtremes(),
    flipShare: createExtremes(),
    entryDrift: createExtremes(),
    impossibleFlips: createExtremes(),
  };
  let start: { kernel: Matrix; z: Matrix; pattern: BitMasks; square: number } | undefined;
  let seen = -1;
  const begun = () => {
    if (start === undefined) throw new Error("a watch is read before step 0");
    return start;
  };
  return {
    ...extremes,
    limit,
    get initialKernel() {
      return begun().kernel;
    },
    get initialZ() {
      return begun().z;
    },
    get initialSquare() {
      return begun().square;
    },
    at: async (snapshot) => {
      const { step, pass, weights: now, residual } = snapshot.state;
      if (step <= seen) return;
      seen = step;
      const kernel = await snapshot.kernel();
      const pattern = signPattern(pass.z[0]);
      start ??= {
        kernel: copy(kernel),
        z: copy(pass.z[0]),
        pattern,
        square: residual.reduce((sum, e) => sum + e * e, 0),
      };
      extremes.lambdaMin.see(step, await leastEigenvalueOf(kernel, backend));
      const drift = difference(kernel, start.kernel);
      extremes.kernelDrift.see(step, await spectralNorm(drift, backend));
      extremes.kernelDriftFrobenius.see(step, frobenius(drift));
      const moved = rowNormsOf(difference(now[first.weight], initialW));
      extremes.neuronDrift.see(step, largest(moved));
      const { rows, bits } = pattern;
      extremes.flipShare.see(step, countFlips(start.pattern, pattern) / (rows * bits));
      const flips = flipsOf(start, pattern, moved, norms, a);
      extremes.impossibleFlips.see(step, flips.impossible);
      extremes.entryDrift.see(step, entryRatio(drift, problem.gram, flips.weights, a.length));
    },
  };
}

/** By sample: Σ a_r² over the neurons that flipped; and how many pairs flipped that could not. */
function flipsOf(
  start: { readonly z: Matrix; readonly pattern: BitMasks },
  now: BitMasks,
  moved: Float64Array,
  norms: Float64Array,
  a: Float64Array,
): { weights: Float64Array; impossible: number } {
  const weights = new Float64Array(now.rows);
  let impossible = 0;
  for (let i = 0; i < now.rows; i++) {
    for (let r = 0; r < now.bits; r++) {
      const word = i * now.wordsPerRow + (r >>> 5);
      if ((((now.words[word] ^ start.pattern.words[word]) >>> (r & 31)) & 1) === 0) continue;
      weights[i] += a[r] * a[r];
      // a pair within rounding of its kink may flip in the arithmetic of this run
      const reach = moved[r] * norms[i] * (1 + ROUNDING) + ROUNDING * norms[i];
      if (Math.abs(start.z.data[i * now.bits + r]) > reach) impossible++;
    }
  }
  return { weights, impossible };
}

const ROUNDING = 1e-12;

/** max_ij |ΔH_ij| / (|x_i·x_j|(f_i + f_j)/m), f_i = Σ a_r² over the flips of sample i; entries that no flip touches count 0. */
function entryRatio(drift: Matrix, gram: Matrix, flips: Float64Array, width: number): number {
  const n = drift.rows;
  let worst = 0;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      const allowed = (Math.abs(gram.data[i * n + j]) * (flips[i] + flips[j])) / width;
      const actual = Math.abs(drift.data[i * n + j]);
      if (actual > ROUNDING * Math.abs(gram.data[i * n + j])) worst = Math.max(worst, actual / allowed);
    }
  }
  return worst;
}

/** ‖row‖₂ of every row. */
export function rowNormsOf({ rows, cols, data }: Matrix): Float64Array {
  const out = new Float64Array(rows);
  for (let i = 0; i < rows; i++) {
    let sum = 0;
    for (let k = i * cols; k < (i + 1) * cols; k++) sum += data[k] * data[k];
    out[i] = Math.sqrt(sum);
  }
  return out;
}

export function largest(values: Float64Array): number {
  return values.reduce((most, value) => Math.max(most, value), 0);
}

/** Share of the pairs with |z_ri| ≤ reach·‖x_i‖. */
export function shareNear({ rows, cols, data }: Matrix, inputNorms: Float64Array, reach: number): number {
  let count = 0;
  for (let i = 0; i < rows; i++) {
    for (let r = 0; r < cols; r++) if (Math.abs(data[i * cols + r]) <= reach * inputNorms[i]) count++;
  }
  return count / data.length;
}
