import { readFileSync } from "node:fs";
import { createReferenceBackend, type Matrix, matrix } from "@surefoot/linalg";
import { describe, expect, it } from "vitest";
import { backward } from "../src/network/backward.ts";
import { forward } from "../src/network/forward.ts";
import { gradient } from "../src/network/gradient.ts";
import { resolveNetwork } from "../src/network/resolve.ts";
import { tangentKernel } from "../src/network/tangent-kernel.ts";
import { networkSpec } from "../src/spec/network.ts";

interface Case {
  activation: string;
  widths: number[];
  scaling: string;
  n: number;
  d: number;
  outputs: number[];
  gradients: [number[], number[]][];
  kernel: number[];
}

const cases = JSON.parse(readFileSync(new URL("golden/network-jax.json", import.meta.url), "utf8")) as Case[];
const backend = createReferenceBackend();

/** The closed expression of the script. */
function tensor(rows: number, cols: number, salt: number, factor = 1): Matrix {
  const out = matrix(rows, cols);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < cols; j++)
      out.data[i * cols + j] = factor * (Math.sin(1 + 0.7 * i + 1.3 * j + 2.1 * salt) * 1.5);
  }
  return out;
}

/** Relative to the largest entry: golden values to 1e-10 are asked for, two independent float64 programs reach about 1e-13. */
function expectClose(found: ArrayLike<number>, golden: readonly number[]): void {
  const scale = Math.max(...golden.map(Math.abs));
  for (const [k, value] of golden.entries()) expect(Math.abs(found[k] - value)).toBeLessThanOrEqual(1e-12 * scale);
}

describe("outputs, gradients and tangent kernels agree with JAX", () => {
  it.each(cases)("$activation, widths $widths, $scaling", async ({ activation, widths, scaling, n, d, ...golden }) => {
    const slopes: Record<string, number> = { "leaky-relu": 0.1, "smooth-leaky-relu": 0.3 };
    const spec = activation in slopes ? { kind: activation, slope: slopes[activation] } : activation;
    const network = resolveNetwork(
      networkSpec.parse({ kind: "fully-connected", widths, activation: spec, scaling, biases: true }),
      d,
    );
    const x = tensor(n, d, 9);
    const weights: Record<string, Matrix> = {};
    for (const [l, layer] of network.layers.entries()) {
      weights[layer.weight] = tensor(layer.rows, layer.cols, l);
      weights[`b${l + 1}`] = tensor(layer.rows, 1, l + 5, 0.2);
    }
    const pass = await forward(network, weights, x, backend);
    expectClose(pass.outputs, golden.outputs);
    const cotangent = Float64Array.from({ length: n }, (_, i) => Math.cos(i + 0.5));
    const grad = await gradient(network, x, pass, await backward(network, weights, pass, backend, cotangent), backend);
    for (const [l, [weight, bias]] of golden.gradients.entries()) {
      expectClose(grad[`W${l + 1}`].data, weight);
      expectClose(grad[`b${l + 1}`].data, bias);
    }
    const kernel = await tangentKernel(network, x, pass, await backward(network, weights, pass, backend), backend);
    expectClose(kernel.data, golden.kernel);
  });
});
