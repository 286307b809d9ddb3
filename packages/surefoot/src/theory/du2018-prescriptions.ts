import type { Prescription } from "./desk.ts";
import { frobenius } from "./matrix-norms.ts";
import type { DeskRequest, RunSummary } from "./request.ts";
import { prescription } from "./rows.ts";
import { runPrescriptions } from "./run-prescriptions.ts";
import type { TwoLayerFacts } from "./two-layer-facts.ts";
import type { TwoLayerWatch } from "./two-layer-watch.ts";

/** The widths, step sizes and numbers of steps of the paper, the explicit ones that Hoeffding gives, and what was certified and made. */
export async function du2018Prescriptions(
  request: DeskRequest,
  facts: TwoLayerFacts,
  watch: TwoLayerWatch,
  run: RunSummary,
): Promise<Prescription[]> {
  const { problem, epsilon } = request;
  const { n, m, delta, lambda0, innerStep } = facts;
  const log = Math.log10;
  const l0 = log(lambda0 ?? Number.NaN);
  const union = Math.log((n * (n + 1)) / delta);
  const largestGram = problem.gram.data.reduce((most, g) => Math.max(most, Math.abs(g)), 0);
  const square = watch.initialSquare;
  const stepsToTarget = (logRate: number) => log(Math.max(1, Math.log(square / epsilon))) - logRate;
  return [
    prescription({
      id: "width",
      source: "paper",
      quantity: "width m ≥ n⁶/(λ₀⁴δ³)",
      log10: 6 * log(n) - 4 * l0 - 3 * log(delta),
    }),
    prescription({ id: "width-review", source: "review", quantity: "width m ≥ n⁶/λ₀²", log10: 6 * log(n) - 2 * l0 }),
    prescription({
      id: "width-start",
      source: "paper, initialisation",
      quantity: "width m ≥ n² log(n/δ)/λ₀², for ‖H(0) − H^∞‖₂ ≤ λ₀/4",
      log10: 2 * log(n) + log(Math.log(n / delta)) - 2 * l0,
    }),
    prescription({
      id: "width-hoeffding-start",
      source: "Hoeffding, explicit",
      quantity: "width m ≥ 8‖G‖_F² log(n(n+1)/δ)/λ₀², for ‖H(0) − H^∞‖_F ≤ λ₀/4",
      log10: log(8 * frobenius(problem.gram) ** 2 * union) - 2 * l0,
      basis: "computed",
      note: "no hidden constant: with independent neurons and a_r = ±1 it holds with probability ≥ 1 − δ",
    }),
    prescription({
      id: "width-hoeffding",
      source: "Hoeffding, explicit",
      quantity: `width m ≥ max G_ij² log(n(n+1)/δ)/(2ε²), for |H_ij(0) − H^∞_ij| ≤ ε = ${epsilon}`,
      log10: log((largestGram ** 2 * union) / (2 * epsilon ** 2)),
      basis: "computed",
      note: "no hidden constant",
    }),
    prescription({
      id: "step-size",
      source: "paper",
      quantity: "step size η ≤ λ₀/n² (of ½‖u − y‖²)",
      log10: l0 - 2 * log(n),
    }),
    prescription({
      id: "steps-paper",
      source: "paper",
      quantity: `steps to ‖u − y‖² ≤ ${epsilon} at that step size: (2n²/λ₀²) log(‖u(0) − y‖²/ε)`,
      log10: stepsToTarget(2 * l0 - log(2) - 2 * log(n)),
    }),
    prescription({
      id: "steps-rate",
      source: "theorem's rate",
      quantity: "steps to that at the step size of this run: (2/(ηλ₀)) log(‖u(0) − y‖²/ε)",
      log10: stepsToTarget(log(innerStep) + l0 - log(2)),
      basis: "computed",
    }),
    ...(await runPrescriptions(request, run, square, m)),
  ];
}
