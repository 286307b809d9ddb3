import { type Backend, type Matrix, matrix } from "@surefoot/linalg";
import { activationOf } from "../activation/registry.ts";
import { type ForwardPass, type Network, positionsOf, type Weights } from "./network.ts";
import { foldPatches } from "./patches.ts";

/** Storage for a backward pass of n samples. */
export function emptyCotangents(network: Network, n: number): Matrix[] {
  return network.layers.map((layer) => matrix(n * positionsOf(layer), layer.rows));
}

/**
 * g_ℓ = cotangent_i·∂f(x_i)/∂z_ℓ for ℓ = 1 … L ((n·positions) × rows_ℓ each, index ℓ − 1): with cotangent 1 (the default) what the tangent
 * kernel needs, with cotangent e what the gradient of ½‖e‖² needs. q_ℓ as `pull` gives it, g_ℓ = t_ℓ σ'(z_ℓ) ∘ q_ℓ, g_L = cotangent.
 */
export async function backward(
  network: Network,
  weights: Weights,
  pass: ForwardPass,
  backend: Backend,
  cotangent?: Float64Array,
  into: Matrix[] = emptyCotangents(network, pass.outputs.length),
): Promise<Matrix[]> {
  const activation = activationOf(network.activation);
  const last = network.layers.length - 1;
  if (cotangent) into[last].data.set(cotangent);
  else into[last].data.fill(1);
  let q: Matrix | undefined;
  for (let l = last - 1; l >= 0; l--) {
    const { gain, skip } = network.layers[l];
    const g = into[l];
    // q_ℓ is needed again below a skip, and nowhere else
    q = await pull(network, weights, l, into[l + 1], q, backend, skip ? undefined : g);
    if (gain !== undefined) for (let k = 0; k < g.data.length; k++) g.data[k] = gain * q.data[k];
    activation.timesDerivative(pass.z[l].data, pass.values[l].data, gain === undefined ? q.data : g.data, g.data);
  }
  return into;
}

/**
 * q_ℓ = ∂f/∂h_ℓ for hidden layer ℓ = index + 1, from g_{ℓ+1} and (read where layer ℓ + 1 has a skip) q_{ℓ+1}:
 * q_ℓ = [q_{ℓ+1} if skip] + P_{ℓ+1}ᵀ(s_{ℓ+1} g_{ℓ+1} W_{ℓ+1}). `out` is used where it can be.
 */
export async function pull(
  network: Network,
  weights: Weights,
  index: number,
  gAbove: Matrix,
  qAbove: Matrix | undefined,
  backend: Backend,
  out?: Matrix,
): Promise<Matrix> {
  const above = network.layers[index + 1];
  const { rows } = network.layers[index];
  const w = weights[above.weight];
  const flat = out && !above.patches ? { rows: gAbove.rows, cols: above.cols, data: out.data } : undefined;
  let product = flat ?? matrix(gAbove.rows, above.cols);
  if (above.rows === 1) outerProduct(gAbove.data, w.data, above.scale, product);
  else product = await backend.gemm(gAbove, w, { alpha: above.scale, out: product });
  const q = above.patches ? foldPatches(product, above.patches) : product;
  if (above.skip && qAbove) for (let k = 0; k < q.data.length; k++) q.data[k] += qAbove.data[k];
  return q.cols === rows ? q : { rows: q.data.length / rows, cols: rows, data: q.data };
}

function outerProduct(column: Float64Array, row: Float64Array, scale: number, out: Matrix): void {
  const { cols, data } = out;
  for (let i = 0; i < column.length; i++) {
    const factor = scale * column[i];
    const offset = i * cols;
    for (let j = 0; j < cols; j++) data[offset + j] = factor * row[j];
  }
}
