/**
 * Bounds κ of the Lipschitz constant of the Jacobian on the ball of radius r around the weights (docs/certificates.md, bounds (c) and (d)
 * of S1; with one hidden layer (d) is (b)). Everything is an upper bound of something that is not negative.
 */
import { type Ball, each } from "./balls.ts";
import { add, mul, sqrtUp, up } from "./directed.ts";
import { isPlain, type Norms } from "./network.ts";

const hypot = (a: number, b: number): number => (a === 0 ? b : b === 0 ? a : sqrtUp(add(mul(a, a), mul(b, b))));

/**
 * (c): the largest |a_r| + ϱ_r after a cell of length h, up to `right`, on which M ≥ floor. ϱ_r may be any ϱ ≥ moved_r + h·j_r(ϱ)/floor;
 * j_r(ϱ) ≤ j_r(0) + √2·s₂B₁‖X̃‖ϱ gives one. Updates `moved`. ∞ where (c) does not hold.
 */
export function perNeuron(at: Norms, moved: Float64Array, right: number, h: number, floor: number): number {
  const { scale, weight, trainsWeight } = at.layers[1];
  if (at.layers.length > 2 || !trainsWeight || !isPlain(at.layers)) return Number.POSITIVE_INFINITY;
  const [reach, time] = [mul(at.activation.slope, at.all.first), up(h / floor)];
  const growth = mul(time, Math.SQRT2, scale, reach);
  for (const r of moved.keys()) {
    const a = Math.abs(weight.mid[r]);
    const after = (v: number) =>
      up(moved[r] + up(time * up(scale * hypot(up(up(a + v) * reach), up(at.features[r] + up(reach * v))))));
    let bound = growth < 0.5 ? up(after(0) * up(1 + up(2 * growth))) : right; // 1/(1 − g) ≤ 1 + 2g
    for (let pass = 0; pass < 8 && growth < 0.5; pass++) bound = Math.min(bound, after(bound));
    moved[r] = Math.min(bound, right);
  }
  return moved.reduce((most, v, r) => Math.max(most, up(Math.abs(weight.mid[r]) + v)), 0);
}

/** A bound Σ_j tangent_j v_j for a direction whose part in layer j has norm v_j. */
type Tangent = readonly number[];
const scaled = (v: Tangent, ...by: number[]): Tangent => v.map((x) => mul(x, ...by));
const sum = (a: Tangent, b: Tangent): Tangent => a.map((x, j) => add(x, b[j]));
const plusAt = (v: Tangent, at: number, x: number): Tangent => v.map((y, j) => (j === at ? add(y, x) : y));

/**
 * On the ball: how far z_ℓ, h_ℓ, q_ℓ, g_ℓ move, how large they become, and their tangents; of a single sample from `at.one`, of all from `at.all`, as
 * Frobenius norms of movements and tangents and spectral norms of H and G; then `most` ≥ ‖q_ℓ‖_∞ is that of the single ones.
 */
function sweep(at: Norms, start: Norms["one"], r: number, most?: readonly number[]) {
  const { layers, spectral, spread, back, activation } = at;
  const reach = layers.map(({ trainsWeight }) => (trainsWeight ? r : 0));
  const width = layers.map(({ scale }, l) => mul(scale, add(spectral[l], reach[l])));
  let [drift, tangent] = [0, layers.map(() => 0) as Tangent]; // of h_{ℓ−1}
  const out = layers.map(({ scale, trainsWeight, trainsBias, gain, skip }, l) => {
    const [moves, inputTangent] = [mul(spread[l], drift), scaled(tangent, spread[l])];
    const grown = trainsWeight ? mul(scale, add(start.inputs[l], moves)) : 0;
    const own = l === 0 ? start.first : hypot(grown, trainsBias ? start.unit : 0);
    const moved = add(mul(scale, spectral[l], moves), mul(r, own));
    const turned = plusAt(scaled(inputTangent, width[l]), l, own);
    drift = add(skip ? drift : 0, mul(gain, activation.slope, moved));
    tangent = sum(scaled(tangent, Number(skip)), scaled(turned, gain, activation.slope));
    const none = scaled(tangent, 0);
    return {
      own,
      moved,
      turned,
      inputTangent,
      gradient: start.unit,
      gradientTangent: none,
      back: 0,
      backTangent: none,
    };
  });
  let [change, backChange] = [0, 0]; // of g_ℓ and q_ℓ
  for (let l = layers.length - 2; l >= 0; l--) {
    const [here, above, { gain }, { scale, trainsWeight, skip }] = [out[l], out[l + 1], layers[l], layers[l + 1]];
    const pulled = mul(spread[l + 1], scale, add(mul(spectral[l + 1], change), mul(reach[l + 1], above.gradient)));
    const turned = scaled(above.gradientTangent, width[l + 1]);
    const through = plusAt(turned, l + 1, trainsWeight ? mul(scale, above.gradient) : 0);
    here.backTangent = sum(scaled(above.backTangent, Number(skip)), scaled(through, spread[l + 1]));
    backChange = add(skip ? backChange : 0, pulled);
    here.back = most?.[l] ?? add(back[l], backChange);
    const bent = mul(activation.curvature, here.moved, back[l]);
    change = mul(gain, add(bent, mul(activation.slope, backChange)));
    here.gradient = add(start.gradients[l], change);
    const bending = scaled(here.turned, gain, activation.curvature, here.back);
    here.gradientTangent = sum(bending, scaled(here.backTangent, gain, activation.slope));
  }
  return out;
}

/**
 * (d): the symmetric matrix of bounds of the blocks (ℓ, j) of Σ c_i∇²u_i, by ‖Σ c_i a_i ⊗ b_i‖ ≤ max|a_i|·‖B‖₂ and ‖A‖_F·max|b_i|; κ is at most its
 * largest eigenvalue. `weight`: what |a_r| stays below by (c).
 */
export function blocks(at: Norms, r: number, weight = Number.POSITIVE_INFINITY): Ball {
  const { layers, activation } = at;
  const one = sweep(at, at.one, r);
  const most = one.map(({ back }, l) => (l === 0 ? Math.min(back, mul(layers[1].scale, weight)) : back));
  const all = sweep(at, at.all, r, most);
  const block = (l: number, j: number): number => {
    const [{ scale, gain, trainsWeight, trainsBias }, single, stacked] = [layers[l], one[l], all[l]];
    if (!trainsWeight && !trainsBias) return 0;
    const bent = mul(gain, activation.curvature, most[0], at.hadamard);
    const turning = [
      add(bent, mul(gain, activation.slope, single.backTangent[0], stacked.own)), // for ℓ = j = 1
      Math.min(mul(single.gradientTangent[j], stacked.own), mul(stacked.gradientTangent[j], single.own)),
    ];
    const shifting = [mul(single.inputTangent[j], stacked.gradient), mul(stacked.inputTangent[j], single.gradient)];
    return add(turning[l === 0 && j === 0 ? 0 : 1], trainsWeight ? mul(scale, Math.min(...shifting)) : 0);
  };
  const depth = layers.length;
  return each(depth, depth, (k) => {
    const [l, j] = [Math.floor(k / depth), k % depth];
    return [Math.min(block(l, j), block(j, l)), 0]; // they have one norm
  });
}
