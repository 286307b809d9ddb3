import { type Backend, type Matrix, matrix } from "@surefoot/linalg";
import { activationOf } from "../activation/registry.ts";
import type { ForwardPass, Network, Weights } from "./network.ts";

/** Storage for a backward pass of n samples. */
export function emptyCotangents(network: Network, n: number): Matrix[] {
  return network.layers.map((layer) => matrix(n, layer.rows));
}

/**
 * g_ℓ = cotangent_i·∂f(x_i)/∂z_ℓ for ℓ = 1 … L (n × rows_ℓ each, index ℓ − 1): with cotangent 1 (the default) what the tangent
 * kernel needs, with cotangent e what the gradient of ½‖e‖² needs. q_ℓ = s_{ℓ+1} W_{ℓ+1}ᵀ g_{ℓ+1}, g_ℓ = σ'(z_ℓ) ∘ q_ℓ, g_L = cotangent.
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
  for (let i = last - 1; i >= 0; i--) {
    const above = network.layers[i + 1];
    const g = into[i];
    if (above.rows === 1) outerProduct(into[i + 1].data, weights[above.weight].data, above.scale, g);
    else await backend.gemm(into[i + 1], weights[above.weight], { alpha: above.scale, out: g });
    activation.timesDerivative(pass.z[i].data, pass.h[i].data, g.data, g.data);
  }
  return into;
}

function outerProduct(column: Float64Array, row: Float64Array, scale: number, out: Matrix): void {
  const { cols, data } = out;
  for (let i = 0; i < column.length; i++) {
    const factor = scale * column[i];
    const offset = i * cols;
    for (let j = 0; j < cols; j++) data[offset + j] = factor * row[j];
  }
}
