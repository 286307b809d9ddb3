import { activationRange } from "../certify/activation-range.ts";
import { type CertifyOutcome, certify } from "../certify/index.ts";
import { rounded } from "../interval/arithmetic.ts";
import { initialise } from "../network/initialise.ts";
import type { Network } from "../network/network.ts";
import { norm } from "../theory/parameters.ts";
import { leastScale } from "../theory/positive-scale.ts";
import type { PlanOptions } from "./plan.ts";
import { type PlannedSteps, plannedSteps } from "./steps.ts";

/** The output scale A of the positive initialisation (Chatterjee 2022; S3), for the widths that the network has. */
export interface ScalePlan {
  /** Why there is none; null otherwise. */
  readonly unplanned: string | null;
  /** Least A for which the flow is certified, from λ_min(G̃), ‖y‖ and the sizes alone: computed. */
  readonly predictedFlow: number | null;
  /** Least A, to 1 %, for which gradient descent is certified; the start has no randomness, so it is proved, not sampled. */
  readonly scale: number | null;
  readonly certificate: CertifyOutcome | null;
  readonly steps: PlannedSteps | null;
  /** Of A, 1.25A, … 5A the scale with the fewest certified steps to the target: at the least A hardly any room is left for descent. */
  readonly fastest: {
    readonly scale: number;
    readonly certificate: CertifyOutcome;
    readonly steps: PlannedSteps;
  } | null;
}

const NONE = { predictedFlow: null, scale: null, certificate: null, steps: null, fastest: null };
const LARGER = [1.25, 1.5, 2, 2.5, 3, 4, 5];
const GREATEST = 1e9;

export async function planScale(
  { dataset, loss, backend, target, onProgress, signal }: PlanOptions,
  network: Network,
): Promise<ScalePlan> {
  if (network.spec.kind !== "fully-connected" || !activationRange(network.activation, 1, rounded))
    return { unplanned: "S3 needs a fully connected network with a smooth, strictly increasing activation", ...NONE };
  if (!network.layers[0].trainsWeight) return { unplanned: "S3 needs a trained first layer", ...NONE };
  const { x, y } = dataset;
  const [first] = network.layers;
  const gram = await backend.syrk(x);
  const squares = Float64Array.from({ length: x.rows }, (_, i) => gram.data[i * x.rows + i]);
  const g = { ...gram, data: gram.data.map((entry) => first.scale ** 2 * entry + (first.trainsBias ? 1 : 0)) };
  const found = await backend.extremalEigenvalues(g);
  const lambda = found.status === "ok" ? (found.smallest?.value ?? 0) : 0;
  if (!(lambda > 1e-12 * (found.status === "ok" ? (found.largest?.value ?? 1) : 1)))
    return {
      unplanned: `S3 needs linearly independent inputs, and λ_min of their Gram matrix is ${lambda.toExponential(1)}`,
      ...NONE,
    };
  const longestInput = Math.sqrt(squares.reduce((most, square) => Math.max(most, square), 0));
  const predictedFlow = leastScale({ network, lambda, longestInput, labelNorm: norm(y) }).integral;
  const certifiedAt = async (scale: number) => {
    onProgress?.(`positive initialisation: A = ${scale.toPrecision(4)}`);
    const weights = await initialise(network, { kind: "positive", scale }, 0, backend);
    return (await certify({ network, weights, dataset, backend })).verdict === "certified";
  };
  let high = predictedFlow ?? 1;
  while (!(await certifiedAt(high))) {
    high *= 2;
    if (high > GREATEST || signal?.aborted) return { unplanned: null, ...NONE, predictedFlow };
  }
  let low = high / 2;
  while (await certifiedAt(low)) {
    [low, high] = [low / 2, low];
    if (low < 1e-9 || signal?.aborted) break;
  }
  while (high > 1.01 * low && !signal?.aborted) {
    const middle = Math.sqrt(low * high);
    if (await certifiedAt(middle)) high = middle;
    else low = middle;
  }
  const at = async (scale: number) => {
    const weights = await initialise(network, { kind: "positive", scale }, 0, backend);
    const certificate = await certify({ network, weights, dataset, loss, backend, mode: "proved" });
    return {
      scale,
      certificate,
      steps: await plannedSteps({ network, weights, dataset, loss, backend, target, certificate }),
    };
  };
  // a few digits that a command line can hold, rounded up; and a little more where the proof needs it
  let least = await at(upwards(high));
  while (least.steps === null && least.scale < 1.2 * high) least = await at(upwards(1.01 * least.scale));
  if (least.steps === null) return { unplanned: null, ...NONE, predictedFlow, certificate: least.certificate };
  let fastest: ScalePlan["fastest"] = { ...least, steps: least.steps };
  for (const factor of LARGER) {
    if (signal?.aborted) break;
    onProgress?.(`positive initialisation: fewest steps, A = ${(factor * least.scale).toPrecision(4)}`);
    const { scale, certificate, steps } = await at(upwards(factor * least.scale));
    const count = steps?.certified;
    if (steps && count !== null && count !== undefined && count < (fastest.steps.certified ?? Number.POSITIVE_INFINITY))
      fastest = { scale, certificate, steps };
  }
  return { unplanned: null, predictedFlow, ...least, fastest };
}

function upwards(x: number): number {
  const unit = 10 ** (Math.floor(Math.log10(x)) - 3);
  return Number((Math.ceil(x / unit) * unit).toPrecision(4));
}
