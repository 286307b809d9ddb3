import { copy, type Matrix } from "@surefoot/linalg";
import { backward, emptyCotangents } from "../network/backward.ts";
import { forward } from "../network/forward.ts";
import { accumulateGradient } from "../network/gradient.ts";
import type { ForwardPass, Weights } from "../network/network.ts";
import type { TrainingProblem } from "./problem.ts";

/** Iterate k of full-batch gradient descent. The next step overwrites `weights` and `pass` in place: copy what must last. */
export interface DescentState {
  readonly step: number;
  readonly weights: Weights;
  readonly pass: ForwardPass;
  /** ∂ℓ/∂u_i: e = u − y for the squared loss. */
  readonly residual: Float64Array;
  /** In the user's convention: c·½‖e‖² for the squared loss, (1/n)Σℓ(y_i u_i) for a classification loss. */
  readonly loss: number;
  readonly cotangents: Matrix[];
}

/** Iterate `step` from the given weights, which are copied. */
export async function initDescent(problem: TrainingProblem, weights: Weights, step = 0): Promise<DescentState> {
  const own = Object.fromEntries(Object.entries(weights).map(([name, tensor]) => [name, copy(tensor)]));
  const pass = await forward(problem.network, own, problem.dataset.x, problem.backend);
  const cotangents = emptyCotangents(problem.network, problem.dataset.x.rows);
  return { step, weights: own, pass, cotangents, ...residualAndLoss(problem, pass.outputs) };
}

/** θ ← θ − η∇(c·L)(θ), `stepSize` η in the user's convention (any objective); consumes the state it is given. */
export async function stepDescent(
  problem: TrainingProblem,
  state: DescentState,
  stepSize: number,
): Promise<DescentState> {
  const { network, dataset, backend } = problem;
  const { weights, pass, cotangents } = state;
  await backward(network, weights, pass, backend, state.residual, cotangents);
  const alpha = -stepSize * problem.objective.factor;
  await accumulateGradient(network, dataset.x, pass, cotangents, backend, weights, { alpha, beta: 1 });
  await forward(network, weights, dataset.x, backend, pass);
  return { step: state.step + 1, weights, pass, cotangents, ...residualAndLoss(problem, pass.outputs) };
}

/** Why gradient descent stopped by itself. */
export type Termination =
  /** The loss is not a finite number, or has grown beyond 10⁶ times its initial value. */
  | "diverged"
  /** The loss is at or below the target. */
  | "reached-target";

/** Whether a run should stop here, and why. */
export function terminateDescent(
  state: Pick<DescentState, "loss">,
  initialLoss: number,
  targetLoss = 0,
): Termination | undefined {
  if (!Number.isFinite(state.loss) || state.loss > 1e6 * Math.max(initialLoss, Number.MIN_VALUE)) return "diverged";
  return state.loss <= targetLoss ? "reached-target" : undefined;
}

export function residualAndLoss(
  problem: TrainingProblem,
  outputs: Float64Array,
): { residual: Float64Array; loss: number } {
  const { objective, dataset } = problem;
  const residual = outputs.map((u, i) => objective.slope(u, dataset.y[i]));
  let sum = 0;
  for (let i = 0; i < outputs.length; i++) sum += objective.value(outputs[i], dataset.y[i]);
  return { residual, loss: objective.factor * sum };
}
