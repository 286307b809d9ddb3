import { type BitMasks, type Matrix, matrix } from "@surefoot/linalg";
import type { Arithmetic } from "../interval/arithmetic.ts";
import type { MatrixBall, Measurement, Measurer, ReluEvidence, Spectrum } from "./evidence.ts";
import { perronBound, upward } from "./upward.ts";

/** What every form of S2 knows once the pairs U that may flip are given. */
export interface MidpointKernel {
  /** M: H with every product s_ri s_rj that U leaves open replaced by ½ (M' in s2-structured.ts). */
  readonly kernel: MatrixBall;
  /** ε = ½ s₂² ‖|G̃| ∘ Und‖₂ from above: every kernel that flips within U can make is within ε of M. */
  readonly epsilon: number;
  readonly spectrum: Spectrum;
  /** λ_min(M) − ε, from below. */
  readonly rate: number;
}

type Products = Pick<ReluEvidence, "gram" | "outputScale">;

/** Relative rounding error of one operation: 0 where the formulas run in floating point and claim nothing. */
export function unitRoundoff(arithmetic: Arithmetic): number {
  return arithmetic.warrant === "proved" ? 2 ** -53 : 0;
}

/** An upper bound of a non-negative exact value of which `x` is the floating-point result of at most `operations` roundings. */
export function raise(x: number, operations: number, arithmetic: Arithmetic): number {
  const u = unitRoundoff(arithmetic);
  return u === 0 ? x : x * (1 + 2 * (operations + 4) * u) + (operations + 4) * UNDERFLOW;
}

/**
 * What products that underflow can take from a sum, with room to spare. `raise` pays for rounding relative to its argument and for an underflow of
 * its last operation; a sum that is still to be rooted or multiplied starts at this for each of its terms instead of at 0.
 */
export const UNDERFLOW = 2 ** -1070;

/** The power of two next below the largest |v_i|, or 1. */
export function binaryUnit(v: Float64Array): number {
  let largest = 0;
  for (const x of v) largest = Math.max(largest, Math.abs(x));
  if (!(largest > 0 && largest < Number.POSITIVE_INFINITY)) return 1;
  let unit = 1;
  while (unit > largest) unit /= 2;
  while (unit <= largest / 2) unit *= 2;
  return unit;
}

export function emptyMasks(like: BitMasks): BitMasks {
  return { ...like, words: new Uint32Array(like.words.length) };
}

export function hasBit(masks: BitMasks, row: number, bit: number): boolean {
  return ((masks.words[row * masks.wordsPerRow + (bit >>> 5)] >>> (bit & 31)) & 1) === 1;
}

export function setBit(masks: BitMasks, row: number, bit: number): void {
  masks.words[row * masks.wordsPerRow + (bit >>> 5)] |= 1 << (bit & 31);
}

export function countBits(masks: BitMasks): number {
  let count = 0;
  for (const word of masks.words) {
    for (let bits = word; bits !== 0; bits &= bits - 1) count++;
  }
  return count;
}

/** (r, i) with s_ri = 1 or in U: the samples j of A_r are the rows whose bit r is set. */
export function possiblyActive(evidence: ReluEvidence, unstable: BitMasks): BitMasks {
  return combine(evidence.pattern, unstable, (s, u) => s | u);
}

export function combine(a: BitMasks, b: BitMasks, rule: (x: number, y: number) => number): BitMasks {
  return { ...a, words: a.words.map((word, k) => rule(word, b.words[k]) >>> 0) };
}

/**
 * M, ε and the spectrum of M. A product is surely 1 where both factors are surely 1, possibly 1 where both may be: `Und` is the
 * difference of the two weighted counts, M has their mean.
 */
export async function midpointKernel(
  evidence: ReluEvidence,
  unstable: BitMasks,
  measurer: Measurer,
): Promise<Measurement<MidpointKernel>> {
  const surely = combine(evidence.pattern, unstable, (s, u) => s & ~u);
  const high = await measurer.weightedCounts(possiblyActive(evidence, unstable), evidence.outputWeights);
  const low = await measurer.weightedCounts(surely, evidence.outputWeights);
  return midpointOfCounts(evidence, high, low, measurer);
}

/** The same from the counts of the products that are possibly and surely 1, however they were found. */
export async function midpointOfCounts(
  evidence: Products,
  high: MatrixBall,
  low: MatrixBall,
  measurer: Measurer,
): Promise<Measurement<MidpointKernel>> {
  const { arithmetic } = measurer;
  const kernel = weightedKernel(evidence, high, low, arithmetic);
  const spread = undetermined(evidence, high, low, arithmetic);
  const up = upward(arithmetic);
  const epsilon = perronBound(spread, up);
  const spectrum = await measurer.spectrum(kernel);
  if (spectrum.status === "failed") return spectrum;
  const lambda = spectrum.evidence.lambdaMin.value.lower;
  const rate = arithmetic.sub({ lower: lambda, upper: lambda }, { lower: epsilon, upper: epsilon }).lower;
  if (!Number.isFinite(rate)) return { status: "failed", reason: "the kernel's bounds are not finite" };
  return { status: "ok", evidence: { kernel, epsilon, spectrum: spectrum.evidence, rate } };
}

/** ½ s₂² G̃ ∘ (high + low) with a radius for the rounding and the radii of its parts. */
function weightedKernel(evidence: Products, high: MatrixBall, low: MatrixBall, arithmetic: Arithmetic): MatrixBall {
  const { gram, outputScale } = evidence;
  const n = gram.mid.rows;
  const mid = matrix(n, n);
  const factor = 0.5 * outputScale * outputScale;
  let radius = 0;
  for (let i = 0; i < n; i++) {
    let rowRadius = 0;
    for (let j = 0; j < n; j++) {
      const k = i * n + j;
      const counts = high.mid.data[k] + low.mid.data[k];
      mid.data[k] = factor * (gram.mid.data[k] * counts);
      const doubt =
        gram.radius * (counts + high.radius + low.radius) +
        Math.abs(gram.mid.data[k]) * (high.radius + low.radius) +
        8 * unitRoundoff(arithmetic) * Math.abs(gram.mid.data[k]) * counts;
      rowRadius += factor * doubt;
    }
    radius = Math.max(radius, rowRadius); // the ∞-norm bounds the spectral norm and every entry
  }
  return { mid, radius: raise(radius, n + 10, arithmetic) };
}

/** ½ s₂² |G̃| ∘ Und, every entry from above. */
function undetermined(evidence: Products, high: MatrixBall, low: MatrixBall, arithmetic: Arithmetic): Matrix {
  const { gram, outputScale } = evidence;
  const n = gram.mid.rows;
  const out = matrix(n, n);
  const factor = 0.5 * outputScale * outputScale;
  for (let k = 0; k < out.data.length; k++) {
    const open = high.mid.data[k] - low.mid.data[k] + (high.radius + low.radius);
    if (open > 0) {
      out.data[k] = raise(factor * ((Math.abs(gram.mid.data[k]) + gram.radius) * open), 8, arithmetic);
    }
  }
  return out;
}
