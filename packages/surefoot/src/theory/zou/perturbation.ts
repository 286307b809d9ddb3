import { type Matrix, matrix } from "@surefoot/linalg";
import { forward } from "../../network/forward.ts";
import type { Weights } from "../../network/network.ts";
import type { ClaimRow } from "../desk.ts";
import { claimRow } from "../rows.ts";
import { outputRowsOf } from "./initial.ts";
import { largestNorms, NORM_STEPS, normOf, products, rowNorms, topNorms } from "./products.ts";
import { affordable, allChainsWork, layerPairs, ofSamples, type ZouSetting } from "./setting.ts";

/** The six perturbation properties between the initial weights and those that a run reached, and the τ of that run. */
export async function perturbationRows(
  s: ZouSetting,
  reached: Weights,
  run: string,
): Promise<{ readonly rows: ClaimRow[]; readonly tau: number }> {
  const { network, backend, depth, y, x, widths, widest, pace } = s;
  const hidden = network.layers.slice(0, depth);
  const moves: number[] = [];
  let norm = 0;
  for (const { weight } of hidden) {
    const rest = () => pace(`zou2019: perturbation (i), the norm of ${weight}`);
    const [from, to] = [s.weights[weight], reached[weight]];
    const moved: Matrix = { ...to, data: to.data.map((value, k) => value - from.data[k]) };
    moves.push(await normOf(moved, backend, rest));
    norm = Math.max(norm, await normOf(to, backend, rest));
  }
  const tau = Math.max(...moves);
  await pace("zou2019: perturbation (ii) to (iv)");
  const there = { ...s, weights: reached, pass: await forward(network, reached, x, backend) };
  const { shift, flips, union } = compare(s, there, moves);
  const spread = depth ** (4 / 3) * tau ** (2 / 3);
  const share = (name: string, claim: string, measured: number, order: number, note?: string): ClaimRow =>
    claimRow({
      id: `perturbation-${name}`,
      source: `perturbation (${name})`,
      claim,
      relation: "≤",
      bound: order,
      boundBasis: "order-only",
      measured,
      constantNeeded: order === 0 && measured === 0 ? 0 : measured / order,
      note: note ?? null,
    });
  const { product, looked } = await productNorm(there);
  const sparse = await sparseNorm(there, spread);
  const sparseOrder = depth ** (5 / 3) * tau ** (1 / 3) * Math.sqrt(widest * Math.log(widest));
  return {
    tau,
    rows: [
      share(
        "i",
        "‖W̃_l‖₂ ≤ C",
        norm,
        1,
        `at the end of ${run}, τ = max_l ‖W̃_l − W_l(0)‖₂ = ${tau.toPrecision(4)}; by Lanczos bidiagonalisation`,
      ),
      share(
        "ii",
        "‖x̂_{l,i} − x̃_{l,i}‖ ≤ C L Σ_{r≤l} ‖Ŵ_r − W̃_r‖₂",
        shift,
        depth,
        "measured: the left side over the sum, greatest over l and i",
      ),
      share(
        "iii",
        "‖Σ̂_{l,i} − Σ̃_{l,i}‖₀ ≤ C L^{4/3}τ^{2/3} m_l",
        flips,
        spread,
        "measured: flipped share of a layer, greatest over l and i",
      ),
      share(
        "iv",
        "#{j : (Σ̃ − Σ)_{L,i} differs at j for some i} ≤ C n L^{4/3}τ^{2/3} m_L",
        union / widths[depth - 1],
        y.length * spread,
        "measured: share of the top layer",
      ),
      share(
        "v",
        "‖∏_{r=l₁}^{l₂} Σ̃_{r,i}W̃_rᵀ‖₂ ≤ C L",
        product,
        depth,
        `by Lanczos bidiagonalisation${ofSamples(looked, y.length)}`,
      ),
      share(
        "vi",
        "vᵀ(∏_{r=l}^L Σ̃W̃ᵀ)a ≤ C L^{5/3}τ^{1/3}√(M log M), ‖a‖₀ ≤ L^{4/3}τ^{2/3}m_l",
        sparse,
        sparseOrder,
        "exact: the norm of the largest entries",
      ),
    ],
  };
}

function compare({ pass, depth, y }: ZouSetting, there: Pick<ZouSetting, "pass">, moves: readonly number[]) {
  let [shift, flips, union, moved] = [0, 0, 0, 0];
  for (let l = 0; l < depth; l++) {
    moved += moves[l];
    const [h, g] = [pass.h[l], there.pass.h[l]];
    const off = matrix(h.rows, h.cols);
    for (let k = 0; k < off.data.length; k++) off.data[k] = h.data[k] - g.data[k];
    if (moved > 0) shift = Math.max(shift, Math.max(...rowNorms(off)) / moved);
    const [z, w] = [pass.z[l].data, there.pass.z[l].data];
    const touched = new Uint8Array(h.cols);
    for (let i = 0; i < y.length; i++) {
      let count = 0;
      for (let j = 0; j < h.cols; j++) {
        if (z[i * h.cols + j] >= 0 === w[i * h.cols + j] >= 0) continue;
        count++;
        touched[j] = 1;
      }
      flips = Math.max(flips, count / h.cols);
    }
    union = touched.reduce((sum, bit) => sum + bit, 0);
  }
  return { shift, flips, union };
}

async function productNorm(s: ZouSetting): Promise<{ product: number; looked: number }> {
  const samples = affordable(s.y.length, 2 * NORM_STEPS * allChainsWork(s));
  const pairs = layerPairs(s.depth);
  if (pairs.length === 0) return { product: 0, looked: samples };
  const of = products(s.network, s.weights, s.pass, s.backend, { pairs, samples, masked: true });
  const norms = await largestNorms(of, s.backend, () => s.pace("zou2019: perturbation (v), norms of products"));
  return { product: Math.max(...norms), looked: samples };
}

async function sparseNorm(s: ZouSetting, spread: number): Promise<number> {
  const rows = await outputRowsOf(s);
  return Math.max(
    ...rows.map((q, l) => Math.max(...topNorms(q, Math.min(q.cols, Math.max(1, Math.ceil(spread * s.widths[l])))))),
  );
}
