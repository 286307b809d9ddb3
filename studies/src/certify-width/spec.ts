import type { Claim, Form } from "../study.ts";

/** Data sets of the study. */
export type Data = "orthonormal" | "sphere" | "digits";

/** The setting of one form. */
export interface Setting {
  readonly cells: readonly { readonly data: Data; readonly n: number }[];
  /** Dimension of the sphere. */
  readonly d: number;
  readonly seeds: readonly number[];
  /** Widths above this are not tried. */
  readonly largest: number;
}

export const SETTINGS: Readonly<Record<Form, Setting>> = {
  quick: {
    cells: [
      { data: "orthonormal", n: 5 },
      { data: "orthonormal", n: 10 },
      { data: "sphere", n: 5 },
    ],
    d: 20,
    seeds: [0],
    largest: 16_384,
  },
  full: {
    cells: [
      ...[5, 10, 20, 50, 100].map((n) => ({ data: "orthonormal" as const, n })),
      ...[5, 10, 20].map((n) => ({ data: "sphere" as const, n })),
      ...[5, 10, 20].map((n) => ({ data: "digits" as const, n })),
    ],
    d: 50,
    seeds: [0, 1, 2],
    largest: 131_072,
  },
};

export const CLAIMS: readonly Claim[] = [
  {
    id: "certify-width-order",
    source: "Du et al. 2018: m = Ω(n⁶/(λ₀⁴δ³)); its review: n⁶/λ₀² (constants taken as 1)",
    says: "the width that the theorem asks for lies orders of magnitude above the width certified on the instance",
  },
  {
    id: "certify-width-trains",
    source: "ours",
    says: "and the certified width lies above the width that trains",
  },
];

/** Orders of magnitude between the curves of the first claim; a run trains if its loss falls to `share` within `steps` steps at η = 1/λ_max. */
export const EXPECTED = { orders: 2, share: 1e-3, timeConstants: 20 };
