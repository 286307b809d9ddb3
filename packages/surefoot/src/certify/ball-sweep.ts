import type { LayerEvidence, SmoothEvidence } from "./evidence.ts";
import { steepness } from "./steepness.ts";
import type { Upward } from "./upward.ts";

/**
 * What one sample's layer ℓ can do on the ball of radius r around θ₀ (κ bounds (a) and (d); docs/certificates.md, theory/05). Vectors are
 * over the layers j of a unit direction θ̇ with parts of norm v_j: ‖ḣ‖ ≤ χ·v, ‖ġ‖ ≤ γ·v. All are bounds from above.
 */
export interface SampleLayer {
  /** ‖z_ℓ − z_ℓ(θ₀)‖. */
  readonly moved: number;
  /** ‖P_ℓh_{ℓ−1}‖, and how far it can be from its value at θ₀. */
  readonly input: number;
  readonly inputDrift: number;
  /** ‖(s_ℓ P_ℓh_{ℓ−1} if W_ℓ is trained, 1 if b_ℓ is)‖: what a unit of the layer's own parameters moves z_ℓ by. */
  readonly own: number;
  /** ‖P_ℓ‖χ_{ℓ−1}. */
  readonly inputTangent: Float64Array;
  /** Γ_ℓ ≥ ‖g_ℓ‖ and γ_ℓ, its tangent. */
  readonly gradient: number;
  readonly gradientTangent: Float64Array;
  /** Q_ℓ ≥ ‖q_ℓ‖_∞ (0 for ℓ = L). */
  readonly back: number;
  /** The tangent of q_ℓ. */
  readonly backTangent: Float64Array;
}

/** Layers 1 … L of sample i. */
export function sweepSample(evidence: SmoothEvidence, i: number, r: number, up: Upward): SampleLayer[] {
  const { layers } = evidence;
  const slope = evidence.slopeBound.upper;
  const curvature = evidence.curvatureBound.upper;
  const last = layers.length - 1;
  const forward = forwardSweep(evidence, i, r, up);

  let drift = 0; // dg_ℓ
  let gradient = 1; // g_L = 1
  let gradientTangent: Float64Array = new Float64Array(layers.length);
  let back = 0;
  let backTangent: Float64Array = gradientTangent;
  let backDrift = 0; // dq_ℓ
  const out: SampleLayer[] = [];
  for (let l = last; l >= 0; l--) {
    const { input, inputDrift, own, inputTangent, moved, tangent } = forward[l];
    if (l < last) {
      const above = layers[l + 1];
      const reach = above.trainsWeight ? r : 0;
      const start = layers[l].backpropagatedBounds?.[i] ?? Number.NaN; // ‖q_ℓ(θ₀)‖_∞
      const aboveNow = up.add(above.gradientBounds[i], drift);
      // dq_ℓ = [dq_{ℓ+1}] + ‖P‖s(‖W‖dg + r(‖g‖ + dg))
      const pulled = up.mul(above.scale, up.add(up.mul(above.weightNorm, drift), times(reach, aboveNow, up)));
      const through = pulledTangent(above, l, gradientTangent, gradient, reach, up);
      backDrift = skipped(above, backDrift, times(above.patchNorm ?? 1, pulled, up), up);
      backTangent = above.skip ? sum(backTangent, through, up) : through;
      back = up.add(start, backDrift);
      const gain = layers[l].gain ?? 1;
      const steep = steepness(above, [i], [moved], evidence, up);
      const shrunk = Math.min(up.mul(slope, backDrift), steep.pulled(drift, aboveNow, reach));
      const turned = least(
        scaled(backTangent, slope, up),
        steep.pulledTangent(gradientTangent, gradient, l + 1, reach),
      );
      drift = times(gain, up.add(times(up.mul(curvature, moved), start, up), shrunk), up);
      gradient = up.add(layers[l].gradientBounds[i], drift);
      gradientTangent = scaled(sum(scaled(tangent, up.mul(curvature, back), up), turned, up), gain, up);
    }
    out[l] = { moved, input, inputDrift, own, inputTangent, gradient, gradientTangent, back, backTangent };
  }
  return out;
}

function forwardSweep(evidence: SmoothEvidence, i: number, r: number, up: Upward) {
  const { layers } = evidence;
  const slope = evidence.slopeBound.upper;
  let drift = 0; // dh_{ℓ−1}
  let tangentIn: Float64Array = new Float64Array(layers.length); // χ_{ℓ−1}
  let movedBelow = 0; // dz_{ℓ−1}
  let tangentBelow = tangentIn; // ζ_{ℓ−1}
  return layers.map((layer, l) => {
    const patchNorm = layer.patchNorm ?? 1;
    const inputDrift = times(patchNorm, drift, up);
    const input = up.add(layer.inputBounds[i], inputDrift);
    const inputTangent = patchNorm === 1 ? tangentIn : scaled(tangentIn, patchNorm, up);
    const own = up.hypot(layer.trainsWeight ? up.mul(layer.scale, input) : 0, layer.trainsBias ? 1 : 0);
    // ‖z_ℓ − z_ℓ(θ₀)‖ ≤ s‖W_ℓ‖‖P_ℓ‖dh + ‖[ΔW, Δb]‖_F·‖(s P_ℓh, 1)‖
    const steep = steepness(layer, [i], [movedBelow], evidence, up);
    const carried = times(up.mul(layer.scale, layer.weightNorm), times(patchNorm, drift, up), up);
    const moved = up.add(Math.min(carried, steep.carried(movedBelow)), times(r, own, up));
    const reach = layer.trainsWeight ? r : 0;
    const grown = layerNorm(layer.scale, layer.weightNorm, reach, up);
    const tangent = least(scaled(inputTangent, grown, up), steep.grown(tangentBelow, reach)); // ζ_ℓ
    tangent[l] = up.add(tangent[l], own);
    movedBelow = moved;
    tangentBelow = tangent;
    const steepest = times(layer.gain ?? 1, slope, up);
    drift = skipped(layer, drift, up.mul(steepest, moved), up);
    tangentIn = layer.skip ? sum(tangentIn, scaled(tangent, steepest, up), up) : scaled(tangent, steepest, up);
    return { input, inputDrift, own, inputTangent, moved, tangent };
  });
}

/** The tangent of what comes down through W_{ℓ+1}: ‖P‖(w_{ℓ+1}γ_{ℓ+1} + s_{ℓ+1}Γ_{ℓ+1}1_{ℓ+1}), ℓ = index + 1. */
export function pulledTangent(
  above: LayerEvidence,
  index: number,
  gradientTangent: Float64Array,
  gradient: number,
  reach: number,
  up: Upward,
): Float64Array {
  const through = scaled(gradientTangent, layerNorm(above.scale, above.weightNorm, reach, up), up);
  if (above.trainsWeight) through[index + 1] = up.add(through[index + 1], up.mul(above.scale, gradient));
  return above.patchNorm === undefined ? through : scaled(through, above.patchNorm, up);
}

/** own, and what comes along a skip. */
export function skipped({ skip }: LayerEvidence, along: number, own: number, up: Upward): number {
  return skip ? up.add(along, own) : own;
}

/** w_ℓ = s_ℓ(‖W_ℓ‖₂ + r). */
export function layerNorm(scale: number, norm: number, reach: number, up: Upward): number {
  return up.mul(scale, reach === 0 ? norm : up.add(norm, reach));
}

/** a·b, 0 where one is 0 even if the other is out of hand. */
export function times(a: number, b: number, up: Upward): number {
  if (a === 0 || b === 0) return 0;
  return a === 1 ? b : up.mul(a, b);
}

export function scaled(v: Float64Array, factor: number, up: Upward): Float64Array {
  return v.map((x) => times(x, factor, up));
}

export function sum(a: Float64Array, b: Float64Array, up: Upward): Float64Array {
  return a.map((x, j) => up.add(x, b[j]));
}

/** Entry by entry the lesser of two bounds. */
export function least(a: Float64Array, b: Float64Array | undefined): Float64Array {
  return b ? a.map((x, j) => Math.min(x, b[j])) : a;
}
