import { type Backend, LinalgError, type Matrix, matrix } from "@surefoot/linalg";
import { activationOf } from "../activation/registry.ts";
import { type ForwardPass, layerInput, type Network, positionsOf, type Weights } from "./network.ts";
import { channelsLast, takePatches } from "./patches.ts";

/** Storage for a forward pass of n samples, to be used again from step to step. */
export function emptyPass(network: Network, n: number): ForwardPass {
  const rows = network.layers.map((layer) => n * positionsOf(layer));
  const hidden = network.layers.slice(0, -1);
  const values = hidden.map((layer, l) => matrix(rows[l], layer.rows));
  return {
    z: network.layers.map((layer, l) => matrix(rows[l], layer.rows)),
    values,
    h: hidden.map((layer, l) => (layer.gain === undefined && !layer.skip ? values[l] : matrix(rows[l], layer.rows))),
    patches: network.layers.map((layer, l) => (layer.patches ? matrix(rows[l], layer.cols) : undefined)),
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
  for (const [l, layer] of network.layers.entries()) {
    const taken = into.patches[l];
    if (layer.patches && taken) {
      takePatches(l === 0 ? channelsLast(x, layer.patches.pixels) : into.h[l - 1], layer.patches, taken);
    }
    const z = into.z[l];
    const input = layerInput(network, l, x, into);
    await backend.gemm(input, weights[layer.weight], { transposeB: true, alpha: layer.scale, out: z });
    if (layer.bias) addToRows(z, weights[layer.bias].data);
    if (l < network.layers.length - 1) {
      const value = into.values[l];
      await activation.apply(z.data, backend, value.data);
      if (into.h[l] !== value)
        combine(value.data, layer.gain ?? 1, layer.skip ? into.h[l - 1].data : undefined, into.h[l].data);
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

/** out ← before + gain·value. */
export function combine(value: Float64Array, gain: number, before: Float64Array | undefined, out: Float64Array): void {
  for (let k = 0; k < out.length; k++) out[k] = (before ? before[k] : 0) + gain * value[k];
}
