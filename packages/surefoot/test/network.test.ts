import { createReferenceBackend, fromRows, type Matrix, matrix, normals } from "@surefoot/linalg";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { backward } from "../src/network/backward.ts";
import { forward } from "../src/network/forward.ts";
import { gradient } from "../src/network/gradient.ts";
import { initialise } from "../src/network/initialise.ts";
import type { Network, Weights } from "../src/network/network.ts";
import { fitWeights, resolveNetwork, tensorShapes } from "../src/network/resolve.ts";
import { reluKernelByCounts, tangentKernel } from "../src/network/tangent-kernel.ts";
import { networkSpec } from "../src/spec/network.ts";
import { networkFromText } from "../src/spec/shorthand.ts";

const backend = createReferenceBackend();

const gaussianRows = (n: number, d: number, seed: number): Matrix =>
  normals({ seed: [seed, 7], stream: 99, firstRow: 0, rows: n, cols: d });

const smooth = fc.constantFrom("tanh", "sigmoid", "softplus", "erf", "gelu", "swish");
const anySmooth = fc.oneof(
  smooth,
  fc.record({ kind: fc.constant("smooth-leaky-relu"), slope: fc.constantFrom(0, 0.3, 1) }),
);
const shapes = fc.record({
  widths: fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 3 }),
  activation: anySmooth,
  scaling: fc.constantFrom("ntk", "standard"),
  biases: fc.boolean(),
  n: fc.integer({ min: 1, max: 5 }),
  d: fc.integer({ min: 1, max: 4 }),
  seed: fc.integer({ min: 0, max: 1000 }),
});

async function outputs(network: Network, weights: Weights, x: Matrix): Promise<Float64Array> {
  return (await forward(network, weights, x, backend)).outputs;
}

const perturbed = (weights: Weights, name: string, k: number, by: number): Weights => {
  const data = weights[name].data.slice();
  data[k] += by;
  return { ...weights, [name]: { ...weights[name], data } };
};

/** ∂(cᵀu)/∂θ_k by Richardson extrapolation of central differences: error of order h⁶. */
async function difference(network: Network, weights: Weights, x: Matrix, c: Float64Array, name: string, k: number) {
  const central = async (h: number) => {
    const plus = await outputs(network, perturbed(weights, name, k, h), x);
    const minus = await outputs(network, perturbed(weights, name, k, -h), x);
    return plus.reduce((sum, u, i) => sum + c[i] * (u - minus[i]), 0) / (2 * h);
  };
  const [a, b, d] = [await central(0.04), await central(0.02), await central(0.01)];
  const [ab, bd] = [(4 * b - a) / 3, (4 * d - b) / 3];
  return (16 * bd - ab) / 15;
}

describe("a fully connected network", () => {
  it("has the gradient that differences of sixth order give, in every tensor", async () => {
    await fc.assert(
      fc.asyncProperty(shapes, async ({ n, d, seed, ...rest }) => {
        const network = resolveNetwork(networkSpec.parse({ kind: "fully-connected", ...rest }), d);
        const weights = await initialise(network, { kind: "lecun" }, seed, backend);
        const x = gaussianRows(n, d, seed);
        const c = gaussianRows(1, n, seed + 1).data;
        const pass = await forward(network, weights, x, backend);
        const grad = await gradient(network, x, pass, await backward(network, weights, pass, backend, c), backend);
        for (const { name, rows, cols } of tensorShapes(network)) {
          const k = seed % (rows * cols);
          const expected = await difference(network, weights, x, c, name, k);
          expect(Math.abs(grad[name].data[k] - expected)).toBeLessThan(1e-7 * (1 + Math.abs(expected)));
        }
      }),
      { numRuns: 60, seed: 1 },
    );
  });

  it("has the tangent kernel J Jᵀ of its per-sample gradients, over the trained tensors only", async () => {
    await fc.assert(
      fc.asyncProperty(shapes, fc.boolean(), async ({ n, d, seed, ...rest }, freeze) => {
        const frozen = freeze ? ["W1", ...(rest.biases ? ["b2"] : [])] : [];
        const network = resolveNetwork(networkSpec.parse({ kind: "fully-connected", ...rest, frozen }), d);
        const weights = await initialise(network, { kind: "gaussian" }, seed, backend);
        const x = gaussianRows(n, d, seed);
        const pass = await forward(network, weights, x, backend);
        const kernel = await tangentKernel(network, x, pass, await backward(network, weights, pass, backend), backend);
        const rows: number[][] = [];
        for (let i = 0; i < n; i++) {
          const pick = new Float64Array(n);
          pick[i] = 1;
          const grad = await gradient(network, x, pass, await backward(network, weights, pass, backend, pick), backend);
          expect(Object.keys(grad)).not.toContain(frozen[0]);
          rows.push(Object.values(grad).flatMap((tensor) => [...tensor.data]));
        }
        const jacobian = fromRows(rows);
        expect(jacobian.cols).toBe(network.parameters);
        const expected = await backend.syrk(jacobian);
        const scale = Math.max(...expected.data.map(Math.abs));
        const tolerance = 1e-13 * (jacobian.cols + 10) * (scale + 1e-300);
        for (const [k, value] of expected.data.entries())
          expect(Math.abs(kernel.data[k] - value)).toBeLessThan(tolerance);
      }),
      { numRuns: 60, seed: 2 },
    );
  });
});

describe("the two-layer ReLU network", () => {
  it("is the fully connected one with the scale 1/√m and a frozen output layer, and its kernel by counts is its tangent kernel", async () => {
    for (const output of ["sign", "uniform", "gaussian"] as const) {
      const network = resolveNetwork({ kind: "two-layer-relu", width: 37 }, 5);
      const weights = await initialise(network, { kind: "gaussian", output }, 3, backend);
      const x = gaussianRows(6, 5, 4);
      const pass = await forward(network, weights, x, backend);
      const a = weights.W2.data;
      for (let i = 0; i < 6; i++) {
        let expected = 0;
        for (let r = 0; r < 37; r++) {
          let z = 0;
          for (let k = 0; k < 5; k++) z += weights.W1.data[r * 5 + k] * x.data[i * 5 + k];
          expected += (a[r] * Math.max(z, 0)) / Math.sqrt(37);
        }
        expect(pass.outputs[i]).toBeCloseTo(expected, 12);
      }
      const kernel = await tangentKernel(network, x, pass, await backward(network, weights, pass, backend), backend);
      const counted = await reluKernelByCounts(network, weights, x, pass, backend);
      for (const [k, value] of kernel.data.entries()) expect(counted.data[k]).toBeCloseTo(value, 13);
    }
  });
});

describe("initialisers", () => {
  const fully = (activation: string, widths: number[], scaling = "standard") =>
    resolveNetwork(networkSpec.parse({ kind: "fully-connected", widths, activation, scaling }), 4);

  it("draw the same neurons whatever the width", async () => {
    const narrow = await initialise(fully("tanh", [3]), { kind: "gaussian" }, 11, backend);
    const wide = await initialise(fully("tanh", [9]), { kind: "gaussian" }, 11, backend);
    expect([...wide.W1.data.subarray(0, 12)]).toEqual([...narrow.W1.data]);
    expect([...wide.W2.data.subarray(0, 3)]).toEqual([...narrow.W2.data]);
    const other = await initialise(fully("tanh", [3]), { kind: "gaussian" }, 12, backend);
    expect([...other.W1.data]).not.toEqual([...narrow.W1.data]);
  });

  it("antisymmetric: the outputs vanish, and an odd width is refused", async () => {
    const network = fully("tanh", [6, 8]);
    const weights = await initialise(network, { kind: "antisymmetric" }, 5, backend);
    for (const u of await outputs(network, weights, gaussianRows(5, 4, 1))) expect(Math.abs(u)).toBeLessThan(1e-15);
    await expect(initialise(fully("tanh", [7]), { kind: "antisymmetric" }, 5, backend)).rejects.toThrow(
      /even width, not 7/,
    );
  });

  it("positive: W1 = 0, hidden entries 1/d, output entries A, so u = 0", async () => {
    const network = fully("softplus", [2, 5]);
    const weights = await initialise(network, { kind: "positive", scale: 7 }, 0, backend);
    expect(new Set(weights.W1.data)).toEqual(new Set([0]));
    expect(new Set(weights.W2.data)).toEqual(new Set([1 / 2]));
    expect(new Set(weights.W3.data)).toEqual(new Set([7]));
    for (const u of await outputs(network, weights, gaussianRows(5, 4, 1))) expect(Math.abs(u)).toBeLessThan(1e-15);
  });

  it("sphere: rows of W1 have length 1; he: hidden variance 2/rows and balanced ±1 outputs", async () => {
    const network = fully("relu", [400]);
    const sphere = await initialise(network, { kind: "sphere" }, 2, backend);
    for (let r = 0; r < 400; r++) {
      const length = sphere.W1.data.subarray(4 * r, 4 * r + 4).reduce((sum, w) => sum + w * w, 0);
      expect(Math.abs(length - 1)).toBeLessThan(1e-15 * 8);
    }
    const he = await initialise(network, { kind: "he" }, 2, backend);
    expect(he.W2.data.reduce((sum, a) => sum + a, 0)).toBe(0);
    const variance = he.W1.data.reduce((sum, w) => sum + w * w, 0) / 1600;
    expect(Math.abs(variance * 200 - 1)).toBeLessThan(5 * Math.sqrt(2 / 1600));
  });

  it("boxed-lecun: entries of W2 and W3 lie in the box with the law of the truncated normal", async () => {
    const network = fully("softplus", [40, 50]);
    const { W2, W3 } = await initialise(network, { kind: "boxed-lecun", box: 0.1 }, 3, backend);
    for (const entry of [...W2.data, ...W3.data]) {
      expect(entry).toBeGreaterThanOrEqual(0.1);
      expect(entry).toBeLessThanOrEqual(0.2);
    }
    // Mean of N(0, 1/40) on [0.1, 0.2] by Simpson's rule; its standard error here is 0.029/√2000.
    const density = (x: number) => Math.exp(-20 * x * x);
    const grid = Array.from({ length: 1001 }, (_, i) => 0.1 + i * 1e-4);
    const mass = grid.reduce((sum, x) => sum + density(x), 0);
    const mean = grid.reduce((sum, x) => sum + x * density(x), 0) / mass;
    const seen = W2.data.reduce((sum, x) => sum + x, 0) / W2.data.length;
    expect(Math.abs(seen - mean)).toBeLessThan((4 * 0.029) / Math.sqrt(2000));
  });
});

describe("weights from outside", () => {
  const network = resolveNetwork({ kind: "two-layer-relu", width: 3 }, 2);
  const w1 = matrix(3, 2);

  it("are refused with the tensor and the expected shapes named", () => {
    expect(() => fitWeights(network, { W1: w1 })).toThrow(/tensor W2 is missing.*W1 \(3 × 2\), W2 \(1 × 3\)/);
    expect(() => fitWeights(network, { W1: matrix(2, 3), W2: matrix(1, 3) })).toThrow(/W1 is 2 × 3, expected 3 × 2/);
    expect(() => fitWeights(network, { W1: w1, W2: matrix(1, 3), b1: matrix(3, 1) })).toThrow(/unknown tensor b1/);
    const holed = matrix(1, 3, Float64Array.of(1, Number.NaN, 1));
    expect(() => fitWeights(network, { W1: w1, W2: holed }, "w.safetensors")).toThrow(
      /w.safetensors: W2 is NaN at row 0, column 1/,
    );
  });

  it("may give a vector for a matrix of one row", () => {
    expect(fitWeights(network, { W1: w1, W2: matrix(3, 1) }).W2.rows).toBe(1);
  });
});

describe("weights matched to the data", () => {
  it("have the second moments d·XᵀX/n, and the output law of Gaussian ones", async () => {
    const [n, d, m] = [3, 2, 20_000];
    const x = matrix(n, d, Float64Array.of(0.6, 0.8, 1, 0, 0.8, -0.6));
    const network = resolveNetwork(networkFromText(`two-layer-relu:${m}`), d);
    const { W1, W2 } = await initialise(network, { kind: "matched" }, 4, backend, x);
    const gaussian = await initialise(network, { kind: "gaussian" }, 4, backend);
    expect(W2.data).toEqual(gaussian.W2.data);
    for (const [p, q] of [
      [0, 0],
      [0, 1],
      [1, 1],
    ]) {
      let [found, wanted] = [0, 0];
      for (let r = 0; r < m; r++) found += (W1.data[r * d + p] * W1.data[r * d + q]) / m;
      for (let i = 0; i < n; i++) wanted += (d / n) * x.data[i * d + p] * x.data[i * d + q];
      // the variance of a product of two Gaussians is at most 2·σ⁴: six deviations
      expect(Math.abs(found - wanted)).toBeLessThan((6 * Math.SQRT2 * 2) / Math.sqrt(m));
    }
  });

  it("need the data, and a first layer that sees samples", async () => {
    const network = resolveNetwork(networkFromText("tanh:4"), 2);
    await expect(initialise(network, { kind: "matched" }, 0, backend)).rejects.toThrow(/name them, not --inputs/);
    const patches = resolveNetwork(networkFromText("conv-resnet-tanh:1x2@2"), 4);
    const x = matrix(2, 4, new Float64Array(8).fill(0.5));
    await expect(initialise(patches, { kind: "matched" }, 0, backend, x)).rejects.toThrow(/patches/);
  });
});
