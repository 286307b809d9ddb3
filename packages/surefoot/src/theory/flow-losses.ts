import { exp, log1p, sigmoid, tanh } from "@surefoot/linalg";

/** A loss ℓ(u, y) of one sample and its derivative in u, for the flow dθ/dt = −∇ (1/n)Σ ℓ(u_i, y_i) of the slides. */
export interface SampleLoss {
  readonly name: string;
  readonly formula: string;
  value(u: number, y: number): number;
  slope(u: number, y: number): number;
  /** Only for labels ±1. */
  readonly classification?: boolean;
}

/** Squared loss first: the slides' own. The others show that the kernel view does not depend on it. */
export const SAMPLE_LOSSES: readonly SampleLoss[] = [
  { name: "squared", formula: "½(u − y)²", value: (u, y) => 0.5 * (u - y) ** 2, slope: (u, y) => u - y },
  {
    name: "Huber",
    formula: "½e² for |e| ≤ 1, |e| − ½ beyond",
    value: (u, y) => (Math.abs(u - y) <= 1 ? 0.5 * (u - y) ** 2 : Math.abs(u - y) - 0.5),
    slope: (u, y) => Math.min(1, Math.max(-1, u - y)),
  },
  {
    name: "log-cosh",
    formula: "log cosh(u − y)",
    value: (u, y) => Math.abs(u - y) + log1p(exp(-2 * Math.abs(u - y))) - Math.LN2,
    slope: (u, y) => tanh(u - y),
  },
  {
    name: "logistic",
    formula: "log(1 + exp(−yu))",
    value: (u, y) => Math.max(0, -y * u) + log1p(exp(-Math.abs(y * u))),
    slope: (u, y) => -y * sigmoid(-y * u),
    classification: true,
  },
  {
    name: "squared hinge",
    formula: "½max(0, 1 − yu)²",
    value: (u, y) => 0.5 * Math.max(0, 1 - y * u) ** 2,
    slope: (u, y) => -y * Math.max(0, 1 - y * u),
    classification: true,
  },
];
