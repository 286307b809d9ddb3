import { type CheckData, type CheckVerdict, type CheckWeights, check } from "@surefoot/check";
import { type Certified, certifyToFile } from "../../src/certificate/index.ts";
import type { CertifyOptions } from "../../src/certify/certify.ts";
import { backend, type Setting, setting, withResidual } from "../certify/setting.ts";

/** What the checker is given for a setting. */
export function inputsOf({ dataset, weights }: Pick<Setting, "dataset" | "weights">): {
  data: CheckData;
  weights: CheckWeights;
} {
  const tensors = Object.entries(weights).map(([name, { rows, cols, data }]) => [name, { shape: [rows, cols], data }]);
  const { x, y } = dataset;
  return { data: { x: x.data, n: x.rows, d: x.cols, y }, weights: Object.fromEntries(tensors) };
}

export function certificateOf(at: Setting, options: Partial<CertifyOptions> = {}): Promise<Certified> {
  return certifyToFile({ ...at, backend, mode: "proved", version: "0.0.0-test", origin: "test", ...options });
}

export function checkHere(certificate: unknown, at: Pick<Setting, "dataset" | "weights">): Promise<CheckVerdict> {
  const { data, weights } = inputsOf(at);
  return check(JSON.parse(JSON.stringify(certificate)), data, weights);
}

/** A case of every kind of certificate: theorem, form, κ bound, activation, biases, frozen tensors, loss. */
export interface Case {
  readonly name: string;
  readonly expects: { readonly theorem: string; readonly form?: string; readonly kappaBound?: string };
  readonly options?: Partial<CertifyOptions>;
  /** Certify this multiple of the step size that is certified by default. */
  readonly stepFactor?: number;
  make(): Promise<Setting>;
}

const sphere = (n: number, d: number, seed = 0) => ({ kind: "sphere", n, d, seed, labels: "gaussian" }) as const;
const ANTISYMMETRIC = { kind: "antisymmetric" } as const;
const GAUSSIAN = { kind: "gaussian" } as const;

function smooth(activation: "tanh" | "sigmoid" | "softplus" | "erf" | "gelu" | "swish", extra: object = {}) {
  return { kind: "fully-connected", widths: [64], activation, ...extra } as const;
}

const SMOOTH = ["tanh", "sigmoid", "softplus", "erf", "gelu", "swish"] as const;

export const CASES: readonly Case[] = [
  ...SMOOTH.map((activation) => ({
    name: `${activation}, all trained, biases`,
    expects: { theorem: "S1" },
    make: async () => withResidual(await setting(smooth(activation, { biases: true }), sphere(6, 8), GAUSSIAN), 0.01),
  })),
  {
    name: "smooth-leaky-relu, hidden layer trained",
    expects: { theorem: "S1", kappaBound: "two-layer" },
    make: async () =>
      withResidual(
        await setting(
          {
            kind: "fully-connected",
            widths: [64],
            activation: { kind: "smooth-leaky-relu", slope: 0.3 },
            frozen: ["W2"],
          },
          sphere(6, 8),
          GAUSSIAN,
        ),
        0.05,
      ),
  },
  {
    name: "tanh, hidden layer trained, antisymmetric",
    expects: { theorem: "S1", form: "standard", kappaBound: "two-layer" },
    make: () => setting({ ...smooth("tanh", { frozen: ["W2"] }), widths: [1024] }, sphere(6, 40), ANTISYMMETRIC),
  },
  {
    name: "tanh, all trained, wide",
    expects: { theorem: "S1", kappaBound: "per-neuron" },
    make: () => setting({ ...smooth("tanh"), widths: [2048] }, sphere(6, 40), ANTISYMMETRIC),
  },
  {
    name: "tanh, only the output layer trained",
    expects: { theorem: "S1", kappaBound: "two-layer" },
    make: () => setting(smooth("tanh", { frozen: ["W1"] }), sphere(6, 8), GAUSSIAN),
  },
  {
    name: "tanh, a step size of its own, mean loss",
    expects: { theorem: "S1", form: "larger step" },
    options: { loss: "mean" },
    stepFactor: 1.3,
    make: async () => withResidual(await setting(smooth("tanh", { frozen: ["W2"] }), sphere(6, 20), GAUSSIAN), 0.001),
  },
  {
    name: "tanh, three hidden layers with biases, half-mean loss",
    expects: { theorem: "S1", kappaBound: "stacked" },
    options: { loss: "half-mean" },
    make: async () =>
      withResidual(
        await setting(
          { kind: "fully-connected", widths: [24, 20, 16], activation: "tanh", biases: true, frozen: ["b2", "W3"] },
          sphere(5, 8),
          GAUSSIAN,
        ),
        0.001,
      ),
  },
  {
    name: "residual tanh, three layers",
    expects: { theorem: "S1", kappaBound: "stacked" },
    make: async () =>
      withResidual(
        await setting({ kind: "residual", depth: 3, width: 16, activation: "tanh", cRes: 0.5 }, sphere(5, 8), GAUSSIAN),
        0.001,
      ),
  },
  {
    name: "convolutional residual erf, readout frozen, mean loss",
    expects: { theorem: "S1", kappaBound: "stacked" },
    options: { loss: "mean" },
    make: async () =>
      withResidual(
        await setting(
          { kind: "convolutional-residual", depth: 2, width: 12, activation: "erf", pixels: 4, frozen: ["W3"] },
          sphere(5, 8),
          GAUSSIAN,
        ),
        0.0003,
      ),
  },
  {
    name: "positive initialisation, two hidden layers, mean loss",
    expects: { theorem: "S3", form: "positive initialisation" },
    options: { loss: "mean" },
    make: () => {
      const activation = { kind: "smooth-leaky-relu", slope: 0.3 } as const;
      const network = { kind: "fully-connected", widths: [5, 5], activation, scaling: "standard" } as const;
      return setting(network, sphere(20, 50), { kind: "positive", scale: 100 });
    },
  },
  {
    name: "ReLU, full form",
    expects: { theorem: "S2", form: "full" },
    make: () => setting({ kind: "two-layer-relu", width: 512 }, sphere(8, 100), ANTISYMMETRIC),
  },
  {
    name: "ReLU, any output weights, biases of the hidden layer, mean loss",
    expects: { theorem: "S2", form: "full" },
    options: { loss: "mean" },
    make: () =>
      setting(
        { kind: "fully-connected", widths: [6000], activation: "relu", biases: true, frozen: ["W2", "b2"] },
        sphere(6, 60),
        { kind: "antisymmetric", output: "gaussian" },
      ),
  },
];

export async function certificateOfCase({ options, stepFactor, make }: Case): Promise<Certified & { at: Setting }> {
  const at = await make();
  const first = await certificateOf(at, options);
  if (stepFactor === undefined) return { ...first, at };
  const stepSize = stepFactor * (first.outcome.stepSize ?? Number.NaN);
  return { ...(await certificateOf(at, { ...options, stepSize })), at };
}
