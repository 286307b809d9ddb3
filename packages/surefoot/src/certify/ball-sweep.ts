import type { LayerEvidence, SmoothEvidence } from "./evidence.ts";
import { type Steepness, steepness } from "./steepness.ts";
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
  /** ≥ ‖∂²f/∂z_ℓ²‖₂ (0 for ℓ = L); ∞ where it was not measured. */
  readonly bend: number;
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
  let bend: Bend = { centre: 0, drift: 0 }; // the output is linear in z_L
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
      const { bendBounds } = layers[l];
      bend = bentBelow(bend, bendBounds?.[i], steep, reach, up.mul(moved, back), backDrift, evidence, up);
      drift = times(gain, up.add(times(up.mul(curvature, moved), start, up), shrunk), up);
      gradient = up.add(layers[l].gradientBounds[i], drift);
      const bounded = scaled(sum(scaled(tangent, up.mul(curvature, back), up), turned, up), gain, up);
      gradientTangent = bentTangent(bounded, tangent, l, bendOnBall(bend, up), up);
    }
    out[l] = {
      bend: bendOnBall(bend, up),
      moved,
      input,
      inputDrift,
      own,
      inputTangent,
      gradient,
      gradientTangent,
      back,
      backTangent,
    };
  }
  return out;
}

/** ‖C_ℓ‖ at the centre, and how far C_ℓ can be from there in norm. */
interface Bend {
  readonly centre: number;
  readonly drift: number;
}

function bendOnBall({ centre, drift }: Bend, up: Upward): number {
  return up.add(centre, drift);
}

/**
 * C_ℓ = diag(σ''(z_ℓ)∘q_ℓ) + EᵀC_{ℓ+1}E with E = s_{ℓ+1}W_{ℓ+1}D_ℓ: the diagonal moves by at most B₃dz_ℓ‖q_ℓ‖_∞ + B₂dq_ℓ, the rest, with C̄ and T̄ on the ball,
 * by dT·C̄·T̄ + T(dC·T̄ + C·dT). `shifted`: dz_ℓ·‖q_ℓ‖_∞ on the ball.
 */
function bentBelow(
  above: Bend,
  centre: number | undefined,
  steep: Steepness,
  reach: number,
  shifted: number,
  backDrift: number,
  { curvatureBound, thirdBound }: SmoothEvidence,
  up: Upward,
): Bend {
  if (centre === undefined || thirdBound === undefined) return { centre: Number.POSITIVE_INFINITY, drift: 0 };
  const diagonal = up.add(times(thirdBound, shifted, up), times(curvatureBound.upper, backDrift, up));
  const stretched = steep.drift(reach);
  const whole = up.add(steep.centre, stretched);
  const outer = times(times(stretched, bendOnBall(above, up), up), whole, up);
  const inner = times(steep.centre, up.add(times(above.drift, whole, up), times(above.centre, stretched, up)), up);
  return { centre, drift: up.add(diagonal, up.add(outer, inner)) };
}

/** ġ_ℓ = C_ℓż_ℓ for directions of the layers up to ℓ: the lesser of that and `bounded`. */
export function bentTangent(
  bounded: Float64Array,
  tangent: Float64Array,
  l: number,
  bend: number,
  up: Upward,
): Float64Array {
  return bounded.map((x, j) => (j <= l ? Math.min(x, times(bend, tangent[j], up)) : x));
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
