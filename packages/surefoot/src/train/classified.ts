import type { DescentState } from "../dynamics/gradient-descent.ts";
import type { TrainingProblem } from "../dynamics/problem.ts";

export const CLASSIFICATION_COLUMNS = ["errors", "leastMargin"] as const;

/** How many samples are on the wrong side (y_i u_i ≤ 0), and min_i y_i u_i. */
export function classified({ dataset }: TrainingProblem, { pass }: Pick<DescentState, "pass">) {
  let errors = 0;
  let leastMargin = Number.POSITIVE_INFINITY;
  pass.outputs.forEach((u, i) => {
    const margin = dataset.y[i] * u;
    if (!(margin > 0)) errors++;
    leastMargin = Math.min(leastMargin, margin);
  });
  return { errors, leastMargin };
}
