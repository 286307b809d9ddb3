import { type Arithmetic, point } from "../interval/arithmetic.ts";
import { times } from "./ball-sweep.ts";
import type { SmoothEvidence } from "./evidence.ts";
import type { KappaBound, KappaWalk } from "./kappa.ts";
import { upward } from "./upward.ts";

/**
 * κ bound (c): one hidden layer, all trained; bound (b) with |a_r| + ϱ_r in place of |a_r| + r (docs/certificates.md, theory/05).
 *
 * In a step neuron r moves by η‖J_rᵀe‖ ≤ (j_r/M)·‖Δθ‖, j_r ≥ ‖J_r‖₂ its own n × (d + 1) block of the Jacobian, so along a path of length ℓ it moves by
 * at most ϱ_r(ℓ), ϱ_r' = j_r(ϱ_r)/M(ℓ), j_r(ϱ)² = s₂²[((|a_r| + ϱ)B₁‖X̃‖)² + (‖σ(z_r)‖ + B₁‖X̃‖ϱ)²]. On a cell M ≥ floor, and any ϱ with
 * ϱ ≥ ϱ(t) + h·j_r(ϱ)/floor is a bound at its end: one comes from j_r(ϱ) ≤ j_r(0) + √2·s₂B₁‖X̃‖ϱ, a better one from putting it in.
 */
export function neuronBound(evidence: SmoothEvidence, arithmetic: Arithmetic): KappaBound | undefined {
  const { twoLayer, layers } = evidence;
  if (!twoLayer || !layers[1].trainsWeight || !(layers[0].trainsWeight || layers[0].trainsBias)) return undefined;
  const up = upward(arithmetic);
  const { scale } = layers[1];
  const perWeight = up.mul(scale, up.mul(evidence.curvatureBound.upper, twoLayer.hadamardNorm));
  const reach = up.mul(evidence.slopeBound.upper, twoLayer.inputNorm); // B₁‖X̃‖
  const cross = up.mul(scale, reach);
  const neurons = undominated(twoLayer.outputWeights, twoLayer.featureBounds);
  return { name: "per-neuron", walk };

  function walk(): KappaWalk {
    let moved: readonly number[] = neurons.map(() => 0);
    let next = moved;
    return {
      cell: (left, right, floor) => {
        const time = up.div(arithmetic.sub(point(right), point(left)).upper, floor);
        next = neurons.map(({ weight, feature }, k) => Math.min(moveTo(moved[k], weight, feature, time), right));
        const largest = neurons.reduce((most, { weight }, k) => Math.max(most, up.add(weight, next[k])), 0);
        const inner = times(perWeight, largest, up);
        return up.mul(0.5, up.add(inner, up.hypot(inner, up.mul(2, cross))));
      },
      advance: () => {
        moved = next;
      },
    };
  }

  function speed(weight: number, feature: number, moved: number): number {
    const first = up.mul(up.add(weight, moved), reach);
    const second = up.add(feature, up.mul(reach, moved));
    return up.mul(scale, up.hypot(first, second));
  }

  /** ϱ at the end of a cell with h/floor = `time`. */
  function moveTo(moved: number, weight: number, feature: number, time: number): number {
    const growth = up.mul(time, up.mul(Math.SQRT2, cross)); // the double lies above √2
    if (!(growth < 0.5)) return Number.POSITIVE_INFINITY;
    const start = up.add(moved, up.mul(time, speed(weight, feature, 0)));
    let bound = up.mul(start, up.add(1, up.mul(2, growth))); // 1/(1 − g) ≤ 1 + 2g
    for (let pass = 0; pass < 2; pass++) {
      bound = Math.min(bound, up.add(moved, up.mul(time, speed(weight, feature, bound))));
    }
    return bound;
  }
}

interface Neuron {
  readonly weight: number;
  readonly feature: number;
}

/** ϱ_r and |a_r| + ϱ_r grow with |a_r| and ‖σ(z_r)‖, so only neurons that no other exceeds in both can be the largest. */
function undominated(weights: Float64Array, features: Float64Array): Neuron[] {
  const order = Array.from(weights.keys()).sort((p, q) => weights[q] - weights[p] || features[q] - features[p]);
  const front: Neuron[] = [];
  let largest = Number.NEGATIVE_INFINITY;
  for (const r of order) {
    if (features[r] <= largest) continue;
    largest = features[r];
    front.push({ weight: weights[r], feature: features[r] });
  }
  return front;
}
