import { type Matrix, matrix } from "@surefoot/linalg";
import { backward } from "../../network/backward.ts";
import { uniform } from "../../random/draw.ts";
import { layerStream } from "../../random/streams.ts";
import type { ClaimRow } from "../desk.ts";
import { claimRow } from "../rows.ts";
import { largestEntry, largestNorm, products, rowNorms, scaleRows, single, sparseForm, topNorms } from "./products.ts";
import { closestPair } from "./separation.ts";
import { affordable, chainWork, layerPairs, ofSamples, type ZouSetting } from "./setting.ts";

const SOURCE = "initialisation";
const hiddenConstant = { boundBasis: "order-only", relation: "≤" } as const;

/** The eight properties at initialisation (theory/03). A hidden constant is fitted: the smallest for which the claim holds here. */
export async function initialRows(s: ZouSetting, pulls: readonly Pull[]): Promise<ClaimRow[]> {
  return [
    ...(await lengthRows(s)),
    separationRow(s),
    outputRow(s),
    nearRow(s),
    await productRow(s),
    await sparseOutputRow(s),
    await sparseProductRow(s),
    ...activeRows(s, pulls),
  ];
}

/** a = −ℓ'(y_i ŷ_i) of a loss: what property (viii) is used with. */
export interface Pull {
  readonly name: string;
  readonly a: Float64Array;
}

/** (i). */
async function lengthRows({
  pass,
  depth,
  narrowest,
  network,
  weights,
  backend,
  delta,
  y,
}: ZouSetting): Promise<ClaimRow[]> {
  let off = 0;
  for (let l = 0; l < depth; l++) for (const norm of rowNorms(pass.h[l])) off = Math.max(off, Math.abs(norm - 1));
  const order = depth * Math.sqrt(Math.log((y.length * depth) / delta) / narrowest);
  let norm = 0;
  for (const { weight } of network.layers.slice(0, depth)) {
    norm = Math.max(norm, await largestNorm(single(weights[weight], backend)));
  }
  return [
    claimRow({
      ...hiddenConstant,
      id: "initial-i-lengths",
      source: `${SOURCE} (i)`,
      claim: "|‖x_{l,i}‖ − 1| ≤ C L√(log(nL/δ)/m)",
      bound: order,
      measured: off,
      constantNeeded: off / order,
    }),
    claimRow({
      ...hiddenConstant,
      id: "initial-i-norms",
      source: `${SOURCE} (i)`,
      claim: "‖W_l‖₂ ≤ C for every l",
      measured: norm,
      constantNeeded: norm,
      note: "by power iteration; for square Gaussian layers of variance 2/m it is near 2√2",
    }),
  ];
}

/** (ii). */
function separationRow({ pass, depth, y, separation }: ZouSetting): ClaimRow {
  let [least, where] = [Number.POSITIVE_INFINITY, ""];
  for (let l = 0; l < depth; l++) {
    const unit: Matrix = { ...pass.h[l], data: pass.h[l].data.slice() };
    scaleRows(unit);
    const found = closestPair(unit.data, unit.cols, y);
    if (found && found.phi < least) [least, where] = [found.phi, `layer ${l + 1}, samples ${found.pair.join(" and ")}`];
  }
  return claimRow({
    id: "initial-ii",
    source: `${SOURCE} (ii)`,
    claim: "normalised ‖x_{l,i} − x_{l,j}‖ ≥ φ/2 where y_i ≠ y_j",
    relation: "≥",
    bound: separation.phi / 2,
    measured: least,
    constantNeeded: least / separation.phi,
    note: `attained at ${where}; constant: what could stand for the ½`,
  });
}

/** (iii). */
function outputRow({ pass, delta, y }: ZouSetting): ClaimRow {
  const largest = pass.outputs.reduce((most, u) => Math.max(most, Math.abs(u)), 0);
  const order = Math.sqrt(Math.log(y.length / delta));
  return claimRow({
    ...hiddenConstant,
    id: "initial-iii",
    source: `${SOURCE} (iii)`,
    claim: "|ŷ_i| ≤ C √log(n/δ)",
    bound: order,
    measured: largest,
    constantNeeded: largest / order,
  });
}

/** The property speaks of one β at a time: a single neuron can be nearer to its kink than any β allows. */
const CROWD = 10;

/** (iv): the left side jumps at β = |⟨w, x⟩| only, so every β is looked at. */
function nearRow({ pass, depth, y }: ZouSetting): ClaimRow {
  let [worst, crowded, where] = [0, 0, ""];
  for (let l = 0; l < depth; l++) {
    const { cols: m, data } = pass.z[l];
    for (let i = 0; i < y.length; i++) {
      const near = data
        .slice(i * m, (i + 1) * m)
        .map(Math.abs)
        .sort();
      for (let k = 0; k < m; k++) {
        const ratio = (k + 1) / (2 * m ** 1.5 * near[k]);
        if (ratio > worst)
          [worst, where] = [ratio, `layer ${l + 1}, sample ${i}, β = ${near[k].toPrecision(3)} (${k + 1} nodes)`];
        if (k + 1 >= CROWD) crowded = Math.max(crowded, ratio);
      }
    }
  }
  return claimRow({
    id: "initial-iv",
    source: `${SOURCE} (iv)`,
    claim: "#{j : |⟨w_{l,j}, x_{l−1,i}⟩| ≤ β} ≤ 2 m_l^{3/2} β",
    relation: "≤",
    bound: 1,
    measured: worst,
    verdict: worst <= 1 ? "holds" : "open",
    constantNeeded: 2 * worst,
    note:
      `the greatest ratio of the two sides over every β, i and l: ${where}; over those β with at least ${CROWD} nodes ${crowded.toPrecision(3)}. ` +
      "The property is about each β by itself; constant: for the 2, for all β at once",
  });
}

/** (v). */
async function productRow(s: ZouSetting): Promise<ClaimRow> {
  const { network, weights, pass, backend, depth, y } = s;
  let [largest, where, looked] = [0, "", y.length];
  for (const [l1, l2] of layerPairs(depth)) {
    const samples = affordable(y.length, 60 * chainWork(s, l1, l2));
    looked = Math.min(looked, samples);
    const norm = await largestNorm(products(network, weights, pass, backend, { l1, l2, samples }));
    if (norm > largest) [largest, where] = [norm, `l₁ = ${l1}, l₂ = ${l2}`];
  }
  return claimRow({
    ...hiddenConstant,
    id: "initial-v",
    source: `${SOURCE} (v)`,
    claim: "‖W_{l₂}ᵀ ∏_{r=l₁}^{l₂−1} Σ_{r,i}W_rᵀ‖₂ ≤ C L",
    ...(depth < 2
      ? { verdict: "not-applicable", note: "there is no pair of layers" }
      : {
          bound: depth,
          measured: largest,
          constantNeeded: largest / depth,
          note: `by power iteration, ${where}${ofSamples(looked, y.length)}`,
        }),
  });
}

/** vᵀ Σ_L W_L ⋯ Σ_l W_l for every sample, l = 1 … L: rows of n × m_{l−1} matrices. */
export async function outputRowsOf(
  s: Pick<ZouSetting, "network" | "weights" | "pass" | "backend" | "depth">,
): Promise<Matrix[]> {
  const g = await backward(s.network, s.weights, s.pass, s.backend);
  const rows: Matrix[] = [];
  for (let l = 0; l < s.depth; l++) rows.push(await s.backend.gemm(g[l], s.weights[s.network.layers[l].weight]));
  return rows;
}

/** (vi), exact: the maximum over s-sparse unit vectors is the norm of the s largest entries, and its ratio to √s is greatest at s = 1. */
async function sparseOutputRow(s: ZouSetting): Promise<ClaimRow> {
  const rows = await outputRowsOf(s);
  const log = Math.log(s.widest);
  const most = (size: number) =>
    Math.max(...rows.map((q) => Math.max(...topNorms(q, Math.min(size, q.cols))))) / (s.depth * Math.sqrt(size * log));
  const middle = Math.ceil(Math.sqrt(s.narrowest));
  const constant = most(1);
  return claimRow({
    ...hiddenConstant,
    id: "initial-vi",
    source: `${SOURCE} (vi)`,
    claim: "vᵀ(∏_{r=l}^L Σ_{r,i}W_rᵀ)a ≤ C L√(s log M), a unit, s-sparse",
    bound: s.depth * Math.sqrt(log),
    measured: constant * s.depth * Math.sqrt(log),
    constantNeeded: constant,
    note: `exact, for s = 1, where the constant is greatest; for s = ${middle} it is ${most(middle).toPrecision(3)}`,
  });
}

/** Forming a product takes m³ multiply-adds for each sample. */
const FORMED = 2e9;

/** (vii), from both sides. */
async function sparseProductRow(s: ZouSetting): Promise<ClaimRow> {
  const { network, weights, pass, backend, depth, y, widest, narrowest } = s;
  const size = Math.ceil(Math.sqrt(narrowest));
  const order = depth * Math.sqrt((size * Math.log(widest)) / narrowest);
  let [below, above, looked, how] = [0, 0, y.length, "the spectral norm"];
  for (const [l1, l2] of layerPairs(depth)) {
    const work = chainWork(s, l1, l2);
    const samples = affordable(y.length, 24 * work);
    looked = Math.min(looked, samples);
    const of = (count: number) => products(network, weights, pass, backend, { l1, l2, samples: count });
    below = Math.max(below, await sparseForm(of(samples), size));
    const spectral = await largestNorm(of(samples));
    const from = network.layers[l1 - 1].cols;
    const formed = from * work * samples <= FORMED;
    const entries = formed ? size * (await largestEntry(of, samples)) : Number.POSITIVE_INFINITY;
    if (entries < spectral) how = "s times the largest entry";
    above = Math.max(above, Math.min(spectral, entries));
  }
  return claimRow({
    ...hiddenConstant,
    id: "initial-vii",
    source: `${SOURCE} (vii)`,
    claim: "bᵀW_{l₂}ᵀ(∏ Σ_{r,i}W_rᵀ)a ≤ C L√(s log M/m), a, b unit, s-sparse",
    ...(depth < 2
      ? { verdict: "not-applicable", note: "there is no pair of layers" }
      : {
          bound: order,
          measured: below,
          constantNeeded: below / order,
          note:
            `s = ${size}; measured from below by truncated power iteration, from above ${above.toPrecision(4)} (${how}): the constant ` +
            `lies between ${(below / order).toPrecision(3)} and ${(above / order).toPrecision(3)}${ofSamples(looked, y.length)}`,
        }),
  });
}

/** (viii), for the a of each loss and random ones: with C' = 1, the greatest C'' for which so many nodes are active enough. */
function activeRows(s: ZouSetting, pulls: readonly Pull[]): ClaimRow[] {
  const { y, separation, pass, depth, network } = s;
  const m = network.layers[depth - 1].rows;
  const needed = Math.max(1, Math.ceil((m * separation.phi) / y.length));
  const random = Array.from({ length: 3 }, (_, k) => ({
    name: "random",
    a: Float64Array.from(y, (_, i) => uniform({ seed: [k, 9], stream: layerStream(1), row: i }, 0)),
  }));
  const input = depth === 1 ? s.x : pass.h[depth - 2];
  const constants = [...pulls, ...random].map(({ name, a }) => ({
    name,
    value: nthActivity(pass.z[depth - 1], input, a, needed),
  }));
  const least = constants.reduce((worst, each) => (each.value < worst.value ? each : worst));
  return [
    claimRow({
      id: "initial-viii",
      source: `${SOURCE} (viii)`,
      claim: "C'm_Lφ/n nodes with ‖(1/n)Σ a_i σ'(⟨w_{L,j}, x_{L−1,i}⟩)x_{L−1,i}‖ ≥ C''‖a‖_∞/n",
      relation: "≥",
      bound: 1,
      boundBasis: "order-only",
      measured: least.value,
      constantNeeded: least.value,
      note:
        `C'' where C' = 1 (${needed} of ${m} nodes), least over ${constants.length} vectors a ≥ 0: ` +
        constants.map(({ name, value }) => `${name} ${value.toPrecision(3)}`).join(", "),
    }),
  ];
}

/** The `count`-th largest n‖(1/n)Σ a_iσ'(z_ij)x_i‖/‖a‖_∞ over the nodes j, from aᵀ∘ patterns and the Gram matrix of the inputs. */
function nthActivity(z: Matrix, input: Matrix, a: Float64Array, count: number): number {
  const n = a.length;
  const most = a.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
  const gram = matrix(n, n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let k = 0; k < input.cols; k++) sum += input.data[i * input.cols + k] * input.data[j * input.cols + k];
      gram.data[i * n + j] = gram.data[j * n + i] = sum * a[i] * a[j];
    }
  }
  const sizes = new Float64Array(z.cols);
  for (let node = 0; node < z.cols; node++) {
    const active = Int32Array.from({ length: n }, (_, i) => i).filter((i) => z.data[i * z.cols + node] >= 0);
    let square = 0;
    for (const i of active) for (const j of active) square += gram.data[i * n + j];
    sizes[node] = Math.sqrt(Math.max(0, square)) / most;
  }
  return sizes.sort()[z.cols - count] ?? 0;
}
