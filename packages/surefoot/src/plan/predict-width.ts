import { type Backend, type Matrix, matrix } from "@surefoot/linalg";
import { activationOf } from "../activation/registry.ts";
import { floatMeasurer } from "../certify/measure.ts";
import { midpointOfCounts } from "../certify/s2-kernel.ts";
import { expectedDoubt, movementBounds } from "../certify/s2-near.ts";
import { largestStep } from "../certify/s2-outcome.ts";
import type { Dataset } from "../data/dataset.ts";
import { point } from "../interval/arithmetic.ts";
import { infiniteKernel, kernelMatrix } from "../kernel/index.ts";
import type { Network } from "../network/network.ts";
import type { PlanStart } from "./plan.ts";

/** A width that theory predicts, before any network is drawn. */
export interface PredictedWidth {
  /** Null where there is no prediction, for the reason in `how`. */
  readonly width: number | null;
  readonly how: string;
}

/** Beyond this no width is of use: the neurons could not be numbered. */
export const GREATEST_WIDTH = 2 ** 40;

export function predictWidth(
  network: Network,
  dataset: Dataset,
  start: PlanStart,
  backend: Backend,
): Promise<PredictedWidth> {
  return network.spec.kind === "two-layer-relu"
    ? predictRelu(dataset, start, backend)
    : predictSmooth(network, dataset, start, backend);
}

/**
 * S2 with H^∞ for H(0) and Gaussian margins: how far pairs move follows from the linear dynamics of H^∞, in units of 1/√m; the share of pairs
 * so near to their kinks gives ε(m); the least m with λ₀ > ε. An ordinary u(0) is put in by its variance, E u_i² = ‖x_i‖²/2.
 */
async function predictRelu({ x, y }: Dataset, start: PlanStart, backend: Backend): Promise<PredictedWidth> {
  const n = x.rows;
  const how = "S2 with H^∞ and Gaussian margins, before any draw";
  const product = await backend.syrk(x);
  const squares = Float64Array.from({ length: n }, (_, i) => product.data[i * n + i]);
  const shares = await backend.arcCosine(0, product, squares, squares);
  const gram = { mid: product, radius: 0 };
  const counts = { mid: shares, radius: 0 };
  const measurer = floatMeasurer(backend);
  const measured = await midpointOfCounts({ gram, outputScale: 1 }, counts, counts, measurer);
  if (measured.status === "failed" || !(measured.evidence.rate > 0))
    return { width: null, how: "H^∞ is singular: no width is enough" };
  const middle = measured.evidence;
  const lambda = middle.spectrum.lambdaMin.value.lower;
  const residual = y.map((label, i) => {
    const size = start === "antisymmetric" ? Math.abs(label) : Math.hypot(label, Math.sqrt(squares[i] / 2));
    return label > 0 ? -size : size;
  });
  const step = point(largestStep(middle, measurer.arithmetic));
  const bounds = movementBounds({ samples: n, gram, residual: { mid: residual, radius: 0 } }, middle, step, measurer);
  const enough = (width: number) => {
    let reach = bounds.wide;
    let epsilon = 0;
    for (let round = 0; round < 40; round++) {
      const next = expectedDoubt({ samples: n, gram, width }, reach);
      if (!(next < lambda)) return false;
      if (Math.abs(next - epsilon) < 1e-6 * lambda) return true;
      epsilon = next;
      // P = λP_lin/(λ − ε), D = (ε/λ)P: the movement grows by no more than (λ + ε)/(λ − ε)
      reach = bounds.wide.map((length) => (length * lambda) / (lambda - next));
    }
    return false;
  };
  return { width: leastPower(enough), how };
}

/** S1 in its closed form 2κ‖e₀‖ < λ_min with the infinite kernel for K(θ₀): κ falls as 1/√m. */
async function predictSmooth(
  { spec, activation, layers }: Network,
  { x, y }: Dataset,
  start: PlanStart,
  backend: Backend,
): Promise<PredictedWidth> {
  if (spec.kind !== "fully-connected" || spec.biases || spec.scaling !== "ntk") {
    const how =
      spec.kind === "fully-connected"
        ? "predicted only without biases and with ntk scaling"
        : "S1 has no closed form in the width for this network: it is found by drawing";
    return { width: null, how };
  }
  const { slopeBound, curvatureBound, cSigma } = activationOf(activation);
  const architecture = { kind: "fully-connected", depth: 1, activation } as const;
  const kernelOf = (kind: "k-top" | "nngp") => kernelMatrix(infiniteKernel(architecture, kind, x, backend));
  const outer = await kernelOf("nngp");
  const parts = [
    ...(layers[0].trainsWeight ? [await kernelOf("k-top")] : []),
    ...(layers[1].trainsWeight ? [outer] : []),
  ];
  const kernel = matrix(x.rows, x.rows);
  for (const part of parts) for (let k = 0; k < kernel.data.length; k++) kernel.data[k] += part.data[k];
  const lambda = await eigenvalue(kernel, "smallest", backend);
  if (!(lambda > 0)) return { width: null, how: "the infinite-width kernel is singular: no width is enough" };
  const gram = await backend.syrk(x);
  const hadamard = { ...gram, data: gram.data.map((g) => g * g) };
  const inputs = Math.sqrt(await eigenvalue(gram, "largest", backend));
  const spread = Math.sqrt(await eigenvalue(hadamard, "largest", backend));
  let square = y.reduce((sum, label) => sum + label * label, 0);
  if (start !== "antisymmetric") for (let i = 0; i < x.rows; i++) square += outer.data[i * x.rows + i];
  const enough = (width: number) => {
    const scale = Math.sqrt(cSigma / width);
    // the largest of m Gaussian output weights; ±1 in an antisymmetric draw
    const a = start === "antisymmetric" ? 1 : Math.sqrt(2 * Math.log(Math.max(2, width)));
    const first = layers[0].trainsWeight ? scale * curvatureBound * a * spread : 0;
    const cross = layers[0].trainsWeight && layers[1].trainsWeight ? scale * slopeBound * inputs : 0;
    const kappa = 0.5 * (first + Math.sqrt(first * first + 4 * cross * cross));
    return 2 * kappa * Math.sqrt(square) < lambda;
  };
  return {
    width: leastPower(enough),
    how: "S1's closed form 2κ‖e₀‖ < λ with the infinite-width kernel, before any draw",
  };
}

/** The least even width for which a monotone condition holds, to a percent; null beyond GREATEST_WIDTH. */
function leastPower(enough: (width: number) => boolean): number | null {
  if (!enough(GREATEST_WIDTH)) return null;
  let [low, high] = [2, GREATEST_WIDTH];
  while (high > 1.01 * low && high - low > 2) {
    const middle = even(Math.sqrt(low * high));
    if (middle <= low || middle >= high) break;
    if (enough(middle)) high = middle;
    else low = middle;
  }
  return enough(low) ? low : high;
}

/** Antisymmetric draws need an even width; so that starts compare, every width is even. */
export const even = (width: number) => Math.max(2, 2 * Math.round(width / 2));

async function eigenvalue(a: Matrix, which: "smallest" | "largest", backend: Backend): Promise<number> {
  const found = await backend.extremalEigenvalues(a, { which });
  return (found.status === "ok" ? found[which]?.value : undefined) ?? Number.NaN;
}
