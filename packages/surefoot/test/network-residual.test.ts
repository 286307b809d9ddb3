import { readFileSync } from "node:fs";
import { createReferenceBackend, type Matrix, matrix } from "@surefoot/linalg";
import { describe, expect, it } from "vitest";
import { empiricalKernel, kernelMatrix, networkFeatures } from "../src/kernel/index.ts";
import { backward } from "../src/network/backward.ts";
import { forward } from "../src/network/forward.ts";
import { gradient } from "../src/network/gradient.ts";
import { initialise } from "../src/network/initialise.ts";
import type { Network, Weights } from "../src/network/network.ts";
import { resolveNetwork, tensorShapes } from "../src/network/resolve.ts";
import { tangentKernel } from "../src/network/tangent-kernel.ts";
import { initialiserSpec } from "../src/spec/initialiser.ts";
import { type NetworkInput, networkSpec } from "../src/spec/network.ts";
import { networkFromText } from "../src/spec/shorthand.ts";

const backend = createReferenceBackend();

/** As in make-residual-jax.py. */
function tensor(rows: number, cols: number, salt: number): Matrix {
  const out = matrix(rows, cols);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < cols; j++) out.data[i * cols + j] = Math.sin(1 + 0.7 * i + 1.3 * j + 2.1 * salt) * 1.5;
  }
  return out;
}

interface GoldenCase {
  activation: string;
  depth: number;
  inputs: number;
  pixels: number;
  filter: number;
  cRes: number;
  n: number;
  m: number;
  outputs: number[];
  /** By tensor W1 … WH, a. */
  kernels: number[][][];
  /** Of c·u, c_i = cos(1 + 2i), by tensor. */
  gradients: number[][];
}

const golden: GoldenCase[] = JSON.parse(readFileSync(new URL("golden/residual-jax.json", import.meta.url), "utf8"));

/** A case with one pixel is a plain residual network too: both spellings must agree with JAX. */
const cases = golden.flatMap((g) =>
  (g.pixels === 1 && g.filter === 1 ? ["residual", "convolutional-residual"] : ["convolutional-residual"]).map(
    (kind) => [`${kind}, ${g.activation}, depth ${g.depth}, ${g.pixels} pixels, filter ${g.filter}`, kind, g] as const,
  ),
);

function setUp(kind: string, { activation, depth, inputs, pixels, filter, cRes, n, m }: GoldenCase, frozen = [""]) {
  const convolution = kind === "residual" ? {} : { pixels, filter };
  const names = frozen.filter((name) => name !== "");
  const spec = networkSpec.parse({ kind, activation, depth, width: m, cRes, frozen: names, ...convolution });
  const network = resolveNetwork(spec, inputs);
  const hidden = Array.from({ length: depth }, (_, h) => tensor(m, filter * (h === 0 ? inputs / pixels : m), h + 1));
  // the readout is pixels × m in JAX, one row here
  const a = { ...tensor(pixels, m, depth + 1), rows: 1, cols: pixels * m };
  const weights: Weights = Object.fromEntries([...hidden, a].map((w, l) => [`W${l + 1}`, w]));
  return { network, weights, x: tensor(n, inputs, 7) };
}

/** Sums of some hundred products: 1e-13 of the largest. */
function expectClose(found: Float64Array, expected: readonly number[]) {
  const scale = Math.max(...expected.map(Math.abs));
  expect(found).toHaveLength(expected.length);
  found.forEach((value, k) => {
    expect(Math.abs(value - expected[k])).toBeLessThanOrEqual(1e-13 * scale);
  });
}

describe("residual networks agree with JAX", () => {
  it.each(cases)("in outputs and gradients, tensor by tensor: %s", async (_, kind, g) => {
    const { network, weights, x } = setUp(kind, g);
    const pass = await forward(network, weights, x, backend);
    expectClose(pass.outputs, g.outputs);
    const c = Float64Array.from({ length: g.n }, (_c, i) => Math.cos(1 + 2 * i));
    const found = await gradient(network, x, pass, await backward(network, weights, pass, backend, c), backend);
    expect(Object.keys(found)).toHaveLength(g.gradients.length);
    g.gradients.forEach((expected, t) => {
      expectClose(found[`W${t + 1}`].data, expected);
    });
  });

  it.each(cases)("in the tangent kernel, whole and tensor by tensor: %s", async (_, kind, g) => {
    const { network, weights, x } = setUp(kind, g);
    const features = await networkFeatures(network, weights, x, backend);
    for (const [t, expected] of g.kernels.entries()) {
      const found = await kernelMatrix(empiricalKernel(features, backend, features, `W${t + 1}`));
      expectClose(found.data, expected.flat());
    }
    const pass = await forward(network, weights, x, backend);
    const whole = await tangentKernel(network, x, pass, await backward(network, weights, pass, backend), backend);
    const sum = g.kernels[0].flat().map((_k, e) => g.kernels.reduce((total, k) => total + k.flat()[e], 0));
    expectClose(whole.data, sum);
  });

  it("in the kernel of what is trained where tensors are frozen", async () => {
    const g = golden[2];
    const { network, weights, x } = setUp("convolutional-residual", g, ["W1", "W3"]);
    const pass = await forward(network, weights, x, backend);
    const found = await tangentKernel(network, x, pass, await backward(network, weights, pass, backend), backend);
    expectClose(found.data, g.kernels[1].flat());
    expect(network.parameters).toBe(weights.W2.data.length);
  });
});

describe("residual networks", () => {
  const resolved = (spec: NetworkInput, inputs: number): Network => resolveNetwork(networkSpec.parse(spec), inputs);

  it("use the storage that they are given again without a trace of what was in it", async () => {
    const { network, weights, x } = setUp("convolutional-residual", golden[5]);
    const first = await forward(network, weights, x, backend);
    const outputs = first.outputs.slice();
    const g = await backward(network, weights, first, backend);
    const before = g.map(({ data }) => data.slice());
    const again = await forward(network, weights, x, backend, first);
    expect(again.outputs).toEqual(outputs);
    const next = await backward(network, weights, again, backend, undefined, g);
    next.forEach(({ data }, l) => {
      expect(data).toEqual(before[l]);
    });
  });

  it.each<NetworkInput>([
    { kind: "residual", depth: 4, width: 8, activation: "tanh" },
    { kind: "residual", depth: 1, width: 8, activation: "gelu" },
    { kind: "convolutional-residual", depth: 3, width: 6, activation: "softplus", pixels: 3 },
  ])("antisymmetric: the outputs vanish, and an odd width is refused: $kind, $activation", async (spec) => {
    const network = resolved(spec, 6);
    const weights = await initialise(network, { kind: "antisymmetric" }, 3, backend);
    const { outputs } = await forward(network, weights, tensor(5, 6, 1), backend);
    for (const u of outputs) expect(Math.abs(u)).toBeLessThan(1e-15);
    expect(weights.W1.data.some((value) => value !== 0)).toBe(true);
    await expect(initialise(resolved({ ...spec, width: 7 }, 6), { kind: "antisymmetric" }, 3, backend)).rejects.toThrow(
      /even width, not 7/,
    );
  });

  it("refuse what does not fit, and say what does", async () => {
    expect(() =>
      resolved({ kind: "convolutional-residual", depth: 2, width: 4, activation: "tanh", pixels: 4 }, 6),
    ).toThrow(/6 inputs are no whole number of channels of 4 pixels/);
    expect(() =>
      networkSpec.parse({ kind: "residual", depth: 2, width: 4, activation: "tanh", frozen: ["W4"] }),
    ).toThrow(/no tensor W4/);
    expect(() =>
      networkSpec.parse({ kind: "residual", depth: 2, width: 4, activation: "tanh", frozen: ["b1"] }),
    ).toThrow(/no tensor b1/);
    expect(() => networkSpec.parse({ kind: "residual", depth: 2, width: 4, activation: "tanh", cRes: 1 })).toThrow();
    const network = resolved({ kind: "residual", depth: 2, width: 4, activation: "tanh" }, 3);
    for (const kind of ["positive", "boxed-lecun"]) {
      const initialiser = initialiserSpec.parse({ kind, ...(kind === "positive" ? { scale: 2 } : { box: 0.1 }) });
      await expect(initialise(network, initialiser, 0, backend)).rejects.toThrow(/is not for residual/);
    }
  });

  it("have their tensors in layer order with the shapes of the files", () => {
    const network = resolved(
      { kind: "convolutional-residual", depth: 2, width: 4, activation: "tanh", pixels: 3, filter: 2 },
      6,
    );
    expect(tensorShapes(network).map(({ name, rows, cols }) => [name, rows, cols])).toEqual([
      ["W1", 4, 4],
      ["W2", 4, 8],
      ["W3", 1, 12],
    ]);
  });

  it("have a shorthand", () => {
    expect(networkFromText("resnet-tanh:3x64")).toEqual({
      kind: "residual",
      depth: 3,
      width: 64,
      activation: "tanh",
      cRes: 0.5,
      frozen: [],
    });
    expect(networkFromText("conv-resnet-gelu:2x16@28")).toEqual({
      kind: "convolutional-residual",
      depth: 2,
      width: 16,
      activation: "gelu",
      cRes: 0.5,
      frozen: [],
      pixels: 28,
      filter: 3,
    });
    expect(() => networkFromText("resnet-tanh:64")).toThrow(/resnet-tanh:3x64/);
    expect(() => networkFromText("conv-resnet-tanh:3x64")).toThrow(/conv-resnet-tanh:2x16@28/);
    expect(() => networkFromText("resnet-foo:3x64")).toThrow(/unknown activation "foo"/);
    expect(() => networkFromText("resnet-tanh:0x64")).toThrow(/depth/);
  });
});
