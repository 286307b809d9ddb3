import { angle, type Matrix } from "@surefoot/linalg";
import { hInfinity } from "../kernel/h-infinity.ts";
import { provedHInfinitySpectrum } from "../kernel/h-infinity-proved.ts";
import type { Basis } from "./desk.ts";
import type { DeskRequest } from "./request.ts";
import { largest, rowNormsOf } from "./two-layer-watch.ts";

/** What the statements about the two-layer ReLU network are evaluated with. */
export interface TwoLayerFacts {
  readonly n: number;
  /** Width. */
  readonly m: number;
  /** λ₀ = λ_min(H^∞), the proved lower end where it is positive; null where λ₀ > 0 is not established. */
  readonly lambda0: number | null;
  readonly lambda0Basis: Basis;
  /** λ₀ in floating point, whatever its sign. */
  readonly lambda0Computed: number;
  /** The closest pair of rows up to scale and what it allows λ₀ at most (theory/01, fact 4; interlacing). */
  readonly closest: { readonly i: number; readonly j: number; readonly angle: number; readonly allows: number };
  readonly inputNorms: Float64Array;
  readonly largestLabel: number;
  /** Whether every a_r² = 1. */
  readonly unitOutputs: boolean;
  /** The greatest a_r². */
  readonly largestOutputSquare: number;
  /** Neurons with independent first-layer weights: m/2 for an antisymmetric draw. */
  readonly independentNeurons: number;
  /** η of the loss ½‖e‖². */
  readonly innerStep: number;
  /** δ. */
  readonly delta: number;
  /** (I − ηH^∞)^k e(0); undefined where the spectrum cannot be found. */
  linear(start: Float64Array, step: number): Float64Array | undefined;
}

export async function twoLayerFacts({
  problem,
  weights,
  initialiser,
  stepSize,
  delta,
}: DeskRequest): Promise<TwoLayerFacts> {
  const { dataset, network, backend, lossFactor } = problem;
  const { x, y } = dataset;
  const a = weights[network.layers[1].weight].data;
  const { smallest } = await provedHInfinitySpectrum(x, backend);
  const spectrum = await backend.eigenvalues(await hInfinity(x, backend), { vectors: true });
  const computed = spectrum.status === "ok" ? spectrum.values[0] : Number.NaN;
  const innerStep = stepSize * lossFactor;
  const proved = smallest.status === "proved" && smallest.lower > 0;
  return {
    n: x.rows,
    m: a.length,
    lambda0: proved ? smallest.lower : null,
    lambda0Basis: proved ? "proved" : "computed",
    lambda0Computed: computed,
    closest: closestPair(x),
    inputNorms: rowNormsOf(x),
    largestLabel: largest(y.map(Math.abs)),
    unitOutputs: a.every((value) => Math.abs(value) === 1),
    largestOutputSquare: largest(a.map((value) => value * value)),
    independentNeurons: initialiser?.kind === "antisymmetric" ? a.length / 2 : a.length,
    innerStep,
    delta,
    linear: (start, step) => {
      if (spectrum.status !== "ok" || !spectrum.vectors) return undefined;
      const { values, vectors } = spectrum;
      const out = new Float64Array(start.length);
      values.forEach((value, k) => {
        const vector = vectors.data.subarray(k * start.length, (k + 1) * start.length);
        const factor = dot(vector, start) * (1 - innerStep * value) ** step;
        for (let i = 0; i < out.length; i++) out[i] += factor * vector[i];
      });
      return out;
    },
  };
}

/**
 * The pair of rows with the least λ_min of its 2 × 2 block of H^∞: λ₀ is at most that (interlacing). For unit vectors at angle θ it is
 * ½(1 − |cos θ|(1 − θ/π)).
 */
function closestPair(x: Matrix): TwoLayerFacts["closest"] {
  const { rows: n, cols: d, data } = x;
  let worst = { i: 0, j: 0, angle: 0, allows: Number.POSITIVE_INFINITY };
  for (let j = 1; j < n; j++) {
    const xj = data.subarray(j * d, (j + 1) * d);
    const cjj = dot(xj, xj);
    for (let i = 0; i < j; i++) {
      const xi = data.subarray(i * d, (i + 1) * d);
      const cii = dot(xi, xi);
      const theta = angle(xi, xj);
      const cosine = Math.abs(Math.cos(theta));
      const root = Math.sqrt(cii * cjj);
      const off = 0.5 * root * cosine * (1 - theta / Math.PI);
      // ½√(c_ii c_jj) − |off| and the least eigenvalue of the block without cancellation
      const versine = 2 * (theta < Math.PI / 2 ? Math.sin(theta / 2) : Math.cos(theta / 2)) ** 2;
      const gap = 0.5 * root * (versine + (cosine * theta) / Math.PI);
      const allows = (gap * (0.5 * root + off)) / (0.25 * (cii + cjj) + Math.hypot(0.25 * (cii - cjj), off));
      if (allows < worst.allows) worst = { i, j, angle: theta, allows };
    }
  }
  return worst;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let k = 0; k < a.length; k++) sum += a[k] * b[k];
  return sum;
}
