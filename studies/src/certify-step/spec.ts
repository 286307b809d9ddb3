import type { Claim, Form } from "../study.ts";

/** The setting of one form. */
export interface Setting {
  readonly n: number;
  readonly d: number;
  readonly runs: readonly { readonly activation: "tanh" | "softplus" | "relu"; readonly depth: number }[];
  readonly widths: readonly number[];
  readonly steps: number;
  readonly seeds: readonly number[];
}

export const SETTINGS: Readonly<Record<Form, Setting>> = {
  quick: {
    n: 10,
    d: 20,
    runs: [
      { activation: "tanh", depth: 1 },
      { activation: "relu", depth: 1 },
    ],
    widths: [256, 1024, 4096],
    steps: 150,
    seeds: [0],
  },
  full: {
    n: 10,
    d: 20,
    runs: [
      { activation: "tanh", depth: 1 },
      { activation: "softplus", depth: 1 },
      { activation: "tanh", depth: 2 },
      { activation: "relu", depth: 1 },
    ],
    widths: [128, 256, 512, 1024, 2048, 4096, 8192],
    steps: 400,
    seeds: [0, 1, 2],
  },
};

export const CLAIMS: readonly Claim[] = [
  {
    id: "certify-step-width",
    source: "ours (S1, S2)",
    says: "the certification step k* falls with the width, to 0 for wide two-layer networks",
  },
  {
    id: "certify-step-depth",
    source: "ours (S1)",
    says: "a deeper network of the same width is certified later",
  },
  {
    id: "certify-step-obeys",
    source: "ours (law 1 of S1, S2)",
    says: "no loss recorded after k* lies above the certified curve",
  },
];
