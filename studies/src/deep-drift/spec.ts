import type { Claim, Form } from "../study.ts";

/** The setting of one form. */
export interface Setting {
  readonly n: number;
  readonly d: number;
  readonly activations: readonly ("tanh" | "relu")[];
  /** Hidden layers. */
  readonly depths: readonly number[];
  readonly widths: readonly number[];
  readonly steps: number;
  readonly seeds: readonly number[];
}

export const SETTINGS: Readonly<Record<Form, Setting>> = {
  quick: { n: 10, d: 20, activations: ["tanh"], depths: [2, 4], widths: [64, 128, 256, 512], steps: 30, seeds: [0] },
  full: {
    n: 20,
    d: 20,
    activations: ["relu", "tanh"],
    depths: [2, 4, 8],
    widths: [64, 128, 256, 512, 1024, 2048],
    steps: 100,
    seeds: [0, 1],
  },
};

export const CLAIMS: readonly Claim[] = [
  {
    id: "deep-drift-mean",
    source: "ours (the review asks how w_r^(h) moves in deeper networks, § 4)",
    says: "in every hidden layer the mean movement of a neuron falls with the width like m^(−1/2)",
  },
  {
    id: "deep-drift-max",
    source: "ours (the review asks how w_r^(h) moves in deeper networks, § 4)",
    says: "the largest movement falls with the width too, in every hidden layer",
  },
];

export const EXPECTED = { slope: -0.5, tolerance: 0.1 };
