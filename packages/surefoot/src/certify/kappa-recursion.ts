import { type Matrix, matrix } from "@surefoot/linalg";
import type { Arithmetic } from "../interval/arithmetic.ts";
import { scaled, sum, sweepSample } from "./ball-sweep.ts";
import type { SmoothEvidence } from "./evidence.ts";
import { ballBound, type KappaBound } from "./kappa.ts";
import { perronBound, type Upward, upward } from "./upward.ts";

/**
 * κ bound (a): fully connected networks of any depth with one output and a smooth activation (docs/certificates.md, theory/05).
 *
 * For a direction with layer parts of norms v, the derivative of ∂u_i/∂W_ℓ = s_ℓ g_ℓ h_{ℓ−1}ᵀ is at most C_iℓ·v, C_iℓ = s_ℓ(γ_ℓH_{ℓ−1} + Γ_ℓχ_{ℓ−1}),
 * that of ∂u_i/∂b_ℓ at most γ_ℓ·v, and κ² ≤ λ_max(Σ C Cᵀ). With one hidden layer bound (b) is never larger, so this one is left out.
 */
export function recursionBound(evidence: SmoothEvidence, arithmetic: Arithmetic): KappaBound | undefined {
  if (evidence.twoLayer) return undefined;
  const up = upward(arithmetic);
  return ballBound("recursion", (r) => {
    const total = matrix(evidence.layers.length, evidence.layers.length);
    for (let i = 0; i < evidence.samples; i++) addSample(evidence, i, r, up, total);
    return up.sqrt(perronBound(total, up));
  });
}

function addSample(evidence: SmoothEvidence, i: number, r: number, up: Upward, total: Matrix): void {
  const swept = sweepSample(evidence, i, r, up);
  for (const [l, layer] of evidence.layers.entries()) {
    const { input, inputTangent, gradient, gradientTangent } = swept[l];
    if (layer.trainsWeight) {
      const first = scaled(gradientTangent, up.mul(layer.scale, input), up);
      const second = scaled(inputTangent, up.mul(layer.scale, gradient), up);
      addSquare(total, sum(first, second, up), up);
    }
    if (layer.trainsBias) addSquare(total, gradientTangent, up);
  }
}

function addSquare(total: Matrix, c: Float64Array, up: Upward): void {
  const n = c.length;
  for (let j = 0; j < n; j++) {
    if (c[j] === 0) continue;
    for (let k = 0; k < n; k++) {
      if (c[k] !== 0) total.data[j * n + k] = up.add(total.data[j * n + k], up.mul(c[j], c[k]));
    }
  }
}
