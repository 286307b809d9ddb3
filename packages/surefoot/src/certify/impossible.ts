import { type Matrix, row } from "@surefoot/linalg";
import type { Activation } from "../activation/activation.ts";
import { activationOf } from "../activation/registry.ts";
import type { Dataset } from "../data/dataset.ts";
import { isFeedforward, type Network, type Weights } from "../network/network.ts";
import { firstEqualRow } from "./equal-rows.ts";
import { equalProducts, toUnits } from "./exact.ts";
import { short } from "./format.ts";

/** A proof that no choice of the trained weights has zero loss. */
export interface Impossibility {
  readonly kind: "equal inputs" | "parallel inputs" | "zero input" | "bounded output";
  /** 0-based rows of the dataset that contradict the network: one or two. */
  readonly rows: readonly number[];
  readonly reason: string;
}

/**
 * The four proved cases (docs/certificates.md, theory/05), every comparison exact on the doubles:
 * (i) equal inputs with different labels; (ii) no biases, σ positively homogeneous, x_j = c·x_i with c > 0 and y_j ≠ c·y_i;
 * (iii) no biases, σ(0) = 0, x_i = 0, y_i ≠ 0; (iv) bounded σ, frozen output layer, |y_i − b| > s_L‖a‖₁ sup|σ|.
 * undefined says nothing: the loss may or may not reach zero.
 */
export function impossibility(network: Network, weights: Weights, dataset: Dataset): Impossibility | undefined {
  const activation = activationOf(network.activation);
  const biasFree = network.layers.every((layer) => layer.bias === undefined);
  return (
    equalInputs(dataset) ??
    (biasFree && activation.homogeneous ? parallelInputs(dataset) : undefined) ??
    (biasFree && activation.value(0) === 0 ? zeroInput(dataset) : undefined) ??
    outOfReach(network, activation, weights, dataset)
  );
}

function name(dataset: Dataset, i: number): string {
  const source = dataset.provenance.sourceRows[i];
  return source === undefined || source === i ? `row ${i}` : `row ${i} (row ${source} of ${dataset.provenance.source})`;
}

function equalInputs(dataset: Dataset): Impossibility | undefined {
  const { x, y } = dataset;
  const first = firstEqualRow(x);
  const j = first.findIndex((i, k) => y[i] !== y[k]);
  if (j < 0) return undefined;
  const i = first[j];
  return {
    kind: "equal inputs",
    rows: [i, j],
    reason: `${name(dataset, i)} and ${name(dataset, j)} are equal inputs with the labels ${y[i]} and ${y[j]}`,
  };
}

/**
 * Rows on one ray have the same key up to rounding, so only rows with neighbouring keys are compared; of rows that agree
 * ("(x_j, y_j) is a multiple of (x_i, y_i)", an equivalence) one is kept.
 */
function parallelInputs(dataset: Dataset): Impossibility | undefined {
  const { x, y } = dataset;
  const keys = rayKeys(x);
  const order = Array.from({ length: x.rows }, (_, i) => i)
    .filter((i) => Number.isFinite(keys[i]))
    .sort((i, j) => keys[i] - keys[j] || i - j);
  // |key| ≤ 1, made of `cols` products, their sums and one quotient
  const tolerance = (2 * x.cols + 16) * Number.EPSILON;
  let kept: number[] = [];
  for (const j of order) {
    kept = kept.filter((i) => keys[j] - keys[i] <= tolerance);
    const i = kept.find((k) => onOneRay(row(x, k), row(x, j)) !== undefined);
    if (i === undefined) {
      kept.push(j);
      continue;
    }
    const pivot = row(x, i).findIndex((value) => value !== 0);
    const [xi, xj] = [x.data[i * x.cols + pivot], x.data[j * x.cols + pivot]];
    if (equalProducts(y[j], xi, y[i], xj)) continue;
    return {
      kind: "parallel inputs",
      rows: i < j ? [i, j] : [j, i],
      reason:
        `${name(dataset, j)} is exactly c = ${short(xj / xi)} times ${name(dataset, i)}, so a network without biases and with this ` +
        `activation gives it c times the output; the labels are ${y[j]} and ${y[i]}`,
    };
  }
  return undefined;
}

/** A coordinate p with x_j = c·x_i, c = x_jp/x_ip > 0 exactly; undefined for rows that are not on one ray (or 0). */
function onOneRay(xi: Float64Array, xj: Float64Array): number | undefined {
  const pivot = xi.findIndex((value) => value !== 0);
  if (pivot < 0 || xj[pivot] === 0 || xi[pivot] > 0 !== xj[pivot] > 0) return undefined;
  for (let k = 0; k < xi.length; k++) if (!equalProducts(xj[k], xi[pivot], xi[k], xj[pivot])) return undefined;
  return pivot;
}

/** v·x/‖x‖ for a fixed v of norm 1 with irrational-looking entries; ∞ for a zero row (which has no ray). */
function rayKeys(x: Matrix): Float64Array {
  const v = Float64Array.from({ length: x.cols }, (_, k) => (((k + 1) * 0.6180339887498949) % 1) - 0.5);
  const length = Math.sqrt(v.reduce((sum, value) => sum + value * value, 0));
  return Float64Array.from({ length: x.rows }, (_, i) => {
    const xi = row(x, i);
    const largest = xi.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
    if (largest === 0) return Number.POSITIVE_INFINITY;
    let squares = 0;
    let along = 0;
    for (let k = 0; k < xi.length; k++) {
      const t = xi[k] / largest;
      squares += t * t;
      along += v[k] * t;
    }
    return along / (Math.sqrt(squares) * length);
  });
}

function zeroRows(x: Matrix): number[] {
  return Array.from({ length: x.rows }, (_, i) => i).filter((i) => row(x, i).every((value) => value === 0));
}

function zeroInput(dataset: Dataset): Impossibility | undefined {
  const i = zeroRows(dataset.x).find((k) => dataset.y[k] !== 0);
  if (i === undefined) return undefined;
  const reason = `${name(dataset, i)} is the zero input, where a network without biases outputs 0; its label is ${dataset.y[i]}`;
  return { kind: "zero input", rows: [i], reason };
}

/** Case (iv), in units of 2⁻¹⁰⁷⁴ to the third power where floating point cannot tell. */
function outOfReach(
  network: Network,
  activation: Activation,
  weights: Weights,
  dataset: Dataset,
): Impossibility | undefined {
  const output = network.layers[network.layers.length - 1];
  if (!isFeedforward(network) || !Number.isFinite(activation.valueBound) || output.trainsWeight || output.trainsBias)
    return undefined;
  const bias = output.bias ? weights[output.bias].data[0] : 0;
  const a = weights[output.weight].data;
  const reach = a.reduce((sum, value) => sum + Math.abs(value), 0) * output.scale * activation.valueBound;
  let exactReach: bigint | undefined;
  for (let i = 0; i < dataset.y.length; i++) {
    const distance = Math.abs(dataset.y[i] - bias);
    if (distance < reach * (1 - 1e-9)) continue;
    exactReach ??= a.reduce((sum, value) => sum + toUnits(Math.abs(value)), 0n) * toUnits(output.scale);
    const gap = toUnits(dataset.y[i]) - toUnits(bias);
    const scaledGap = (gap < 0n ? -gap : gap) << 2148n; // × 2¹⁰⁷⁴ twice: the units of a·s·sup
    if (scaledGap <= exactReach * toUnits(activation.valueBound)) continue;
    const reason =
      `the output layer is frozen and the activation stays below ${short(activation.valueBound)}, so no output is more than ${short(reach)} away ` +
      `from ${short(bias)}; the label of ${name(dataset, i)} is ${dataset.y[i]}`;
    return { kind: "bounded output", rows: [i], reason };
  }
  return undefined;
}
