import type { BitMasks } from "@surefoot/linalg";
import { type Interval, point } from "../interval/arithmetic.ts";
import type { Measurer, ReluEvidence } from "./evidence.ts";
import type { Obstacle } from "./obstacle.ts";
import { finite, type TheoremOutcome } from "./outcome.ts";
import { countBits, hasBit, type MidpointKernel, midpointKernel, raise, setBit, UNDERFLOW } from "./s2-kernel.ts";
import { type Found, fits, largestStep, outcomeOfS2, residualNorm } from "./s2-outcome.ts";
import { singularity } from "./spectrum.ts";

/** Above this number of pairs the breakpoints are searched by a descent and a geometric grid, below it one by one. */
const EXHAUSTIVE = 256;
const GRID = 24;

export interface MidpointOptions {
  /** Only the descent from the largest rate: a handful of kernels, for probes inside a run. */
  readonly quick?: boolean;
}

/**
 * The midpoint form of S2 (docs/certificates.md, theory/05): with c_ri = s₂|a_r|‖G̃_i‖‖e₀‖/|z_ri| and U = {(r, i) : c_ri ≥ γ}, gradient descent
 * contracts at rate γ for ever if λ_min(M) − ε ≥ γ: a pair with c_ri < γ moves by less than |z_ri| as ηΣ‖e‖ ≤ ‖e₀‖/γ. Every breakpoint c_ri is a
 * candidate for γ; `margin` is the largest (λ − ε)/c over the candidates, c the next breakpoint below U.
 */
export async function certifyS2Midpoint(
  evidence: ReluEvidence,
  measurer: Measurer,
  stepSize?: Interval,
  { quick = false }: MidpointOptions = {},
): Promise<TheoremOutcome> {
  const { arithmetic } = measurer;
  const points = breakpoints(evidence, measurer);
  const report = (found: Found) => outcomeOfS2(evidence, arithmetic, found);
  let best: Candidate | undefined;
  let failure: Obstacle | undefined;
  const tried = new Map<number, Candidate | undefined>();

  const attempt = async (gamma: number): Promise<Candidate | undefined> => {
    if (tried.has(gamma)) return tried.get(gamma);
    const candidate = await evaluate(gamma);
    tried.set(gamma, candidate);
    if (candidate && (!best || candidate.margin > best.margin)) best = candidate;
    return candidate;
  };

  const evaluate = async (gamma: number): Promise<Candidate | undefined> => {
    const { unstable, next } = split(evidence, points, gamma);
    const measured = await midpointKernel(evidence, unstable, measurer);
    if (measured.status === "failed") {
      failure ??= { kind: "measurement", reason: measured.reason };
      return undefined;
    }
    const mid = measured.evidence;
    if (tried.size === 0) failure ??= singularity(mid.spectrum, evidence.samples, evidence.parameters);
    const margin = next === 0 ? finite(Number.POSITIVE_INFINITY) : finite(Math.max(0, mid.rate) / next);
    return { mid, margin: mid.rate > 0 ? margin : 0, unstable, next };
  };

  let gamma = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 60; round++) {
    const candidate = await attempt(gamma);
    if (failure) return report({ form: "midpoint", margin: 0, mid: candidate?.mid, obstacle: failure } as Found);
    if (!candidate || !(candidate.mid.rate > 0) || candidate.margin > 1) break;
    gamma = candidate.mid.rate;
  }
  if (!quick) {
    for (const value of grid(points)) await attempt(value);
  }
  if (!best) return report({ form: "midpoint", margin: 0, obstacle: failure ?? null });
  const found: Found = {
    form: "midpoint",
    mid: best.mid,
    margin: best.margin,
    unstable: countBits(best.unstable),
    obstacle: null,
  };
  if (!(best.margin > 1)) {
    return report({
      ...found,
      obstacle: {
        kind: "unstable pairs",
        lambda: best.mid.spectrum.lambdaMin.value.lower,
        epsilon: best.mid.epsilon,
        unstable: countBits(best.unstable),
        pairs: points.length,
      },
    });
  }
  const step = stepSize ?? point(largestStep(best.mid, arithmetic));
  if (!fits(step, best.mid, arithmetic)) {
    const { lambdaMin, lambdaMax } = best.mid.spectrum;
    const product = step.upper * (lambdaMin.value.lower + lambdaMax.value.upper);
    return report({ ...found, margin: 0, obstacle: { kind: "step size", product: finite(product) } });
  }
  const path = raise(residualNorm(evidence, arithmetic) / best.mid.rate, 2, arithmetic);
  return report({ ...found, step, path, rounds: tried.size, pairs: best.unstable });
}

interface Candidate {
  readonly mid: MidpointKernel;
  readonly margin: number;
  readonly unstable: BitMasks;
  /** Largest breakpoint outside U. */
  readonly next: number;
}

/** c_ri from above, at index i·m + r; ∞ where z may be 0, 0 where the pair never moves. */
function breakpoints(evidence: ReluEvidence, { arithmetic }: Measurer): Float64Array {
  const { samples, width, gram, magnitudes, outputWeights, outputScale } = evidence;
  const norm = residualNorm(evidence, arithmetic);
  const out = new Float64Array(samples * width);
  for (let i = 0; i < samples; i++) {
    let squares = samples * UNDERFLOW;
    let largest = 0;
    for (let j = 0; j < samples; j++) {
      const entry = Math.abs(gram.mid.data[i * samples + j]) + gram.radius;
      squares += entry * entry;
      largest = Math.max(largest, entry);
    }
    const still = norm === 0 || largest === 0;
    const reach = Math.sqrt(squares) * norm * outputScale + UNDERFLOW;
    for (let r = 0; r < width; r++) {
      const pull = reach * Math.abs(outputWeights[r]) + UNDERFLOW;
      const c = pull / magnitudes.data[i * width + r];
      out[i * width + r] = still || outputWeights[r] === 0 ? 0 : raise(c, samples + 10, arithmetic);
    }
  }
  return out;
}

/** U = {c ≥ γ} with the undecided signs, and the largest breakpoint outside it. */
function split(evidence: ReluEvidence, points: Float64Array, gamma: number) {
  const { samples, width, uncertain } = evidence;
  const unstable: BitMasks = { ...uncertain, words: uncertain.words.slice() };
  let next = 0;
  for (let i = 0; i < samples; i++) {
    for (let r = 0; r < width; r++) {
      const c = points[i * width + r];
      if (c >= gamma) setBit(unstable, i, r);
      else if (c > next && !hasBit(unstable, i, r)) next = c;
    }
  }
  return { unstable, next };
}

/** The breakpoints themselves where they are few; else a geometric grid over them. */
function grid(points: Float64Array): number[] {
  if (points.length <= EXHAUSTIVE) return [...new Set(points)].filter((c) => c > 0);
  let largest = 0;
  let mean = 0;
  for (const c of points) {
    if (Number.isFinite(c)) largest = Math.max(largest, c);
    mean += Number.isFinite(c) ? c : 0;
  }
  const low = mean / points.length;
  return Array.from({ length: GRID }, (_, k) => low * (largest / low) ** (k / (GRID - 1))).filter((c) => c > 0);
}
