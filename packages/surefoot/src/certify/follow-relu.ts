import { type BitMasks, type Matrix, matrix } from "@surefoot/linalg";
import { addUp, mulUp, sqrtUp, subDown, subUp } from "../interval/directed.ts";
import { LEAST_POSITIVE, rowNorms, UNIT_ROUNDOFF } from "../interval/error-bounds.ts";
import type { Weights } from "../network/network.ts";
import type { Measurer, ReluEvidence } from "./evidence.ts";
import type { FollowedDescent, Follower } from "./follow.ts";
import { short } from "./format.ts";
import { ballNorm, exactRows, provedRelu, type RowBall, residualRows } from "./proved-pass.ts";
import { descend } from "./proved-step.ts";
import { countBits, hasBit, midpointKernel, setBit } from "./s2-kernel.ts";
import { s2 } from "./theorems.ts";

/**
 * Follows a two-layer ReLU network of which only the hidden layer is trained until S2 certifies. Where no pre-activation can have another sign
 * at θ_k than at θ̂_k (|ẑ_ri| > ‖(s₁x_i, 1)‖δ_k for all pairs), both are stepped by one affine map, θ − ηJᵀe with e affine in θ, whose linear part
 * I − ηJᵀJ has norm at most max(1, ησ̄² − 1), σ̄² ≥ λ_max(H(k)): errors add up and do not grow. A pair too near to its kink ends the following.
 */
export function reluFollower(descent: FollowedDescent): Follower {
  const { network, dataset, measurer, stepSize, backend } = descent;
  const [, output] = network.layers;
  const inputs = exactRows(dataset.x);
  let weights = descent.weights;
  let place: Place | undefined;
  /** The place of `weights`, seen from `distance` away. */
  const look = async (distance: number): Promise<Place | string> => {
    if (place?.weights === weights) return place;
    const measured = await measurer.relu({ network, weights, dataset });
    if (measured.status === "failed") return measured.reason;
    const evidence = around(measured.evidence, distance);
    const { pattern, uncertain } = evidence;
    const same = place && equalBits(place.evidence.pattern, pattern) && equalBits(place.evidence.uncertain, uncertain);
    const slope = same && place ? place.slope : await slopeOf(evidence, measurer);
    if (typeof slope === "string") return slope;
    place = { weights, evidence: withResidual(evidence, mulUp(slope, distance)), computed: measured.evidence, slope };
    return place;
  };
  return {
    theorem: "S2",
    here: () => weights,
    ask: async (distance) => {
      const here = await look(distance);
      if (typeof here === "string") return here;
      const { evidence } = here;
      const seen: Measurer = { ...measurer, relu: async () => ({ status: "ok", evidence }) };
      const outcome = await s2.certify({ network, weights, dataset }, seen, stepSize);
      return { outcome, residual: ballNorm(evidence.residual) };
    },
    advance: async (distance) => {
      const here = await look(distance);
      if (typeof here === "string") return here;
      const { evidence, computed, slope } = here;
      const near = countBits(evidence.uncertain);
      if (near > 0) return `${near} pre-activations are too near to 0 to know their signs within ${short(distance)}`;
      const cotangents = [activeWeights(computed, output.scale)];
      const { outputs } = await provedRelu(network, weights, inputs, backend, "precise");
      const residual = residualRows(outputs, dataset.y);
      const at = { network, weights, inputs: [inputs], cotangents, residual, slope };
      const next = await descend(at, stepSize, backend);
      if (!next) return "a step left the range of double precision";
      const stretched = subUp(mulUp(stepSize.upper, mulUp(slope, slope)), 1);
      weights = next.weights;
      return {
        residual: ballNorm(evidence.residual),
        distance: addUp(mulUp(Math.max(1, stretched), distance), next.error),
        length: next.length,
        spent: false,
      };
    },
  };
}

/** ∂f/∂z: s₂a_r where the pair is on. */
function activeWeights({ pattern, outputWeights, samples, width }: ReluEvidence, scale: number): RowBall {
  const mid = matrix(samples, width);
  for (let i = 0; i < samples; i++) {
    for (let r = 0; r < width; r++) if (hasBit(pattern, i, r)) mid.data[i * width + r] = scale * outputWeights[r];
  }
  const norms = rowNorms(mid).upper;
  const underflow = mulUp(width, LEAST_POSITIVE);
  return { mid, norms, errors: norms.map((size) => addUp(mulUp(2 * UNIT_ROUNDOFF, size), underflow)) };
}

interface Place {
  readonly weights: Weights;
  /** About every start within the distance. */
  readonly evidence: ReluEvidence;
  /** About the computed iterate itself. */
  readonly computed: ReluEvidence;
  /** σ̄ ≥ ‖J‖ within the distance. */
  readonly slope: number;
}

/** z_ri moves by at most ‖(s₁x_i, 1)‖δ: less is left of its size, and its sign is uncertain where nothing is. */
function around(evidence: ReluEvidence, distance: number): ReluEvidence {
  if (distance === 0) return evidence;
  const { samples, width, gram } = evidence;
  const magnitudes: Matrix = matrix(samples, width);
  const uncertain: BitMasks = { ...evidence.uncertain, words: evidence.uncertain.words.slice() };
  for (let i = 0; i < samples; i++) {
    const moved = mulUp(sqrtUp(addUp(Math.max(0, gram.mid.data[i * samples + i]), gram.radius)), distance);
    for (let r = 0; r < width; r++) {
      const k = i * width + r;
      const left = subDown(evidence.magnitudes.data[k], moved);
      if (left > 0) magnitudes.data[k] = left;
      else if (moved > 0) setBit(uncertain, i, r);
    }
  }
  return { ...evidence, magnitudes, uncertain };
}

function withResidual(evidence: ReluEvidence, moved: number): ReluEvidence {
  const { mid, radius } = evidence.residual;
  return { ...evidence, residual: { mid, radius: addUp(radius, moved) } };
}

/** √(λ_max(M) + ε): whatever slopes in [0, 1] the uncertain pairs have. */
async function slopeOf(evidence: ReluEvidence, measurer: Measurer): Promise<number | string> {
  const kernel = await midpointKernel(evidence, evidence.uncertain, measurer);
  if (kernel.status === "failed") return kernel.reason;
  const { spectrum, epsilon } = kernel.evidence;
  return sqrtUp(addUp(Math.max(0, spectrum.lambdaMax.value.upper), epsilon));
}

function equalBits(a: BitMasks, b: BitMasks): boolean {
  return a.words.every((word, k) => word === b.words[k]);
}
