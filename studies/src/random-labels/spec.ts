import type { Claim, Form } from "../study.ts";

/** The setting of one form. */
export interface Setting {
  readonly samples: number;
  readonly width: number;
  readonly steps: number;
  /** Labels are shuffled with these seeds. */
  readonly shuffles: readonly number[];
  readonly target: number;
}

export const SETTINGS: Readonly<Record<Form, Setting>> = {
  quick: { samples: 50, width: 4096, steps: 4000, shuffles: [1], target: 1e-3 },
  full: { samples: 200, width: 16_384, steps: 60_000, shuffles: [1, 2, 3], target: 1e-4 },
};

export const CLAIMS: readonly Claim[] = [
  {
    id: "random-labels-zero",
    source: "review of Du et al. 2018, § 1 (observation of Zhang et al.)",
    says: "gradient descent reaches zero training loss on randomly labelled data",
  },
  {
    id: "random-labels-linear",
    source: "Du et al. 2018, theorem 3.1",
    says: "and it does so at a linear rate: the log-loss becomes a straight line",
  },
];

export const EXPECTED = { linearity: 0.98 };
