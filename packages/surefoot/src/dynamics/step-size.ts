import { z } from "zod";
import { SurefootError } from "../error.ts";
import type { Snapshot } from "./snapshot.ts";

/** A number (in the user's loss convention), 1/λ_max(K(0)), or what the certificate of the initial weights allows. */
export const stepSizeSpec = z.union([z.number().positive(), z.literal("1/lambda-max"), z.literal("certified")]);
/** A step size as data: a number, or a rule. */
export type StepSizeSpec = z.infer<typeof stepSizeSpec>;

/** 1/λ_max(K(k)) on ½‖e‖², divided by the loss factor: η in the user's convention. */
export async function inverseLambdaMax(at: Snapshot): Promise<number> {
  const found = await at.problem.backend.extremalEigenvalues(await at.kernel(), { which: "largest" });
  const lambdaMax = found.status === "ok" ? found.largest?.value : undefined;
  if (lambdaMax === undefined || !(lambdaMax > 0)) {
    const why = lambdaMax === undefined ? "cannot be computed (weights or outputs are not finite)" : "is 0";
    throw new SurefootError("argument", `step size 1/lambda-max: λ_max of the tangent kernel ${why}; give a number`);
  }
  return 1 / (lambdaMax * at.problem.lossFactor);
}
