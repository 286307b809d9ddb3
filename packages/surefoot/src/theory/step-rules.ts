import type { Ball } from "./ball.ts";
import type { Criterion } from "./chatterjee-pl.ts";

/** Step sizes for f = ½‖e‖² that Theorem 1.2 and S0 allow where (1.1) is known to hold in a ball. */
export interface StepRules {
  /** min{r/(L₁√p), 2ε/(L₂p)} with L₁, L₂ bounded on B(θ₀, 2r). */
  readonly paper: number;
  /** ε with 4f(θ₀) < (1 − ε)²r²α: half of the greatest. */
  readonly epsilon: number;
  readonly l1: number;
  readonly l2: number;
  readonly parameters: number;
  /** 2(1 − ν)/β with the ν of the fastest rate, β on B(θ₀, r). */
  readonly s0: number;
  readonly nu: number;
  readonly beta: number;
  /** What f is multiplied by per step at most, at each rule's own step size. */
  readonly paperRate: number;
  readonly s0Rate: number;
}

/**
 * The paper's rule and S0's side by side. A partial derivative is at most a norm: L₁ ≤ sup‖∇f‖ ≤ (σ₁ + 2rκ)·sup‖e‖ and L₂ ≤ sup‖∇²f‖ ≤ (σ₁ + 2rκ)² + sup‖e‖·κ
 * on B(θ₀, 2r), with κ = κ(2r) and sup‖e‖ ≤ ‖e₀‖ + 2r(σ₁ + rκ).
 */
export function stepRules(ball: Ball, { r, alpha }: Criterion, start: number, parameters: number): StepRules {
  const wide = ball.kappa(2 * r);
  const slope = ball.sigma1 + 2 * r * wide;
  const error = ball.residual + 2 * r * (ball.sigma1 + r * wide);
  const l1 = slope * error;
  const l2 = slope ** 2 + error * wide;
  const needed = (2 * Math.sqrt(start)) / (r * Math.sqrt(alpha));
  const epsilon = (1 - needed) / 2;
  const paper = Math.min(r / (l1 * Math.sqrt(parameters)), (2 * epsilon) / (l2 * parameters));
  const kappa = ball.kappa(r);
  const beta = (ball.sigma1 + r * kappa) ** 2 + ball.residual * kappa;
  const nu = Math.max(0.5, needed + 0.05 * (1 - needed));
  const s0 = (2 * (1 - nu)) / beta;
  return {
    paper,
    epsilon,
    l1,
    l2,
    parameters,
    s0,
    nu,
    beta,
    paperRate: Math.min(1, (1 - epsilon) * alpha * paper),
    s0Rate: s0 * alpha * nu,
  };
}
