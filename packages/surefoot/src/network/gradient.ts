import { type Backend, type Matrix, matrix } from "@surefoot/linalg";
import { type ForwardPass, layerInput, type Network, type Weights } from "./network.ts";

/**
 * target ← β·target + α·∇L for every trained tensor, L = ½‖e‖²; `cotangents` is `backward(…, e)`:
 * ∂L/∂W_ℓ = s_ℓ g_ℓᵀ P_ℓh_{ℓ−1}, ∂L/∂b_ℓ = Σ_i g_ℓ,i. With target = weights, α = −η, β = 1 this is the step of gradient descent, in place.
 */
export async function accumulateGradient(
  network: Network,
  x: Matrix,
  pass: ForwardPass,
  cotangents: readonly Matrix[],
  backend: Backend,
  target: Weights,
  { alpha, beta }: { readonly alpha: number; readonly beta: number },
): Promise<void> {
  for (const [i, layer] of network.layers.entries()) {
    if (layer.trainsWeight) {
      const options = { transposeA: true, alpha: alpha * layer.scale, beta, out: target[layer.weight] };
      await backend.gemm(cotangents[i], layerInput(network, i, x, pass), options);
    }
    if (layer.trainsBias && layer.bias) addColumnSums(cotangents[i], alpha, beta, target[layer.bias].data);
  }
}

/** ∇L of L = ½‖e‖² with respect to the trained tensors, by name. */
export async function gradient(
  network: Network,
  x: Matrix,
  pass: ForwardPass,
  cotangents: readonly Matrix[],
  backend: Backend,
): Promise<Weights> {
  const target: Record<string, Matrix> = {};
  for (const layer of network.layers) {
    if (layer.trainsWeight) target[layer.weight] = matrix(layer.rows, layer.cols);
    if (layer.trainsBias && layer.bias) target[layer.bias] = matrix(layer.rows, 1);
  }
  await accumulateGradient(network, x, pass, cotangents, backend, target, { alpha: 1, beta: 0 });
  return target;
}

function addColumnSums(g: Matrix, alpha: number, beta: number, out: Float64Array): void {
  const sums = new Float64Array(g.cols);
  for (let i = 0; i < g.rows; i++) for (let j = 0; j < g.cols; j++) sums[j] += g.data[i * g.cols + j];
  for (let j = 0; j < g.cols; j++) out[j] = (beta === 0 ? 0 : beta * out[j]) + alpha * sums[j];
}
