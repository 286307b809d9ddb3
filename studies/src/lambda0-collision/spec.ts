import type { Claim, Form } from "../study.ts";

/** The setting of one form. */
export interface Setting {
  readonly epsilon: readonly number[];
  /** Data sets: the other points stay where they are while the pair closes up. */
  readonly data: readonly { readonly name: string; readonly n: number; readonly d: number; readonly seed: number }[];
}

const EPSILON = [1, 0.3, 0.1, 0.03, 1e-2, 3e-3, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-11, 1e-12];

export const SETTINGS: Readonly<Record<Form, Setting>> = {
  quick: {
    epsilon: EPSILON,
    data: [
      { name: "a pair alone", n: 2, d: 10, seed: 0 },
      { name: "n = 10, d = 20", n: 10, d: 20, seed: 0 },
    ],
  },
  full: {
    epsilon: EPSILON,
    data: [
      { name: "a pair alone", n: 2, d: 10, seed: 0 },
      { name: "n = 10, d = 20", n: 10, d: 20, seed: 0 },
      { name: "n = 10, d = 3", n: 10, d: 3, seed: 1 },
      { name: "n = 50, d = 20", n: 50, d: 20, seed: 2 },
      { name: "n = 200, d = 200", n: 200, d: 200, seed: 3 },
    ],
  },
};

export const CLAIMS: readonly Claim[] = [
  {
    id: "lambda0-collision-zero",
    source: "review of Du et al. 2018, § 3",
    says: "λ₀ → 0 as one pair closes up, all else fixed",
  },
  {
    id: "lambda0-collision-rate",
    source: "ours (golden fact 4 for any set in which only that pair collides)",
    says: "λ₀ = ε/(2π) + O(ε²)",
  },
];

/** |λ₀/(ε/2π) − 1| must fall like ε^exponent within `tolerance`, fitted for ε ≤ `below` down to where 16 digits end. */
export const EXPECTED = { exponent: 1, tolerance: 0.1, below: 1e-3, above: 1e-9 };
