import { z } from "zod";

/** Squared-loss conventions (theory/00): c·½‖u − y‖² with c = 1 (`sum`), 1/n (`half-mean`), 2/n (`mean`). */
export const lossSpec = z.enum(["sum", "half-mean", "mean"]);
/** One of the squared-loss conventions. */
export type LossSpec = z.infer<typeof lossSpec>;

/** The factor c of the convention for n samples: gradient descent with step η on c·L is gradient descent with step cη on L = ½‖e‖². */
export function lossFactor(loss: LossSpec, n: number): number {
  if (loss === "sum") return 1;
  return loss === "half-mean" ? 1 / n : 2 / n;
}
