/**
 * Near pairs for a proof. What is certified is the network whose weights are, as exact reals, w_r(k) = w_r(0) − (a_r/√m) Σ_j c_rj x_j with the
 * doubles w_r(0) of the generator and c_rj = base_rj + s_rj S_j of the run's state; signs, distances and the residual of that network
 * are enclosed from the state with a-priori bounds of every rounding, u = 2⁻⁵³. Nothing is taken from the clocks or the residual of the run.
 */

import { shardSize } from "../dynamics/lazy/start.ts";
import { addUp, mulUp, sqrtUp, subDown } from "../interval/directed.ts";
import { gamma, LEAST_POSITIVE, norm, UNIT_ROUNDOFF } from "../interval/error-bounds.ts";
import { outward } from "../interval/outward.ts";
import { selfTest } from "../interval/self-test.ts";
import { resolveNetwork } from "../network/resolve.ts";
import type { MatrixBall, Measurement, VectorBall } from "./evidence.ts";
import { commonTo, everyPairWatched, type LazyMoment, type NearPairs, pairsOnKink } from "./near-pairs.ts";
import { provedGram } from "./proved-kernel.ts";
import { exactRows } from "./proved-pass.ts";
import { raise } from "./s2-kernel.ts";

const HOW = "proved: floating point with a-priori error bounds; neurons far from their kinks as exact counts";

export async function provedPairs(moment: LazyMoment): Promise<Measurement<NearPairs>> {
  const { problem, watch, initialReach } = moment;
  const { x, source, backend } = problem;
  const tested = await selfTest(backend);
  if (tested.status !== "passed") {
    return { status: "failed", reason: `nothing can be proved on this backend: ${tested.reason}` };
  }
  const n = x.rows;
  const network = resolveNetwork({ kind: "two-layer-relu", width: source.width }, x.cols);
  const gram = await provedGram(network, x, backend);
  const norms = exactRows(x).norms;
  const rootWidth = sqrtUp(source.width);
  // |fl(w·x) − w·x| ≤ γ_d‖w‖‖x‖ and underflow, √m times that in ζ
  const productErrors = Float64Array.from(norms, (size) =>
    addUp(mulUp(gamma(x.cols + 2), mulUp(source.largestNorm, size)), (x.cols + 4) * LEAST_POSITIVE),
  );
  const startErrors = productErrors.map((error) => mulUp(rootWidth, error));
  const travel = travelOf(moment, gram);

  const distances = new Float64Array(watch.slots.length);
  const wrongBits = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    const first = watch.offsets[i];
    const zeta = moment.since?.currentZeta(i) ?? watch.zeta.subarray(first, watch.offsets[i + 1]);
    for (let k = 0; k < zeta.length; k++) {
      const pair = first + k;
      const slot = watch.slots[pair];
      const rounding = mulUp(8 * UNIT_ROUNDOFF, Math.abs(watch.zeta[pair]) + Math.abs(zeta[k]));
      const error = addUp(addUp(startErrors[i], travel.errors[i]), rounding);
      const low = subDown(Math.abs(zeta[k]), error);
      const on = ((watch.patterns[slot * watch.bytes + (i >> 3)] >> (i & 7)) & 1) === 1;
      const agrees = watch.outputs[slot] > 0 ? zeta[k] >= 0 === on : zeta[k] <= 0 === on;
      if (low > 0 && agrees) distances[pair] = low;
      else {
        distances[pair] = -1;
        wrongBits[i] = addUp(wrongBits[i], addUp(Math.abs(zeta[k]), error));
      }
    }
  }
  const everything = everyPairWatched(moment);
  // Not positive where the watch set is too short for the signs of the others to be certain: then it must be made longer.
  const reach = initialReach.map((length, i) => {
    if (everything) return Number.POSITIVE_INFINITY;
    const left = subDown(length, mulUp(8 * UNIT_ROUNDOFF, length));
    return subDown(subDown(left, startErrors[i]), addUp(travel.longest[i], travel.errors[i]));
  });
  return {
    status: "ok",
    evidence: {
      ...commonTo(moment),
      gram,
      residual: residualBall(moment, gram, startErrors, wrongBits),
      distances,
      reach,
      pairsOnKink: pairsOnKink(moment, distances),
      warrant: "proved",
      how: HOW,
    },
  };
}

/** How far ζ_ri has moved, and how far off its evaluation Σ_j Ĝ_ij c_rj may be, by sample for every neuron at once. */
function travelOf({ problem, since }: LazyMoment, gram: MatrixBall) {
  const n = problem.x.rows;
  const longest = new Float64Array(n);
  const errors = new Float64Array(n);
  if (!since) return { longest, errors };
  const size = (i: number, j: number) => Math.abs(problem.gram[i * n + j]) + gram.radius;
  const { sums } = since.state;
  const largestBase = new Float64Array(n);
  const fromBases = new Float64Array(n); // max_r Σ_j |G_ij||base_rj|
  const own = new Float64Array(n);
  let slotNow = -1;
  const close = () => {
    for (let i = 0; i < n; i++) fromBases[i] = Math.max(fromBases[i], own[i]);
    own.fill(0);
  };
  for (const { slot, sample, base } of since.ledger.entries()) {
    if (slot !== slotNow) close();
    slotNow = slot;
    const length = Math.abs(base);
    largestBase[sample] = Math.max(largestBase[sample], length);
    if (length > 0) for (let i = 0; i < n; i++) own[i] += size(i, sample) * length;
  }
  close();
  for (let i = 0; i < n; i++) {
    let [up, down, all, coefficients] = [0, 0, 0, 0];
    for (let j = 0; j < n; j++) {
      const g = problem.gram[i * n + j] * sums[j];
      const doubt = gram.radius * Math.abs(sums[j]);
      up += Math.max(g, 0) + doubt;
      down += Math.max(-g, 0) + doubt;
      coefficients += Math.abs(sums[j]) + largestBase[j];
      all += size(i, j) * (Math.abs(sums[j]) + largestBase[j]);
    }
    longest[i] = raise(Math.max(up, down) + fromBases[i], 2 * n + 8, outward);
    // at most 2n products and sums, in any order
    errors[i] = raise(gamma(2 * n + 24) * all + gram.radius * coefficients, 2 * n + 12, outward);
  }
  return { longest, errors };
}

/**
 * e(k): u_i(k) = u_i(0) + (1/m)[Σ_r (s_ri(k) − s_ri(0)) ζ_ri(0) − Σ_j G_ij Σ_r s_ri(k) c_rj], and Σ_r s_ri c_rj = C_ij S_j + Σ_r s_ri base_rj. A bit that
 * may be wrong changes it by at most |ζ_ri(k)|/m.
 */
function residualBall(
  { problem, initialOutputs, counts, watch, since }: LazyMoment,
  gram: MatrixBall,
  startErrors: Float64Array,
  wrongBits: Float64Array,
): VectorBall {
  const { x, y, source, norms } = problem;
  const n = x.rows;
  const m = source.width;
  const twins = source.seeded?.antisymmetric === true;
  // sums of a shard, then of the shards: each term passes through at most so many roundings
  const depth = shardSize(n, x.cols) + Math.ceil(m / shardSize(n, x.cols)) + 8;
  const mid = new Float64Array(n);
  const radii = new Float64Array(n);
  const moved = since && movedOutputs(problem, counts, watch, since);
  for (let i = 0; i < n; i++) {
    const start = twins ? 0 : initialOutputs[i];
    const size = Math.sqrt(m) * source.largestNorm * norms[i]; // Σ_r|a_r h_ri|/√m ≤ √m max‖w_r‖‖x_i‖
    const startError = twins ? 0 : raise(gamma(depth) * size + startErrors[i], 12, outward);
    const change = moved ? moved.change[i] / m : 0;
    mid[i] = start + change - y[i];
    const rounding = 4 * UNIT_ROUNDOFF * (Math.abs(start) + Math.abs(change) + Math.abs(y[i]));
    let radius = startError + rounding;
    if (moved && since) {
      radius += (gamma(moved.terms + 3 * n + 32) * moved.size[i] + gram.radius * moved.coefficients[i]) / m;
      radius += (moved.odd[i] * startErrors[i] + wrongBits[i]) / m;
    }
    radii[i] = raise(radius, 24, outward);
  }
  return { mid, radius: norm(radii).upper };
}

/** m(u(k) − u(0)) with the sums of the absolute values of its terms, for the error. */
function movedOutputs(
  problem: LazyMoment["problem"],
  counts: Float64Array,
  watch: LazyMoment["watch"],
  since: NonNullable<LazyMoment["since"]>,
) {
  const { gram } = problem;
  const { sums } = since.state;
  const n = sums.length;
  const change = new Float64Array(n);
  const size = new Float64Array(n);
  const odd = new Float64Array(n);
  const active = Float64Array.from({ length: n * n }, (_, k) => counts[k] * sums[k % n]); // Σ_r s_ri c_rj
  const activeSize = active.map(Math.abs);
  let terms = 0;
  for (const { slot, sample, base, flips } of since.ledger.entries()) {
    terms++;
    const at = slot * watch.bytes;
    if (flips % 2 === 1) {
      const zeta = watch.zeta[pairOf(watch, sample, slot)];
      const on = (watch.patterns[at + (sample >> 3)] >> (sample & 7)) & 1;
      change[sample] += on === 1 ? zeta : -zeta;
      size[sample] += Math.abs(zeta);
      odd[sample]++;
    }
    if (base === 0) continue;
    for (let b = 0; b < watch.bytes; b++) {
      for (let bits = watch.patterns[at + b]; bits !== 0; bits &= bits - 1) {
        const k = (b * 8 + 31 - Math.clz32(bits & -bits)) * n + sample;
        active[k] += base;
        activeSize[k] += Math.abs(base);
      }
    }
  }
  const coefficients = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      change[i] -= gram[i * n + j] * active[i * n + j];
      size[i] += Math.abs(gram[i * n + j]) * activeSize[i * n + j];
      coefficients[i] += activeSize[i * n + j];
    }
  }
  return { change, size, odd, coefficients, terms };
}

/** The near pair of a sample and a slot; slots ascend within a sample. */
function pairOf({ offsets, slots }: LazyMoment["watch"], sample: number, slot: number): number {
  let [low, high] = [offsets[sample], offsets[sample + 1]];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (slots[middle] < slot) low = middle + 1;
    else high = middle;
  }
  return low;
}
