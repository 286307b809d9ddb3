import { measurerOf } from "../certify/certify.ts";
import type { Measured, SmoothEvidence } from "../certify/evidence.ts";
import { kappaBounds } from "../certify/kappa.ts";
import { walkPath } from "../certify/s1-path.ts";
import { ballKappa, type PositiveStart, positiveRate, positiveStart, usefulRadius } from "../certify/s3.ts";
import { type Arithmetic, point } from "../interval/arithmetic.ts";
import type { Warrant } from "../warrant.ts";
import type { DeskRequest } from "./request.ts";

/** What is known of a ball around θ₀ from evidence at θ₀ alone; all for f = ½‖e‖², all from the safe side. */
export interface Ball {
  readonly warrant: Warrant;
  /** ‖e₀‖ from above. */
  readonly residual: number;
  /** √λ_min(K(θ₀)) from below, √λ_max(K(θ₀)) from above. */
  readonly sigma0: number;
  readonly sigma1: number;
  /** A lower bound of √λ_min(K) on B(θ₀, r): σ₀ − ∫₀^r κ (S1) or μ(r) (S3), whichever is larger; 0 where neither says anything. */
  rate(r: number): number;
  /** Lipschitz constant of J on B(θ₀, r), from above. */
  kappa(r: number): number;
  /** Beyond this radius `rate` is 0. */
  readonly reach: number;
  /** A, ω_min, ω_max where θ₀ is of S3's form, or why it is not. */
  readonly positive: PositiveStart | string;
  /** λ_min(G̃), the least eigenvalue of the inputs' Gram matrix as S3 has it. */
  readonly inputs: Measured | undefined;
}

/** The ball of a request, or why it cannot be measured. */
export async function ballOf({ problem, weights, mode }: DeskRequest): Promise<Ball | string> {
  const { network, dataset, backend, gram } = problem;
  const measurer = measurerOf({ mode, backend });
  const { arithmetic } = measurer;
  const at = { network, weights, dataset, gram };
  const smooth = await measurer.smooth(at);
  if (smooth.status === "failed") return smooth.reason;
  const evidence = smooth.evidence;
  const inputs = await measurer.spectrum(await measurer.gram(at));
  const positive = positiveStart(network, weights);
  const lambda = inputs.status === "ok" ? inputs.evidence.lambdaMin : undefined;
  const s3 =
    typeof positive === "string" || lambda === undefined
      ? undefined
      : { network, start: positive, inputs: lambda, smooth: evidence };
  const sigma0 = arithmetic.sqrt(point(Math.max(0, evidence.kernel.lambdaMin.value.lower))).lower;
  const m = heightOf(sigma0, evidence, arithmetic);
  const reach = Math.max(m.reach, s3 ? usefulRadius(s3, arithmetic) : 0);
  return {
    warrant: arithmetic.warrant,
    residual: evidence.residualNorm.value.upper,
    sigma0,
    sigma1: arithmetic.sqrt(point(evidence.kernel.lambdaMax.value.upper)).upper,
    rate: (r) => Math.max(m.at(r), s3 ? positiveRate(s3, r, arithmetic) : 0),
    kappa: (r) => ballKappa(evidence, r, arithmetic),
    reach,
    positive,
    inputs: lambda,
  };
}

/** M(r) = σ₀ − ∫₀^r κ on whole balls: without the κ bound that holds along S1's path only. */
function heightOf(sigma0: number, evidence: SmoothEvidence, arithmetic: Arithmetic) {
  const bounds = kappaBounds(evidence, arithmetic).filter(({ name }) => name !== "per-neuron");
  const path = sigma0 > 0 ? walkPath(sigma0, bounds, arithmetic) : { cells: [], radius: 0 };
  return {
    reach: path.radius,
    at: (r: number) => {
      const cell = path.cells.find(({ right }) => r <= right);
      if (!cell) return 0;
      const inside = arithmetic.sub(point(r), point(cell.left));
      return Math.max(0, arithmetic.sub(point(cell.m), arithmetic.mul(point(cell.kappa), inside)).lower);
    },
  };
}
