import type { ClaimRow } from "./desk.ts";
import type { FlowSeen } from "./flow.ts";
import { difference, frobenius, spectralNorm } from "./matrix-norms.ts";
import type { DeskRequest, RunSummary } from "./request.ts";
import { claimRow } from "./rows.ts";
import type { TwoLayerFacts } from "./two-layer-facts.ts";
import { hoeffdingRow } from "./two-layer-rows.ts";
import { largest, shareNear, type TwoLayerWatch } from "./two-layer-watch.ts";

/** Why H(t) stays near H*, for the two-layer ReLU network: every weight moves a little, few patterns flip. */
export async function lazyRows(
  request: DeskRequest,
  facts: TwoLayerFacts,
  watch: TwoLayerWatch,
  seen: FlowSeen,
  run: RunSummary,
): Promise<ClaimRow[]> {
  const { m } = facts;
  const root = Math.sqrt(m);
  const off = difference(watch.initialKernel, watch.limit);
  const far = frobenius(off);
  const drift = watch.kernelDriftFrobenius.greatest?.value ?? Number.NaN;
  const flips = watch.flipShare.greatest?.value ?? Number.NaN;
  return [
    claimRow({
      id: "start-to-limit",
      source: "1) H(0) ≈ H*",
      claim: "‖H(0) − H*‖_F → 0 as m → ∞",
      measured: far,
      constantNeeded: root * far,
      note: `${(await spectralNorm(off, request.problem.backend)).toPrecision(4)} in the spectral norm; constant: √m times it, steady as m grows`,
    }),
    hoeffdingRow(request, facts, watch),
    claimRow({
      id: "stays",
      source: "2) H(t) ≈ H(0)",
      claim: "‖H(t) − H(0)‖_F → 0 as m → ∞",
      measured: drift,
      constantNeeded: root * drift,
      note: `${watch.kernelDrift.greatest?.value.toPrecision(4)} in the spectral norm; constant: √m times it`,
    }),
    ...movement(request, facts, watch, run),
    claimRow({
      id: "entry-drift",
      source: "ReLU smoothness",
      claim: "|H_ij(t) − H_ij(0)| ≤ |x_i·x_j|·(flips of i + flips of j)/m",
      relation: "≤",
      bound: 1,
      measured: watch.entryDrift.greatest?.value,
      tolerance: 1e-9,
      note: `measured: the greatest ratio over entries and steps${facts.unitOutputs ? "" : "; each flip counts a_r²"}`,
    }),
    claimRow({
      id: "flip-share",
      source: "pattern changes",
      claim: "(1/m)Σ_r 1{sgn w_r(t)·x_i ≠ sgn w_r(0)·x_i} → 0 as m → ∞",
      measured: flips,
      constantNeeded: root * flips,
      note: "over all samples; constant: √m times it",
    }),
    linearRow(facts, seen),
  ];
}

/** ‖w_r(t) − w_r(0)‖ = O(1/√m), and what that leaves of the patterns. */
function movement(
  { problem, stepSize, delta }: DeskRequest,
  { m, n, inputNorms, largestOutputSquare, independentNeurons }: TwoLayerFacts,
  watch: TwoLayerWatch,
  run: RunSummary,
): ClaimRow[] {
  const moved = watch.neuronDrift.greatest?.value ?? Number.NaN;
  const inner = stepSize * problem.lossFactor;
  // η Σ_k Σ_i |e_i(k)| ≤ η√n Σ_k ‖e(k)‖, over the steps that were made
  const path = run.losses.slice(0, -1).reduce((sum, loss) => sum + Math.sqrt((2 * loss) / problem.lossFactor), 0);
  const reach = (Math.sqrt(largestOutputSquare * n) * largest(inputNorms) * inner * path) / Math.sqrt(m);
  const cauchy = Math.min(1, (2 * moved) / Math.sqrt(2 * Math.PI));
  const near = shareNear(watch.initialZ, inputNorms, moved);
  const spread = Math.sqrt(Math.log(1 / delta) / (2 * independentNeurons));
  return [
    claimRow({
      id: "weights-move",
      source: "lazy training",
      claim: "‖w_r(t) − w_r(0)‖ ≤ (1/√m)·max|a|·max‖x‖·√n·∫‖u − y‖dt",
      relation: "≤",
      bound: reach,
      measured: moved,
      tolerance: 1e-9,
      constantNeeded: Math.sqrt(m) * moved,
      note: "the integral as the sum over the steps of gradient descent; constant: √m·max_r ‖w_r(t) − w_r(0)‖, steady as m grows",
    }),
    claimRow({
      id: "anti-concentration",
      source: "Cauchy's lemma",
      claim: "share of |w_r(0)·x_i| ≤ ρ‖x_i‖ is at most 2ρ/√(2π), ρ = the movement",
      relation: "≤",
      bound: cauchy,
      measured: near,
      measuredBasis: "sampled",
      verdict: Number.isNaN(moved) ? "open" : near - spread <= cauchy ? "holds" : "fails",
      note: `on a probability: a sample may lie ${spread.toPrecision(2)} above (Hoeffding, δ = ${delta})`,
    }),
  ];
}

/** u(t) against the linear dynamics of H*: e_lin(k) = (I − ηH*)^k e(0). */
function linearRow({ linear }: TwoLayerFacts, { residuals }: FlowSeen): ClaimRow {
  const start = residuals[0]?.residual;
  let worst = { step: 0, value: start ? 0 : Number.NaN };
  const size = start ? Math.sqrt(start.reduce((sum, e) => sum + e * e, 0)) : 0;
  for (const { step, residual } of residuals) {
    const predicted = linear(start, step);
    const value = predicted ? Math.sqrt(residual.reduce((sum, e, i) => sum + (e - predicted[i]) ** 2, 0)) : Number.NaN;
    if (value > worst.value || Number.isNaN(value)) worst = { step, value };
  }
  return claimRow({
    id: "linear-dynamics",
    source: "du/dt ≈ −H*(u − y)",
    claim: "‖u(k) − y − (I − ηH*)^k (u(0) − y)‖/‖u(0) − y‖ → 0 as m → ∞",
    measured: size === 0 ? 0 : worst.value / size,
    note: `greatest at step ${worst.step}`,
  });
}
