import { createWasmBackend } from "@surefoot/linalg";
import { expect, it } from "vitest";
import { generate } from "../../src/data/index.ts";
import { empiricalKernel, kernelMatrix, limitKernel, networkFeatures } from "../../src/kernel/index.ts";
import { initialise } from "../../src/network/initialise.ts";
import { resolveNetwork } from "../../src/network/resolve.ts";
import { type InitialiserSpec, initialiserSpec } from "../../src/spec/initialiser.ts";
import { type NetworkInput, networkSpec } from "../../src/spec/network.ts";

const backend = await createWasmBackend();
const { x } = generate({ kind: "sphere", n: 6, d: 5, seed: 3 });

/** ‖K(0) − limit‖_F over ‖limit‖_F at this width. */
async function distance(input: NetworkInput, init: InitialiserSpec): Promise<number> {
  const spec = networkSpec.parse(input);
  const network = resolveNetwork(spec, x.cols);
  const weights = await initialise(network, init, 1, backend);
  const k = await kernelMatrix(empiricalKernel(await networkFeatures(network, weights, x, backend), backend));
  const limit = await limitKernel(spec, init, x, backend);
  if (!limit) throw new Error("no limit");
  const norm = (values: Float64Array) => Math.sqrt(values.reduce((sum, v) => sum + v * v, 0));
  return norm(k.data.map((value, i) => value - limit.data[i])) / norm(limit.data);
}

const deep = (width: number, depth: number, frozen: string[] = []): NetworkInput => ({
  kind: "fully-connected",
  widths: Array(depth).fill(width),
  activation: "tanh",
  frozen,
});
const gaussian = initialiserSpec.parse({ kind: "gaussian" });
const antisymmetric = initialiserSpec.parse({ kind: "antisymmetric" });

it.each<[string, (width: number) => NetworkInput, InitialiserSpec]>([
  ["one hidden layer", (m) => deep(m, 1), gaussian],
  ["three hidden layers", (m) => deep(m, 3), gaussian],
  ["three hidden layers with twins: only the last two add", (m) => deep(m, 3), antisymmetric],
  ["the last hidden layer alone", (m) => deep(m, 2, ["W1", "W3"]), gaussian],
  ["the output layer alone", (m) => deep(m, 2, ["W1", "W2"]), gaussian],
  ["residual", (m) => ({ kind: "residual", depth: 3, width: m, activation: "softplus" }), gaussian],
  ["two-layer ReLU", (m) => ({ kind: "two-layer-relu", width: 8 * m }), antisymmetric],
  ["two-layer ReLU, rows of any length", (m) => ({ kind: "two-layer-relu", width: 8 * m }), { kind: "he" }],
])("K(0) comes closer to the limit as the width grows: %s", async (_, network, init) => {
  const [narrow, wide] = [await distance(network(32), init), await distance(network(1024), init)];
  expect(wide).toBeLessThan(0.1);
  expect(wide).toBeLessThan(0.6 * narrow);
});

it("is null where no limit is known", async () => {
  const of = (input: NetworkInput, init: InitialiserSpec) => limitKernel(networkSpec.parse(input), init, x, backend);
  const tanh = { kind: "fully-connected", widths: [4, 4], activation: "tanh" } as const;
  expect(await of({ ...tanh, scaling: "standard" }, gaussian)).toBeNull();
  expect(await of({ ...tanh, biases: true }, gaussian)).toBeNull();
  expect(await of({ ...tanh, frozen: ["W1"] }, gaussian)).not.toBeNull();
  expect(await of({ ...tanh, frozen: ["W2"] }, gaussian)).toBeNull();
  expect(await of({ ...tanh, frozen: ["W2", "W3"] }, antisymmetric)).toBeNull();
  expect(await of(tanh, { kind: "lecun" })).toBeNull();
  expect(await of(tanh, { kind: "gaussian", output: "uniform" })).toBeNull();
  expect(await of({ kind: "two-layer-relu", width: 4 }, { kind: "lecun" })).toBeNull();
  expect(await of({ kind: "residual", depth: 2, width: 4, activation: "tanh" }, antisymmetric)).toBeNull();
});
