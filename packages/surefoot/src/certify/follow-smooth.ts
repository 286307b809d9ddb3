import type { Interval } from "../interval/arithmetic.ts";
import { addUp, mulDown, mulUp, sqrtDown, sqrtUp, subDown, subUp } from "../interval/directed.ts";
import { outward } from "../interval/outward.ts";
import type { Weights } from "../network/network.ts";
import type { Measured, SmoothEvidence } from "./evidence.ts";
import type { FollowedDescent, Follower } from "./follow.ts";
import { short } from "./format.ts";
import { kappaOnBall } from "./kappa.ts";
import { weightNorms } from "./measure-proved.ts";
import { hasSteepNorms } from "./measure-steep.ts";
import type { WeightNorms } from "./proved-pass.ts";
import { provedStep } from "./proved-step.ts";
import { certifyS1 } from "./s1.ts";

/** κ may grow by this much over a window; the measurements at its centre cost as much as many steps. */
const GROWTH = 1.1;

/**
 * Follows a network with a smooth activation until S1 certifies. With θ̂_k the computed iterates, ρ_k ≥ ‖θ̂_{k+1} − (θ̂_k − η∇L(θ̂_k))‖ and, on
 * B(θ̂_k, δ_k), ‖J‖ ≤ σ̄, ‖e‖ ≤ E and the Lipschitz constant κ of J: ‖I − η∇²L‖ ≤ max(1, ησ̄² − 1) + ηκE there, so
 * δ_{k+1} = (max(1, ησ̄² − 1) + ηκE)δ_k + ρ_k. σ̄ and κ are measured at the centres of windows, balls that hold several iterates.
 */
export function smoothFollower(descent: FollowedDescent): Follower {
  const { network, dataset, stepSize, backend } = descent;
  let weights = descent.weights;
  let window: Window | undefined;
  let gone = 0; // since the window was opened
  return {
    theorem: "S1",
    here: () => weights,
    ask: async (distance) => {
      const opened = await openWindow(descent, weights, distance);
      if (typeof opened === "string") return opened;
      window = opened;
      gone = 0;
      if (isLost(opened, distance)) {
        return `the errors have grown to ${short(distance)}, too much beside σ₀ = ${short(opened.sigma0)}`;
      }
      const outcome = certifyS1(around(opened, distance), outward, stepSize);
      return { outcome, residual: residualAround(opened, opened.evidence.residualNorm.value, distance) };
    },
    advance: async (distance) => {
      if (!window) return "no bound of the curvature holds around this iterate";
      const next = await provedStep(
        network,
        weights,
        grown(window.norms, gone),
        dataset,
        stepSize,
        window.slope,
        backend,
      );
      if (!next) return "a step left the range of double precision";
      const residual = residualAround(window, next.residualNorm, distance);
      const error = addUp(mulUp(expansion(window, residual.upper, stepSize), distance), next.error);
      weights = next.weights;
      gone = addUp(gone, next.length);
      return { residual, distance: error, length: next.length, spent: !(addUp(gone, error) <= window.radius) };
    },
  };
}

/** What is known on the ball of `radius` around the iterate where it was opened. */
interface Window {
  readonly evidence: SmoothEvidence;
  readonly norms: readonly WeightNorms[];
  readonly sigma0: number;
  readonly sigma1: number;
  readonly radius: number;
  /** κ ≥ a Lipschitz constant of J, and σ̄ ≥ ‖J‖, on the ball. */
  readonly kappa: number;
  readonly slope: number;
}

async function openWindow(
  { network, dataset, measurer, backend }: FollowedDescent,
  weights: Weights,
  distance: number,
): Promise<Window | string> {
  const at = { network, weights, dataset };
  const measured = await measurer.smooth(at);
  if (measured.status === "failed") return measured.reason;
  const sharper = hasSteepNorms(network) ? await measurer.steep(at, measured.evidence, "quick") : measured;
  const evidence = sharper.status === "ok" ? sharper.evidence : measured.evidence;
  const { lambdaMin, lambdaMax } = evidence.kernel;
  const sigma1 = sqrtUp(Math.max(0, lambdaMax.value.upper));
  const radius = windowRadius(evidence, distance);
  const kappa = kappaOnBall(evidence, outward, radius);
  if (!Number.isFinite(kappa)) return "no bound of the curvature holds around this iterate";
  return {
    evidence,
    norms: await weightNorms(network, weights, backend),
    sigma0: sqrtDown(Math.max(0, lambdaMin.value.lower)),
    sigma1,
    radius,
    kappa,
    slope: addUp(sigma1, mulUp(kappa, radius)),
  };
}

/** At least δ; as large as κ stays near what it is on B(θ̂, δ), to a factor of √2. */
function windowRadius(evidence: SmoothEvidence, distance: number): number {
  const limit = GROWTH * kappaOnBall(evidence, outward, distance);
  let radius = Math.max(distance, 2 ** -30);
  for (let round = 0; round < 120 && kappaOnBall(evidence, outward, Math.SQRT2 * radius) <= limit; round++) {
    radius *= Math.SQRT2;
  }
  return radius;
}

/** The evidence about every start within δ of the point measured: J is off by at most κδ, e by (σ₁ + κδ)δ. */
function around({ evidence, sigma0, sigma1 }: Window, distance: number): SmoothEvidence {
  if (distance === 0) return evidence;
  const { kernel, residualNorm } = evidence;
  const drift = mulUp(kappaOnBall(evidence, outward, distance), distance);
  const least = Math.max(0, subDown(sigma0, drift));
  const most = addUp(sqrtUp(Math.max(0, kernel.lambdaMin.value.upper)), drift);
  const greatest = addUp(sigma1, drift);
  const moved = mulUp(greatest, distance);
  const value = (old: Measured, lower: number, upper: number): Measured => ({ ...old, value: { lower, upper } });
  return {
    ...evidence,
    offset: distance,
    kernel: {
      lambdaMin: value(kernel.lambdaMin, mulDown(least, least), mulUp(most, most)),
      lambdaMax: value(kernel.lambdaMax, 0, mulUp(greatest, greatest)),
    },
    residualNorm: value(residualNorm, 0, addUp(residualNorm.value.upper, moved)),
  };
}

/** ‖e‖ on B(θ̂, δ). */
function residualAround({ slope }: Window, { lower, upper }: Interval, distance: number): Interval {
  const moved = mulUp(slope, distance);
  return { lower: Math.max(0, subDown(lower, moved)), upper: addUp(upper, moved) };
}

/** max(1, ησ̄² − 1) + ηκE. */
function expansion({ slope, kappa }: Window, residual: number, stepSize: Interval): number {
  const stretched = subUp(mulUp(stepSize.upper, mulUp(slope, slope)), 1);
  return addUp(Math.max(1, stretched), mulUp(stepSize.upper, mulUp(kappa, residual)));
}

/** Whether J may have lost its full rank between the computed and the exact iterate; errors only grow. */
function isLost({ evidence, sigma0 }: Window, distance: number): boolean {
  return distance > 0 && !(mulUp(kappaOnBall(evidence, outward, distance), distance) < Math.max(sigma0, 2 ** -20));
}

/** Norms of weights that have moved by at most `gone` from those measured. */
function grown(norms: readonly WeightNorms[], gone: number): readonly WeightNorms[] {
  return norms.map(({ spectral, frobenius }) => ({
    spectral: addUp(spectral, gone),
    frobenius: addUp(frobenius, gone),
  }));
}
