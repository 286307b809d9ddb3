import type { Matrix } from "@surefoot/linalg";
import { SurefootError } from "../error.ts";
import type { NetworkSpec } from "../spec/network.ts";
import { architectureOf } from "./architectures.ts";
import type { Network, Weights } from "./network.ts";

/** The layers, scales and trained tensors of a spec for inputs of dimension `inputs`. */
export function resolveNetwork(spec: NetworkSpec, inputs: number): Network {
  const architecture = architectureOf(spec);
  const layers = architecture.layers(spec, inputs);
  const parameters = layers.reduce(
    (sum, layer) => sum + (layer.trainsWeight ? layer.rows * layer.cols : 0) + (layer.trainsBias ? layer.rows : 0),
    0,
  );
  if (parameters === 0)
    throw new SurefootError("spec", "network: every tensor is frozen, so there is nothing to train");
  return { spec, inputs, activation: architecture.activation(spec), layers, parameters };
}

/** Names and shapes of every tensor, in layer order. */
export function tensorShapes(network: Network): { name: string; rows: number; cols: number; trained: boolean }[] {
  return network.layers.flatMap((layer) => [
    { name: layer.weight, rows: layer.rows, cols: layer.cols, trained: layer.trainsWeight },
    ...(layer.bias ? [{ name: layer.bias, rows: layer.rows, cols: 1, trained: layer.trainsBias }] : []),
  ]);
}

/**
 * Checks that `tensors` are exactly the network's, with its shapes and finite entries. A vector of the right length passes for a
 * matrix with one row or column. Throws `weights` naming the tensor.
 */
export function fitWeights(network: Network, tensors: Weights, source = "weights"): Weights {
  const shapes = tensorShapes(network);
  const unknown = Object.keys(tensors).filter((name) => !shapes.some((shape) => shape.name === name));
  const wanted = shapes.map(({ name, rows, cols }) => `${name} (${rows} × ${cols})`).join(", ");
  if (unknown.length > 0) {
    throw new SurefootError("weights", `${source}: unknown tensor ${unknown.join(", ")}; this network has ${wanted}`);
  }
  return Object.fromEntries(
    shapes.map(({ name, rows, cols }) => {
      const tensor = tensors[name];
      if (!tensor)
        throw new SurefootError("weights", `${source}: tensor ${name} is missing; this network has ${wanted}`);
      const vector = (rows === 1 || cols === 1) && (tensor.rows === 1 || tensor.cols === 1);
      const fits = vector ? tensor.data.length === rows * cols : tensor.rows === rows && tensor.cols === cols;
      if (!fits) {
        throw new SurefootError(
          "weights",
          `${source}: ${name} is ${tensor.rows} × ${tensor.cols}, expected ${rows} × ${cols}`,
        );
      }
      const bad = tensor.data.findIndex((value) => !Number.isFinite(value));
      if (bad >= 0) {
        const where = `row ${Math.floor(bad / cols)}, column ${bad % cols}`;
        throw new SurefootError(
          "weights",
          `${source}: ${name} is ${tensor.data[bad]} at ${where}; weights must be finite`,
        );
      }
      return [name, { rows, cols, data: tensor.data } satisfies Matrix];
    }),
  );
}
