import { copy, type Matrix } from "@surefoot/linalg";
import { backward, emptyCotangents } from "../network/backward.ts";
import { forward } from "../network/forward.ts";
import { accumulateGradient } from "../network/gradient.ts";
import type { ForwardPass, Weights } from "../network/network.ts";
import type { Problem } from "./problem.ts";

/** Iterate k of full-batch gradient descent. The next step overwrites `weights` and `pass` in place: copy what must last. */
export interface DescentState {
  readonly step: number;
  readonly weights: Weights;
  readonly pass: ForwardPass;
  /** e = u − y. */
  readonly residual: Float64Array;
  /** In the user's convention: c·½‖e‖². */
  readonly loss: number;
  readonly cotangents: Matrix[];
}

/** Iterate `step` from the given weights, which are copied. */
export async function initDescent(problem: Problem, weights: Weights, step = 0): Promise<DescentState> {
  const own = Object.fromEntries(Object.entries(weights).map(([name, tensor]) => [name, copy(tensor)]));
  const pass = await forward(problem.network, own, problem.dataset.x, problem.backend);
  const cotangents = emptyCotangents(problem.network, problem.dataset.x.rows);
  return { step, weights: own, pass, cotangents, ...residualAndLoss(problem, pass.outputs) };
}

/** θ ← θ − η∇(c·L)(θ), `stepSize` η in the user's convention; consumes the state it is given. */
export async function stepDescent(problem: Problem, state: DescentState, stepSize: number): Promise<DescentState> {
  const { network, dataset, backend } = problem;
  const { weights, pass, cotangents } = state;
  await backward(network, weights, pass, backend, state.residual, cotangents);
  const alpha = -stepSize * problem.lossFactor;
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

function residualAndLoss(problem: Problem, outputs: Float64Array): { residual: Float64Array; loss: number } {
  const residual = outputs.map((u, i) => u - problem.dataset.y[i]);
  let square = 0;
  for (const e of residual) square += e * e;
  return { residual, loss: 0.5 * problem.lossFactor * square };
}
