import { type Backend, LinalgError, type Matrix, matrix } from "@surefoot/linalg";
import { activationOf } from "../activation/registry.ts";
import type { ForwardPass, Network, Weights } from "./network.ts";

/** Storage for a forward pass of n samples, to be used again from step to step. */
export function emptyPass(network: Network, n: number): ForwardPass {
  const hidden = network.layers.slice(0, -1);
  return {
    z: network.layers.map((layer) => matrix(n, layer.rows)),
    h: hidden.map((layer) => matrix(n, layer.rows)),
    outputs: new Float64Array(n),
  };
}

/** z_ℓ, h_ℓ and the outputs u for the rows of x (n × d). `into` is overwritten and returned when given. */
export async function forward(
  network: Network,
  weights: Weights,
  x: Matrix,
  backend: Backend,
  into: ForwardPass = emptyPass(network, x.rows),
): Promise<ForwardPass> {
  if (x.cols !== network.inputs) {
    throw new LinalgError("shape", `inputs have ${x.cols} columns, the network takes ${network.inputs}`);
  }
  const activation = activationOf(network.activation);
  let input = x;
  for (const [i, layer] of network.layers.entries()) {
    const z = into.z[i];
    await backend.gemm(input, weights[layer.weight], { transposeB: true, alpha: layer.scale, out: z });
    if (layer.bias) addToRows(z, weights[layer.bias].data);
    if (i < network.layers.length - 1) {
      await activation.apply(z.data, backend, into.h[i].data);
      input = into.h[i];
    }
  }
  into.outputs.set(into.z[network.layers.length - 1].data);
  return into;
}

function addToRows(z: Matrix, bias: Float64Array): void {
  for (let i = 0; i < z.rows; i++) {
    for (let j = 0; j < z.cols; j++) z.data[i * z.cols + j] += bias[j];
  }
}
