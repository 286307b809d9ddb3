/** Theorem S1 (docs/certificates.md): every hypothesis anew, along a partition of the path that the certificate proposes. */
import type { Proved } from "./check.ts";
import { down, least, sqrtDown, sqrtUp, up } from "./directed.ts";
import { eigenvalue } from "./eigenvalues.ts";
import { blocks, perNeuron } from "./kappa.ts";
import { measure, type Norms, type Problem } from "./network.ts";
import { atMost, number, numbers, reject } from "./reading.ts";

export function checkS1(at: Problem): Proved {
  const { constants, witness } = at.file;
  const norms = measure(at);
  const lambda = eigenvalue(norms.kernel, number(constants.lambdaMin), 1, "kernel", "λ_min(K)");
  if (!(lambda > 0)) reject("kernel", `λ_min(K) > 0 does not hold: the constant is ${lambda}`);
  const [share, sigma, right] = [number(witness.share), sqrtDown(lambda), numbers(witness.right)];
  const start = down(share * sigma);
  const { area, end } = walk(norms, right, numbers(witness.kappa, right.length), start);
  const { residual } = norms;
  if (!end) return reject("residual", `‖e₀‖ < ∫₀^r M does not hold: ${residual} against ${area}`, residual - area);

  // share = ρ: with t₀ = ησ₀² and t₁ = η(σ₁ + ∫₀^ℓ* κ)², ρ = 1 needs t₁ ≤ 1, else t₀ + t₁ < 2 and ρ²(1 − t₀t₁) ≤ t₁(2 − t₀ − t₁)
  const reach = up(sqrtUp(norms.lambdaMax) + up(start - end.mu));
  const t1 = Math.max(1, up(at.step.upper * up(reach * reach)));
  const t0 = up(at.step.upper * lambda);
  const rest = down(down(2 - t0) - t1);
  if (share === 1) atMost(t1, 1, "step size", "η ≤ 1/(σ₁ + σ₀ − μ*)²");
  else if (!(share > 0 && share < 1 && rest > 0)) reject("step size", "η(λ_min + (σ₁ + ∫₀^ℓ* κ)²) < 2 does not hold");
  else atMost(up(up(share * share) * up(1 - down(t0 * t1))), down(t1 * rest), "step size", "ρ² ≤ its bound");

  atMost(number(constants.mu), end.mu, "rate", "constant ≤ μ*");
  atMost(end.kappa, number(constants.kappa), "rate", "κ at ℓ* ≤ its constant");
  const gain = least(at.step.lower, end.mu, down(end.mu + down(sigma - start))); // ημ*(μ* + (1 − ρ)σ₀)
  return { margin: down(area / residual), radius: end.length, gain };
}

/** M along the certificate's cells, once its κ on each is found large enough: ∫₀^r M, and where it passes ‖e₀‖. */
function walk(norms: Norms, right: readonly number[], kappas: readonly number[], start: number) {
  const moved = new Float64Array(norms.features.length);
  let [left, m, area] = [0, start, 0];
  let end: { mu: number; length: number; kappa: number } | undefined;
  for (const [c, kappa] of kappas.entries()) {
    const h = up(right[c] - left);
    const next = down(m - up(kappa * h));
    if (!(right[c] > left && next > 0)) reject("residual", `M > 0 does not hold on cell ${c} of the path`, -next);
    const weight = perNeuron(norms, moved, right[c], h, next);
    eigenvalue(blocks(norms, right[c], weight), kappa, -1, "norms", `Lipschitz constant of J on cell ${c}`);
    const before = area;
    area = down(area + least(down(right[c] - left), 0.5, down(m + next)));
    if (!end && norms.residual < area) {
      const rest = Math.max(0, up(norms.residual - before));
      const mu = sqrtDown(down(down(m * m) - up(2 * up(kappa * rest))));
      if (mu > 0) end = { mu, length: up(left + up(up(2 * rest) / down(m + mu))), kappa };
    }
    [left, m] = [right[c], next];
  }
  return { area, end };
}
