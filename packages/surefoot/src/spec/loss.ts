import { z } from "zod";
import { SurefootError } from "../error.ts";

/** Squared-loss conventions (theory/00): c·½‖u − y‖² with c = 1 (`sum`), 1/n (`half-mean`), 2/n (`mean`). */
export const lossSpec = z.enum(["sum", "half-mean", "mean"]);
/** One of the squared-loss conventions. */
export type LossSpec = z.infer<typeof lossSpec>;

/** Losses of a margin z = y·u, y = ±1, averaged over the samples: (1/n) Σ ℓ(y_i u_i) (Zou et al. 2019; theory/03). */
export const classificationLossSpec = z.enum(["logistic", "exponential", "squared-hinge"]);
/** One of the classification losses. */
export type ClassificationLossSpec = z.infer<typeof classificationLossSpec>;

/** Every loss that has a name. */
export const namedLossSpec = z.union([lossSpec, classificationLossSpec]);
/** A squared-loss convention or a classification loss. */
export type NamedLossSpec = z.infer<typeof namedLossSpec>;

/** The factor c of the convention for n samples: gradient descent with step η on c·L is gradient descent with step cη on L = ½‖e‖². */
export function lossFactor(loss: LossSpec, n: number): number {
  if (loss === "sum") return 1;
  return loss === "half-mean" ? 1 / n : 2 / n;
}

/** The loss where it is a squared one. Throws `argument` saying who speaks of nothing else. */
export function squaredOnly(loss: NamedLossSpec, who: string): LossSpec {
  if (isSquared(loss)) return loss;
  throw new SurefootError("argument", `--loss ${loss}: ${who} needs a squared loss: ${lossSpec.options.join(", ")}`);
}

export function isSquared(loss: NamedLossSpec): loss is LossSpec {
  return lossSpec.safeParse(loss).success;
}
