import type { Claim, Form } from "../study.ts";

/** The setting of one form. */
export interface Setting {
  readonly n: number;
  readonly d: number;
  readonly activation: "tanh";
  readonly depths: readonly number[];
  readonly seeds: readonly number[];
}

export const SETTINGS: Readonly<Record<Form, Setting>> = {
  quick: { n: 10, d: 10, activation: "tanh", depths: [1, 2, 3, 4, 6, 8, 10], seeds: [0] },
  full: {
    n: 20,
    d: 20,
    activation: "tanh",
    depths: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 16, 18, 20],
    seeds: [0, 1, 2],
  },
};

export const CLAIMS: readonly Claim[] = [
  {
    id: "deep-depth-lambda",
    source: "Du et al. 2019 (notes): fully connected 2^O(H), ResNet polynomial in H",
    says: "λ_min(K^(H)) of ResNets falls no faster than a power of the depth; that of fully connected networks may fall exponentially",
  },
  {
    id: "deep-depth-width",
    source: "Du et al. 2019, width n⁴/λ_min(K^(H))⁴ times 2^O(H) or poly(H) (constants taken as 1)",
    says: "the width asked of a fully connected network outgrows that of a ResNet with the depth",
  },
];

/** From this depth on fits are made. */
export const EXPECTED = { from: 2 };
