import type { BitMasks } from "@surefoot/linalg";
import type { Interval } from "../interval/arithmetic.ts";
import type { Measurer, ReluEvidence } from "./evidence.ts";
import { hasBit, type MidpointKernel, possiblyActive, raise, setBit, UNDERFLOW, unitRoundoff } from "./s2-kernel.ts";
import { linearSums } from "./s2-linear.ts";
import { upward } from "./upward.ts";

export interface MovementOptions {
  /** Bounds the work of the simulation: see s2-linear.ts. */
  readonly work?: number;
  /** Where the plain bound fails, follow the linear prediction towards the kink. */
  readonly signed?: boolean;
}

/**
 * Bounds how far every z_ri outside U can move and adds those that may cross 0 to `unstable`; `least` is the least |z_ri|/δ_ri of the others.
 * Three bounds, each cheaper than the next and never smaller: A_r taken to be all samples; A_r as it is (s2.ts); and, if `signed`, the excursion of
 * the linear prediction itself, s₂a_rΣ_j G̃_ij p_rj S_j(k) with S(k) = ηΣ_{s<k} e_lin(s) at the grid times k and the increments of V between them, plus
 * s₂|a_r|((Σ_{A_r}G̃_ij²)^½ D + ½Σ_{j:(r,j)∈U}|G̃_ij|V_j): p is the pattern with ½ on U, and e = e_lin + d.
 */
export function movement(
  evidence: ReluEvidence,
  unstable: BitMasks,
  mid: MidpointKernel,
  step: Interval,
  { arithmetic }: Measurer,
  { work, signed = false }: MovementOptions = {},
) {
  const { samples, width, gram, magnitudes, outputWeights, outputScale, pattern } = evidence;
  const lambda = mid.spectrum.lambdaMin.value.lower;
  const sums = linearSums(evidence.residual, mid, step, arithmetic, work);
  const up = upward(arithmetic);
  const path = up.mul(up.div(lambda, mid.rate), sums.path); // P
  const deviation = up.mul(up.div(mid.epsilon, lambda), path); // D
  const active = possiblyActive(evidence, unstable);
  const open = { ...unstable, words: unstable.words.slice() };
  const rounding = 2 * samples + 20;
  const inner = 2 * (samples + 8) * unitRoundoff(arithmetic); // of the products in a signed sum
  const entry = (i: number, j: number) => Math.abs(gram.mid.data[i * samples + j]) + gram.radius;

  let violators = 0;
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < samples; i++) {
    let linear = samples * UNDERFLOW;
    let squares = samples * UNDERFLOW;
    let largest = 0;
    for (let j = 0; j < samples; j++) {
      linear += entry(i, j) * sums.perSample[j];
      squares += entry(i, j) * entry(i, j);
      largest = Math.max(largest, entry(i, j));
    }
    if (largest === 0) continue; // x_i = 0: its pairs never move
    const wide = linear + Math.sqrt(squares) * deviation;
    for (let r = 0; r < width; r++) {
      if (hasBit(open, i, r)) continue;
      if (outputWeights[r] === 0) continue;
      const weight = outputScale * Math.abs(outputWeights[r]) + UNDERFLOW;
      const magnitude = magnitudes.data[i * width + r];
      let delta = raise(weight * wide, rounding, arithmetic);
      if (!(magnitude > delta)) delta = raise(weight * narrow(i, r), rounding, arithmetic);
      if (!(magnitude > delta) && signed) delta = raise(weight * towards(i, r), rounding, arithmetic);
      if (magnitude > delta) {
        least = Math.min(least, magnitude / delta);
      } else {
        setBit(unstable, i, r);
        violators++;
      }
    }
  }
  return { violators, least, path, steps: sums.steps };

  function narrow(i: number, r: number): number {
    let linear = samples * UNDERFLOW;
    let squares = samples * UNDERFLOW;
    for (let j = 0; j < samples; j++) {
      if (!hasBit(active, j, r)) continue;
      const g = entry(i, j);
      linear += g * sums.perSample[j];
      squares += g * g;
    }
    return linear + Math.sqrt(squares) * deviation;
  }

  /** The furthest that z_ri gets towards 0, in units of s₂|a_r|. */
  function towards(i: number, r: number): number {
    const share = new Float64Array(samples); // p_r
    let squares = samples * UNDERFLOW;
    let flipping = samples * UNDERFLOW;
    for (let j = 0; j < samples; j++) {
      if (!hasBit(active, j, r)) continue;
      const g = entry(i, j);
      const free = hasBit(open, j, r);
      share[j] = free ? 0.5 : 1;
      squares += g * g;
      if (free) flipping += 0.5 * g * sums.perSample[j];
    }
    // z moves by −s₂a_r(…): towards 0 when that has the sign opposite to z
    const sign = hasBit(pattern, i, r) === outputWeights[r] > 0 ? 1 : -1;
    let furthest = 0;
    for (const { reached, ahead } of sums.grid) {
      let moved = 0;
      let around = samples * UNDERFLOW;
      for (let j = 0; j < samples; j++) {
        if (share[j] === 0) continue;
        const g = gram.mid.data[i * samples + j];
        moved += share[j] * g * reached[j];
        around += share[j] * (entry(i, j) * ahead[j] + (gram.radius + inner * Math.abs(g)) * Math.abs(reached[j]));
      }
      furthest = Math.max(furthest, sign * moved + around);
    }
    return furthest + flipping + Math.sqrt(squares) * (deviation + sums.error);
  }
}
