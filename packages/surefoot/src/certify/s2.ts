import type { BitMasks } from "@surefoot/linalg";
import { type Interval, point } from "../interval/arithmetic.ts";
import type { Measurer, ReluEvidence } from "./evidence.ts";
import { finite, type TheoremOutcome } from "./outcome.ts";
import { countBits, hasBit, type MidpointKernel, midpointKernel, possiblyActive, raise, setBit } from "./s2-kernel.ts";
import { linearSums } from "./s2-linear.ts";
import { type Found, fits, largestStep, outcomeOfS2 } from "./s2-outcome.ts";
import { singularity } from "./spectrum.ts";

/**
 * Theorem S2, the two-layer ReLU network of which only the hidden layer is trained, loss ½‖e‖² (docs/certificates.md, theory/05).
 *
 * U: pairs (r, i) that may flip; M, ε as in s2-kernel.ts, λ = λ_min(M) > ε, η(λ + λ_max(M)) ≤ 2 (all that the proof uses of η ≤ 1/λ_max(M)
 * is ‖I − ηM‖ ≤ 1 − ηλ). With P_lin, V of the linear prediction (s2-linear.ts), P = λP_lin/(λ − ε), D = (ε/λ)P and
 * A_r = {j : s_rj = 1 or (r, j) ∈ U}: if |z_ri| > δ_ri = s₂|a_r|(Σ_{A_r}|G̃_ij|V_j + (Σ_{A_r}G̃_ij²)^½ D) for every pair outside U
 * (or δ_ri = 0), no pair outside U ever flips, ‖e(k)‖ ≤ (1 − η(λ − ε))^k‖e₀‖ and ηΣ‖e(k)‖ ≤ P.
 *
 * U is found by starting with nothing and adding the violators until there are none: `margin` is λ/ε at the end. `work`: see s2-linear.ts.
 */
export async function certifyS2(
  evidence: ReluEvidence,
  measurer: Measurer,
  stepSize?: Interval,
  work?: number,
): Promise<TheoremOutcome> {
  const unstable = { ...evidence.uncertain, words: evidence.uncertain.words.slice() };
  const report = (found: Found) => outcomeOfS2(evidence, measurer.arithmetic, found);
  for (let round = 0; ; round++) {
    const measured = await midpointKernel(evidence, unstable, measurer);
    if (measured.status === "failed") {
      return report({ form: "full", margin: 0, obstacle: { kind: "measurement", reason: measured.reason } });
    }
    const mid = measured.evidence;
    const lambda = mid.spectrum.lambdaMin.value.lower;
    const margin = mid.epsilon === 0 ? finite(Number.POSITIVE_INFINITY) : finite(lambda / mid.epsilon);
    const found: Found = {
      form: "full",
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
      return report({ ...found, margin: 0, obstacle: { kind: "step size", product } });
    }
    const { violators, least, path, steps } = movement(evidence, unstable, mid, step, measurer, work);
    if (violators === 0) return report({ ...found, step, path, leastRatio: least, pairs: unstable, steps });
  }
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

/**
 * Bounds how far every z_ri outside U can move and adds those that may cross 0 to `unstable`. A bound that takes A_r to be all
 * samples comes first: it is never smaller, and one number per sample.
 */
function movement(
  evidence: ReluEvidence,
  unstable: BitMasks,
  mid: MidpointKernel,
  step: Interval,
  measurer: Measurer,
  work?: number,
) {
  const { arithmetic } = measurer;
  const { samples, width, gram, magnitudes, outputWeights, outputScale } = evidence;
  const lambda = mid.spectrum.lambdaMin.value.lower;
  const sums = linearSums(evidence.residual, mid, step, arithmetic, work);
  const path = raise((lambda * sums.path) / mid.rate, 4, arithmetic); // P
  const deviation = raise((mid.epsilon / lambda) * path, 4, arithmetic); // D
  const active = possiblyActive(evidence, unstable);
  const open = { ...unstable, words: unstable.words.slice() };
  const rounding = samples + 20;
  const entry = (i: number, j: number) => Math.abs(gram.mid.data[i * samples + j]) + gram.radius;

  let violators = 0;
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < samples; i++) {
    let linear = 0;
    let squares = 0;
    for (let j = 0; j < samples; j++) {
      linear += entry(i, j) * sums.perSample[j];
      squares += entry(i, j) * entry(i, j);
    }
    const wide = linear + Math.sqrt(squares) * deviation;
    for (let r = 0; r < width; r++) {
      if (hasBit(open, i, r)) continue;
      const weight = outputScale * Math.abs(outputWeights[r]);
      if (weight === 0 || wide === 0) continue;
      const magnitude = magnitudes.data[i * width + r];
      let delta = raise(weight * wide, rounding, arithmetic);
      if (!(magnitude > delta)) {
        delta = raise(weight * narrow(i, r), rounding, arithmetic);
        if (delta === 0) continue;
        if (!(magnitude > delta)) {
          setBit(unstable, i, r);
          violators++;
          continue;
        }
      }
      least = Math.min(least, magnitude / delta);
    }
  }
  return { violators, least, path, steps: sums.steps };

  function narrow(i: number, r: number): number {
    let linear = 0;
    let squares = 0;
    for (let j = 0; j < samples; j++) {
      if (!hasBit(active, j, r)) continue;
      const g = entry(i, j);
      linear += g * sums.perSample[j];
      squares += g * g;
    }
    return linear + Math.sqrt(squares) * deviation;
  }
}
