/**
 * Bounds κ of the Lipschitz constant of the Jacobian on the ball of radius r around the weights (docs/certificates.md, the four bounds
 * of S1). Everything is a non-negative upper bound; `up` after each operation keeps it one.
 */
import { perron } from "./balls.ts";
import { sqrtUp, up } from "./directed.ts";

export interface Layer {
  readonly scale: number;
  readonly trainsWeight: boolean;
  readonly trainsBias: boolean;
}

/** Norms at the weights: per layer ‖W_ℓ‖₂, and per layer and sample ‖h_{ℓ−1}‖, ‖g_ℓ‖ and ‖q_ℓ‖_∞ (q = ∂f/∂h). */
export interface Norms {
  readonly layers: readonly Layer[];
  readonly n: number;
  readonly slope: number;
  readonly curvature: number;
  readonly spectral: Float64Array;
  readonly inputs: readonly Float64Array[];
  readonly gradients: readonly Float64Array[];
  readonly back: readonly Float64Array[];
  /** √λ_max(G̃∘G̃) and ‖X̃‖₂; |a_r| and ‖σ(z_·r)‖ of a two-layer network; ‖H_{ℓ−1}‖₂ and ‖G_ℓ‖₂ over all samples for "stacked". */
  readonly hadamard: number;
  readonly data: number;
  readonly outputWeights: Float64Array;
  readonly features: Float64Array;
  readonly stackedInputs: Float64Array;
  readonly stackedGradients: Float64Array;
}

const hypot = (a: number, b: number): number => (a === 0 ? b : b === 0 ? a : sqrtUp(up(up(a * a) + up(b * b))));
const scaled = (v: Float64Array, s: number): Float64Array => v.map((x) => (x === 0 ? 0 : up(x * s)));
const largest = (v: Iterable<number>): number => Array.from(v).reduce((a, b) => Math.max(a, b), 0);

/** (b), for a hidden layer and an output layer whose weights stay below `weight` in size. */
function closedForm({ layers, curvature, slope, hadamard, data }: Norms, weight: number): number {
  const [hidden, output] = layers;
  if (!hidden.trainsWeight && !hidden.trainsBias) return 0;
  const inner = up(up(up(output.scale * curvature) * hadamard) * weight);
  if (!output.trainsWeight) return inner;
  return up(0.5 * up(inner + hypot(inner, up(2 * up(up(output.scale * slope) * data)))));
}

export const twoLayer = (at: Norms, r: number): number =>
  closedForm(at, up(largest(at.outputWeights) + (at.layers[1].trainsWeight ? r : 0)));

/** (c): ϱ_r after a cell of length h on which M ≥ floor, from ϱ_r before it: any ϱ ≥ before + h·j_r(ϱ)/floor. Updates `moved`. */
export function perNeuron(at: Norms, moved: Float64Array, h: number, floor: number): number {
  const reach = up(at.slope * at.data);
  const scale = at.layers[1].scale;
  const time = up(h / floor);
  const growth = up(time * up(1.5 * up(scale * reach))); // j_r(ϱ) ≤ j_r(0) + √2·s₂B₁‖X̃‖ϱ
  let most = 0;
  for (let r = 0; r < moved.length; r++) {
    const [a, feature] = [at.outputWeights[r], at.features[r]];
    const speed = (v: number) => up(scale * hypot(up(up(a + v) * reach), up(feature + up(reach * v))));
    let bound = Number.POSITIVE_INFINITY;
    if (growth < 0.5) bound = up(up(moved[r] + up(time * speed(0))) * up(1 + up(2 * growth)));
    for (let pass = 0; pass < 2 && bound < Number.POSITIVE_INFINITY; pass++) {
      bound = Math.min(bound, up(moved[r] + up(time * speed(bound))));
    }
    moved[r] = bound;
    most = Math.max(most, up(a + bound));
  }
  return closedForm(at, most);
}

/** One sample, or all of them stacked (then Frobenius norms of changes, spectral norms of H and G, `unit` = √n). */
interface Start {
  readonly input: (l: number) => number;
  readonly gradient: (l: number) => number;
  readonly back: (l: number) => number;
  readonly unit: number;
  /** ‖q_ℓ‖_∞ on the ball where the sweep's own bound of it would not be one. */
  readonly largestBack?: (l: number) => number;
}

/** On the ball, for a direction with parts v_j in layer j: ‖ḣ_{ℓ−1}‖ ≤ inputTangent·v, ‖ġ_ℓ‖ ≤ gradientTangent·v, and so on. */
function sweep({ layers, slope, curvature, spectral }: Norms, start: Start, r: number) {
  const { unit } = start;
  let drift = 0;
  let tangent: Float64Array = new Float64Array(layers.length);
  const forward = layers.map(({ scale, trainsWeight, trainsBias }, l) => {
    const input = up(start.input(l) + drift);
    const own = hypot(trainsWeight ? up(scale * input) : 0, trainsBias ? unit : 0);
    const moved = up(up(up(scale * spectral[l]) * drift) + up(r * own));
    const inputTangent = tangent;
    const here = scaled(tangent, up(scale * up(spectral[l] + (trainsWeight ? r : 0))));
    here[l] = up(here[l] + own);
    drift = up(slope * moved);
    tangent = scaled(here, slope);
    return { input, own, moved, inputTangent, here };
  });
  let change = 0;
  let gradient = unit;
  let gradientTangent: Float64Array = new Float64Array(layers.length);
  return forward
    .map((at, l) => ({ ...at, l, gradient: 0, gradientTangent, back: 0, backTangent: gradientTangent }))
    .reverse()
    .map((at) => {
      const { l } = at;
      if (l === layers.length - 1) return { ...at, gradient };
      const above = layers[l + 1];
      const reach = above.trainsWeight ? r : 0;
      const pulled = up(above.scale * up(up(spectral[l + 1] * change) + up(reach * gradient)));
      const backTangent = scaled(gradientTangent, up(above.scale * up(spectral[l + 1] + reach)));
      if (above.trainsWeight) backTangent[l + 1] = up(backTangent[l + 1] + up(above.scale * gradient));
      const back = start.largestBack ? start.largestBack(l) : up(start.back(l) + pulled);
      change = up(up(up(curvature * at.moved) * start.back(l)) + up(slope * pulled));
      gradient = up(start.gradient(l) + change);
      const turned = scaled(at.here, up(curvature * back));
      gradientTangent = scaled(backTangent, slope).map((x, j) => up(x + turned[j]));
      return { ...at, gradient, gradientTangent, back, backTangent };
    })
    .reverse();
}

const sample = (at: Norms, i: number, r: number) =>
  sweep(
    at,
    { input: (l) => at.inputs[l][i], gradient: (l) => at.gradients[l][i], back: (l) => at.back[l][i], unit: 1 },
    r,
  );

/** (a): κ² ≤ λ_max(Σ_i Σ_ℓ C C ᵀ), C = s_ℓ(γ_ℓH_{ℓ−1} + Γ_ℓχ_{ℓ−1}) for W_ℓ, γ_ℓ for b_ℓ. */
export function recursion(at: Norms, r: number): number {
  const depth = at.layers.length;
  const total = new Float64Array(depth * depth);
  const add = (c: Float64Array) => {
    for (let k = 0; k < total.length; k++) total[k] = up(total[k] + up(c[Math.floor(k / depth)] * c[k % depth]));
  };
  for (let i = 0; i < at.n; i++) {
    for (const [l, here] of sample(at, i, r).entries()) {
      const { scale, trainsWeight, trainsBias } = at.layers[l];
      const shifted = scaled(here.inputTangent, up(scale * here.gradient));
      const turned = scaled(here.gradientTangent, up(scale * here.input));
      if (trainsWeight) add(shifted.map((x, j) => up(x + turned[j])));
      if (trainsBias) add(here.gradientTangent);
    }
  }
  return sqrtUp(perron(total, depth));
}

/** (d): the norm of the matrix of bounds of the blocks (ℓ, j) of Σ c_i∇²u_i, each at most the least of three products. */
export function stacked(at: Norms, r: number): number {
  const depth = at.layers.length;
  const one = Array.from({ length: at.n }, (_, i) => sample(at, i, r));
  const most = (pick: (s: (typeof one)[0]) => number) => largest(one.map(pick));
  const root = (pick: (s: (typeof one)[0]) => number) =>
    sqrtUp(one.reduce((sum, s) => up(sum + up(pick(s) * pick(s))), 0));
  const all = sweep(
    at,
    {
      input: (l) => at.stackedInputs[l],
      gradient: (l) => at.stackedGradients[l],
      back: (l) => largest(at.back[l]),
      unit: sqrtUp(at.n),
      largestBack: (l) => most((s) => s[l].back),
    },
    r,
  );
  const blocks = new Float64Array(depth * depth);
  for (const [l, { scale, trainsWeight, trainsBias }] of at.layers.entries()) {
    if (!trainsWeight && !trainsBias) continue;
    for (let j = 0; j < depth; j++) {
      const byLayer = up(most((s) => s[l].gradientTangent[j]) * all[l].own);
      const bySample = up(all[l].gradientTangent[j] * most((s) => s[l].own));
      let turned = Math.min(
        byLayer,
        bySample,
        root((s) => up(s[l].gradientTangent[j] * s[l].own)),
      );
      if (l === 0 && j === 0) {
        const bent = up(up(at.curvature * most((s) => s[0].back)) * at.hadamard);
        turned = up(bent + up(up(at.slope * most((s) => s[0].backTangent[0])) * all[0].own));
      }
      const [first, second] = [all[l].gradient * most((s) => s[l].inputTangent[j]), most((s) => s[l].gradient)];
      const shifted = Math.min(
        up(first),
        up(second * all[l].inputTangent[j]),
        root((s) => up(s[l].gradient * s[l].inputTangent[j])),
      );
      blocks[l * depth + j] = up(turned + (trainsWeight ? up(scale * shifted) : 0));
    }
  }
  const least = blocks.map((x, k) => Math.min(x, blocks[(k % depth) * depth + Math.floor(k / depth)]));
  return perron(least, depth);
}
