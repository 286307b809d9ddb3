import type { Matrix } from "@surefoot/linalg";
import { dualOf } from "../activation/dual/index.ts";
import { activationOf } from "../activation/registry.ts";
import { spectralNormOf } from "../certify/measure.ts";
import { type ArchitectureSpec, infiniteKernel, kernelMatrix } from "../kernel/index.ts";
import type { Network } from "../network/network.ts";
import type { NetworkSpec } from "../spec/network.ts";
import { leastEigenvalueOf } from "./matrix-norms.ts";
import type { DeskRequest } from "./request.ts";

/** What Du et al. 2019 speak of and the instance alone determines (theory/02). */
export interface DeepSmoothFacts {
  readonly n: number;
  /** m: the least of the widths. */
  readonly m: number;
  /** H. */
  readonly depth: number;
  readonly architecture: "fully-connected" | "residual" | "convolutional-residual";
  /** c_σ, L = sup|σ'|, β = sup|σ''| (∞ where σ' jumps), σ(0). */
  readonly cSigma: number;
  readonly lipschitz: number;
  readonly smoothness: number;
  readonly valueAtZero: number;
  /** K^(H) and λ₀ = λ_min(K^(H)), in floating point. */
  readonly limit: Matrix;
  readonly lambda0: number;
  /** K^(H) with A^(H−1) in the place of A^(H), as the notes print it; only for fully connected networks with H ≥ 2. */
  readonly misprinted: Matrix | null;
  /** c_{w,0} = max_h ‖W^(h)(0)‖₂/√m, a_{2,0} = ‖a(0)‖₂/√m, a_{4,0} = ‖a(0)‖₄/m^{1/4}, as drawn. */
  readonly cW: number;
  readonly a2: number;
  readonly a4: number;
  /** c_x = 2√c_σ L c_{w,0}. */
  readonly cX: number;
  /** η of the loss ½‖e‖². */
  readonly innerStep: number;
  readonly delta: number;
}

/** c_{x,0} of Lemma 1.4. */
export const C_X0 = 2;

/** Why Du et al. 2019 does not speak of a network; undefined where it does. */
export function notDeepSmooth(network: Network): string | undefined {
  const { spec } = network;
  const forms = "x^(h) = √(c_σ/m) σ(W^(h)x^(h−1)) (--network tanh:512,512), or a ResNet (resnet-tanh:3x512)";
  if (spec.kind === "two-layer-relu") return `it trains all layers of ${forms}; two-layer-relu trains the first alone`;
  if (spec.frozen.length > 0) return `it trains all tensors, and ${spec.frozen.join(", ")} is frozen here`;
  if (spec.kind !== "fully-connected") return undefined;
  if (spec.scaling !== "ntk") return `it is about ${forms}, whose scaling is "ntk"`;
  return spec.biases ? `it is about ${forms}, without biases` : undefined;
}

export async function deepSmoothFacts(request: DeskRequest): Promise<DeepSmoothFacts> {
  const { problem, weights, stepSize, delta } = request;
  const { network, dataset, backend, lossFactor } = problem;
  const { layers } = network;
  const depth = layers.length - 1;
  const { cSigma, slopeBound, curvatureBound, value } = activationOf(network.activation);
  const architecture = architectureSpecOf(network.spec);
  const limit = await kernelMatrix(infiniteKernel(architecture, "k-top", dataset.x, backend));
  const m = Math.min(...layers.slice(0, -1).map(({ rows }) => rows));
  let cW = 0;
  for (const { weight, rows } of layers.slice(0, -1)) {
    cW = Math.max(cW, ((await spectralNormOf(weights[weight], backend)) ?? Number.NaN) / Math.sqrt(rows));
  }
  const a = weights[layers[depth].weight].data;
  const sum = (power: number) => a.reduce((total, entry) => total + Math.abs(entry) ** power, 0);
  return {
    n: dataset.x.rows,
    m,
    depth,
    architecture: architecture.kind,
    cSigma,
    lipschitz: slopeBound,
    smoothness: curvatureBound,
    valueAtZero: value(0),
    limit,
    lambda0: await leastEigenvalueOf(limit, backend),
    misprinted: architecture.kind === "fully-connected" && depth > 1 ? await misprintedLimit(request, depth) : null,
    cW,
    a2: Math.sqrt(sum(2) / m),
    a4: (sum(4) / m) ** 0.25,
    cX: 2 * Math.sqrt(cSigma) * slopeBound * cW,
    innerStep: stepSize * lossFactor,
    delta,
  };
}

/** The architecture of infinite width that a network has the limit of. */
export function architectureSpecOf(spec: NetworkSpec): ArchitectureSpec {
  switch (spec.kind) {
    case "two-layer-relu":
      return { kind: "fully-connected", depth: 1, activation: "relu", biasStd: 0 };
    case "fully-connected":
      return { kind: "fully-connected", depth: spec.widths.length, activation: spec.activation, biasStd: 0 };
    case "residual":
      return { kind: "residual", depth: spec.depth, activation: spec.activation, cRes: spec.cRes };
    case "convolutional-residual": {
      const { kind, depth, activation, cRes, pixels, filter } = spec;
      return { kind, depth, activation, cRes, pixels, filter };
    }
  }
}

/** c_σ K^(H−1)_ij E[σ'(u)σ'(v)], (u, v) ∼ A^(H−1), which is built from K^(H−2). */
async function misprintedLimit({ problem }: DeskRequest, depth: number): Promise<Matrix> {
  const { dataset, backend, network } = problem;
  const layer = async (h: number) =>
    h === 0
      ? problem.gram
      : kernelMatrix(
          infiniteKernel(
            { kind: "fully-connected", depth: h, activation: network.activation },
            "nngp",
            dataset.x,
            backend,
          ),
        );
  const covariances = await layer(depth - 2);
  const n = covariances.rows;
  const variances = Float64Array.from({ length: n }, (_, i) => covariances.data[i * n + i]);
  const derivative = new Float64Array(n * n);
  const pairs = { covariances, rowVariances: variances, colVariances: variances };
  await dualOf(network.activation).fill(pairs, { derivative }, backend);
  const { cSigma } = activationOf(network.activation);
  const below = await layer(depth - 1);
  return { rows: n, cols: n, data: below.data.map((k, e) => cSigma * k * derivative[e]) };
}

/** g_c(h) = Σ_{i<h} cⁱ. */
export function geometric(c: number, h: number): number {
  let sum = 0;
  for (let i = 0; i < h; i++) sum += c ** i;
  return sum;
}
