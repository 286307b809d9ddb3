/**
 * Bounds κ of the Lipschitz constant of the Jacobian on the ball of radius r around the weights (docs/certificates.md, bounds (c) and (d)
 * of S1; with one hidden layer (d) is (b)). Everything is a non-negative upper bound; `up` after each operation keeps it one.
 */
import { perron } from "./balls.ts";
import { sqrtUp, up } from "./directed.ts";
import type { Norms } from "./smooth.ts";

const hypot = (a: number, b: number): number => (a === 0 ? b : b === 0 ? a : sqrtUp(up(up(a * a) + up(b * b))));
const times = (v: Float64Array, s: number): Float64Array => v.map((x) => (x === 0 ? 0 : up(x * s)));

/**
 * (c): the largest |a_r| + ϱ_r after a cell of length h, up to `right`, on which M ≥ floor. ϱ_r may be any ϱ ≥ moved_r + h·j_r(ϱ)/floor;
 * j_r(ϱ) ≤ j_r(0) + √2·s₂B₁‖X̃‖ϱ gives one. Updates `moved`.
 */
export function perNeuron(at: Norms, moved: Float64Array, right: number, h: number, floor: number): number {
  const { scale, weight } = at.layers[1];
  const reach = up(at.activation.slope * at.data);
  const time = up(h / floor);
  const growth = up(time * up(Math.SQRT2 * up(scale * reach)));
  let most = 0;
  for (let r = 0; r < moved.length; r++) {
    const a = Math.abs(weight.mid[r]);
    const after = (v: number) =>
      up(moved[r] + up(time * up(scale * hypot(up(up(a + v) * reach), up(at.features[r] + up(reach * v))))));
    let bound = growth < 0.5 ? up(after(0) * up(1 + up(2 * growth))) : right; // 1/(1 − g) ≤ 1 + 2g
    for (let pass = 0; pass < 8 && growth < 0.5; pass++) bound = Math.min(bound, after(bound));
    moved[r] = Math.min(bound, right);
    most = Math.max(most, up(a + moved[r]));
  }
  return most;
}

/** Norms at the weights, as the largest over single samples or over all of them stacked: `unit` is 1 or √n, `most` ≥ ‖q_ℓ‖_∞ on the ball. */
type Start = { inputs: V; gradients: V; unit: number; first?: number; most?: V };
type V = ArrayLike<number>;

/**
 * On the ball, for a direction with parts v_j in layer j: ‖ḣ_{ℓ−1}‖ ≤ inputTangent·v, ‖ġ_ℓ‖ ≤ gradientTangent·v, and so on; Frobenius norms of
 * changes and spectral norms of H and G where samples are stacked.
 */
function sweep({ layers, activation: { slope, curvature }, spectral, back }: Norms, start: Start, r: number) {
  let [drift, inputTangent] = [0, new Float64Array(layers.length) as Float64Array];
  const out = layers.map(({ scale, trainsWeight, trainsBias }, l) => {
    let own = hypot(trainsWeight ? up(scale * up(start.inputs[l] + drift)) : 0, trainsBias ? start.unit : 0);
    if (l === 0 && start.first !== undefined) own = start.first;
    const moved = up(up(up(scale * spectral[l]) * drift) + up(r * own));
    const tangent = times(inputTangent, up(scale * up(spectral[l] + (trainsWeight ? r : 0))));
    tangent[l] = up(tangent[l] + own);
    const last = { gradient: start.unit, gradientTangent: tangent.map(() => 0), back: 0, backTangent: inputTangent };
    const here = { own, moved, tangent, inputTangent, ...last };
    drift = up(slope * moved);
    inputTangent = times(tangent, slope);
    return here;
  });
  let change = 0;
  for (let l = layers.length - 2; l >= 0; l--) {
    const [here, above, { scale, trainsWeight }] = [out[l], out[l + 1], layers[l + 1]];
    const reach = trainsWeight ? r : 0;
    const pulled = up(scale * up(up(spectral[l + 1] * change) + up(reach * above.gradient)));
    here.backTangent = times(above.gradientTangent, up(scale * up(spectral[l + 1] + reach)));
    if (trainsWeight) here.backTangent[l + 1] = up(here.backTangent[l + 1] + up(scale * above.gradient));
    here.back = start.most ? start.most[l] : up(back[l] + pulled);
    change = up(up(up(curvature * here.moved) * back[l]) + up(slope * pulled));
    here.gradient = up(start.gradients[l] + change);
    const turned = times(here.tangent, up(curvature * here.back));
    here.gradientTangent = times(here.backTangent, slope).map((x, j) => up(x + turned[j]));
  }
  return out;
}

/**
 * (d): the norm of the matrix of bounds of the blocks (ℓ, j) of Σ c_i∇²u_i, by ‖Σ c_i a_i ⊗ b_i‖ ≤ max|a_i|·‖B‖₂ and ‖A‖_F·max|b_i|. `weight`: with
 * one hidden layer what |a_r| stays below, if (c) has something to say.
 */
export function kappaBound(at: Norms, r: number, goal = 0, weight = Number.MAX_VALUE): number {
  const depth = at.layers.length;
  const one = sweep(at, { ...at.one, unit: 1 }, r);
  const most = one.map(({ back }, l) => (l === 0 ? Math.min(back, up(at.layers[1].scale * weight)) : back));
  const all = sweep(at, { ...at.all, unit: sqrtUp(at.n), first: at.data, most }, r);
  const blocks = new Float64Array(depth * depth);
  for (const [l, { scale, trainsWeight, trainsBias }] of at.layers.entries()) {
    for (let j = 0; j < depth && (trainsWeight || trainsBias); j++) {
      const [single, stacked] = [one[l], all[l]];
      let block = Math.min(up(single.gradientTangent[j] * stacked.own), up(stacked.gradientTangent[j] * single.own));
      if (l === 0 && j === 0) {
        const bent = up(up(at.activation.curvature * most[0]) * at.hadamard);
        block = up(bent + up(up(at.activation.slope * single.backTangent[0]) * stacked.own));
      }
      const shift = Math.min(
        up(single.inputTangent[j] * stacked.gradient),
        up(stacked.inputTangent[j] * single.gradient),
      );
      blocks[l * depth + j] = up(block + (trainsWeight ? up(scale * shift) : 0));
    }
  }
  const symmetric = blocks.map((x, k) => Math.min(x, blocks[(k % depth) * depth + Math.floor(k / depth)]));
  return perron(symmetric, depth, goal);
}
