/** Theorem S1 (docs/certificates.md): every hypothesis anew, along a partition of the path that the certificate proposes. */
import { down, sqrtDown, sqrtUp, up } from "./directed.ts";
import { atMost, type Json, number, numbers, reject } from "./fields.ts";
import { kappaBound, perNeuron } from "./kappa.ts";
import { boundEigenvalue, type Problem } from "./problem.ts";
import { measure, type Norms } from "./smooth.ts";

export function checkS1(at: Problem): void {
  const { constants, witness } = at.file;
  const lambda = number(constants.lambdaMin);
  if (!(lambda > 0)) reject("kernel", `λ_min(K) > 0 does not hold: the constant is ${lambda}`);
  const norms = measure(at);
  boundEigenvalue(norms.kernel, lambda, 1, "kernel", "λ_min(K)");
  const share = number(witness.share);
  const sigma = sqrtDown(lambda);
  const start = down(share * sigma);
  const { area, end } = walk(norms, witness, start);
  if (!end)
    throw reject("residual", `‖e₀‖ < ∫₀^r M does not hold: ${norms.residual} against ${area}`, norms.residual - area);

  // share = ρ: with t₀ = ησ₀² and t₁ = η(σ₁ + ∫₀^ℓ* κ)², ρ = 1 needs t₁ ≤ 1, else t₀ + t₁ < 2 and ρ²(1 − t₀t₁) ≤ t₁(2 − t₀ − t₁)
  const reach = up(sqrtUp(number(constants.lambdaMax)) + up(start - end.mu));
  const t1 = Math.max(1, up(at.step.upper * up(reach * reach)));
  const t0 = up(at.step.upper * lambda);
  const rest = down(down(2 - t0) - t1);
  if (share === 1) atMost(t1, 1, "step size", "η ≤ 1/(σ₁ + σ₀ − μ*)²");
  else if (!(share > 0 && share < 1 && rest > 0)) reject("step size", "η(λ_min + (σ₁ + ∫₀^ℓ* κ)²) < 2 does not hold");
  else atMost(up(up(share * share) * up(1 - down(t0 * t1))), down(t1 * rest), "step size", "ρ² ≤ its bound");

  const gain = down(down(at.step.lower * end.mu) * down(end.mu + down(sigma - start)));
  atMost(up(1 - gain), number(constants.contraction), "rate", "1 − ημ*(μ* + (1 − ρ)σ₀) ≤ contraction");
  atMost(number(constants.mu), end.mu, "rate", "constant ≤ μ*");
  atMost(end.kappa, number(constants.kappa), "rate", "κ at ℓ* ≤ its constant");
  atMost(end.length, number(constants.radius), "radius", "ℓ* ≤ radius");
  atMost(number(constants.margin), down(area / norms.residual), "residual", "margin ≤ ∫₀^r M/‖e₀‖");
}

/** M along the certificate's cells, once its κ on each is found large enough: ∫₀^r M, and where it passes ‖e₀‖. */
function walk(norms: Norms, witness: Json, start: number) {
  const right = numbers(witness.right);
  const kappas = numbers(witness.kappa, right.length);
  const local = norms.layers.length === 2 && norms.layers[1].trainsWeight;
  const moved = new Float64Array(norms.features.length);
  let [left, m, area] = [0, start, 0];
  let end: { mu: number; length: number; kappa: number } | undefined;
  for (const [c, kappa] of kappas.entries()) {
    const h = up(right[c] - left);
    const next = down(m - up(kappa * h));
    if (!(right[c] > left && next > 0)) reject("residual", `M > 0 does not hold on cell ${c} of the path`, -next);
    const weight = local ? perNeuron(norms, moved, right[c], h, next) : undefined;
    atMost(kappaBound(norms, right[c], kappa, weight), kappa, "norms", `Lipschitz constant of J ≤ κ on cell ${c}`);
    const before = area;
    area = down(area + down(down(right[c] - left) * down(0.5 * down(m + next))));
    if (!end && norms.residual < area) {
      const rest = Math.max(0, up(norms.residual - before));
      const mu = sqrtDown(down(down(m * m) - up(2 * up(kappa * rest))));
      if (mu > 0) end = { mu, length: up(left + up(up(2 * rest) / down(m + mu))), kappa };
    }
    [left, m] = [right[c], next];
  }
  return { area, end };
}
