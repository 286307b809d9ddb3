/** A step of gradient descent on ½‖e‖² in floating point with a proved distance from the exact step: docs/proof.md, section 9. */
import { type Backend, type Matrix, matrix } from "@surefoot/linalg";
import type { Dataset } from "../data/dataset.ts";
import type { Interval } from "../interval/arithmetic.ts";
import { addUp, divUp, mulUp, powerOfTwo, sqrtUp, subUp } from "../interval/directed.ts";
import { frobenius, gamma, LEAST_POSITIVE, norm, productError, UNIT_ROUNDOFF } from "../interval/error-bounds.ts";
import { type Layer, type Network, positionsOf, type Weights } from "../network/network.ts";
import {
  ballNorm,
  ballOfColumn,
  exactRows,
  provedBackward,
  provedForward,
  type RowBall,
  residualRows,
  type WeightNorms,
} from "./proved-pass.ts";

/** What `provedStep` found; all bounds from above unless said otherwise. */
export interface ProvedStep {
  /** θ̂_{k+1}. */
  readonly weights: Weights;
  /** ≥ ‖θ̂_{k+1} − (θ̂_k − η∇L(θ̂_k))‖ over all trained parameters. */
  readonly error: number;
  /** ‖e(θ̂_k)‖, from both sides. */
  readonly residualNorm: Interval;
  /** ≥ ‖θ̂_{k+1} − θ̂_k‖. */
  readonly length: number;
}

/**
 * θ̂_{k+1} = fl(θ̂_k − η∇L(θ̂_k)) with `norms` ≥ those of θ̂_k. Undefined where the derivative of the activation is not Lipschitz or a number
 * has left the range of doubles.
 */
export async function provedStep(
  network: Network,
  weights: Weights,
  norms: readonly WeightNorms[],
  { x, y }: Pick<Dataset, "x" | "y">,
  stepSize: Interval,
  slope: number,
  backend: Backend,
): Promise<ProvedStep | undefined> {
  const pass = await provedForward(network, weights, norms, x, backend, "precise");
  if (!pass) return undefined;
  const residual = residualRows(pass.z[pass.z.length - 1], y);
  const back = await provedBackward(network, weights, norms, pass, backend, "precise");
  return descend({ network, weights, inputs: pass.inputs, cotangents: back.g, residual, slope }, stepSize, backend);
}

/** Where a gradient is taken; inputs and cotangents (g_ℓ = ∂f/∂z_ℓ) by layer, those of trained layers. */
export interface Slope {
  readonly network: Network;
  readonly weights: Weights;
  readonly inputs: readonly RowBall[];
  readonly cotangents: readonly RowBall[];
  readonly residual: RowBall;
  /** ≥ ‖J‖ there. */
  readonly slope: number;
}

/** The step from there; undefined where a number has left the range of doubles. */
export async function descend(at: Slope, stepSize: Interval, backend: Backend): Promise<ProvedStep | undefined> {
  const { network, weights, inputs, cotangents, residual, slope } = at;
  const next: Record<string, Matrix> = { ...weights };
  const errors: number[] = [];
  const lengths: number[] = [];
  const take = (name: string, { gradient, error }: Gradient, scale: number) => {
    const moved = descended(weights[name], gradient, error, scale, stepSize);
    next[name] = moved.weights;
    errors.push(moved.error);
    lengths.push(moved.length);
  };
  for (const [l, layer] of network.layers.entries()) {
    if (!layer.trainsWeight && !layer.trainsBias) continue;
    const own = weighted(cotangents[l], residual, positionsOf(layer));
    if (layer.trainsWeight) take(layer.weight, await weightGradient(own, inputs[l], backend), layer.scale);
    if (layer.trainsBias && layer.bias) take(layer.bias, biasGradient(own, layer), 1);
  }
  // Jᵀ(ê − e), with the exact J
  const carried = mulUp(stepSize.upper, mulUp(slope, norm(residual.errors).upper));
  const error = addUp(norm(Float64Array.from(errors)).upper, carried);
  const length = norm(Float64Array.from(lengths)).upper;
  const fits = Number.isFinite(error) && Number.isFinite(length);
  return fits ? { weights: next, error, length, residualNorm: ballNorm(ballOfColumn(residual)) } : undefined;
}

/** ê_i·g_il: |ê|·(error of g), u times the size from the product, underflow. */
function weighted(g: RowBall, residual: RowBall, positions: number): RowBall {
  const { rows, cols } = g.mid;
  const mid = matrix(rows, cols);
  for (let k = 0; k < rows; k++) {
    const e = residual.mid.data[Math.floor(k / positions)];
    for (let j = k * cols; j < (k + 1) * cols; j++) mid.data[j] = e * g.mid.data[j];
  }
  const norms = exactRows(mid).norms;
  const underflow = mulUp(cols, LEAST_POSITIVE);
  const errors = norms.map((size, k) => {
    const carried = mulUp(residual.norms[Math.floor(k / positions)], g.errors[k]);
    return addUp(carried, addUp(mulUp(UNIT_ROUNDOFF, size), underflow));
  });
  return { mid, norms, errors };
}

interface Gradient {
  /** Without the layer's scale. */
  readonly gradient: Matrix;
  /** ≥ ‖gradient − exact‖_F. */
  readonly error: number;
}

/** Σ over rows of a·pᵀ: the error of the product, and for each row δa(‖p‖ + δp) + ‖a‖δp. */
async function weightGradient(a: RowBall, p: RowBall, backend: Backend): Promise<Gradient> {
  const gradient = await backend.gemm(a.mid, p.mid, { transposeA: true });
  const { rows, cols } = gradient;
  let error = productError(a.mid.rows, frobenius(a.mid).upper, frobenius(p.mid).upper, rows, cols);
  for (let k = 0; k < a.mid.rows; k++) {
    const carried = addUp(mulUp(a.errors[k], addUp(p.norms[k], p.errors[k])), mulUp(a.norms[k], p.errors[k]));
    error = addUp(error, carried);
  }
  return { gradient, error };
}

/** Column sums, k terms each: γ_k√k‖A‖_F ≥ γ_k‖Σ|a|‖. */
function biasGradient(a: RowBall, layer: Layer): Gradient {
  const { rows, cols } = a.mid;
  const gradient = matrix(layer.rows, 1);
  for (let k = 0; k < rows; k++) for (let j = 0; j < cols; j++) gradient.data[j] += a.mid.data[k * cols + j];
  let error = mulUp(gamma(rows), mulUp(sqrtUp(rows), frobenius(a.mid).upper));
  for (const e of a.errors) error = addUp(error, e);
  return { gradient, error };
}

/** Below it a step size times a scale is as good as none. */
const LEAST_FACTOR = powerOfTwo(-900);

interface Descended {
  readonly weights: Matrix;
  readonly error: number;
  readonly length: number;
}

/**
 * fl(w − fl(fl(ηs)·G)) for each entry, η its lower end. Three roundings: γ₄ of the step that was taken pays for two of them, u of the result for the
 * third; the width of η and the error of G times ηs.
 */
function descended(w: Matrix, g: Matrix, gradientError: number, scale: number, stepSize: Interval): Descended {
  const factor = stepSize.lower * scale;
  const out = matrix(w.rows, w.cols);
  const taken = new Float64Array(w.data.length);
  for (let k = 0; k < taken.length; k++) {
    const step = factor * g.data[k];
    out.data[k] = w.data[k] - step;
    taken[k] = step;
  }
  const size = norm(taken).upper;
  const underflow = mulUp(mulUp(2, sqrtUp(taken.length)), LEAST_POSITIVE);
  const result = mulUp(UNIT_ROUNDOFF, frobenius(out).upper);
  const spread = divUp(subUp(stepSize.upper, stepSize.lower), stepSize.lower);
  const own = mulUp(addUp(gamma(4), mulUp(2, spread)), size);
  const carried = mulUp(mulUp(stepSize.upper, scale), gradientError);
  // ηs may underflow, and then the bounds above are none
  const lost = factor >= LEAST_FACTOR ? underflow : Number.POSITIVE_INFINITY;
  const error = addUp(addUp(result, own), addUp(carried, lost));
  return { weights: out, error, length: addUp(size, addUp(result, underflow)) };
}
