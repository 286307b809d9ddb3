import type { Arithmetic } from "../interval/arithmetic.ts";
import type { SmoothEvidence } from "./evidence.ts";
import { ballBound, type KappaBound } from "./kappa.ts";
import { upward } from "./upward.ts";

/**
 * κ bound (b): one hidden layer with a smooth activation, in closed form (docs/certificates.md, theory/05).
 *
 * The Hessian of Σ c_i u_i is block-diagonal over neurons with blocks [[A_r, v_r], [v_rᵀ, 0]], ‖A_r‖ ≤ κ_W = s₂B₂|a_r|√λ_max(G̃∘G̃) and
 * ‖v_r‖ ≤ κ_a = s₂B₁‖X̃‖₂. Only W1, b1 trained: κ = κ_W. W2 trained too: κ = ½(κ_W + √(κ_W² + 4κ_a²)) with |a_r| + r for |a_r|.
 * Only the output layer trained: u is linear in it and κ = 0.
 */
export function twoLayerBound(evidence: SmoothEvidence, arithmetic: Arithmetic): KappaBound | undefined {
  const { twoLayer, layers } = evidence;
  if (!twoLayer) return undefined;
  const up = upward(arithmetic);
  const [hidden, output] = layers;
  if (!hidden.trainsWeight && !hidden.trainsBias) return ballBound("two-layer", () => 0);
  const largest = twoLayer.outputWeights.reduce((a, b) => Math.max(a, b), 0);
  const perWeight = up.mul(output.scale, up.mul(evidence.curvatureBound.upper, twoLayer.hadamardNorm));
  const cross = up.mul(output.scale, up.mul(evidence.slopeBound.upper, twoLayer.inputNorm));
  if (!output.trainsWeight) {
    const kappa = up.mul(perWeight, largest);
    return ballBound("two-layer", () => kappa);
  }
  return ballBound("two-layer", (r) => {
    const inner = up.mul(perWeight, up.add(largest, r));
    return up.mul(0.5, up.add(inner, up.hypot(inner, up.mul(2, cross))));
  });
}
