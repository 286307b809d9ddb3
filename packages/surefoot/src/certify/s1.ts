import { type Arithmetic, type Interval, point } from "../interval/arithmetic.ts";
import { weakest } from "../warrant.ts";
import type { SmoothEvidence } from "./evidence.ts";
import { short } from "./format.ts";
import { type KappaBound, kappaBounds } from "./kappa.ts";
import type { Obstacle } from "./obstacle.ts";
import { atZeroLoss, finite, type Hypothesis, type TheoremOutcome } from "./outcome.ts";
import { type Path, type PathEnd, pathEnd, walkPath } from "./s1-path.ts";
import { singularity } from "./spectrum.ts";

/**
 * Theorem S1, the tangent-kernel certificate of a smooth network under the loss ½‖e‖² (docs/certificates.md, theory/05).
 *
 * σ₀ = √λ_min(K), σ₁ = √λ_max(K), M(ℓ) = σ₀ − ∫₀^ℓ κ. If ‖e₀‖ < ∫₀^r M, let ∫₀^ℓ* M = ‖e₀‖ and μ* = M(ℓ*). For every step size
 * 0 < η ≤ 1/(σ₁ + σ₀ − μ*)² gradient descent stays in B(θ₀, ℓ*) and ‖e_{k+1}‖ ≤ (1 − ημ*²)‖e_k‖.
 *
 * Larger steps: with t₀ = ησ₀², t₁ = η(σ₁ + ∫₀^ℓ* κ)² ≥ 1, t₀ + t₁ < 2 and ρ² = t₁(2 − t₀ − t₁)/(1 − t₀t₁) the same holds with
 * N = ρσ₀ − ∫κ in place of M, at the rate 1 − η·N(ℓ*)·(N(ℓ*) + (1 − ρ)σ₀).
 *
 * `stepSize` is the run's own η for ½‖e‖²; without it the largest that the first form admits is certified. `cellCount`: see s1-path.ts.
 */
export function certifyS1(
  evidence: SmoothEvidence,
  arithmetic: Arithmetic,
  stepSize?: Interval,
  cellCount?: number,
): TheoremOutcome {
  const { kernel, samples, parameters } = evidence;
  const lambdaMin = kernel.lambdaMin.value.lower;
  const lambdaMax = kernel.lambdaMax.value.upper;
  const residual = evidence.residualNorm.value.upper;
  const common = { theorem: "S1" as const, lambdaMin, lambdaMax, residualNorm: residual, pairsOnKink: 0 };
  const degenerate = singularity(kernel, samples, parameters);
  if (degenerate) {
    const open: TheoremOutcome = {
      ...common,
      ...OPEN,
      form: "standard",
      kappaBound: null,
      kappa: null,
      suggestedStepSize: null,
      hypotheses: [smoothness(evidence), kernelHypothesis(evidence, false)],
      obstacle: degenerate,
      warrant: weakest(kernel.lambdaMin.warrant, evidence.residualNorm.warrant),
    };
    return residual === 0 ? atZeroLoss(open, stepSize?.lower) : open;
  }
  const sigma0 = arithmetic.sqrt(point(lambdaMin)).lower;
  const sigma1 = arithmetic.sqrt(point(lambdaMax)).upper;
  const bounds = kappaBounds(evidence, arithmetic);
  const path = walkPath(sigma0, bounds, arithmetic, cellCount);
  const end = pathEnd(path, residual, arithmetic);
  const limit = largestStep(sigma1, end ? end.drift : sigma0, arithmetic);
  const attempt =
    stepSize === undefined || stepSize.upper <= limit
      ? { path, end, step: stepSize ?? point(limit), share: 1, slack: 0, larger: false }
      : largerStep({ step: stepSize, sigma0, sigma1, evidence, bounds, arithmetic, widest: path, cellCount });

  const margin = marginOf(attempt.path, residual, arithmetic);
  const start = attempt.path.cells[0];
  const shared = {
    ...common,
    form: attempt.larger ? "larger step" : "standard",
    kappaBound: attempt.end?.bound ?? start?.bound ?? null,
    kappa: finite(attempt.end?.kappa ?? start?.kappa ?? Number.POSITIVE_INFINITY),
    suggestedStepSize: limit,
    hypotheses: hypothesesOf(evidence, attempt),
    warrant: warrantOf(evidence),
  };
  if (!attempt.end) {
    const residualObstacle: Obstacle = { kind: "residual", residual, reach: attempt.path.integral };
    const obstacle = attempt.refused ?? residualObstacle;
    return { ...shared, ...OPEN, margin: attempt.refused ? 0 : Math.min(margin, 1), obstacle };
  }
  // N*(N* + (1 − ρ)σ₀); for the standard form the slack is 0 and this is μ*²
  const mu = point(attempt.end.mu);
  const decay = arithmetic.mul(mu, arithmetic.add(mu, point(attempt.slack))).lower;
  const gain = arithmetic.mul(attempt.step, point(decay));
  return {
    ...shared,
    verdict: "certified",
    margin,
    stepSize: attempt.step.lower,
    contraction: Math.max(0, arithmetic.sub(point(1), point(gain.lower)).upper),
    decay,
    radius: attempt.end.length,
    obstacle: null,
    witness: { kind: "path", share: attempt.share, path: attempt.path, end: attempt.end },
  };
}

const OPEN = { verdict: "undecided" as const, margin: 0, stepSize: null, contraction: null, decay: null, radius: null };

interface Attempt {
  readonly path: Path;
  readonly end: PathEnd | undefined;
  readonly step: Interval;
  /** ρ, 1 in the standard form. */
  readonly share: number;
  /** (1 − ρ)σ₀, from below. */
  readonly slack: number;
  readonly larger: boolean;
  /** Set when the step size alone is out of reach. */
  readonly refused?: Obstacle;
}

/** 1/(σ₁ + drift)², from below. */
function largestStep(sigma1: number, drift: number, arithmetic: Arithmetic): number {
  return arithmetic.div(point(1), arithmetic.square(arithmetic.add(point(sigma1), point(drift)))).lower;
}

interface LargerStep {
  readonly step: Interval;
  readonly sigma0: number;
  readonly sigma1: number;
  readonly evidence: SmoothEvidence;
  readonly bounds: readonly KappaBound[];
  readonly arithmetic: Arithmetic;
  readonly widest: Path;
  readonly cellCount: number | undefined;
}

/**
 * ρ depends on how far the path goes and the path on ρ: start from the ρ of no movement and lower it until the path that it allows
 * is short enough for it.
 */
function largerStep({ step, sigma0, sigma1, evidence, bounds, arithmetic, widest, cellCount }: LargerStep): Attempt {
  const { lambdaMin } = evidence.kernel;
  const t0 = arithmetic.mul(step, point(lambdaMin.value.upper)).upper;
  const t1 = (drift: number) =>
    Math.max(1, arithmetic.mul(step, arithmetic.square(arithmetic.add(point(sigma1), point(drift)))).upper);
  const attempt = { path: widest, end: undefined, step, share: 0, slack: 0, larger: true };
  let rho = contractionShare(t0, t1(0), arithmetic);
  if (!(rho > 0)) return { ...attempt, refused: { kind: "step size", product: t0 + t1(0) } };
  let path = widest;
  for (let round = 0; round < 40 && rho > 0; round++) {
    const start = arithmetic.mul(point(rho), point(sigma0)).lower;
    path = walkPath(start, bounds, arithmetic, cellCount);
    const end = pathEnd(path, evidence.residualNorm.value.upper, arithmetic);
    if (!end) break;
    const allowed = contractionShare(t0, t1(end.drift), arithmetic);
    if (allowed >= rho) {
      const slack = Math.max(0, arithmetic.sub(point(sigma0), point(start)).lower);
      return { ...attempt, path, end, share: rho, slack };
    }
    rho = allowed * (1 - Math.min(0.5, 1e-6 * 2 ** round));
  }
  return { ...attempt, path };
}

/** ρ(t₀, t₁) from below for t₁ ≥ 1; it falls in both arguments, so upper bounds of them are right. 0 if t₀ + t₁ ≥ 2. */
function contractionShare(t0: number, t1: number, arithmetic: Arithmetic): number {
  const room = arithmetic.sub(arithmetic.sub(point(2), point(t0)), point(t1));
  if (!(room.lower > 0)) return 0;
  const top = arithmetic.mul(point(t1), room);
  const bottom = arithmetic.sub(point(1), arithmetic.mul(point(t0), point(t1)));
  const squared = arithmetic.div(top, bottom).lower;
  return Math.min(1, arithmetic.sqrt(point(Math.max(0, squared))).lower);
}

/** ∫₀^r M/‖e₀‖, from below. */
function marginOf(path: Path, residual: number, arithmetic: Arithmetic): number {
  if (residual === 0) return path.integral > 0 ? finite(Number.POSITIVE_INFINITY) : 0;
  return finite(arithmetic.div(point(path.integral), point(residual)).lower);
}

function hypothesesOf(evidence: SmoothEvidence, attempt: Attempt): Hypothesis[] {
  const { kernel, residualNorm, norms } = evidence;
  const { path, end, step, larger, refused } = attempt;
  const warrant = warrantOf(evidence);
  const residual: Hypothesis = {
    name: "residual",
    status: end ? warrant : "failed",
    statement: larger ? "‖e₀‖ < ∫₀^r N at this step size" : "‖e₀‖ < ∫₀^r M",
    value: residualNorm.value.upper,
    bound: finite(path.integral),
    how: `residual ${residualNorm.how}; norms ${norms.how}`,
  };
  const stepSize: Hypothesis = {
    name: "step size",
    status: end ? warrant : "failed",
    statement: larger
      ? "η(λ_min + (σ₁ + ∫₀^ℓ* κ)²) < 2 for the loss ½‖e‖²"
      : "η ≤ 1/(σ₁ + σ₀ − μ*)² for the loss ½‖e‖²",
    value: step.upper,
    bound: null,
    how: kernel.lambdaMax.how,
  };
  const first = [smoothness(evidence), kernelHypothesis(evidence, true)];
  if (refused) return [...first, stepSize];
  return end ? [...first, residual, stepSize] : [...first, residual];
}

function smoothness({ slopeBound, curvatureBound }: SmoothEvidence): Hypothesis {
  return {
    name: "smooth activation",
    status: "proved",
    statement: `|σ'| ≤ ${short(slopeBound.upper)}, |σ''| ≤ ${short(curvatureBound.upper)}`,
    value: null,
    bound: null,
    how: "a property of the activation",
  };
}

function kernelHypothesis({ kernel }: SmoothEvidence, holds: boolean): Hypothesis {
  return {
    name: "kernel",
    status: holds ? kernel.lambdaMin.warrant : "failed",
    statement: "λ_min(K(θ₀)) > 0",
    value: kernel.lambdaMin.value.lower,
    bound: 0,
    how: kernel.lambdaMin.how,
  };
}

function warrantOf({ kernel, residualNorm, norms }: SmoothEvidence) {
  return weakest(kernel.lambdaMin.warrant, kernel.lambdaMax.warrant, residualNorm.warrant, norms.warrant);
}
