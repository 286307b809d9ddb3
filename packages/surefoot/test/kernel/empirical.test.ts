import { chooseBackend, createReferenceBackend, type Matrix, matrix } from "@surefoot/linalg";
import { describe, expect, it } from "vitest";
import {
  type ArchitectureInput,
  architectureSpec,
  type BlockSource,
  empiricalKernel,
  finiteSpec,
  type InfiniteKind,
  infiniteKernel,
  kernelMatrix,
  kernelTimesVector,
  networkFeatures,
  type TangentFeatures,
} from "../../src/kernel/index.ts";
import { initialise } from "../../src/network/initialise.ts";
import { resolveNetwork } from "../../src/network/resolve.ts";
import type { ActivationSpec } from "../../src/spec/activation.ts";
import { networkSpec } from "../../src/spec/network.ts";

const reference = createReferenceBackend();

/** As in make-residual-jax.py. */
function tensor(rows: number, cols: number, salt: number): Matrix {
  const out = matrix(rows, cols);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < cols; j++) out.data[i * cols + j] = Math.sin(1 + 0.7 * i + 1.3 * j + 2.1 * salt) * 1.5;
  }
  return out;
}

describe("kernel–vector products", () => {
  it("equal the kernel's, for training and for test points, with biases and with positions", async () => {
    const network = resolveNetwork(
      { kind: "fully-connected", widths: [7, 5], activation: "tanh", scaling: "ntk", biases: true, frozen: ["W2"] },
      3,
    );
    const weights = await initialise(network, { kind: "gaussian" }, 3, reference);
    const residual = resolveNetwork(
      networkSpec.parse({
        kind: "convolutional-residual",
        activation: "swish",
        depth: 2,
        width: 4,
        pixels: 3,
        filter: 3,
      }),
      6,
    );
    const residualWeights = await initialise(residual, { kind: "gaussian" }, 1, reference);
    for (const [left, right] of [
      [
        await networkFeatures(network, weights, tensor(6, 3, 1), reference),
        await networkFeatures(network, weights, tensor(4, 3, 2), reference),
      ],
      [
        await networkFeatures(residual, residualWeights, tensor(6, 6, 1), reference),
        await networkFeatures(residual, residualWeights, tensor(4, 6, 2), reference),
      ],
    ]) {
      for (const [a, b] of [
        [left, left],
        [left, right],
      ]) {
        const k = await kernelMatrix(empiricalKernel(a, reference, b));
        const v = Float64Array.from({ length: b.samples }, (_, j) => Math.cos(3 * j));
        const product = await kernelTimesVector(a, v, reference, b);
        const scale = Math.max(...k.data.map(Math.abs)) * b.samples;
        product.forEach((value, i) => {
          let expected = 0;
          for (let j = 0; j < k.cols; j++) expected += k.data[i * k.cols + j] * v[j];
          expect(Math.abs(value - expected)).toBeLessThan(1e-14 * scale);
        });
      }
    }
  });

  it("refuse a vector of another length and a tensor that is not trained", async () => {
    const network = resolveNetwork({ kind: "two-layer-relu", width: 8 }, 3);
    const features = await networkFeatures(
      network,
      await initialise(network, { kind: "gaussian" }, 0, reference),
      tensor(4, 3, 1),
      reference,
    );
    await expect(kernelTimesVector(features, new Float64Array(5), reference)).rejects.toThrow(/4 columns/);
    expect(() => empiricalKernel(features, reference, features, "W2")).toThrow(/no trained tensor W2/);
  });
});

const INPUTS = 6;
const x = tensor(3, INPUTS, 4);
for (let i = 0; i < 3; i++) {
  const row = x.data.subarray(i * INPUTS, (i + 1) * INPUTS);
  const length = Math.hypot(...row);
  row.forEach((value, k) => {
    row[k] = value / length;
  });
}

interface Case {
  readonly architecture: ArchitectureInput;
  readonly kind: InfiniteKind;
}

function cases(): Case[] {
  const list: Case[] = [];
  for (const kind of ["ntk", "nngp", "k-top"] as const) {
    list.push({ kind, architecture: { kind: "fully-connected", depth: 2, activation: "relu" } });
    list.push({ kind, architecture: { kind: "fully-connected", depth: 2, activation: "softplus" } });
    list.push({ kind, architecture: { kind: "residual", depth: 3, activation: "swish", cRes: 0.9 } });
    list.push({
      kind,
      architecture: { kind: "convolutional-residual", depth: 3, activation: "gelu", cRes: 0.9, pixels: 3, filter: 3 },
    });
  }
  list.push({ kind: "ntk", architecture: { kind: "fully-connected", depth: 1, activation: "tanh", biasStd: 1 } });
  return list;
}

const SEEDS = 24;
const WIDTHS = [32, 256];

describe("the kernel at infinite width", () => {
  it.each(cases().map((c) => [c.kind, JSON.stringify(c.architecture), c] as const))(
    "is what the %s of finite networks tends to, at the rate m^{-1/2}: %s",
    async (_kind, _text, { architecture, kind }) => {
      const { backend } = await chooseBackend("wasm", { threads: 1 });
      try {
        const limit = await kernelMatrix(infiniteKernel(architecture, kind, x, backend));
        const scale = Math.max(...limit.data.map(Math.abs));
        const errors = await Promise.all(
          WIDTHS.map(async (width) => {
            let sum = 0;
            for (let seed = 0; seed < SEEDS; seed++) {
              const features = await finite(architecture, width, 1000 * width + seed, backend);
              const found = await kernelMatrix(part(features, kind, backend));
              found.data.forEach((value, k) => {
                sum += ((value - limit.data[k]) / scale) ** 2;
              });
            }
            return Math.sqrt(sum / (SEEDS * limit.data.length));
          }),
        );
        // The root of a mean of 24 squares of sums of a few strongly dependent normals is off by up to about a third (two standard deviations):
        // an eightfold width divides the error by √8 within that. A wrong recursion leaves an error that does not fall at all.
        const slope = Math.log(errors[1] / errors[0]) / Math.log(WIDTHS[1] / WIDTHS[0]);
        expect(slope).toBeGreaterThan(-0.5 - 0.25);
        expect(slope).toBeLessThan(-0.5 + 0.25);
        expect(errors[1]).toBeLessThan(8 / Math.sqrt(WIDTHS[1]));
      } finally {
        await backend.close();
      }
    },
  );

  async function finite(
    architecture: ArchitectureInput,
    width: number,
    seed: number,
    backend: typeof reference,
  ): Promise<TangentFeatures> {
    const spec = architectureSpec.parse(architecture);
    if (spec.kind !== "fully-connected") {
      const network = resolveNetwork(finiteSpec(spec, width), INPUTS);
      return networkFeatures(network, await initialise(network, { kind: "gaussian" }, seed, backend), x, backend);
    }
    const network = resolveNetwork(
      {
        kind: "fully-connected",
        widths: Array.from({ length: spec.depth }, () => width),
        activation: spec.activation as ActivationSpec,
        scaling: "ntk",
        biases: spec.biasStd > 0,
        frozen: [],
      },
      INPUTS,
    );
    const weights = await initialise(network, { kind: "gaussian" }, seed, backend);
    if (spec.biasStd === 0) return networkFeatures(network, weights, x, backend);
    const biases = await Promise.all(
      network.layers.map(async ({ bias = "", rows }, l) => [
        bias,
        await backend.normals({ seed: [seed, 1], stream: l, firstRow: 0, rows, cols: 1 }),
      ]),
    );
    return networkFeatures(network, { ...weights, ...Object.fromEntries(biases) }, x, backend);
  }

  /** NNGP: the readout's part x^(H)·x^(H); K^(H): the part of the last hidden matrix. */
  function part(features: TangentFeatures, kind: InfiniteKind, backend: typeof reference): BlockSource {
    const names = features.tensors.map(({ name }) => name).filter((name) => !name.startsWith("b"));
    const last = names[names.length - 1];
    const before = names[names.indexOf(last) - 1];
    if (kind === "ntk") return empiricalKernel(features, backend);
    return empiricalKernel(features, backend, features, kind === "nngp" ? last : before);
  }
});
