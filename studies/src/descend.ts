import { type DescentState, initDescent, type Problem, snapshot, stepDescent, type Weights } from "surefoot";

/** What a plain run leaves: the loss at every iterate, and the last state. */
export interface PlainRun {
  readonly losses: readonly number[];
  readonly state: DescentState;
  readonly diverged: boolean;
}

/** Full-batch gradient descent until `steps`, or the loss is at most `share` of its start, or it has grown a thousandfold. */
export async function descend(
  problem: Problem,
  weights: Weights,
  stepSize: number,
  steps: number,
  signal: AbortSignal,
  share = 0,
): Promise<PlainRun> {
  let state = await initDescent(problem, weights);
  const losses = [state.loss];
  for (let k = 0; k < steps; k++) {
    if (k % 16 === 0) signal.throwIfAborted();
    state = await stepDescent(problem, state, stepSize);
    losses.push(state.loss);
    if (!(state.loss <= 1e3 * losses[0])) return { losses, state, diverged: true };
    if (state.loss <= share * losses[0]) break;
  }
  return { losses, state, diverged: false };
}

/** The tangent kernel at these weights. */
export async function kernelAt(problem: Problem, weights: Weights) {
  return snapshot(problem, await initDescent(problem, weights)).kernel();
}
