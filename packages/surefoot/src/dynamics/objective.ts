import type { Dataset } from "../data/dataset.ts";
import { SurefootError } from "../error.ts";
import { isSquared, lossFactor, type NamedLossSpec } from "../spec/loss.ts";
import { classificationLoss, type MarginLoss } from "./margin-loss.ts";

/** What is minimised: factor·Σ_i ℓ(u_i, y_i). Gradient descent moves by −η·factor·Jᵀℓ'(u). */
export interface Objective {
  readonly name: string;
  readonly factor: number;
  /** ℓ(u, y) of one sample. */
  value(u: number, y: number): number;
  /** ∂ℓ/∂u. */
  slope(u: number, y: number): number;
  /** sup ∂²ℓ/∂u²; null where there is none. */
  readonly curvature: number | null;
  /** Set where ℓ is a loss of the margin y·u; then labels are ±1. */
  readonly margin?: MarginLoss;
}

/** The objective of a named loss or of a margin loss, for these labels. Throws `data` for labels other than ±1 where they must be. */
export function objectiveOf(loss: NamedLossSpec | MarginLoss, dataset: Dataset): Objective {
  const n = dataset.y.length;
  if (typeof loss === "string" && isSquared(loss)) {
    return {
      name: loss,
      factor: lossFactor(loss, n),
      value: (u, y) => 0.5 * (u - y) * (u - y),
      slope: (u, y) => u - y,
      curvature: 1,
    };
  }
  const margin = typeof loss === "string" ? classificationLoss(loss) : loss;
  checkSigns(dataset, margin.name);
  return {
    name: typeof loss === "string" ? loss : margin.name,
    factor: 1 / n,
    value: (u, y) => margin.value(y * u),
    slope: (u, y) => y * margin.slope(y * u),
    curvature: margin.constants.smoothness,
    margin,
  };
}

function checkSigns({ y, provenance }: Dataset, name: string): void {
  const bad = y.findIndex((label) => label !== 1 && label !== -1);
  if (bad < 0) return;
  const row = provenance.sourceRows[bad] ?? bad;
  throw new SurefootError(
    "data",
    `${provenance.source}: the label of sample ${bad} (row ${row} of the source, counted from 0) is ${y[bad]}; the ${name} loss needs ` +
      "labels −1 and +1: choose two classes with --classes A,B, or a squared loss",
  );
}
