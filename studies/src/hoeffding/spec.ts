import type { Claim, Form } from "../study.ts";

/** The setting of one form. */
export interface Setting {
  readonly n: number;
  readonly d: number;
  readonly widths: readonly number[];
  readonly draws: number;
  /** Failure probability of the union bound. */
  readonly delta: number;
}

export const SETTINGS: Readonly<Record<Form, Setting>> = {
  quick: { n: 10, d: 10, widths: [100, 1000], draws: 200, delta: 0.05 },
  full: { n: 20, d: 10, widths: [100, 1000, 10_000], draws: 1000, delta: 0.05 },
};

export const CLAIMS: readonly Claim[] = [
  {
    id: "hoeffding-entry",
    source: "slides on gradient flow (theory/01)",
    says: "P(|H_ij(0) − H^∞_ij| > ε) ≤ 2 exp(−2ε²m/G_ij²) for every entry and ε",
  },
  {
    id: "hoeffding-union",
    source: "slides on gradient flow, union bound over all entries",
    says: "with probability 1 − δ all entries are within |G_ij| √(log(n(n+1)/δ)/(2m))",
  },
];

/** Standard errors by which a measured frequency may exceed its bound. */
export const EXPECTED = { standardErrors: 4 };
