import type { Claim, Form } from "../study.ts";

/** The setting of one form. */
export interface Setting {
  /** MNIST digits 0 and 1. */
  readonly samples: number;
  /** Depth counts hidden layers; relu is the two-layer network with a frozen output layer. */
  readonly networks: readonly { readonly activation: "tanh" | "relu"; readonly depth: number }[];
  readonly widths: readonly number[];
  readonly seeds: readonly number[];
  /** Steps that may be followed. */
  readonly steps: number;
}

export const SETTINGS: Readonly<Record<Form, Setting>> = {
  quick: {
    samples: 5,
    networks: [
      { activation: "tanh", depth: 1 },
      { activation: "relu", depth: 1 },
    ],
    widths: [32, 128],
    seeds: [0],
    steps: 2000,
  },
  full: {
    samples: 10,
    networks: [
      { activation: "relu", depth: 1 },
      { activation: "tanh", depth: 1 },
      { activation: "tanh", depth: 2 },
      { activation: "tanh", depth: 3 },
    ],
    widths: [16, 32, 64, 128, 256],
    seeds: [0, 1, 2],
    steps: 5000,
  },
};

export const CLAIMS: readonly Claim[] = [
  {
    id: "certify-follow-start",
    source: "ours (the theorems ask for widths like n⁶/λ₀⁴; docs/certificates.md, following a run)",
    says: "with its first steps followed, gradient descent from ordinary Gaussian weights is a theorem at step 0 from a width of a hundred or so on",
  },
  {
    id: "certify-follow-errors",
    source: "ours (docs/certificates.md, following a run)",
    says: "errors add up in the two-layer ReLU network and grow exponentially in smooth ones",
  },
];

/** From this width on every run of the first claim is to be certified; ReLU iterates are to be known within `distance`. */
export const EXPECTED = { width: 128, distance: 1e-9 };
