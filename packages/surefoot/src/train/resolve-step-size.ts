import { certify } from "../certify/certify.ts";
import { initDescent } from "../dynamics/gradient-descent.ts";
import { asSquared, type TrainingProblem } from "../dynamics/problem.ts";
import { snapshot } from "../dynamics/snapshot.ts";
import { inverseLambdaMax, type StepSizeSpec } from "../dynamics/step-size.ts";
import { SurefootError } from "../error.ts";
import type { Weights } from "../network/network.ts";

/**
 * The step size that a rule names at these weights, in the user's loss convention. Throws `argument` where `1/lambda-max` or `certified`
 * names none.
 */
export async function resolveStepSize(rule: StepSizeSpec, problem: TrainingProblem, weights: Weights): Promise<number> {
  if (typeof rule === "number") return rule;
  if (rule === "1/lambda-max") return inverseLambdaMax(snapshot(problem, await initDescent(problem, weights)));
  const squared = asSquared(problem);
  if (!squared) {
    throw new SurefootError(
      "argument",
      `step size certified: no theorem speaks of the ${problem.objective.name} loss; give a number`,
    );
  }
  const { network, dataset, loss, backend } = squared;
  const outcome = await certify({ network, weights, dataset, loss, backend });
  const stepSize = outcome.stepSize ?? outcome.suggestedStepSize;
  if (stepSize === null) {
    const why = outcome.reasons[0] ?? outcome.statement;
    throw new SurefootError("argument", `step size certified: no theorem gives one here (${why}); give a number`);
  }
  return stepSize;
}
