/**
 * Bounds κ of the Lipschitz constant of the Jacobian on the ball of radius r around the weights (docs/certificates.md, bounds (c) and (d)
 * of S1; with one hidden layer (d) is (b)). Everything is a non-negative upper bound; `up` after each operation keeps it one.
 */
import { largest, perron } from "./balls.ts";
import { sqrtUp, up } from "./directed.ts";
import type { Norms } from "./s1.ts";

const hypot = (a: number, b: number): number => (a === 0 ? b : b === 0 ? a : sqrtUp(up(up(a * a) + up(b * b))));
const times = (v: Float64Array, s: number): Float64Array => v.map((x) => (x === 0 ? 0 : up(x * s)));

/**
 * (c): the largest |a_r| + ϱ_r after a cell of length h, up to `right`, on which M ≥ floor; ϱ_r from what it was before the cell: any ϱ with
 * ϱ ≥ before + h·j_r(ϱ)/floor. Updates `moved`.
 */
export function perNeuron(at: Norms, moved: Float64Array, right: number, h: number, floor: number): number {
  const { scale, weight } = at.layers[1];
  const reach = up(at.slope * at.data);
  const time = up(h / floor);
  const growth = up(time * up(Math.SQRT2 * up(scale * reach))); // j_r(ϱ) ≤ j_r(0) + √2·s₂B₁‖X̃‖ϱ
  let most = 0;
  for (let r = 0; r < moved.length; r++) {
    const a = Math.abs(weight[r]);
    const speed = (v: number) => up(scale * hypot(up(up(a + v) * reach), up(at.features[r] + up(reach * v))));
    let bound = up(up(moved[r] + up(time * speed(0))) * up(1 + up(2 * growth))); // 1/(1 − g) ≤ 1 + 2g
    if (!(growth < 0.5)) bound = Number.POSITIVE_INFINITY;
    for (let pass = 0; pass < 8 && bound < Number.POSITIVE_INFINITY; pass++) {
      bound = Math.min(bound, up(moved[r] + up(time * speed(bound))));
    }
    moved[r] = Math.min(bound, right);
    most = Math.max(most, up(a + moved[r]));
  }
  return most;
}

/** One sample, or all of them stacked (Frobenius norms of changes, spectral norms of H and G, `unit` = √n, `first` = ‖X̃‖₂, `most` ≥ ‖q_ℓ‖_∞ on the ball). */
type Start = { inputs: V; gradients: V; back: V; unit: number; first?: number; most?: V };
type V = ArrayLike<number>;

/** On the ball, for a direction with parts v_j in layer j: ‖ḣ_{ℓ−1}‖ ≤ inputTangent·v, ‖ġ_ℓ‖ ≤ gradientTangent·v, and so on. */
function sweep({ layers, slope, curvature, spectral }: Norms, start: Start, r: number) {
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
    here.back = start.most ? start.most[l] : up(start.back[l] + pulled);
    change = up(up(up(curvature * here.moved) * start.back[l]) + up(slope * pulled));
    here.gradient = up(start.gradients[l] + change);
    const turned = times(here.tangent, up(curvature * here.back));
    here.gradientTangent = times(here.backTangent, slope).map((x, j) => up(x + turned[j]));
  }
  return out;
}

/**
 * (d): the norm of the matrix of bounds of the blocks (ℓ, j) of Σ c_i∇²u_i, each at most the least of three products. `weight`: with one
 * hidden layer what |a_r| stays below, if (c) has something to say.
 */
export function kappaBound(at: Norms, r: number, goal: number, weight: number): number {
  const depth = at.layers.length;
  const one = Array.from(at.inputs[0], (_, i) => {
    const pick = (of: readonly Float64Array[]) => of.map((v) => v[i]);
    return sweep(at, { inputs: pick(at.inputs), gradients: pick(at.gradients), back: pick(at.back), unit: 1 }, r);
  });
  const each = (value: (s: (typeof one)[0]) => number) => one.map(value);
  const most = at.layers.map((_, l) => largest(each((s) => s[l].back)));
  most[0] = Math.min(most[0], up(at.layers[1].scale * weight));
  const back = at.back.map(largest);
  const norms = { inputs: at.stackedInputs, gradients: at.stackedGradients, back, first: at.data };
  const all = sweep(at, { ...norms, unit: sqrtUp(at.n), most }, r);
  /** ‖Σ c_i a_i ⊗ b_i‖ ≤ max|a_i|·‖B‖₂, ‖A‖_F·max|b_i| and (Σ|a_i|²|b_i|²)^½. */
  const product = (a: number[], frobenius: number, b: number[], spectral: number) =>
    Math.min(
      up(largest(a) * spectral),
      up(frobenius * largest(b)),
      sqrtUp(a.reduce((total, x, i) => up(total + up(up(x * b[i]) * up(x * b[i]))), 0)),
    );
  const blocks = new Float64Array(depth * depth);
  for (const [l, { scale, trainsWeight, trainsBias }] of at.layers.entries()) {
    const [own, gradient] = [each((s) => s[l].own), each((s) => s[l].gradient)];
    for (let j = 0; j < depth && (trainsWeight || trainsBias); j++) {
      const [turning, shifting] = [each((s) => s[l].gradientTangent[j]), each((s) => s[l].inputTangent[j])];
      let block = product(turning, all[l].gradientTangent[j], own, all[l].own);
      if (l === 0 && j === 0) {
        const bent = up(up(at.curvature * most[0]) * at.hadamard);
        block = up(bent + up(up(at.slope * largest(each((s) => s[0].backTangent[0]))) * all[0].own));
      }
      const shifted = product(shifting, all[l].inputTangent[j], gradient, all[l].gradient);
      blocks[l * depth + j] = up(block + (trainsWeight ? up(scale * shifted) : 0));
    }
  }
  const least = blocks.map((x, k) => Math.min(x, blocks[(k % depth) * depth + Math.floor(k / depth)]));
  return perron(least, depth, goal);
}
