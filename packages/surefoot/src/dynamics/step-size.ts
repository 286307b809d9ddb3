import { z } from "zod";
import { SurefootError } from "../error.ts";
import type { Snapshot } from "./snapshot.ts";

/** A number (in the user's loss convention), 1/λ_max(K(0)), or what the certificate of the initial weights allows. */
export const stepSizeSpec = z.union([z.number().positive(), z.literal("1/lambda-max"), z.literal("certified")]);
/** A step size as data: a number, or a rule. */
export type StepSizeSpec = z.infer<typeof stepSizeSpec>;

/**
 * 1/(λ·λ_max(K(k))) divided by the loss factor: η in the user's convention, λ = sup ℓ'' (1 for the squared loss; 1 too for a loss without
 * such a bound, for which the rule is a guess).
 */
export async function inverseLambdaMax(at: Snapshot): Promise<number> {
  const found = await at.problem.backend.extremalEigenvalues(await at.kernel(), { which: "largest" });
  const lambdaMax = found.status === "ok" ? found.largest?.value : undefined;
  if (lambdaMax === undefined || !(lambdaMax > 0)) {
    const why = lambdaMax === undefined ? "cannot be computed (weights or outputs are not finite)" : "is 0";
    throw new SurefootError("argument", `step size 1/lambda-max: λ_max of the tangent kernel ${why}; give a number`);
  }
  const { factor, curvature } = at.problem.objective;
  return 1 / (lambdaMax * factor * (curvature ?? 1));
}
