import { SurefootError } from "../error.ts";
import type { Interval } from "../interval/arithmetic.ts";
import { addUp, mulDown, mulUp, subUp } from "../interval/directed.ts";
import type { Network } from "../network/network.ts";
import { fitWeights } from "../network/resolve.ts";
import { type CertifyOptions, certify, innerStep, measurerOf, outcomeOf } from "./certify.ts";
import { type Followed, type FollowedDescent, type Follower, type FollowProgress, follow } from "./follow.ts";
import { reluFollower } from "./follow-relu.ts";
import { smoothFollower } from "./follow-smooth.ts";
import { short } from "./format.ts";
import { type CertifyOutcome, type FollowedRun, finite, type Hypothesis } from "./outcome.ts";
import { s1, s2 } from "./theorems.ts";

/** What `certifyFollowing` is asked: `stepSize` is the run's own; without it S1's suggestion at these weights is taken. */
export interface FollowingOptions extends Omit<CertifyOptions, "mode"> {
  /** Follow at most this many steps. */
  readonly steps: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: FollowProgress) => void;
}

/**
 * `certify` for starts from which S1 or S2 does not certify yet: gradient descent is followed, step by step and with proved error bounds, until it
 * certifies every point where it can have arrived. What is certified is the run from *these* weights, in exact arithmetic.
 *
 * Each step costs a proved forward and backward pass, now and then a proved kernel. Smooth activations: the error grows with
 * exp(ηΣκ‖e(k)‖), so that it succeeds where this exponent is at most about 20: start later or take a wider network otherwise. Two-layer ReLU: errors
 * only add up, and a pair (neuron, sample) on its kink ends the following (docs/certificates.md, "Following a run"). Throws `argument` for a number of steps that is not a whole number ≥ 0, and as `certify` does.
 */
export async function certifyFollowing(options: FollowingOptions): Promise<CertifyOutcome> {
  const { network, dataset, loss = "sum", backend, steps, signal, onProgress } = options;
  if (!(Number.isInteger(steps) && steps >= 0)) {
    throw new SurefootError("argument", `the steps to follow must be a whole number, not ${steps}`);
  }
  const free = await certify({ ...options, mode: "float" }); // also checks data, weights and step size
  const begin = followerFor(network);
  const stepSize = options.stepSize ?? free.suggestedStepSize;
  if (free.verdict === "impossible" || stepSize === null) return certify({ ...options, mode: "proved" });
  const measurer = measurerOf({ mode: "proved", backend });
  const weights = fitWeights(network, options.weights);
  const inner = innerStep({ stepSize, loss, dataset }, measurer);
  const follower = begin({ network, weights, dataset, stepSize: inner, backend, measurer });
  const followed = await follow(follower, measurer, {
    steps,
    ...(signal ? { signal } : {}),
    ...(onProgress ? { onProgress } : {}),
  });
  const end = outcomeOf(followed.outcome, { network, dataset, loss, stepSize }, measurer);
  return followed.outcome.verdict === "certified" ? certified(end, followed) : undecided(end, followed);
}

function followerFor(network: Network): (descent: FollowedDescent) => Follower {
  const smooth = s1.excludes(network);
  if (smooth === undefined) return smoothFollower;
  const relu = s2.excludes(network);
  if (relu === undefined) return reluFollower;
  throw new SurefootError("argument", `such a run cannot be followed: ${smooth}; ${relu}`);
}

function certified(end: CertifyOutcome, followed: Followed): CertifyOutcome {
  const { steps, distance, length, residuals, outcome } = followed;
  if (steps === 0) return end;
  const contraction = commonContraction(residuals, outcome.contraction ?? 1);
  const rate = contraction === undefined ? null : mulUp(contraction, contraction);
  const radius = finite(addUp(addUp(length, distance), outcome.radius ?? 0));
  const run: FollowedRun = {
    steps,
    distance,
    residualNorm: residuals[steps].upper,
    ratePerStepAfter: end.ratePerStep,
  };
  return {
    ...end,
    form: `${end.form}, followed`,
    residualNorm: residuals[0].upper,
    ratePerStep: rate,
    flowRate: null,
    radius,
    followed: run,
    hypotheses: [followedHypothesis(followed), ...end.hypotheses.map((hypothesis) => atStep(hypothesis, steps))],
    statement:
      `It is a theorem that gradient descent from these weights on these data with step size ${end.stepSize} (${end.loss} loss) reaches zero training loss: ` +
      `its first ${steps} steps stay within ${short(distance)} of the computed ones, and from every point so near to the last ${end.theorem} certifies it. ` +
      `${rate === null ? "" : `After k steps the loss is at most ${rate}^k times the loss now, `}and the weights stay within ${radius} of where they are.`,
  };
}

/** Margin and hypotheses are those of the last iterate at which the theorem was asked. */
function undecided(end: CertifyOutcome, followed: Followed): CertifyOutcome {
  const { steps, distance, residuals, gaveUp } = followed;
  const residual = residuals.at(-1);
  if (steps === 0 || !residual) return { ...end, reasons: [`nothing was followed: ${gaveUp}`, ...end.reasons] };
  const reason = `gradient descent was followed for ${steps} steps (its iterate is then known within ${short(distance)}) without a certificate: ${gaveUp}`;
  return {
    ...end,
    residualNorm: residuals[0].upper,
    reasons: [reason, ...end.reasons],
    statement: `Nothing is proved either way from these weights: ${reason}.`,
    followed: { steps, distance, residualNorm: residual.upper, ratePerStepAfter: null },
  };
}

function followedHypothesis({ steps, distance }: Followed): Hypothesis {
  return {
    name: "followed steps",
    status: "proved",
    statement: `after ${steps} steps gradient descent is within δ of the computed weights`,
    value: distance,
    bound: null,
    how: "proved: step by step, rounding errors and their growth bounded",
  };
}

/** S1's hypotheses are about step K. */
function atStep(hypothesis: Hypothesis, steps: number): Hypothesis {
  const statement = hypothesis.statement.replaceAll("θ₀", `θ_${steps}`).replaceAll("e₀", `e_${steps}`);
  return { ...hypothesis, statement };
}

/**
 * The least q that is found with ‖e_k‖ ≤ q^k‖e_0‖ for the steps followed and q ≥ `after`, the factor from there on; undefined where the residual
 * was not below ‖e_0‖ all along. A guess, checked with every power rounded down.
 */
export function commonContraction(residuals: readonly Interval[], after: number): number | undefined {
  const first = residuals[0].lower;
  let guess = after;
  for (let k = 1; k < residuals.length; k++) {
    if (!(residuals[k].upper < first)) return undefined;
    guess = Math.max(guess, Math.exp(Math.log(residuals[k].upper / first) / k));
  }
  if (guess === after && after < 1 && holds(residuals, after)) return after;
  for (let round = 0; round < 60; round++) {
    const q = subUp(1, (1 - guess) * (1 - 2 ** (round - 45)));
    if (!(q < 1)) return undefined;
    if (q >= after && holds(residuals, q)) return q;
  }
  return undefined;
}

function holds(residuals: readonly Interval[], q: number): boolean {
  let allowed = residuals[0].lower;
  for (let k = 1; k < residuals.length; k++) {
    allowed = mulDown(allowed, q);
    if (!(residuals[k].upper <= allowed)) return false;
  }
  return true;
}
