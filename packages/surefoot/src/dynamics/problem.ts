import type { Backend, Matrix } from "@surefoot/linalg";
import type { Dataset } from "../data/dataset.ts";
import type { Network } from "../network/network.ts";
import { type LossSpec, lossFactor } from "../spec/loss.ts";

/** What gradient descent runs on: minimise L(θ) = ½‖u(θ) − y‖², reported in the user's convention c·L (theory/00). */
export interface Problem {
  readonly network: Network;
  readonly dataset: Dataset;
  readonly loss: LossSpec;
  readonly backend: Backend;
  /** x·xᵀ, computed once. */
  readonly gram: Matrix;
  /** c of the convention: loss = c·½‖e‖², η on c·L is cη on L. */
  readonly lossFactor: number;
}

/** Puts a problem together; computes the Gram matrix of the inputs. */
export async function createProblem(
  network: Network,
  dataset: Dataset,
  loss: LossSpec,
  backend: Backend,
): Promise<Problem> {
  const gram = await backend.syrk(dataset.x);
  return { network, dataset, loss, backend, gram, lossFactor: lossFactor(loss, dataset.y.length) };
}
