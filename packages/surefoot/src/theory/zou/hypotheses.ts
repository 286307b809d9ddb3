import type { Dataset } from "../../data/dataset.ts";
import type { ClaimRow } from "../desk.ts";
import type { DeskRequest } from "../request.ts";
import { claimRow } from "../rows.ts";
import { rowNorms } from "./products.ts";
import type { ZouSetting } from "./setting.ts";

const UNIT = 1e-9;

/** What the paper assumes of the data, the network and the losses. */
export function zouHypotheses({ problem, initialiser }: DeskRequest, s: ZouSetting): ClaimRow[] {
  const { separation, network, weights, depth } = s;
  const { dataset } = problem;
  const off = Math.max(...[...rowNorms(dataset.x)].map((norm) => Math.abs(norm - 1)));
  const mu = constantCoordinate(dataset);
  const v = weights[network.layers[depth].weight].data;
  const signs = v.every((value) => Math.abs(value) === 1);
  const balance = Math.abs(v.reduce((sum, value) => sum + value, 0));
  return [
    claimRow({
      id: "unit-inputs",
      source: "assumption",
      claim: "‖x_i‖ = 1 for every i",
      relation: "≤",
      bound: UNIT,
      measured: off,
      note: "measured: max |‖x_i‖ − 1|",
    }),
    claimRow({
      id: "constant-coordinate",
      source: "assumption",
      claim: "(x_i)_d = μ for every i, 0 < μ < 1",
      measured: mu,
      verdict: mu !== undefined && mu > 0 && mu < 1 ? "holds" : "fails",
      note: mu === undefined ? "the last coordinate is not the same for all samples; --mu 0.5 appends one" : null,
    }),
    claimRow({
      id: "separation",
      source: "assumption",
      claim: "φ = min{‖x_i − x_j‖ : y_i ≠ y_j} > 0",
      relation: "≥",
      bound: 0,
      measured: separation.phi,
      verdict: separation.phi > 0 ? "holds" : "fails",
      note: `attained by samples ${separation.pair.join(" and ")}${rowsOfSource(dataset, separation.pair)}`,
    }),
    claimRow({
      id: "output-weights",
      source: "setup",
      claim: "v ∈ {±1}^{m_L}, half of each",
      measured: balance,
      verdict: signs && balance <= v.length % 2 ? "holds" : "fails",
      note: signs ? "measured: |Σ v_j|" : "some |v_j| ≠ 1: draw the weights with --init he",
    }),
    claimRow({
      id: "gaussian-start",
      source: "setup",
      claim: "columns of W_l ∼ N(0, (2/m_l) I)",
      verdict: initialiser === null ? "open" : initialiser.kind === "he" ? "holds" : "fails",
      note: initialiser === null ? "weights from a file" : initialiser.kind === "he" ? null : "the law of --init he",
    }),
    ...s.losses.map(({ name, formula, constants }) => {
      const { p, alpha0, alpha1, smoothness } = constants;
      return claimRow({
        id: `loss-${name.replaceAll(" ", "-")}`,
        source: "assumption",
        claim: `ℓ(z) = ${formula}: ℓ' ≤ 0, λ-smooth, −ℓ' ≥ min{α₀, α₁ℓ^p}`,
        verdict: smoothness === null ? "fails" : "holds",
        note: `p = ${p}, α₀ = ${alpha0 === null ? "∞" : short(alpha0)}, α₁ = ${short(alpha1)}, λ = ${
          smoothness !== null
            ? short(smoothness)
            : "none on the whole line (the loss is smooth " +
              "where margins are bounded from below, as they are along a run whose loss does not grow)"
        }`,
      });
    }),
  ];
}

function constantCoordinate({ x }: Dataset): number | undefined {
  const mu = x.data[x.cols - 1];
  for (let i = 1; i < x.rows; i++) if (Math.abs(x.data[(i + 1) * x.cols - 1] - mu) > UNIT) return undefined;
  return mu;
}

function rowsOfSource({ provenance }: Dataset, pair: readonly [number, number]): string {
  const rows = pair.map((i) => provenance.sourceRows[i]);
  return rows.some((row) => row === undefined) ? "" : ` (rows ${rows.join(" and ")} of the source)`;
}

function short(x: number): string {
  return String(Number(x.toPrecision(4)));
}
