import type { Matrix } from "@surefoot/linalg";
import type {
  MatrixBall,
  Measured,
  Measurement,
  Measurer,
  Point,
  ReluEvidence,
  SmoothEvidence,
  Spectrum,
} from "../certify/evidence.ts";
import type { Dataset } from "../data/dataset.ts";

/** What was measured, kept so that several rooms can be tried on one measurement. */
export interface Measurements {
  smooth?: Measurement<SmoothEvidence>;
  relu?: Measurement<ReluEvidence>;
}

/**
 * A measurer that leaves room: it weakens what another one finds, by about `room` relative to the largest numbers in play. What the formulas
 * derive from it a program with a cruder arithmetic can confirm, given evidence weakened by half as much. Weaker evidence never makes a
 * theorem hold that did not. With room 0 it only keeps.
 */
export function leaveRoom(measurer: Measurer, room: number, kept: Measurements): Measurer {
  return {
    arithmetic: measurer.arithmetic,
    backend: measurer.backend,
    smooth: async (at: Point) => {
      kept.smooth ??= await measurer.smooth(at);
      if (kept.smooth.status === "failed" || room === 0) return kept.smooth;
      return { status: "ok", evidence: weakerSmooth(kept.smooth.evidence, room, at.dataset) };
    },
    // a sharper κ is not in the file: what it certifies alone has none
    steep: async (at: Point, evidence: SmoothEvidence) =>
      room === 0 ? measurer.steep(at, evidence) : { status: "failed", reason: "measured products are not checked" },
    relu: async (at: Point) => {
      kept.relu ??= await measurer.relu(at);
      if (kept.relu.status === "failed") return kept.relu;
      return { status: "ok", evidence: weakerRelu(kept.relu.evidence, room, at.dataset) };
    },
    gram: (at) => measurer.gram(at),
    spectrum: async (ball: MatrixBall) => {
      const measured = await measurer.spectrum(ball);
      if (measured.status === "failed") return measured;
      return { status: "ok", evidence: weakerSpectrum(measured.evidence, room) };
    },
    weightedCounts: async (masks, outputWeights) => {
      const counts = await measurer.weightedCounts(masks, outputWeights);
      return { ...counts, radius: counts.radius + room * 2 ** -6 * largest(counts.mid.data) };
    },
  };
}

/** The size of the labels, to which an error of the outputs compares when the residual is small. */
function scaleOf({ y }: Dataset): number {
  return Math.sqrt(y.length) * (1 + largest(y));
}

function largest(values: Float64Array): number {
  let most = 0;
  for (const value of values) most = Math.max(most, Math.abs(value));
  return most;
}

/** The rooms that are tried, widest first. */
export const ROOMS = [2 ** -22, 2 ** -28, 2 ** -34, 2 ** -40] as const;

/** Loses at most 1/128 of λ_min, so that a badly conditioned kernel does not lose it all. */
function weakerSpectrum({ lambdaMin, lambdaMax }: Spectrum, room: number): Spectrum {
  const top = lambdaMax.value.upper;
  const bottom = lambdaMin.value.lower;
  const lost = Math.min(room * top, (room / ROOMS[0]) * (bottom / 128));
  return {
    lambdaMin: { ...lambdaMin, value: { lower: bottom - Math.max(0, lost), upper: lambdaMin.value.upper } },
    lambdaMax: raised(lambdaMax, room * top),
  };
}

/** Bounds of λ_min and λ_max between what was measured and what `weakerSpectrum` made of it, given the latter. */
export function betweenSpectra(lambdaMin: number, lambdaMax: number, room: number) {
  const lost = Math.min(room * lambdaMax, (room / ROOMS[0]) * (lambdaMin / 128));
  return { lambdaMin: lambdaMin + lost / 4, lambdaMax: lambdaMax * (1 - room / 4) };
}

function raised(measured: Measured, by: number): Measured {
  return { ...measured, value: { lower: measured.value.lower, upper: measured.value.upper + by } };
}

/** The κ bounds that @surefoot/check knows. */
const CHECKED_BOUNDS = ["two-layer", "per-neuron", "stacked"];

export function weakerSmooth(evidence: SmoothEvidence, room: number, dataset: Dataset): SmoothEvidence {
  const more = (x: number) => x * (1 + 2 * room) + 1e-60;
  const each = (v: Float64Array) => v.map(more);
  // the checker knows only the largest over all samples
  const most = (v: Float64Array) => new Float64Array(v.length).fill(more(largest(v)));
  const { twoLayer, hadamardNorm, residualNorm } = evidence;
  // ‖q_ℓ‖ is about ∏_{k > ℓ} ([1] + t_k s_k‖P_k‖‖W_k‖) unless neurons are saturated, and its error never less than that of this size
  const growth = evidence.layers.map(
    ({ scale, weightNorm, gain = 1, patchNorm = 1, skip }) => (skip ? 1 : 0) + gain * scale * patchNorm * weightNorm,
  );
  const above = growth.map((_, l) => growth.slice(l + 1).reduce((product, factor) => product * factor, 1));
  return {
    ...evidence,
    bounds: CHECKED_BOUNDS,
    kernel: weakerSpectrum(evidence.kernel, room),
    residualNorm: raised(residualNorm, room * residualNorm.value.upper + room * 2 ** -8 * scaleOf(dataset)),
    // the program that checks knows κ without pairs of inputs and what `steep` measures
    layers: evidence.layers.map(({ hadamardInput: _, steepBounds: __, bendBounds: ___, ...layer }, l) => ({
      ...layer,
      weightNorm: more(layer.weightNorm),
      inputBounds: most(layer.inputBounds),
      gradientBounds: most(layer.gradientBounds),
      ...(layer.backpropagatedBounds ? { backpropagatedBounds: most(layer.backpropagatedBounds) } : {}),
      // activations have absolute errors: at W1 = 0 hidden layers are 0, which rounded arithmetic cannot confirm
      stackedInputNorm: more(layer.stackedInputNorm) + (l > 0 ? room * 2 ** -4 * Math.sqrt(evidence.samples) : 0),
      stackedGradientNorm: more(layer.stackedGradientNorm) + room * above[l],
    })),
    ...(hadamardNorm !== undefined ? { hadamardNorm: more(hadamardNorm) } : {}),
    ...(twoLayer
      ? {
          twoLayer: {
            ...twoLayer,
            hadamardNorm: more(twoLayer.hadamardNorm),
            inputNorm: more(twoLayer.inputNorm),
            featureBounds: each(twoLayer.featureBounds),
          },
        }
      : {}),
  };
}

export function weakerRelu(evidence: ReluEvidence, room: number, dataset: Dataset): ReluEvidence {
  const { gram, residual, magnitudes } = evidence;
  const norm = Math.sqrt(residual.mid.reduce((sum, e) => sum + e * e, 0));
  const lost = room * 2 ** -6 * largest(magnitudes.data);
  const smaller: Matrix = { ...magnitudes, data: magnitudes.data.map((z) => Math.max(0, z * (1 - room) - lost)) };
  return {
    ...evidence,
    gram: { ...gram, radius: gram.radius + room * 2 ** -6 * largest(gram.mid.data) },
    residual: { ...residual, radius: residual.radius + room * norm + room * 2 ** -8 * scaleOf(dataset) },
    magnitudes: smaller,
  };
}
