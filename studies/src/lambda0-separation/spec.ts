import type { Claim, Form } from "../study.ts";

/** The setting of one form. */
export interface Setting {
  readonly n: readonly number[];
  readonly d: number;
  readonly delta: readonly number[];
  /** Starts of the descent for every (n, δ), each of `proposals` proposals. */
  readonly starts: number;
  readonly proposals: number;
  /** Random separated sets drawn for every (n, δ). */
  readonly random: number;
}

export const SETTINGS: Readonly<Record<Form, Setting>> = {
  quick: { n: [4, 8], d: 3, delta: [0.4, 0.1, 0.03, 0.01], starts: 2, proposals: 400, random: 20 },
  full: {
    n: [2, 4, 8, 16],
    d: 3,
    delta: [0.4, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005],
    starts: 6,
    proposals: 4000,
    random: 200,
  },
};

export const CLAIMS: readonly Claim[] = [
  {
    id: "lambda0-separation-antipodal",
    source: "ours (the review asks for a bound in terms of ‖x_i − x_j‖ ≥ δ alone, § 4)",
    says: "no such bound exists for n ≥ 2(d + 1): d + 1 antipodal pairs, however far apart from one another, have λ₀ = 0; antipodal points must count as close",
  },
  {
    id: "lambda0-separation-linear",
    source: "ours (the review asks how small λ₀ can be for δ-separated points, § 4)",
    says: "with ‖x_i ± x_j‖ ≥ δ the least λ₀ over sets of n points falls like δ: exponent 1",
  },
  {
    id: "lambda0-separation-crowd",
    source: "ours",
    says: "a crowd is worse than one close pair: the least λ₀ found falls with n below δ/(2π), that of a pair alone, and random sets lie above twice the least",
  },
];

/** Tolerance of the exponent, fitted for δ ≤ `below`, where the curvature of the sphere no longer matters. */
export const EXPECTED = { exponent: 1, tolerance: 0.1, below: 0.1 };
