import { type Matrix, matrix } from "@surefoot/linalg";
import type { Arithmetic } from "../interval/arithmetic.ts";
import {
  bentTangent,
  layerNorm,
  least,
  pulledTangent,
  type SampleLayer,
  scaled,
  skipped,
  sum,
  sweepSample,
  times,
} from "./ball-sweep.ts";
import type { SmoothEvidence } from "./evidence.ts";
import { ballBound, type KappaBound } from "./kappa.ts";
import { steepness } from "./steepness.ts";
import { perronBound, type Upward, upward } from "./upward.ts";

/**
 * κ bound (d): any depth, with the operator norms of matrices over all samples next to the per-sample norms of (a)
 * (docs/certificates.md, theory/05).
 *
 * κ = sup over unit c of ‖Σ c_i∇²u_i‖. Its block (ℓ, j) is Ġ_ℓᵀD_cA_ℓ + s_ℓG_ℓᵀD_cḢ_{ℓ−1} for unit directions of layer j, A_ℓ with the rows
 * (s_ℓ P_ℓh_{ℓ−1}, 1), D_c with c_i at every position of sample i, and ‖Ġ D_c Aᵀ‖_F ≤ min(max_i‖ġ_i‖·‖A‖₂, ‖Ġ‖_F·max_i‖A_i‖, (Σ‖ġ_i‖²‖A_i‖²)^½). κ is at most the norm of the matrix of
 * the block bounds; the blocks (ℓ, j) and (j, ℓ) have one norm, so the lesser bound counts for both.
 */
export function stackedBound(evidence: SmoothEvidence, arithmetic: Arithmetic): KappaBound | undefined {
  if (evidence.twoLayer || evidence.hadamardNorm === undefined) return undefined;
  const { hadamardNorm } = evidence;
  const up = upward(arithmetic);
  return ballBound("stacked", (r) => perronBound(blockBounds(evidence, hadamardNorm, r, up), up));
}

/** The whole sample at once: Frobenius norms of tangents, spectral norms of H and G on the ball. */
interface StackedLayer {
  /** ≥ ‖A_ℓ‖₂. */
  readonly own: number;
  /** ≥ ‖Ḣ_{ℓ−1}‖_F per unit of each layer. */
  readonly inputTangent: Float64Array;
  /** ≥ ‖G_ℓ‖₂ and ≥ ‖Ġ_ℓ‖_F. */
  readonly gradient: number;
  readonly gradientTangent: Float64Array;
}

function blockBounds(evidence: SmoothEvidence, hadamardNorm: number, r: number, up: Upward): Matrix {
  const { layers, samples } = evidence;
  const depth = layers.length;
  const swept: SampleLayer[][] = [];
  for (let i = 0; i < samples; i++) {
    swept.push(i > 0 && isLikeThePrevious(evidence, i) ? swept[i - 1] : sweepSample(evidence, i, r, up));
  }
  const stacked = sweepAll(evidence, swept, r, up);
  const most = (l: number, value: (at: SampleLayer) => number) =>
    swept.reduce((largest, sample) => Math.max(largest, value(sample[l])), 0);
  const root = (l: number, value: (at: SampleLayer) => number) =>
    up.sqrt(swept.reduce((total, sample) => up.add(total, square(value(sample[l]), up)), 0));

  const squares = layers.map((_, l) => squaresNorm(evidence, hadamardNorm, swept, l, up));

  const blocks = matrix(depth, depth);
  for (const [l, layer] of layers.entries()) {
    if (!layer.trainsWeight && !layer.trainsBias) continue;
    const all = stacked[l];
    for (let j = 0; j < depth; j++) {
      // ġ_ℓ is linear in what W_j and b_j do to z_j, ‖ġ_i‖ ≤ (γ_iℓ[j]/o_ij)‖U_ja_ij‖, for j ≤ ℓ
      const paired =
        j <= l && squares[l] !== undefined && squares[j] !== undefined
          ? times(
              swept.reduce(
                (largest, sample) => Math.max(largest, ratio(sample[l].gradientTangent[j], sample[j].own, up)),
                0,
              ),
              up.sqrt(times(squares[l]!, squares[j]!, up)),
              up,
            )
          : Number.POSITIVE_INFINITY;
      const turning = Math.min(
        paired,
        l === 0 && j === 0
          ? firstBlock(evidence, hadamardNorm, swept, all.own, up)
          : Math.min(
              times(
                most(l, (at) => at.gradientTangent[j]),
                all.own,
                up,
              ),
              times(
                all.gradientTangent[j],
                most(l, (at) => at.own),
                up,
              ),
              root(l, (at) => times(at.gradientTangent[j], at.own, up)),
            ),
      );
      const shifting = layer.trainsWeight
        ? Math.min(
            times(
              all.gradient,
              most(l, (at) => at.inputTangent[j]),
              up,
            ),
            times(
              most(l, (at) => at.gradient),
              all.inputTangent[j],
              up,
            ),
            root(l, (at) => times(at.gradient, at.inputTangent[j], up)),
          )
        : 0;
      blocks.data[l * depth + j] = up.add(turning, times(layer.scale, shifting, up));
    }
  }
  for (let l = 0; l < depth; l++) {
    for (let j = 0; j < l; j++) {
      const least = Math.min(blocks.data[l * depth + j], blocks.data[j * depth + l]);
      blocks.data[l * depth + j] = blocks.data[j * depth + l] = least;
    }
  }
  return blocks;
}

/** Whether all that is known of samples i and i − 1 are the same numbers, as in evidence that knows only the largest. */
function isLikeThePrevious({ layers }: SmoothEvidence, i: number): boolean {
  return layers.every((layer) =>
    Object.values(layer).every((known) => !(known instanceof Float64Array) || known[i] === known[i - 1]),
  );
}

/**
 * ≥ √λ_max(G̃∘G̃) on the ball, G̃ the Gram matrix of the rows a_i = (s_ℓh_{ℓ−1} if W_ℓ trains, 1 if b_ℓ does): so much is Σ|c_i|‖Ua_i‖² for unit c and ‖U‖_F = 1.
 * (G̃∘G̃) is at most [W]s⁴(HHᵀ)∘(HHᵀ) + [W, b]2s²HHᵀ + [b]11ᵀ, and the rows a_i⊗a_i move by at most 2‖a_i‖s_ℓdh_i.
 */
function squaresNorm(
  { layers, samples }: SmoothEvidence,
  hadamardNorm: number,
  swept: readonly SampleLayer[][],
  l: number,
  up: Upward,
): number | undefined {
  const { scale, trainsWeight, trainsBias, hadamardInput, stackedInputNorm, patchNorm, skip, gain } = layers[l];
  if (patchNorm !== undefined || skip || gain !== undefined) return undefined;
  if (l === 0) return layers[1]?.hadamardInput === undefined ? undefined : hadamardNorm;
  if (hadamardInput === undefined) return undefined;
  let total = trainsBias ? samples : 0;
  if (trainsWeight) {
    const own = up.mul(up.mul(scale, scale), hadamardInput);
    total = up.add(total, square(own, up));
    if (trainsBias) total = up.add(total, up.mul(2, square(up.mul(scale, stackedInputNorm), up)));
  }
  const moved = swept.reduce((sum, sample) => {
    const { own, inputDrift } = sample[l];
    return up.add(sum, square(trainsWeight ? times(up.mul(2, own), times(scale, inputDrift, up), up) : 0, up));
  }, 0);
  return up.add(up.sqrt(total), up.sqrt(moved));
}

/** a/b from above, 0 for 0/0. */
function ratio(a: number, b: number, up: Upward): number {
  return a === 0 ? 0 : up.div(a, b);
}

/** Block (1, 1): the part with σ'' is block-diagonal over neurons, as in bound (b). */
function firstBlock(
  { layers, curvatureBound, slopeBound }: SmoothEvidence,
  hadamardNorm: number,
  swept: readonly SampleLayer[][],
  own: number,
  up: Upward,
): number {
  if (layers.length === 1) return 0;
  const largestBack = swept.reduce((largest, [first]) => Math.max(largest, first.back), 0);
  const largestTurn = swept.reduce((largest, [first]) => Math.max(largest, first.backTangent[0]), 0);
  const gain = layers[0].gain ?? 1;
  const bending = times(up.mul(times(gain, curvatureBound.upper, up), largestBack), hadamardNorm, up);
  return up.add(bending, times(times(times(gain, slopeBound.upper, up), largestTurn, up), own, up));
}

function sweepAll(
  evidence: SmoothEvidence,
  swept: readonly SampleLayer[][],
  r: number,
  up: Upward,
): readonly StackedLayer[] {
  const { layers, samples } = evidence;
  const slope = evidence.slopeBound.upper;
  const curvature = evidence.curvatureBound.upper;
  const last = layers.length - 1;
  const rootSamples = up.sqrt(samples);

  let drift = 0; // ‖H_{ℓ−1} − H_{ℓ−1}(θ₀)‖_F
  let tangentIn: Float64Array = new Float64Array(layers.length);
  let movedBelow = 0; // ‖Z_{ℓ−1} − Z_{ℓ−1}(θ₀)‖_F
  let tangentBelow = tangentIn;
  const all = swept.map((_, i) => i);
  const steepOf = (l: number) =>
    steepness(layers[l], all, l === 0 ? all.map(() => 0) : swept.map((sample) => sample[l - 1].moved), evidence, up);
  const forward = layers.map((layer, l) => {
    const patchNorm = layer.patchNorm ?? 1;
    const inputNorm = up.add(layer.stackedInputNorm, times(patchNorm, drift, up));
    const own = up.hypot(layer.trainsWeight ? up.mul(layer.scale, inputNorm) : 0, layer.trainsBias ? rootSamples : 0);
    const inputTangent = patchNorm === 1 ? tangentIn : scaled(tangentIn, patchNorm, up);
    const carried = times(up.mul(layer.scale, layer.weightNorm), times(patchNorm, drift, up), up);
    const steep = steepOf(l);
    const moved = up.add(Math.min(carried, steep.carried(movedBelow)), times(r, own, up));
    const reach = layer.trainsWeight ? r : 0;
    const grown = layerNorm(layer.scale, layer.weightNorm, reach, up);
    const tangent = least(scaled(inputTangent, grown, up), steep.grown(tangentBelow, reach));
    tangent[l] = up.add(tangent[l], own);
    movedBelow = moved;
    tangentBelow = tangent;
    const steepest = times(layer.gain ?? 1, slope, up);
    drift = skipped(layer, drift, up.mul(steepest, moved), up);
    tangentIn = layer.skip ? sum(tangentIn, scaled(tangent, steepest, up), up) : scaled(tangent, steepest, up);
    return { own, inputTangent, moved, tangent };
  });

  let gradientDrift = 0; // ‖G_ℓ − G_ℓ(θ₀)‖_F
  let gradient = rootSamples;
  let gradientTangent: Float64Array = new Float64Array(layers.length);
  let backDrift = 0; // ‖Q_ℓ − Q_ℓ(θ₀)‖_F
  let backTangent: Float64Array = gradientTangent;
  const out: StackedLayer[] = [];
  for (let l = last; l >= 0; l--) {
    const { own, inputTangent, moved, tangent } = forward[l];
    if (l < last) {
      const above = layers[l + 1];
      const reach = above.trainsWeight ? r : 0;
      const start = layers[l].backpropagatedBounds?.reduce((a, b) => Math.max(a, b), 0) ?? Number.NaN;
      const largestBack = swept.reduce((largest, sample) => Math.max(largest, sample[l].back), 0);
      const kept = up.mul(above.weightNorm, gradientDrift);
      const pulled = up.mul(above.scale, up.add(kept, times(reach, gradient, up)));
      const through = pulledTangent(above, l, gradientTangent, gradient, reach, up);
      backDrift = skipped(above, backDrift, times(above.patchNorm ?? 1, pulled, up), up);
      backTangent = above.skip ? sum(backTangent, through, up) : through;
      const gain = layers[l].gain ?? 1;
      const steep = steepOf(l + 1);
      const shrunk = Math.min(up.mul(slope, backDrift), steep.pulled(gradientDrift, gradient, reach));
      const turned = least(
        scaled(backTangent, slope, up),
        steep.pulledTangent(gradientTangent, gradient, l + 1, reach),
      );
      gradientDrift = times(gain, up.add(times(up.mul(curvature, moved), start, up), shrunk), up);
      gradient = up.add(layers[l].stackedGradientNorm, gradientDrift);
      const bounded = scaled(sum(scaled(tangent, up.mul(curvature, largestBack), up), turned, up), gain, up);
      const largestBend = swept.reduce((largest, sample) => Math.max(largest, sample[l].bend), 0);
      gradientTangent = bentTangent(bounded, tangent, l, largestBend, up);
    }
    out[l] = { own, inputTangent, gradient, gradientTangent };
  }
  return out;
}

function square(x: number, up: Upward): number {
  return times(x, x, up);
}
