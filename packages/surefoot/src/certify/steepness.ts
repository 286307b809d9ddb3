import type { LayerEvidence, SmoothEvidence } from "./evidence.ts";
import type { Upward } from "./upward.ts";

/**
 * What layer ℓ and the slopes below it do together on the ball, over some samples: all that the recursions of (a) and (d) ask of s_ℓW_ℓD_{ℓ−1},
 * D_{ℓ−1} = diag σ'(z_{ℓ−1}). Without measured norms (`steepBounds`) each answer is ∞ or undefined and the product of norms B₁·s_ℓ‖W_ℓ‖ stands.
 *
 * With T_i ≥ ‖s_ℓW_ℓD_{ℓ−1}(x_i)‖₂ at the centre and dz_i the movement of z_{ℓ−1}: the slopes move by at most B₂dz_i, the mean slopes between the
 * centre and θ by half of it, W_ℓ by r in norm, and |σ'| ≤ B₁ (docs/certificates.md, measured products).
 */
export interface Steepness {
  /** ≥ ‖s_ℓW_ℓD_{ℓ−1}‖₂ at the centre, and how far it can be from there in norm. */
  readonly centre: number;
  drift(reach: number): number;
  /** ≥ ‖s_ℓW_ℓ(h_{ℓ−1} − h⁰_{ℓ−1})‖ at the centre's W_ℓ, for z_{ℓ−1} moved by `moved` in all. */
  carried(moved: number): number;
  /** ≥ ‖s_ℓW_ℓ(θ)D_{ℓ−1}(θ)ż_{ℓ−1}‖ per unit of each layer. */
  grown(tangent: Float64Array, reach: number): Float64Array | undefined;
  /** ≥ ‖D_{ℓ−1}(θ)(q_{ℓ−1} − q⁰_{ℓ−1})‖ for g_ℓ moved by `drift` and of size `gradient` at θ. */
  pulled(drift: number, gradient: number, reach: number): number;
  /** ≥ ‖D_{ℓ−1}(θ)q̇_{ℓ−1}‖ per unit of each layer, from the tangent and the size of g_ℓ; `index` is that of layer ℓ. */
  pulledTangent(tangent: Float64Array, gradient: number, index: number, reach: number): Float64Array | undefined;
}

const UNMEASURED: Steepness = {
  centre: Number.POSITIVE_INFINITY,
  drift: () => Number.POSITIVE_INFINITY,
  carried: () => Number.POSITIVE_INFINITY,
  grown: () => undefined,
  pulled: () => Number.POSITIVE_INFINITY,
  pulledTangent: () => undefined,
};

/** `layer` over the given samples, `moved` their dz_{ℓ−1}. */
export function steepness(
  layer: LayerEvidence,
  samples: readonly number[],
  moved: readonly number[],
  { slopeBound, curvatureBound }: Pick<SmoothEvidence, "slopeBound" | "curvatureBound">,
  up: Upward,
): Steepness {
  const { steepBounds, scale, weightNorm, trainsWeight } = layer;
  if (steepBounds === undefined) return UNMEASURED;
  const slope = slopeBound.upper;
  const bend = up.mul(up.mul(scale, weightNorm), curvatureBound.upper);
  const worst = (share: number) =>
    samples.reduce(
      (most, i, k) => Math.max(most, up.add(steepBounds[i], product(up.mul(share, bend), moved[k], up))),
      0,
    );
  const between = worst(0.5);
  const at = worst(1);
  const own = (reach: number) => up.mul(up.mul(scale, reach), slope);
  const centre = samples.reduce((most, i) => Math.max(most, steepBounds[i]), 0);
  const bent = product(
    bend,
    moved.reduce((most, x) => Math.max(most, x), 0),
    up,
  );
  return {
    centre,
    drift: (reach) => up.add(bent, own(reach)),
    carried: (total) => product(between, total, up),
    grown: (tangent, reach) => tangent.map((x) => product(up.add(at, own(reach)), x, up)),
    pulled: (drift, gradient, reach) => up.add(product(at, drift, up), product(own(reach), gradient, up)),
    pulledTangent: (tangent, gradient, index, reach) => {
      const out = tangent.map((x) => product(up.add(at, own(reach)), x, up));
      if (trainsWeight) out[index] = up.add(out[index], product(up.mul(scale, slope), gradient, up));
      return out;
    },
  };
}

/** a·b, 0 where one is 0 even if the other is out of hand. */
function product(a: number, b: number, up: Upward): number {
  return a === 0 || b === 0 ? 0 : up.mul(a, b);
}
