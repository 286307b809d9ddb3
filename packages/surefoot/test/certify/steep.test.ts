import { type Matrix, matrix } from "@surefoot/linalg";
import { describe, expect, it } from "vitest";
import { activationOf } from "../../src/activation/registry.ts";
import { sweepSample } from "../../src/certify/ball-sweep.ts";
import { certify } from "../../src/certify/certify.ts";
import { stackedBound } from "../../src/certify/kappa-stacked.ts";
import { floatMeasurer } from "../../src/certify/measure.ts";
import { provedMeasurer } from "../../src/certify/measure-proved.ts";
import { certifyS1 } from "../../src/certify/s1.ts";
import { upward } from "../../src/certify/upward.ts";
import { point } from "../../src/interval/arithmetic.ts";
import { forward } from "../../src/network/forward.ts";
import type { NetworkInput } from "../../src/spec/network.ts";
import { backend, copied, descend, type Setting, setting } from "./setting.ts";

const data = (n: number, d: number) => ({ kind: "sphere", n, d, labels: "gaussian" }) as const;

/** ‖s W diag σ'(z)‖₂ from all eigenvalues of the small Gram matrix. */
async function exactNorm({ network, weights, dataset }: Setting, l: number, i: number): Promise<number> {
  const { weight, rows, cols, scale } = network.layers[l];
  const pass = await forward(network, weights, dataset.x, backend);
  const slopes = new Float64Array(pass.z[l - 1].data.length).fill(1);
  activationOf(network.activation).timesDerivative(pass.z[l - 1].data, pass.h[l - 1].data, slopes, slopes);
  const a: Matrix = matrix(
    rows,
    cols,
    weights[weight].data.map((w, k) => scale * w * slopes[i * cols + (k % cols)]),
  );
  const found = await backend.eigenvalues(await backend.syrk(a));
  if (found.status !== "ok") throw new Error(found.status);
  return Math.sqrt(Math.max(...found.values));
}

const NETWORKS: readonly NetworkInput[] = [
  { kind: "fully-connected", widths: [9, 7], activation: "tanh" },
  { kind: "fully-connected", widths: [6, 8, 5], activation: "softplus", biases: true },
  { kind: "fully-connected", widths: [5, 12], activation: "gelu", scaling: "standard" },
];

describe("measured products of weights and slopes", () => {
  it("lie above the exact norms, proved ones by less than a millionth, estimated ones by less than 3 %", async () => {
    for (const [seed, spec] of NETWORKS.entries()) {
      const at = await setting(spec, data(5, 4), { kind: "gaussian" }, seed + 1);
      for (const [measurer, slack] of [
        [provedMeasurer(backend), 1e-5],
        [floatMeasurer(backend), 0.031],
      ] as const) {
        const plain = await measurer.smooth(at);
        if (plain.status !== "ok") throw new Error(plain.reason);
        const steep = await measurer.steep(at, plain.evidence);
        if (steep.status !== "ok") throw new Error(steep.reason);
        const { layers } = steep.evidence;
        for (let l = 1; l < layers.length; l++) {
          for (let i = 0; i < 5; i++) {
            const exact = await exactNorm(at, l, i);
            expect(layers[l].steepBounds![i]).toBeGreaterThanOrEqual(exact * (1 - 1e-12));
            expect(layers[l].steepBounds![i]).toBeLessThanOrEqual(exact * (1 + slack) + 1e-12);
          }
        }
      }
    }
  });

  it("certify earlier, proved, and the run obeys", async () => {
    const spec: NetworkInput = { kind: "fully-connected", widths: [32, 32], activation: "tanh" };
    const at = await setting(spec, data(5, 10), { kind: "gaussian", output: "sign" }, 3);
    const measurer = floatMeasurer(backend);
    let certified: { loss: number; ratePerStep: number; step: number } | undefined;
    let eta = 0;
    const first = await measurer.smooth(at);
    if (first.status === "ok") eta = 0.5 / first.evidence.kernel.lambdaMax.value.upper;
    const losses: number[] = [];
    await descend(at, eta, 400, async (state) => {
      losses.push(state.loss);
      if (certified) return losses.length < certified.step + 60;
      const weights = copied(state.weights);
      const request = { ...at, weights, backend, stepSize: eta };
      if ((await certify({ ...request, mode: "float" })).verdict !== "certified") return true;
      const outcome = await certify({ ...request, mode: "proved" });
      if (outcome.verdict !== "certified") return true;
      expect(outcome.warrant).toBe("proved");
      const plain = await measurer.smooth({ ...at, weights });
      if (plain.status !== "ok") throw new Error(plain.reason);
      // the plain bounds do not certify this checkpoint
      expect(certifyS1(plain.evidence, measurer.arithmetic, point(eta)).verdict).toBe("undecided");
      certified = { loss: state.loss, ratePerStep: outcome.ratePerStep!, step: losses.length - 1 };
      return true;
    });
    expect(certified).toBeDefined();
    const { loss, ratePerStep, step } = certified!;
    for (let k = step; k < losses.length; k++) {
      expect(losses[k]).toBeLessThanOrEqual(loss * ratePerStep ** (k - step) * (1 + 1e-9));
    }
    expect(losses.length).toBeGreaterThan(step + 30);
  });
});

/** ∂²f/∂z_ℓ² of one sample by differences of the cotangent g_ℓ with respect to z_ℓ; l counts from 0. */
async function bendByDifferences({ network, weights, dataset }: Setting, l: number, i: number): Promise<Matrix> {
  const activation = activationOf(network.activation);
  const pass = await forward(network, weights, dataset.x, backend);
  const m = network.layers[l].rows;
  const start = pass.z[l].data.slice(i * m, (i + 1) * m);
  const cotangent = (z: Float64Array) => {
    const zs = [z];
    for (let k = l + 1; k < network.layers.length; k++) {
      const { weight, bias, scale, rows, cols } = network.layers[k];
      const below = zs[zs.length - 1];
      const h = below.map(activation.value);
      const next = Float64Array.from({ length: rows }, (_, r) => (bias ? weights[bias].data[r] : 0));
      for (let r = 0; r < rows; r++)
        for (let c = 0; c < cols; c++) next[r] += scale * weights[weight].data[r * cols + c] * h[c];
      zs.push(next);
    }
    let g: Float64Array = Float64Array.of(1);
    for (let k = network.layers.length - 1; k > l; k--) {
      const { weight, scale, rows, cols } = network.layers[k];
      const q = new Float64Array(cols);
      for (let r = 0; r < rows; r++)
        for (let c = 0; c < cols; c++) q[c] += scale * weights[weight].data[r * cols + c] * g[r];
      g = q.map((x, c) => x * activation.derivative(zs[k - l - 1][c]));
    }
    return g;
  };
  const step = 1e-5;
  const out = matrix(m, m);
  for (let c = 0; c < m; c++) {
    const moved = (by: number) => cotangent(start.map((x, r) => (r === c ? x + by : x)));
    const [up, down] = [moved(step), moved(-step)];
    for (let r = 0; r < m; r++) out.data[r * m + c] = (up[r] - down[r]) / (2 * step);
  }
  return out;
}

async function norm(a: Matrix): Promise<number> {
  const found = await backend.eigenvalues(await backend.syrk(a));
  if (found.status !== "ok") throw new Error(found.status);
  return Math.sqrt(Math.max(...found.values));
}

describe("measured second derivatives of the output in a layer", () => {
  const ACTIVATIONS = [
    "tanh",
    "softplus",
    "sigmoid",
    "erf",
    "gelu",
    { kind: "smooth-leaky-relu", slope: 0.3 },
  ] as const;

  it("lie above the exact norms and not far", async () => {
    for (const [seed, activation] of ACTIVATIONS.entries()) {
      const spec: NetworkInput = { kind: "fully-connected", widths: [6, 7, 5], activation, biases: seed % 2 === 0 };
      const at = await setting(spec, data(3, 4), { kind: "gaussian" }, seed + 1);
      for (const [measurer, effort, slack] of [
        [provedMeasurer(backend), undefined, 1e-4],
        [provedMeasurer(backend), "quick", 0.1],
        [floatMeasurer(backend), undefined, 0.04],
      ] as const) {
        const plain = await measurer.smooth(at);
        if (plain.status !== "ok") throw new Error(plain.reason);
        const steep = await measurer.steep(at, plain.evidence, effort);
        if (steep.status !== "ok") throw new Error(steep.reason);
        for (let l = 0; l < 3; l++) {
          for (let i = 0; i < 3; i++) {
            const exact = await norm(await bendByDifferences(at, l, i));
            const bound = steep.evidence.layers[l].bendBounds![i];
            expect(bound).toBeGreaterThanOrEqual(exact * (1 - 1e-7));
            expect(bound).toBeLessThanOrEqual(exact * (1 + slack) + 1e-9);
          }
        }
      }
    }
  });

  it("hold on balls: no weights that were tried bend more", async () => {
    const spec: NetworkInput = { kind: "fully-connected", widths: [6, 7, 5], activation: "tanh", biases: true };
    const at = await setting(spec, data(2, 4), { kind: "gaussian" }, 5);
    const measurer = provedMeasurer(backend);
    const plain = await measurer.smooth(at);
    if (plain.status !== "ok") throw new Error(plain.reason);
    const steep = await measurer.steep(at, plain.evidence);
    if (steep.status !== "ok") throw new Error(steep.reason);
    let tight = 0;
    for (const r of [1e-3, 0.1, 0.5]) {
      for (let seed = 0; seed < 6; seed++) {
        const moved = await shiftedBy(at, r, seed);
        for (let i = 0; i < 2; i++) {
          const swept = sweepSample(steep.evidence, i, r, upward(measurer.arithmetic));
          for (let l = 0; l < 3; l++) {
            const found = await norm(await bendByDifferences(moved, l, i));
            expect(found).toBeLessThanOrEqual(swept[l].bend * (1 + 1e-7));
            if (r === 1e-3) tight = Math.max(tight, found / swept[l].bend);
          }
        }
      }
    }
    expect(tight).toBeGreaterThan(0.9);
  });
});

it("tells samples apart that differ in one measured bound alone, in either order", async () => {
  const spec: NetworkInput = { kind: "fully-connected", widths: [6, 7, 5], activation: "tanh" };
  const at = await setting(spec, data(2, 4), { kind: "gaussian" }, 5);
  const measurer = floatMeasurer(backend);
  const plain = await measurer.smooth(at);
  if (plain.status !== "ok") throw new Error(plain.reason);
  const steep = await measurer.steep(at, plain.evidence);
  if (steep.status !== "ok") throw new Error(steep.reason);
  const { evidence } = steep;
  const alike = (v: Float64Array | undefined) => v?.map(() => Math.max(...v));
  for (const name of ["inputBounds", "gradientBounds", "backpropagatedBounds", "steepBounds", "bendBounds"] as const) {
    const kappa = (factors: readonly number[]) => {
      const layers = evidence.layers.map((layer) => {
        const own = Object.fromEntries(
          Object.entries(layer).map(([key, v]) => [key, v instanceof Float64Array ? alike(v) : v]),
        ) as unknown as typeof layer;
        const changed = own[name];
        return changed ? { ...own, [name]: changed.map((x, i) => x * factors[i]) } : own;
      });
      const bound = stackedBound({ ...evidence, layers }, measurer.arithmetic);
      return bound?.onBall?.(1e-4);
    };
    expect(kappa([0.01, 1])).toBeGreaterThan(0);
    expect(kappa([0.01, 1])).toBeCloseTo(kappa([1, 0.01]) ?? Number.NaN, 12);
  }
});

/** Weights on the sphere of radius r around those of the setting. */
async function shiftedBy(at: Setting, r: number, seed: number): Promise<Setting> {
  const weights: Record<string, Matrix> = {};
  let squares = 0;
  for (const [k, [name, tensor]] of Object.entries(at.weights).entries()) {
    const noise = await backend.normals({
      seed: [seed, k],
      stream: 0,
      firstRow: 0,
      rows: tensor.rows,
      cols: tensor.cols,
    });
    for (const x of noise.data) squares += x * x;
    weights[name] = noise;
  }
  const share = r / Math.sqrt(squares);
  for (const [name, tensor] of Object.entries(at.weights)) {
    weights[name] = { ...tensor, data: tensor.data.map((w, j) => w + share * weights[name].data[j]) };
  }
  return { ...at, weights };
}
