import type { Claim, Form } from "../study.ts";

/** The setting of one form. */
export interface Setting {
  readonly n: readonly number[];
  readonly d: readonly number[];
  readonly draws: number;
}

export const SETTINGS: Readonly<Record<Form, Setting>> = {
  quick: { n: [2, 5, 10, 20, 50, 100], d: [2, 3, 5, 10, 50, 200], draws: 20 },
  full: {
    n: [2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000],
    d: [2, 3, 5, 10, 20, 50, 100, 200, 500, 1000, 2000],
    draws: 100,
  },
};

export const CLAIMS: readonly Claim[] = [
  {
    id: "lambda0-large-d",
    source: "ours (the review asks for E[λ₀] on the sphere, § 4)",
    says: "for n ≤ d both large, E[λ₀] is near ¼ + ¼(1 − √(n/d))²: the least eigenvalue of ¼I + ¼XXᵀ, the leading part of H^∞",
  },
  {
    id: "lambda0-small-d",
    source: "ours (the review asks how λ₀ depends on the dimension, § 4)",
    says: "for fixed d ≤ 5 the closest pair decides: the median of λ₀ falls like n^(−2/(d − 1))",
  },
];

/** Relative deviation that still agrees, for n ≤ d and d from `largeD` on; how far an exponent may be off, for n from `fitFrom` on. */
export const EXPECTED = { deviation: 0.05, largeD: 200, exponent: 0.25, fitFrom: 20 };
