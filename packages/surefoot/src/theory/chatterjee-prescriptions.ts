import { isFeedforward } from "../network/network.ts";
import type { Ball } from "./ball.ts";
import { likeliestBox, log10Draws } from "./box-event.ts";
import type { Prescription } from "./desk.ts";
import { norm } from "./parameters.ts";
import { leastScale } from "./positive-scale.ts";
import type { DeskRequest } from "./request.ts";
import { prescription } from "./rows.ts";
import type { StepRules } from "./step-rules.ts";
import { largest, rowNormsOf } from "./two-layer-watch.ts";

/** Step sizes by both rules, the output scale that S3 asks for, and the draws that the box event takes. */
export function chatterjeePrescriptions(
  { problem, epsilon }: DeskRequest,
  ball: Ball | string,
  rules: StepRules | undefined,
): Prescription[] {
  const log = Math.log10;
  const none = "(1.1) is not established for these weights";
  const toTarget = (rate: number | undefined) =>
    rate === undefined ? null : log(Math.max(1, Math.log(1 / epsilon))) - log(rate);
  const lambda = typeof ball === "string" ? undefined : ball.inputs?.value.lower;
  const feedforward = isFeedforward(problem.network);
  const scale =
    lambda === undefined || !feedforward
      ? undefined
      : leastScale({
          network: problem.network,
          lambda,
          longestInput: largest(rowNormsOf(problem.dataset.x)),
          labelNorm: norm(problem.dataset.y),
        });
  return [
    prescription({
      id: "step-paper",
      source: "Theorem 1.2",
      quantity: "step size η ≤ min{r/(L₁√p), 2ε/(L₂p)}, L₁, L₂ bounded on B(θ₀, 2r)",
      log10: rules && log(rules.paper),
      basis: "computed",
      note: rules
        ? `L₁ ≤ ${rules.l1.toExponential(2)}, L₂ ≤ ${rules.l2.toExponential(2)}, p = ${rules.parameters}, ε = ${rules.epsilon.toPrecision(3)}`
        : none,
    }),
    prescription({
      id: "step-s0",
      source: "S0",
      quantity: "step size η = 2(1 − ν)/β, β bounds ‖∇²f‖₂ on B(θ₀, r)",
      log10: rules && log(rules.s0),
      basis: "computed",
      note: rules ? `β = ${rules.beta.toExponential(2)}, ν = ${rules.nu.toPrecision(3)}` : none,
    }),
    prescription({
      id: "steps-paper",
      source: "Theorem 1.2",
      quantity: `steps to f ≤ ${epsilon}·f(θ₀) by the paper's rule`,
      log10: toTarget(rules?.paperRate),
      basis: "computed",
    }),
    prescription({
      id: "steps-s0",
      source: "S0",
      quantity: "steps to that by S0's rule",
      log10: toTarget(rules?.s0Rate),
      basis: "computed",
    }),
    prescription({
      id: "scale",
      source: "S3",
      quantity: "output scale A of the positive initialisation for which ‖y‖ < ∫₀^r μ (flow)",
      log10: scale?.integral && log(scale.integral),
      basis: "computed",
      note: "hidden entries 1/d_{ℓ−1}; the descent needs a little more: surefoot plan",
    }),
    prescription({
      id: "scale-crude",
      source: "theory/04, entrywise",
      quantity: "the same by A > r + ‖y‖/(r√(λd₁)(ω_min − r)^{L−2}∏c_ℓ∏d_ℓ)",
      log10: scale?.crude && log(scale.crude),
      basis: "computed",
    }),
    prescription({
      id: "draws",
      source: "Theorem 2.8",
      quantity: "LeCun draws until the box event, expected, at the likeliest box",
      log10: feedforward ? log10Draws(likeliestBox(problem.network).logProbability) : null,
      basis: "computed",
      note: feedforward
        ? "an upper bound of the probability of the theorem's whole event: at least so many draws"
        : "the theorem is about networks without skips and convolutions",
    }),
  ];
}
