import type { BitMasks } from "@surefoot/linalg";
import { type Arithmetic, type Interval, point } from "../interval/arithmetic.ts";
import { type Warrant, weakest } from "../warrant.ts";
import type { ReluEvidence } from "./evidence.ts";
import { short } from "./format.ts";
import type { Obstacle } from "./obstacle.ts";
import { atZeroLoss, finite, type Hypothesis, type TheoremOutcome } from "./outcome.ts";
import { binaryUnit, type MidpointKernel } from "./s2-kernel.ts";

/** Where a search for the unstable pairs of S2 ended. Certified iff `step` and `path` are there. */
export interface Found {
  readonly form: "full" | "structured" | "midpoint";
  readonly margin: number;
  readonly obstacle: Obstacle | null;
  readonly mid?: MidpointKernel;
  /** Number of pairs in U. */
  readonly unstable?: number;
  /** U, where the theorem holds. */
  readonly pairs?: BitMasks;
  /** Steps of the linear prediction that were simulated. */
  readonly steps?: number;
  readonly rounds?: number;
  readonly step?: Interval;
  /** P ≥ η Σ‖e(k)‖. */
  readonly path?: number;
  /** Least |z_ri|/δ_ri outside U, from below. */
  readonly leastRatio?: number;
}

/** What an outcome says of its starting point. Pairs on their kinks are counted from the magnitudes or brought along. */
export type Subject = Pick<ReluEvidence, "samples" | "width" | "residual" | "warrant" | "how"> &
  (Pick<ReluEvidence, "magnitudes" | "outputWeights"> | { readonly pairsOnKink: number });

/** 1/λ_max(M), from below: the step size that is certified when the run brings none. */
export function largestStep(mid: MidpointKernel, arithmetic: Arithmetic): number {
  return arithmetic.div(point(1), point(mid.spectrum.lambdaMax.value.upper)).lower;
}

/** η(λ + λ_max(M)) ≤ 2, so that ‖I − ηM‖ ≤ 1 − ηλ. */
export function fits(step: Interval, mid: MidpointKernel, arithmetic: Arithmetic): boolean {
  const { lambdaMin, lambdaMax } = mid.spectrum;
  const sum = arithmetic.add(point(lambdaMin.value.lower), point(lambdaMax.value.upper));
  return arithmetic.mul(point(step.upper), point(sum.upper)).upper <= 2;
}

/** ‖e₀‖ from above. */
export function residualNorm(evidence: Pick<ReluEvidence, "residual">, arithmetic: Arithmetic): number {
  const { mid, radius } = evidence.residual;
  const unit = point(binaryUnit(mid)); // in which no square under- or overflows
  let squares = point(0);
  for (const x of mid) squares = arithmetic.add(squares, arithmetic.square(arithmetic.div(point(x), unit)));
  const size = arithmetic.mul(arithmetic.sqrt(point(squares.upper)), unit);
  return arithmetic.add(size, point(radius)).upper;
}

/** A pair sits on its kink below this share of the largest |z|. */
export const KINK = 1e-9;

export function outcomeOfS2(evidence: Subject, arithmetic: Arithmetic, found: Found): TheoremOutcome {
  const { mid, step, path } = found;
  const base = {
    theorem: "S2" as const,
    form: found.form,
    kappaBound: null,
    kappa: null,
    margin: found.margin,
    lambdaMin: mid?.spectrum.lambdaMin.value.lower ?? null,
    lambdaMax: mid?.spectrum.lambdaMax.value.upper ?? null,
    residualNorm: residualNorm(evidence, arithmetic),
    hypotheses: hypothesesOf(evidence, found),
    suggestedStepSize: mid ? largestStep(mid, arithmetic) : null,
    pairsOnKink: "pairsOnKink" in evidence ? evidence.pairsOnKink : pairsOnKink(evidence),
    warrant: warrantOf(evidence, mid),
  };
  const open: TheoremOutcome = {
    ...base,
    verdict: "undecided",
    stepSize: null,
    contraction: null,
    decay: null,
    radius: null,
    obstacle: found.obstacle,
  };
  if (base.residualNorm === 0) return atZeroLoss(open, step?.lower);
  if (!mid || !step || path === undefined) return open;
  // a step moves W by at most η‖J‖‖e‖, ‖J‖² = ‖H(k)‖ ≤ λ_max(M) + ε
  const spread = arithmetic.add(point(mid.spectrum.lambdaMax.value.upper), point(mid.epsilon));
  const gain = arithmetic.mul(point(step.lower), point(mid.rate));
  return {
    ...base,
    verdict: "certified",
    stepSize: step.lower,
    contraction: Math.max(0, arithmetic.sub(point(1), gain).upper),
    decay: mid.rate,
    radius: arithmetic.mul(arithmetic.sqrt(spread), point(path)).upper,
    obstacle: null,
    ...(found.pairs
      ? { witness: { kind: "pairs", unstable: found.pairs, epsilon: mid.epsilon, path, steps: found.steps ?? 0 } }
      : {}),
  };
}

function warrantOf(evidence: Subject, mid?: MidpointKernel): Warrant {
  return mid
    ? weakest(evidence.warrant, mid.spectrum.lambdaMin.warrant, mid.spectrum.lambdaMax.warrant)
    : evidence.warrant;
}

function hypothesesOf(evidence: Subject, found: Found): Hypothesis[] {
  const { mid, step, obstacle, unstable = 0 } = found;
  if (!mid) return [];
  const warrant = warrantOf(evidence, mid);
  const { lambdaMin, lambdaMax } = mid.spectrum;
  const determined: Hypothesis = {
    name: "determined kernel",
    status: mid.rate > 0 ? warrant : "failed",
    statement: `ε < λ_min(M), with ${unstable} of ${evidence.samples * evidence.width} pairs that may flip`,
    value: mid.epsilon,
    bound: lambdaMin.value.lower,
    how: lambdaMin.how,
  };
  const stepSize: Hypothesis = {
    name: "step size",
    status: obstacle?.kind === "step size" ? "failed" : warrant,
    statement: "η ≤ 2/(λ_min(M) + λ_max(M)) for the loss ½‖e‖²",
    value: step?.upper ?? null,
    bound: finite(2 / (lambdaMin.value.lower + lambdaMax.value.upper)),
    how: lambdaMax.how,
  };
  if (obstacle?.kind === "step size") return [determined, stepSize];
  if (!step) return [determined];
  const still: Hypothesis = {
    name: "stable patterns",
    status: warrant,
    statement:
      found.form !== "midpoint"
        ? "δ_ri/|z_ri| < 1 for every pair outside the set that may flip (largest quotient)"
        : "s₂|a_r|‖G̃_i‖‖e₀‖/|z_ri| < λ_min(M) − ε for every pair outside the set that may flip",
    value: found.form !== "midpoint" ? 1 / (found.leastRatio ?? 1) : mid.rate / found.margin,
    bound: found.form !== "midpoint" ? 1 : mid.rate,
    how: `${evidence.how}; ${short(found.rounds ?? 1)} rounds`,
  };
  return [determined, still, stepSize];
}

function pairsOnKink({
  magnitudes,
  outputWeights,
  width,
}: Pick<ReluEvidence, "magnitudes" | "outputWeights" | "width">): number {
  let largest = 0;
  for (const z of magnitudes.data) largest = Math.max(largest, z);
  if (largest === 0) return 0;
  let count = 0;
  for (let k = 0; k < magnitudes.data.length; k++) {
    if (magnitudes.data[k] <= KINK * largest && outputWeights[k % width] !== 0) count++;
  }
  return count;
}
