import type { Backend, Matrix } from "@surefoot/linalg";
import type { Dataset } from "../data/dataset.ts";
import type { Network } from "../network/network.ts";
import { isSquared, type LossSpec, type NamedLossSpec } from "../spec/loss.ts";
import type { MarginLoss } from "./margin-loss.ts";
import { type Objective, objectiveOf } from "./objective.ts";

/** What is trained on what: any objective of the outputs. */
export interface TrainingProblem {
  readonly network: Network;
  readonly dataset: Dataset;
  readonly objective: Objective;
  readonly backend: Backend;
  /** x·xᵀ, computed once. */
  readonly gram: Matrix;
}

/** Minimise L(θ) = ½‖u(θ) − y‖², reported in the user's convention c·L (theory/00): what the theorems speak of. */
export interface Problem extends TrainingProblem {
  readonly loss: LossSpec;
  /** c of the convention: loss = c·½‖e‖², η on c·L is cη on L. */
  readonly lossFactor: number;
}

/** Puts a problem with the squared loss together; computes the Gram matrix of the inputs. */
export async function createProblem(
  network: Network,
  dataset: Dataset,
  loss: LossSpec,
  backend: Backend,
): Promise<Problem> {
  const gram = await backend.syrk(dataset.x);
  const objective = objectiveOf(loss, dataset);
  return { network, dataset, objective, loss, backend, gram, lossFactor: objective.factor };
}

/**
 * Puts a problem with any loss together: a squared-loss convention, a classification loss by name, or one of the caller's own from `marginLoss`.
 * Throws `data` for labels other than ±1 under a classification loss.
 */
export async function createTrainingProblem(
  network: Network,
  dataset: Dataset,
  loss: NamedLossSpec | MarginLoss,
  backend: Backend,
): Promise<TrainingProblem> {
  if (typeof loss === "string" && isSquared(loss)) return createProblem(network, dataset, loss, backend);
  return { network, dataset, objective: objectiveOf(loss, dataset), backend, gram: await backend.syrk(dataset.x) };
}

/** The problem as one with the squared loss; undefined where it has another. */
export function asSquared(problem: TrainingProblem): Problem | undefined {
  return "lossFactor" in problem && "loss" in problem ? (problem as Problem) : undefined;
}
