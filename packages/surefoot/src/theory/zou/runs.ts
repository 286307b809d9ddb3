import { initDescent, terminateDescent } from "../../dynamics/gradient-descent.ts";
import type { MarginLoss } from "../../dynamics/margin-loss.ts";
import { objectiveOf } from "../../dynamics/objective.ts";
import { createOptimiser } from "../../dynamics/optimiser/optimiser.ts";
import type { TrainingProblem } from "../../dynamics/problem.ts";
import { snapshot } from "../../dynamics/snapshot.ts";
import { inverseLambdaMax } from "../../dynamics/step-size.ts";
import type { Weights } from "../../network/network.ts";
import { type BatchSpec, optimiserSpec } from "../../spec/optimiser.ts";
import type { DeskRequest } from "../request.ts";
import { createGradientWatch, type GradientRatios } from "./gradient-watch.ts";
import type { ZouSetting } from "./setting.ts";

/** How one loss was trained by one method, and the gradient bounds along it. */
export interface ZouRun {
  /** e.g. "logistic loss, SGD, B = 4". */
  readonly name: string;
  readonly loss: MarginLoss;
  readonly stepSize: number;
  readonly steps: number;
  readonly initialLoss: number;
  readonly finalLoss: number;
  /** Samples with y_i u_i ≤ 0 at the end. */
  readonly errors: number;
  readonly ratios: readonly GradientRatios[];
  /** The weights at the end. */
  readonly reached: Weights;
}

/** The runs that the desk makes itself may take so many floating-point operations together. */
const BUDGET = 6e11;
/** The gradient bounds are looked at so many times along a run. */
export const LOOKS = 40;

/** How many steps each of `runs` runs can make; none where there are none to make. */
export function affordableSteps({ network, y }: ZouSetting, wanted: number, runs: number): number {
  const step = 6 * y.length * network.layers.reduce((sum, layer) => sum + layer.rows * layer.cols, 0);
  return Math.min(wanted, Math.max(3, Math.floor(BUDGET / (Math.max(1, runs) * step))));
}

/** "logistic loss, gradient descent" or "…, SGD, B = 4". */
export function runName({ name }: MarginLoss, batch: number, n: number): string {
  return `${name} loss, ${batch < n ? `SGD, B = ${batch}` : "gradient descent"}`;
}

/** The batches of the desk's own SGD: drawn anew in each step, as in the paper. */
export function drawn(size: number): BatchSpec {
  return { size, seed: 0, sampling: "independent" };
}

/**
 * Half of 1/(λ·λ_max(K(0))/n), with λ the Lipschitz constant of ℓ'; for a loss without one (the exponential loss) ℓ'' at the worst of the initial
 * margins stands for it.
 */
export async function marginStepSize(problem: TrainingProblem, weights: Weights): Promise<number> {
  const first = await initDescent(problem, weights);
  const { objective, dataset } = problem;
  const steepness =
    objective.curvature === null
      ? first.pass.outputs.reduce((most, u, i) => Math.max(most, Math.abs(objective.slope(u, dataset.y[i]))), 1)
      : 1;
  return (0.5 * (await inverseLambdaMax(snapshot(problem, first)))) / steepness;
}

/** Trains by gradient descent (`batch` = n) or SGD from the initial weights; an abort ends the run early. */
export async function zouRun(
  s: ZouSetting,
  request: DeskRequest,
  loss: MarginLoss,
  batch: number,
  steps: number,
): Promise<ZouRun> {
  const { dataset } = request.problem;
  const n = s.y.length;
  const objective = objectiveOf(loss, dataset);
  const problem = { ...request.problem, objective };
  const stepSize = await marginStepSize(problem, s.weights);
  const batches = batch < n ? drawn(batch) : undefined;
  const spec = optimiserSpec.parse({ kind: "gradient-descent", ...(batches ? { batch: batches } : {}) });
  const optimiser = createOptimiser(problem, spec, stepSize);
  let state = await optimiser.init(s.weights);
  const initialLoss = state.loss;
  const name = runName(loss, batch, n);
  const watch = createGradientWatch(s, dataset, objective, batches);
  const every = Math.max(1, Math.ceil(steps / LOOKS));
  for (;;) {
    const over = state.step >= steps || terminateDescent(state, initialLoss) !== undefined || request.signal?.aborted;
    if (state.step % every === 0 || over) await watch.look(state);
    if (over) break;
    // an abort is seen above, after a last look
    await s.pace(`zou2019: ${name}, step ${state.step}/${steps}`).catch(() => {});
    state = await optimiser.step(state);
  }
  return { ...ended(s, name, loss, stepSize, initialLoss, state), ratios: watch.ratios };
}

/** The numbers of a run as it stands at `state`. */
export function ended(
  { y }: ZouSetting,
  name: string,
  loss: MarginLoss,
  stepSize: number,
  initialLoss: number,
  state: {
    readonly step: number;
    readonly loss: number;
    readonly pass: { readonly outputs: Float64Array };
    readonly weights: Weights;
  },
): Omit<ZouRun, "ratios"> {
  const errors = state.pass.outputs.reduce((count, u, i) => count + (y[i] * u > 0 ? 0 : 1), 0);
  return {
    name,
    loss,
    stepSize,
    steps: state.step,
    initialLoss,
    finalLoss: state.loss,
    errors,
    reached: state.weights,
  };
}
