import { type Backend, type Matrix, matrix } from "@surefoot/linalg";
import { type ForwardPass, layerInput, type Network, positionsOf, type Weights } from "./network.ts";
import { signPattern } from "./sign-pattern.ts";
import { addTensor } from "./tangent-tensors.ts";

/**
 * The empirical tangent kernel K = J Jᵀ (n × n) over the trained tensors, as a sum of Hadamard products (theory/02):
 * W_ℓ gives s_ℓ² (H_{ℓ−1}H_{ℓ−1}ᵀ) ∘ (G_ℓG_ℓᵀ), b_ℓ gives G_ℓG_ℓᵀ; never an n × p Jacobian.
 * In a layer with patches the products are of all pairs of positions, and summed. `cotangents` is `backward` with cotangent 1. `gram` is x·xᵀ if the caller has it. Cost n²·Σ(widths) multiply-adds.
 */
export async function tangentKernel(
  network: Network,
  x: Matrix,
  pass: Pick<ForwardPass, "h" | "patches">,
  cotangents: readonly Matrix[],
  backend: Backend,
  gram?: Matrix,
): Promise<Matrix> {
  const n = x.rows;
  const kernel = matrix(n, n);
  for (const [i, layer] of network.layers.entries()) {
    if (!layer.trainsWeight && !layer.trainsBias) continue;
    const positions = positionsOf(layer);
    if (positions > 1) {
      const features = { name: layer.weight, positions, h: layerInput(network, i, x, pass), g: cotangents[i] };
      await addTensor(features, features, { i0: 0, i1: n, j0: 0, j1: n }, kernel, backend, layer.scale * layer.scale);
      continue;
    }
    const g = i === network.layers.length - 1 ? undefined : await backend.syrk(cotangents[i]);
    if (layer.trainsWeight) {
      const input = layerInput(network, i, x, pass);
      const h = input === x && gram ? gram : await backend.syrk(input);
      addHadamard(kernel.data, h.data, g?.data, layer.scale * layer.scale);
    }
    if (layer.trainsBias) addHadamard(kernel.data, undefined, g?.data, 1);
  }
  return kernel;
}

/** k += factor·(h ∘ g), an absent factor matrix standing for all ones. */
function addHadamard(k: Float64Array, h: Float64Array | undefined, g: Float64Array | undefined, factor: number): void {
  for (let i = 0; i < k.length; i++) k[i] += factor * ((h ? h[i] : 1) * (g ? g[i] : 1));
}

/**
 * The same kernel for the two-layer ReLU network from its sign patterns (theory/01): H_ij = G_ij·(Σ_r a_r² s_ri s_rj)/m. With |a_r| = 1
 * the sum is an exact count, so each entry carries the rounding of G_ij and of two operations only.
 */
export async function reluKernelByCounts(
  network: Network,
  weights: Weights,
  x: Matrix,
  pass: ForwardPass,
  backend: Backend,
  gram?: Matrix,
): Promise<Matrix> {
  const a = weights[network.layers[1].weight].data;
  const g = gram ?? (await backend.syrk(x));
  const unit = a.every((value) => Math.abs(value) === 1);
  const squares = unit ? undefined : a.map((value) => value * value);
  const counts = await backend.maskCounts(signPattern(pass.z[0]), squares ? { weights: squares } : {});
  const kernel = matrix(x.rows, x.rows);
  for (let k = 0; k < kernel.data.length; k++) kernel.data[k] = (g.data[k] * counts.data[k]) / a.length;
  return kernel;
}
