import { type Backend, type Matrix, matrix } from "@surefoot/linalg";
import { backward } from "../../network/backward.ts";
import { uniform } from "../../random/draw.ts";
import { layerStream } from "../../random/streams.ts";
import type { ClaimRow } from "../desk.ts";
import { claimRow } from "../rows.ts";
import {
  largestEntry,
  largestNorms,
  NORM_STEPS,
  normOf,
  products,
  rowNorms,
  SPARSE_ROUNDS,
  scaleRows,
  sparseForms,
  topNorms,
} from "./products.ts";
import { closestPair } from "./separation.ts";
import { affordable, allChainsWork, chainWork, layerPairs, ofSamples, type ZouSetting } from "./setting.ts";

const SOURCE = "initialisation";
const hiddenConstant = { boundBasis: "order-only", relation: "≤" } as const;

/**
 * The eight properties at initialisation (theory/03), a piece at a time, as `s.pace` may throw between them. A hidden constant is fitted: the
 * smallest for which the claim holds here.
 */
export async function* initialRows(s: ZouSetting, pulls: readonly Pull[]): AsyncGenerator<readonly ClaimRow[]> {
  yield await lengthRows(s);
  yield [await separationRow(s), outputRow(s)];
  yield [await nearRow(s)];
  const { spectral, sparse } = await productRows(s);
  yield [spectral, await sparseOutputRow(s), sparse];
  yield [await activeRow(s, pulls)];
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
  pace,
}: ZouSetting): Promise<ClaimRow[]> {
  await pace("zou2019: initialisation (i)");
  let off = 0;
  for (let l = 0; l < depth; l++) for (const norm of rowNorms(pass.h[l])) off = Math.max(off, Math.abs(norm - 1));
  const order = depth * Math.sqrt(Math.log((y.length * depth) / delta) / narrowest);
  let norm = 0;
  for (const { weight } of network.layers.slice(0, depth)) {
    const rest = () => pace(`zou2019: initialisation (i), the norm of ${weight}`);
    norm = Math.max(norm, await normOf(weights[weight], backend, rest));
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
      note: "by Lanczos bidiagonalisation; for square Gaussian layers of variance 2/m it is near 2√2",
    }),
  ];
}

/** (ii). */
async function separationRow({ pass, depth, y, separation, pace }: ZouSetting): Promise<ClaimRow> {
  let [least, where] = [Number.POSITIVE_INFINITY, ""];
  for (let l = 0; l < depth; l++) {
    await pace(`zou2019: initialisation (ii), layer ${l + 1}`);
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
async function nearRow({ pass, depth, y, pace }: ZouSetting): Promise<ClaimRow> {
  let [worst, crowded, where] = [0, 0, ""];
  for (let l = 0; l < depth; l++) {
    const { cols: m, data } = pass.z[l];
    for (let i = 0; i < y.length; i++) {
      if (i % 16 === 0) await pace(`zou2019: initialisation (iv), layer ${l + 1}`);
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

/** (v), and (vii) from both sides, from the same products. */
async function productRows(s: ZouSetting): Promise<{ readonly spectral: ClaimRow; readonly sparse: ClaimRow }> {
  const { network, weights, pass, backend, depth, y, widest, narrowest } = s;
  const size = Math.ceil(Math.sqrt(narrowest));
  const order = depth * Math.sqrt((size * Math.log(widest)) / narrowest);
  const samples = affordable(y.length, 2 * (NORM_STEPS + SPARSE_ROUNDS) * allChainsWork(s));
  const pairs = layerPairs(depth);
  const of = (some: typeof pairs) => products(network, weights, pass, backend, { pairs: some, samples });
  const rest = (what: string) => () => s.pace(`zou2019: initialisation ${what}`);
  const norms = depth < 2 ? [] : await largestNorms(of(pairs), backend, rest("(v), norms of products"));
  const forms = depth < 2 ? [] : await sparseForms(of(pairs), size, rest("(vii), sparse forms"));
  let [above, how] = [0, "the spectral norm"];
  for (const [k, [l1, l2]] of pairs.entries()) {
    const formed = network.layers[l1 - 1].cols * chainWork(s, l1, l2) * samples <= FORMED;
    const entries = formed
      ? size * (await largestEntry(of([[l1, l2]]), rest(`(vii), entries of layers ${l1} to ${l2}`)))
      : Number.POSITIVE_INFINITY;
    if (entries < norms[k]) how = "s times the largest entry";
    above = Math.max(above, Math.min(norms[k], entries));
  }
  const [largest, below] = [Math.max(...norms), Math.max(...forms)];
  const where = `l₁, l₂ = ${pairs[norms.indexOf(largest)]?.join(", ")}`;
  const none = { verdict: "not-applicable", note: "there is no pair of layers" } as const;
  const looked = ofSamples(samples, y.length);
  return {
    spectral: claimRow({
      ...hiddenConstant,
      id: "initial-v",
      source: `${SOURCE} (v)`,
      claim: "‖W_{l₂}ᵀ ∏_{r=l₁}^{l₂−1} Σ_{r,i}W_rᵀ‖₂ ≤ C L",
      ...(depth < 2
        ? none
        : {
            bound: depth,
            measured: largest,
            constantNeeded: largest / depth,
            note: `by Lanczos bidiagonalisation, ${where}${looked}`,
          }),
    }),
    sparse: claimRow({
      ...hiddenConstant,
      id: "initial-vii",
      source: `${SOURCE} (vii)`,
      claim: "bᵀW_{l₂}ᵀ(∏ Σ_{r,i}W_rᵀ)a ≤ C L√(s log M/m), a, b unit, s-sparse",
      ...(depth < 2
        ? none
        : {
            bound: order,
            measured: below,
            constantNeeded: below / order,
            note:
              `s = ${size}; measured from below by truncated power iteration, from above ${above.toPrecision(4)} (${how}): the constant ` +
              `lies between ${(below / order).toPrecision(3)} and ${(above / order).toPrecision(3)}${looked}`,
          }),
    }),
  };
}

/** (viii), for the a of each loss and random ones: with C' = 1, the greatest C'' for which so many nodes are active enough. */
async function activeRow(s: ZouSetting, pulls: readonly Pull[]): Promise<ClaimRow> {
  const { y, separation, pass, depth, network, backend } = s;
  const m = network.layers[depth - 1].rows;
  const needed = Math.max(1, Math.ceil((m * separation.phi) / y.length));
  const random = Array.from({ length: 3 }, (_, k) => ({
    name: "random",
    a: Float64Array.from(y, (_, i) => uniform({ seed: [k, 9], stream: layerStream(1), row: i }, 0)),
  }));
  await s.pace("zou2019: initialisation (viii)");
  const gram = await backend.syrk(depth === 1 ? s.x : pass.h[depth - 2]);
  const constants: { name: string; value: number }[] = [];
  for (const { name, a } of [...pulls, ...random]) {
    await s.pace(`zou2019: initialisation (viii), a of ${name}`);
    constants.push({ name, value: await nthActivity(pass.z[depth - 1], gram, a, needed, backend) });
  }
  const least = constants.reduce((worst, each) => (each.value < worst.value ? each : worst));
  return claimRow({
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
  });
}

/**
 * The `count`-th largest n‖(1/n)Σ a_iσ'(z_ij)x_i‖/‖a‖_∞ over the nodes j: with s_j the pattern of node j, its square is
 * (s_j∘a)ᵀXXᵀ(s_j∘a)/‖a‖²_∞.
 */
export async function nthActivity(
  z: Matrix,
  gram: Matrix,
  a: Float64Array,
  count: number,
  backend: Backend,
): Promise<number> {
  const most = a.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
  const masked = matrix(z.rows, z.cols);
  for (let k = 0; k < z.data.length; k++) if (z.data[k] >= 0) masked.data[k] = a[Math.floor(k / z.cols)] / most;
  const image = await backend.gemm(gram, masked);
  const squares = new Float64Array(z.cols);
  for (let k = 0; k < z.data.length; k++) squares[k % z.cols] += masked.data[k] * image.data[k];
  return Math.sqrt(Math.max(0, squares.sort()[z.cols - count] ?? 0));
}
