import { matrix } from "@surefoot/linalg";
import type { Dataset } from "../../src/data/dataset.ts";
import { forward } from "../../src/network/forward.ts";
import { initialise } from "../../src/network/initialise.ts";
import { resolveNetwork } from "../../src/network/resolve.ts";
import type { InitialiserSpec } from "../../src/spec/initialiser.ts";
import type { LossSpec } from "../../src/spec/loss.ts";
import { type NetworkInput, networkSpec } from "../../src/spec/network.ts";
import { backend, type Setting } from "../certify/setting.ts";

/** xorshift32: the same instances on every machine. */
export function createRandom(seed: number): Random {
  let state = (Math.imul(seed + 1, 0x9e3779b1) ^ 0x5bd1e995) >>> 0 || 1;
  const next = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state / 2 ** 32;
  };
  for (let k = 0; k < 8; k++) next();
  return {
    next,
    whole: (least, most) => least + Math.floor(next() * (most - least + 1)),
    pick: (values) => values[Math.floor(next() * values.length)],
    normal: () => {
      let sum = -6;
      for (let k = 0; k < 12; k++) sum += next();
      return sum;
    },
  };
}

export interface Random {
  /** In [0, 1). */
  next(): number;
  whole(least: number, most: number): number;
  pick<T>(values: readonly T[]): T;
  /** Roughly N(0, 1): a sum of twelve. */
  normal(): number;
}

export interface Instance {
  readonly at: Setting;
  readonly loss: LossSpec;
  /** Multiple of the default step size to ask for; undefined for the default. */
  readonly stepFactor: number | undefined;
}

const SMOOTH = ["tanh", "sigmoid", "softplus", "erf", "gelu", "swish"] as const;

/** A random small problem: every activation, depth 1 to 3, biases, frozen tensors, all theorems, all losses. */
export async function randomInstance(random: Random): Promise<Instance> {
  const n = random.whole(1, 6);
  const d = random.whole(Math.max(2, n - 1), 9);
  const positive = random.next() < 0.12;
  const spec = positive
    ? increasingNetwork(random)
    : random.next() < 0.15
      ? residualNetwork(random, d)
      : randomNetwork(random);
  const network = resolveNetwork(networkSpec.parse(spec), d);
  const initialiser = positive
    ? { kind: "positive" as const, scale: random.pick([0.3, 1, 5, 20, 100, 1000]) }
    : randomInitialiser(random);
  const weights = await initialise(network, initialiser, random.whole(0, 2 ** 30), backend);
  const x = matrix(n, d);
  for (let i = 0; i < n; i++) {
    const row = Array.from({ length: d }, () => random.normal());
    const length = random.next() < 0.9 ? Math.hypot(...row) : 1;
    row.forEach((v, j) => {
      x.data[i * d + j] = v / length;
    });
  }
  // labels at a distance of the outputs between far and next to nothing
  const { outputs } = await forward(network, weights, x, backend);
  const distance = random.pick([1, 0.3, 0.1, 0.03, 0.01, 1e-3, 1e-6]);
  const y = outputs.map((u) => u + distance * random.normal());
  const dataset: Dataset = { x, y, provenance: { source: "attack", steps: [], sourceRows: Array.from(y.keys()) } };
  return {
    at: { network, dataset, weights },
    loss: random.pick(["sum", "half-mean", "mean"]),
    stepFactor: random.next() < 0.3 ? random.pick([0.5, 1.05, 1.3, 1.8, 2.5]) : undefined,
  };
}

function randomNetwork(random: Random): NetworkInput {
  const kind = random.next();
  if (kind < 0.2) return { kind: "two-layer-relu", width: 2 * random.whole(2, 60) };
  const biases = random.next() < 0.5;
  if (kind < 0.3) {
    const frozen = biases ? ["W2", "b2"] : ["W2"];
    return { kind: "fully-connected", widths: [2 * random.whole(2, 60)], activation: "relu", biases, frozen };
  }
  const widths = Array.from({ length: random.pick([1, 1, 1, 2, 3]) }, () => 2 * random.whole(2, 16));
  const activation =
    random.next() < 0.1 ? ({ kind: "smooth-leaky-relu", slope: random.next() } as const) : random.pick(SMOOTH);
  const names = widths.flatMap((_, l) => (biases ? [`W${l + 1}`, `b${l + 1}`] : [`W${l + 1}`]));
  const frozen = names.filter(() => random.next() < 0.2);
  return {
    kind: "fully-connected",
    widths,
    activation,
    biases,
    frozen: frozen.length === names.length ? [] : frozen,
    scaling: random.next() < 0.8 ? "ntk" : "standard",
  };
}

/** With skips, and in half of them convolutions (one pixel included). */
function residualNetwork(random: Random, d: number): NetworkInput {
  const depth = random.pick([1, 2, 2, 3]);
  const names = Array.from({ length: depth + 1 }, (_, l) => `W${l + 1}`);
  const frozen = names.filter(() => random.next() < 0.2);
  const common = {
    depth,
    width: 2 * random.whole(1, 7),
    activation: random.pick(SMOOTH),
    cRes: random.pick([0.1, 0.5, 0.9]),
    frozen: frozen.length === names.length ? [] : frozen,
  };
  if (random.next() < 0.5) return { kind: "residual", ...common };
  const pixels = random.pick([1, 2, 3, 4].filter((p) => d % p === 0));
  return { kind: "convolutional-residual", ...common, pixels, filter: random.whole(1, 4) };
}

/** For the positive initialisation: σ' > 0, and W1 trained in 9 of 10. */
function increasingNetwork(random: Random): NetworkInput {
  return {
    kind: "fully-connected",
    widths: Array.from({ length: random.pick([1, 1, 2, 3]) }, () => random.whole(1, 6)),
    activation: random.pick([
      "tanh",
      "sigmoid",
      "softplus",
      "erf",
      { kind: "smooth-leaky-relu", slope: random.next() },
    ]),
    biases: random.next() < 0.5,
    frozen: random.next() < 0.1 ? ["W1"] : random.next() < 0.2 ? ["W2"] : [],
    scaling: random.next() < 0.5 ? "ntk" : "standard",
  };
}

function randomInitialiser(random: Random): InitialiserSpec {
  return random.pick<InitialiserSpec>([
    { kind: "gaussian" },
    { kind: "gaussian", output: "sign" },
    { kind: "antisymmetric" },
    { kind: "lecun" },
    { kind: "he" },
    { kind: "sphere", output: "uniform" },
  ]);
}
