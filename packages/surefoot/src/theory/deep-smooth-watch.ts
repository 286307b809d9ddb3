import { copy, type Matrix, matrix } from "@surefoot/linalg";
import { initDescent, stepDescent } from "../dynamics/gradient-descent.ts";
import type { Snapshot } from "../dynamics/snapshot.ts";
import { layerInput, positionsOf } from "../network/network.ts";
import { addTensor } from "../network/tangent-tensors.ts";
import { C_X0, type DeepSmoothFacts } from "./deep-smooth-facts.ts";
import { createExtremes } from "./extremes.ts";
import { difference, frobenius, leastEigenvalueOf, spectralNorm } from "./matrix-norms.ts";
import type { DeskRequest } from "./request.ts";

/** What Du et al. 2019 speak of, measured along a run; see du2019-claims.ts for what each is compared with. */
export type DeepSmoothWatch = ReturnType<typeof createDeepSmoothWatch>;

interface Start {
  /** G^(H)(0). */
  readonly gram: Matrix;
  /** ‖x_i^(h)(0)‖ over h and i: the least and the greatest. */
  readonly leastNorm: number;
  readonly greatestNorm: number;
  /** x^(h)(0), h = 1 … H. */
  readonly states: readonly Matrix[];
  /** ‖y − u(0)‖. */
  readonly residual: number;
}

export function createDeepSmoothWatch({ problem, weights, stepSize }: DeskRequest, facts: DeepSmoothFacts) {
  const { network, dataset, backend } = problem;
  const { layers } = network;
  const { depth, m, innerStep, lambda0 } = facts;
  const extremes = {
    /** λ_min(G^(H)(k)), λ_min(G(k)). */
    lambdaTop: createExtremes(),
    lambdaAll: createExtremes(),
    /** λ_min(G(k)) − λ_min(G^(H)(k)) in units of ‖G(k)‖_F. */
    psdGap: createExtremes(),
    /** ‖G^(H)(k) − G^(H)(0)‖₂. */
    gramDrift: createExtremes(),
    /** max_h ‖W^(h)(k) − W^(h)(0)‖_F/√m, with a among them for `reach`. */
    hiddenReach: createExtremes(),
    reach: createExtremes(),
    /** max over h, i of ‖x_i^(h)(k) − x_i^(h)(0)‖, and over its bound of Lemma 1.6 at the R of step k. */
    stateDrift: createExtremes(),
    stateDriftShare: createExtremes(),
    /** max_h ‖W^(h)(k + 1) − W^(h)(k)‖_F/(η√n‖y − u(k)‖). */
    stepLength: createExtremes(),
    /** ‖I₂(k)‖/(ηλ₀‖y − u(k)‖). */
    secondOrder: createExtremes(),
    /** ‖u(k + 1) − u(k)‖²/(ηλ₀‖y − u(k)‖²), and over ‖y − u(k)‖ as printed. */
    outputStep: createExtremes(),
    outputStepPrinted: createExtremes(),
    /** (y − u)ᵀI₁/(ηλ_min(G^(H))‖y − u‖²), and without the η as printed. */
    firstOrder: createExtremes(),
    firstOrderPrinted: createExtremes(),
    /** ‖y − u(k + 1)‖² less the right side of display ① in units of ‖y − u(k)‖²: with 2ηλ_min, and as printed with ηλ_min. */
    display: createExtremes(),
    displayPrinted: createExtremes(),
  };
  let begun: Start | undefined;
  return {
    ...extremes,
    get start(): Start {
      if (begun === undefined) throw new Error("a watch is read before step 0");
      return begun;
    },
    at: async (snapshot: Snapshot) => {
      const { state } = snapshot;
      const { step } = state;
      const gram = await topGram(snapshot);
      const states = layers.slice(0, -1).map((_, h) => scaled(state.pass.h[h], layers[h + 1].scale));
      begun ??= startOf(gram, states, state.residual);
      const kernel = await snapshot.kernel();
      const top = await leastEigenvalueOf(gram, backend);
      const all = await leastEigenvalueOf(kernel, backend);
      extremes.lambdaTop.see(step, top);
      extremes.lambdaAll.see(step, all);
      extremes.psdGap.see(step, (all - top) / frobenius(kernel));
      extremes.gramDrift.see(step, await spectralNorm(difference(gram, begun.gram), backend));
      const reaches = layers.map(
        ({ weight }) => frobenius(difference(state.weights[weight], weights[weight])) / Math.sqrt(m),
      );
      const hidden = Math.max(...reaches.slice(0, -1));
      extremes.hiddenReach.see(step, hidden);
      extremes.reach.see(step, Math.max(...reaches));
      seeStates(step, states, begun, hidden);
      await seeStep(snapshot, kernel, top);
    },
  };

  /** G^(H)(k), the part of W^(H) in the tangent kernel. */
  async function topGram(snapshot: Snapshot): Promise<Matrix> {
    const layer = layers[depth - 1];
    const n = dataset.x.rows;
    const out = matrix(n, n);
    const h = layerInput(network, depth - 1, dataset.x, snapshot.state.pass);
    const g = (await snapshot.cotangents())[depth - 1];
    const features = { name: layer.weight, positions: positionsOf(layer), h, g };
    await addTensor(features, features, { i0: 0, i1: n, j0: 0, j1: n }, out, backend, layer.scale * layer.scale);
    return out;
  }

  function seeStates(step: number, states: readonly Matrix[], from: Start, reach: number): void {
    let [worst, share] = [0, 0];
    let bound = 0;
    states.forEach((now, h) => {
      bound = driftBound(h, bound, reach);
      const moved = Math.max(...sampleNorms(difference(now, from.states[h])));
      worst = Math.max(worst, moved);
      // the lemma is an inequality of real numbers: a drift that is all rounding says nothing
      if (moved > ROUNDING * from.greatestNorm) share = Math.max(share, moved / bound);
    });
    extremes.stateDrift.see(step, worst);
    extremes.stateDriftShare.see(step, share);
  }

  /** Lemma 1.6: Δ_h ≤ [Δ_{h−1}] + t L ‖P‖(2c_{w,0}Δ_{h−1} + c_{x,0}R), t = √c_σ, or c_res/H behind a skip. */
  function driftBound(h: number, below: number, reach: number): number {
    const { gain, skip, patches } = layers[h];
    const factor = gain === undefined ? Math.sqrt(facts.cSigma) : gain * Math.sqrt(m);
    const patch = patches ? Math.sqrt(Math.min(patches.filter, patches.pixels)) : 1;
    const cX0 = Math.max(C_X0, begun?.greatestNorm ?? 0);
    return (skip ? below : 0) + factor * facts.lipschitz * patch * (2 * facts.cW * below + cX0 * reach);
  }

  /** One step from here on a copy of the weights: what the proof expands in η. */
  async function seeStep({ state }: Snapshot, kernel: Matrix, top: number): Promise<void> {
    const { step, residual, weights: now, pass } = state;
    const before = pass.outputs.slice();
    const size = norm(residual);
    if (!(size > (ROUNDING * (1 + norm(before))) / Math.min(1, innerStep * lambda0))) return;
    const next = await stepDescent(problem, await initDescent(problem, now), stepSize);
    const moves = layers.map(({ weight }) => frobenius(difference(next.weights[weight], now[weight])));
    extremes.stepLength.see(step, Math.max(...moves) / (innerStep * Math.sqrt(facts.n) * size));
    const change = next.pass.outputs.map((u, i) => u - before[i]);
    const first = timesVector(kernel, residual).map((v) => -innerStep * v);
    const second = change.map((v, i) => v - first[i]);
    const square = size * size;
    const allowed = innerStep * lambda0;
    extremes.secondOrder.see(step, norm(second) / (allowed * size));
    const moved = dot(change, change);
    extremes.outputStep.see(step, moved / (allowed * square));
    extremes.outputStepPrinted.see(step, moved / (allowed * size));
    const along = -dot(residual, first); // (y − u)ᵀI₁
    extremes.firstOrder.see(step, along / (innerStep * top * square));
    extremes.firstOrderPrinted.see(step, along / (top * square));
    const rest = 2 * dot(residual, second) + moved; // −2(y − u)ᵀI₂ + ‖u(k+1) − u(k)‖²
    const after = dot(next.residual, next.residual);
    extremes.display.see(step, (after - (1 - 2 * innerStep * top) * square - rest) / square);
    extremes.displayPrinted.see(step, (after - (1 - innerStep * top) * square - rest) / square);
  }

  function startOf(gram: Matrix, states: readonly Matrix[], residual: Float64Array): Start {
    const norms = states.flatMap((state) => [...sampleNorms(state)]);
    return {
      gram: copy(gram),
      states: states.map(copy),
      leastNorm: Math.min(...norms),
      greatestNorm: Math.max(...norms),
      residual: norm(residual),
    };
  }

  /** ‖x_i‖ over all positions of each sample. */
  function sampleNorms({ data }: Matrix): Float64Array {
    const { n } = facts;
    const each = data.length / n;
    return Float64Array.from({ length: n }, (_, i) => norm(data.subarray(i * each, (i + 1) * each)));
  }
}

/** Differences smaller than this part of what is subtracted are rounding. */
const ROUNDING = 1e-11;

function scaled(a: Matrix, factor: number): Matrix {
  return factor === 1 ? a : { rows: a.rows, cols: a.cols, data: a.data.map((value) => factor * value) };
}

function timesVector({ rows, cols, data }: Matrix, v: Float64Array): Float64Array {
  return Float64Array.from({ length: rows }, (_, i) => dot(data.subarray(i * cols, (i + 1) * cols), v));
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

function norm(v: Float64Array): number {
  return Math.sqrt(dot(v, v));
}
