import { type PositiveEvidence, type PositiveStart, positiveRate, usefulRadius } from "../certify/s3.ts";
import { point, rounded } from "../interval/arithmetic.ts";
import type { Network } from "../network/network.ts";

/** What S3 needs to know of the data. */
export interface PositiveData {
  readonly network: Network;
  /** λ_min(G̃) and max_i ‖x_i‖. */
  readonly lambda: number;
  readonly longestInput: number;
  /** ‖y‖: the residual at the positive start, whose outputs are 0. */
  readonly labelNorm: number;
}

/** Least output scales A of the positive initialisation (hidden entries 1/d_{ℓ−1}) that S3 certifies for the flow, in floating point. */
export interface LeastScale {
  /** By ‖y‖ < ∫₀^r μ, the integral condition at its best radius; null where no A up to 1e12 does. */
  readonly integral: number | null;
  /** By the cruder entrywise bound of theory/04. */
  readonly crude: number | null;
}

const CELLS = 400;
const GREATEST = 1e12;

export function leastScale(data: PositiveData): LeastScale {
  const { labelNorm } = data;
  if (!(data.lambda > 0)) return { integral: null, crude: null };
  const enough = (scale: number) => reachOf(data, scale) > labelNorm;
  let integral: number | null = null;
  if (enough(GREATEST)) {
    let [low, high] = [1e-12, GREATEST];
    while (high > low * (1 + 1e-6)) {
      const middle = Math.sqrt(low * high);
      if (enough(middle)) high = middle;
      else low = middle;
    }
    integral = high;
  }
  return { integral, crude: crudeScale(data) };
}

/** ∫₀^r μ for the largest admissible r; μ falls, so the right end of each cell counts. */
export function reachOf(data: PositiveData, scale: number): number {
  const evidence = evidenceOf(data, startOf(data.network, scale));
  const limit = usefulRadius(evidence, rounded);
  let sum = 0;
  for (let k = 1; k <= CELLS; k++) sum += (positiveRate(evidence, (limit * k) / CELLS, rounded) * limit) / CELLS;
  return sum;
}

function crudeScale(data: PositiveData): number | null {
  const { network, lambda, labelNorm } = data;
  const large = startOf(network, GREATEST);
  const evidence = evidenceOf(data, large);
  const hidden = hiddenCount(network);
  const middle = network.layers.slice(1, hidden);
  let least = Number.POSITIVE_INFINITY;
  // L = 2 leaves r free; its scale is that of the labels
  const limit = hidden > 1 ? large.omegaMin : 100 * (1 + labelNorm / Math.sqrt(lambda));
  for (let k = 1; k < 4 * CELLS; k++) {
    const r = hidden > 1 ? (limit * k) / (4 * CELLS) : limit * 10 ** (-6 + (6 * k) / (4 * CELLS));
    const excess = middle.reduce(
      (product, { rows, cols }) => product * (1 + r / (large.omegaMin * Math.sqrt(rows * cols))),
      1,
    );
    const rate = positiveRate(evidence, r, rounded);
    if (!(rate > 0) || !(excess < 2)) continue;
    // √λ·√d₁·∏s·∏c·∏d, what is left of μ without A, ω_min and the last factor
    const base = rate / (GREATEST * large.omegaMin ** (hidden - 1) * (2 - excess));
    least = Math.min(least, r + labelNorm / (r * base * (large.omegaMin - (hidden > 1 ? r : 0)) ** (hidden - 1)));
  }
  return Number.isFinite(least) ? least : null;
}

function evidenceOf({ network, lambda, longestInput }: PositiveData, start: PositiveStart): PositiveEvidence {
  const inputs = { value: point(lambda), warrant: "computed" as const, how: "" };
  return { network, start, inputs, smooth: { layers: [{ inputBounds: Float64Array.of(longestInput) }] } };
}

/** The start that initialise() makes: hidden entries 1/d_{ℓ−1}. */
function startOf(network: Network, scale: number): PositiveStart {
  const entries = network.layers.slice(1, -1).map(({ cols }) => 1 / cols);
  return entries.length === 0
    ? { scale, omegaMin: 0, omegaMax: 0 }
    : { scale, omegaMin: Math.min(...entries), omegaMax: Math.max(...entries) };
}

const hiddenCount = (network: Network) => network.layers.length - 1;
