import { exp, log1p, tanh } from "@surefoot/linalg";
import { classificationLoss, type MarginLoss } from "../dynamics/margin-loss.ts";

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
  ...(["logistic", "squared-hinge"] as const).map((name) => ofMargin(classificationLoss(name))),
];

/** A loss of the margin y·u as one of (u, y). */
export function ofMargin({ name, formula, value, slope }: MarginLoss): SampleLoss {
  return {
    name,
    formula: formula.replaceAll("z", "yu"),
    value: (u, y) => value(y * u),
    slope: (u, y) => y * slope(y * u),
    classification: true,
  };
}
