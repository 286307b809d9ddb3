import type { BitMasks } from "@surefoot/linalg";
import { type Interval, point } from "../interval/arithmetic.ts";
import type { Measurement, Measurer, ReluEvidence } from "./evidence.ts";
import { finite, type TheoremOutcome } from "./outcome.ts";
import { countBits, type MidpointKernel, midpointKernel } from "./s2-kernel.ts";
import { movement } from "./s2-movement.ts";
import { type Found, fits, largestStep, outcomeOfS2 } from "./s2-outcome.ts";
import { structuredKernel } from "./s2-structured.ts";
import { singularity } from "./spectrum.ts";

export interface S2Options {
  /** Bounds the work of the simulation: see s2-linear.ts. */
  readonly work?: number;
  readonly structured?: boolean;
}

/**
 * Theorem S2, the two-layer ReLU network of which only the hidden layer is trained, loss ½‖e‖² (docs/certificates.md, theory/05).
 *
 * U: pairs (r, i) that may flip; M, ε as in s2-kernel.ts, λ = λ_min(M) > ε, η(λ + λ_max(M)) ≤ 2 (all that the proof uses of η ≤ 1/λ_max(M)
 * is ‖I − ηM‖ ≤ 1 − ηλ). With P_lin, V of the linear prediction (s2-linear.ts), P = λP_lin/(λ − ε), D = (ε/λ)P and
 * A_r = {j : s_rj = 1 or (r, j) ∈ U}: if |z_ri| > δ_ri = s₂|a_r|(Σ_{A_r}|G̃_ij|V_j + (Σ_{A_r}G̃_ij²)^½ D) for every pair outside U
 * (or δ_ri = 0), no pair outside U ever flips, ‖e(k)‖ ≤ (1 − η(λ − ε))^k‖e₀‖ and ηΣ‖e(k)‖ ≤ P.
 *
 * U is found by starting with nothing and adding the violators until there are none: `margin` is λ/ε at the end. The structured
 * form takes the sharper ε of s2-structured.ts and the signed movement of s2-movement.ts.
 */
export async function certifyS2(
  evidence: ReluEvidence,
  measurer: Measurer,
  stepSize?: Interval,
  { work, structured = false }: S2Options = {},
): Promise<TheoremOutcome> {
  const form = structured ? "structured" : "full";
  const unstable = { ...evidence.uncertain, words: evidence.uncertain.words.slice() };
  const report = (found: Found) => outcomeOfS2(evidence, measurer.arithmetic, found);
  for (let round = 0; ; round++) {
    const measured = await bestKernel(evidence, unstable, measurer, structured);
    if (measured.status === "failed") {
      return report({ form, margin: 0, obstacle: { kind: "measurement", reason: measured.reason } });
    }
    const mid = measured.evidence;
    const lambda = mid.spectrum.lambdaMin.value.lower;
    const margin = mid.epsilon === 0 ? finite(Number.POSITIVE_INFINITY) : finite(lambda / mid.epsilon);
    const found: Found = {
      form,
      mid,
      margin,
      unstable: countBits(unstable),
      rounds: round + 1,
      obstacle: null,
    };
    const degenerate = singularity(mid.spectrum, evidence.samples, evidence.parameters);
    if (degenerate && round === 0) return report({ ...found, margin: 0, obstacle: degenerate });
    if (degenerate || !(mid.rate > 0)) {
      return report({ ...found, margin: Math.min(margin, 1), obstacle: doubt(evidence, found, mid) });
    }
    const step = stepSize ?? point(largestStep(mid, measurer.arithmetic));
    if (!fits(step, mid, measurer.arithmetic)) {
      const product = step.upper * (lambda + mid.spectrum.lambdaMax.value.upper);
      return report({ ...found, margin: 0, obstacle: { kind: "step size", product: finite(product) } });
    }
    const { violators, least, path, steps } = movement(evidence, unstable, mid, step, measurer, {
      ...(work ? { work } : {}),
      signed: structured,
    });
    if (violators === 0) return report({ ...found, step, path, leastRatio: least, pairs: unstable, steps });
  }
}

/** The midpoint kernel, or its structured counterpart where that has the larger λ − ε: any centre with its ε serves. */
async function bestKernel(
  evidence: ReluEvidence,
  unstable: BitMasks,
  measurer: Measurer,
  structured: boolean,
): Promise<Measurement<MidpointKernel>> {
  const plain = await midpointKernel(evidence, unstable, measurer);
  if (!structured || plain.status === "failed" || plain.evidence.epsilon === 0) return plain;
  const other = await structuredKernel(evidence, unstable, measurer);
  return other.status === "ok" && other.evidence.rate > plain.evidence.rate ? other : plain;
}

function doubt(evidence: ReluEvidence, found: Found, mid: MidpointKernel) {
  return {
    kind: "unstable pairs" as const,
    lambda: mid.spectrum.lambdaMin.value.lower,
    epsilon: mid.epsilon,
    unstable: found.unstable ?? 0,
    pairs: evidence.samples * evidence.width,
  };
}
