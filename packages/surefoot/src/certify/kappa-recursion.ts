import { type Matrix, matrix } from "@surefoot/linalg";
import type { Arithmetic } from "../interval/arithmetic.ts";
import type { SmoothEvidence } from "./evidence.ts";
import { ballBound, type KappaBound } from "./kappa.ts";
import { perronBound, type Upward, upward } from "./upward.ts";

/**
 * κ bound (a): fully connected networks of any depth with one output and a smooth activation (docs/certificates.md, theory/05).
 *
 * For a unit direction θ̇ let v_j be the norm of its part in layer j (weights and bias together). Per sample, the recursion bounds
 * on the ball of radius r how far h, g move (dh, dg), and how fast, as vectors over j that are multiplied with v: ‖ż_ℓ‖ ≤ ζ_ℓ·v,
 * ‖ḣ_ℓ‖ ≤ χ_ℓ·v, ‖ġ_ℓ‖ ≤ γ_ℓ·v. The derivative of ∂u_i/∂W_ℓ = s_ℓ g_ℓ h_{ℓ−1}ᵀ is then at most C_iℓ·v, and κ² ≤ λ_max(Σ C_iℓ C_iℓᵀ).
 */
export function recursionBound(evidence: SmoothEvidence, arithmetic: Arithmetic): KappaBound {
  const up = upward(arithmetic);
  return ballBound("recursion", (r) => kappaOnBall(evidence, r, up));
}

function kappaOnBall(evidence: SmoothEvidence, r: number, up: Upward): number {
  const depth = evidence.layers.length;
  const total = matrix(depth, depth);
  for (let i = 0; i < evidence.samples; i++) addSample(evidence, i, r, up, total);
  return up.sqrt(perronBound(total, up));
}

/** Per hidden layer ℓ what the backward sweep needs of the forward one. */
interface Forward {
  /** H_{ℓ−1} ≥ ‖h_{ℓ−1}‖ on the ball. */
  readonly input: number;
  /** χ_{ℓ−1}. */
  readonly inputTangent: Float64Array;
  /** dz_ℓ and ζ_ℓ. */
  readonly drift: number;
  readonly tangent: Float64Array;
}

/** Adds Σ_ℓ C_ℓ C_ℓᵀ of sample i. */
function addSample(evidence: SmoothEvidence, i: number, r: number, up: Upward, total: Matrix): void {
  const { layers } = evidence;
  const slope = evidence.slopeBound.upper;
  const curvature = evidence.curvatureBound.upper;
  const last = layers.length - 1;
  const forward = forwardSweep(evidence, i, r, up);

  let drift = 0; // dg_ℓ
  let size = 1; // Γ_ℓ ≥ ‖g_ℓ‖ on the ball; g_L = 1
  let tangent: Float64Array = new Float64Array(layers.length); // γ_ℓ
  for (let l = last; l >= 0; l--) {
    const layer = layers[l];
    if (l < last) {
      const next = layers[l + 1];
      const reach = next.trainsWeight ? r : 0;
      const grown = layerNorm(next.scale, next.weightNorm, reach, up); // w_{ℓ+1}
      const nextSize = next.gradientBounds[i];
      const pulled = up.mul(
        next.scale,
        up.add(up.mul(next.weightNorm, drift), reach === 0 ? 0 : up.mul(reach, up.add(nextSize, drift))),
      ); // dq_ℓ
      const back = layer.backpropagatedBounds?.[i] ?? Number.NaN;
      const pulledTangent = scaled(tangent, grown, up); // tangent of q_ℓ
      if (next.trainsWeight) pulledTangent[l + 1] = up.add(pulledTangent[l + 1], up.mul(next.scale, size));
      const bend = up.mul(curvature, up.add(back, pulled)); // B₂ Q_ℓ
      drift = up.add(up.mul(curvature, up.mul(forward[l].drift, back)), up.mul(slope, pulled));
      size = up.add(layer.gradientBounds[i], drift);
      tangent = sum(scaled(forward[l].tangent, bend, up), scaled(pulledTangent, slope, up), up);
    }
    if (layer.trainsWeight) {
      const first = scaled(tangent, up.mul(layer.scale, forward[l].input), up);
      const second = scaled(forward[l].inputTangent, up.mul(layer.scale, size), up);
      addSquare(total, sum(first, second, up), up);
    }
    if (layer.trainsBias && l < last) addSquare(total, tangent, up);
  }
}

function forwardSweep(evidence: SmoothEvidence, i: number, r: number, up: Upward): Forward[] {
  const { layers } = evidence;
  const slope = evidence.slopeBound.upper;
  let drift = 0; // dh_{ℓ−1}
  let tangent: Float64Array = new Float64Array(layers.length); // χ_{ℓ−1}
  return layers.map((layer, l) => {
    const input = up.add(layer.inputBounds[i], drift);
    const inputTangent = tangent;
    const own = up.hypot(layer.trainsWeight ? up.mul(layer.scale, input) : 0, layer.trainsBias ? 1 : 0);
    // ‖z_ℓ − z_ℓ(θ₀)‖ ≤ s‖W_ℓ‖dh + ‖[ΔW, Δb]‖_F·‖(s h, 1)‖
    const moved = up.add(up.mul(up.mul(layer.scale, layer.weightNorm), drift), own === 0 ? 0 : up.mul(r, own));
    const grown = layerNorm(layer.scale, layer.weightNorm, layer.trainsWeight ? r : 0, up);
    const turned = scaled(inputTangent, grown, up);
    turned[l] = up.add(turned[l], own);
    drift = up.mul(slope, moved);
    tangent = scaled(turned, slope, up);
    return { input, inputTangent, drift: moved, tangent: turned };
  });
}

/** w_ℓ = s_ℓ(‖W_ℓ‖₂ + r). */
function layerNorm(scale: number, norm: number, reach: number, up: Upward): number {
  return up.mul(scale, reach === 0 ? norm : up.add(norm, reach));
}

function scaled(v: Float64Array, factor: number, up: Upward): Float64Array {
  return v.map((x) => (x === 0 ? 0 : up.mul(x, factor)));
}

function sum(a: Float64Array, b: Float64Array, up: Upward): Float64Array {
  return a.map((x, j) => up.add(x, b[j]));
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
