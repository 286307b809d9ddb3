import { type Matrix, matrix } from "@surefoot/linalg";
import type { Problem } from "../dynamics/problem.ts";
import { backward } from "../network/backward.ts";
import { forward } from "../network/forward.ts";
import { accumulateGradient } from "../network/gradient.ts";
import type { Network, Weights } from "../network/network.ts";
import { tensorShapes } from "../network/resolve.ts";

/** All trained tensors one after another, in layer order. */
export function flatten(network: Network, weights: Weights): Float64Array {
  const out = new Float64Array(network.parameters);
  let offset = 0;
  for (const { name, trained } of tensorShapes(network)) {
    if (!trained) continue;
    out.set(weights[name].data, offset);
    offset += weights[name].data.length;
  }
  return out;
}

/** The weights with the trained tensors from θ; the others are `frozen`'s. */
export function unflatten(network: Network, theta: Float64Array, frozen: Weights): Weights {
  const out: Record<string, Matrix> = { ...frozen };
  let offset = 0;
  for (const { name, rows, cols, trained } of tensorShapes(network)) {
    if (!trained) continue;
    out[name] = { rows, cols, data: theta.slice(offset, offset + rows * cols) };
    offset += rows * cols;
  }
  return out;
}

/** f = ½‖e‖² and its gradient at θ. */
export async function lossAndGradient(
  { network, dataset, backend }: Problem,
  theta: Float64Array,
  frozen: Weights,
): Promise<{ readonly loss: number; readonly gradient: Float64Array }> {
  const weights = unflatten(network, theta, frozen);
  const pass = await forward(network, weights, dataset.x, backend);
  const residual = pass.outputs.map((u, i) => u - dataset.y[i]);
  const cotangents = await backward(network, weights, pass, backend, residual);
  const target: Record<string, Matrix> = {};
  for (const { name, rows, cols, trained } of tensorShapes(network)) if (trained) target[name] = matrix(rows, cols);
  await accumulateGradient(network, dataset.x, pass, cotangents, backend, target, { alpha: 1, beta: 0 });
  return { loss: 0.5 * residual.reduce((sum, e) => sum + e * e, 0), gradient: flatten(network, target) };
}

export function norm(v: Float64Array): number {
  let sum = 0;
  for (const value of v) sum += value * value;
  return Math.sqrt(sum);
}

/** a + factor·b. */
export function plus(a: Float64Array, factor: number, b: Float64Array): Float64Array {
  return a.map((value, k) => value + factor * b[k]);
}
