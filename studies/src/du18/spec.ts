import type { Claim, Form } from "../study.ts";

/** The setting of one form. */
export interface Setting {
  readonly samples: number;
  readonly inputs: number;
  readonly stepSize: number;
  readonly steps: number;
  readonly widths: readonly number[];
  readonly seeds: readonly number[];
}

export const SETTINGS: Readonly<Record<Form, Setting>> = {
  quick: {
    samples: 100,
    inputs: 100,
    stepSize: 0.1,
    steps: 100,
    widths: [500, 1000, 2000, 4000, 8000, 32000],
    seeds: [0, 1],
  },
  full: {
    samples: 1000,
    inputs: 1000,
    stepSize: 0.1,
    steps: 100,
    widths: [500, 1000, 2000, 4000, 8000, 100_000, 1_000_000],
    seeds: [0],
  },
};

export const CLAIMS: readonly Claim[] = [
  {
    id: "du18-rate",
    source: "theorem 3.1 and figure (a)",
    says: "the loss falls linearly and stays below (1 − ηλ₀/2)^k of its start",
  },
  {
    id: "du18-flips",
    source: "figure (b)",
    says: "the share of flipped patterns falls with the width, like m^(−1/2)",
  },
  {
    id: "du18-drift",
    source: "figure (c)",
    says: "max_r ‖w_r(k) − w_r(0)‖ falls with the width, like m^(−1/2)",
  },
];

/** Least R² of the log-loss for "linear"; how far from −½ the interval of a slope may end (extremes approach a power law slowly). */
export const EXPECTED = { linearity: 0.99, slope: -0.5, tolerance: 0.05 };
