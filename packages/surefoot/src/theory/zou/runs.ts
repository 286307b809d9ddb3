import { initDescent, terminateDescent } from "../../dynamics/gradient-descent.ts";
import type { MarginLoss } from "../../dynamics/margin-loss.ts";
import { classificationLoss } from "../../dynamics/margin-loss.ts";
import { objectiveOf } from "../../dynamics/objective.ts";
import { batchAt, rowsOf } from "../../dynamics/optimiser/batch.ts";
import { createOptimiser } from "../../dynamics/optimiser/optimiser.ts";
import { snapshot } from "../../dynamics/snapshot.ts";
import { inverseLambdaMax } from "../../dynamics/step-size.ts";
import { forward } from "../../network/forward.ts";
import type { Weights } from "../../network/network.ts";
import type { ClassificationLossSpec } from "../../spec/loss.ts";
import { optimiserSpec } from "../../spec/optimiser.ts";
import type { DeskRequest } from "../request.ts";
import { gradientSizes } from "./gradients.ts";
import type { ZouSetting } from "./setting.ts";

/** How one loss was trained by one method, and the constants of the gradient bounds along it. */
export interface ZouRun {
  readonly name: string;
  readonly loss: MarginLoss;
  /** B; n for gradient descent. */
  readonly batch: number;
  readonly stepSize: number;
  readonly steps: number;
  readonly losses: readonly number[];
  /** Samples with y_i u_i ≤ 0 at the end. */
  readonly errors: number;
  /** Least ‖∇_{W_L}L_S‖_F²/((m_Lφ/n⁵)(Σℓ')²), and the step. */
  readonly lower: { readonly constant: number; readonly step: number };
  /** Greatest ‖∇_{W_l}‖₂/((L²√M/B)·|Σ_B ℓ'|). */
  readonly upper: { readonly constant: number; readonly step: number };
  /** The weights at the end. */
  readonly reached: Weights;
}

/** All runs together may take so many multiply-adds. */
const BUDGET = 6e11;

/** How many steps each of `runs` runs can make. */
export function affordableSteps({ network, y }: ZouSetting, wanted: number, runs: number): number {
  const step = 6 * y.length * network.layers.reduce((sum, layer) => sum + layer.rows * layer.cols, 0);
  return Math.min(wanted, Math.max(3, Math.floor(BUDGET / (runs * step))));
}

/** Trains by gradient descent (`batch` = n) or SGD from the initial weights, and looks at the gradient bounds every few steps. */
export async function zouRun(
  s: ZouSetting,
  request: DeskRequest,
  name: ClassificationLossSpec,
  batch: number,
  steps: number,
): Promise<ZouRun> {
  const { network, backend, x, y, depth, widths, widest, separation } = s;
  const { dataset, gram } = request.problem;
  const n = y.length;
  const objective = objectiveOf(name, dataset);
  const loss = classificationLoss(name);
  const problem = { network, dataset, objective, backend, gram };
  const first = await initDescent(problem, s.weights);
  const stepSize = (0.5 * (await inverseLambdaMax(snapshot(problem, first)))) / steepness(loss, first.pass.outputs, y);
  const drawn = { size: batch, seed: 0, sampling: "independent" } as const;
  const spec = optimiserSpec.parse({ kind: "gradient-descent", ...(batch < n ? { batch: drawn } : {}) });
  const optimiser = createOptimiser(problem, spec, stepSize);
  let state = await optimiser.init(s.weights);
  const initial = state.loss;
  const losses: number[] = [];
  let lower = { constant: Number.POSITIVE_INFINITY, step: 0 };
  let upper = { constant: 0, step: 0 };
  const every = Math.max(1, Math.ceil(steps / 40));
  for (;;) {
    if (Number.isFinite(state.loss)) losses.push(state.loss);
    const over = state.step >= steps || terminateDescent(state, initial) !== undefined || request.signal?.aborted;
    if (state.step % every === 0 || over) await look(state.step);
    if (over) break;
    request.onProgress?.(`zou2019: ${name}, ${batch < n ? "SGD" : "gradient descent"}, step ${state.step}/${steps}`);
    state = await optimiser.step(state);
  }
  const errors = state.pass.outputs.reduce((count, u, i) => count + (y[i] * u > 0 ? 0 : 1), 0);
  const method = batch < n ? `SGD, B = ${batch}` : "gradient descent";
  return {
    name: `${loss.name} loss, ${method}`,
    loss,
    batch,
    stepSize,
    steps: state.step,
    losses,
    errors,
    lower,
    upper,
    reached: state.weights,
  };

  async function look(step: number): Promise<void> {
    const slopes = state.residual;
    const total = slopes.reduce((sum, value) => sum + Math.abs(value), 0);
    if (!(total > 0)) return;
    const whole = await gradientSizes(network, state.weights, state.pass, x, backend, slopes, 1 / n);
    const least = whole.topSquare / (((widths[depth - 1] * separation.phi) / n ** 5) * total * total);
    if (least < lower.constant) lower = { constant: least, step };
    const most = (sizes: readonly number[], sum: number, count: number) =>
      Math.max(...sizes) / ((depth * depth * Math.sqrt(widest) * sum) / count);
    let greatest = most(whole.spectral, total, n);
    if (batch < n) {
      const rows = batchAt(drawn, n, step);
      const part = rowsOf(dataset, rows);
      const pass = await forward(network, state.weights, part.x, backend);
      const cotangent = pass.outputs.map((u, i) => objective.slope(u, part.y[i]));
      const sum = cotangent.reduce((all, value) => all + Math.abs(value), 0);
      if (sum > 0) {
        const sizes = await gradientSizes(network, state.weights, pass, part.x, backend, cotangent, 1 / rows.length);
        greatest = Math.max(greatest, most(sizes.spectral, sum, rows.length));
      }
    }
    if (greatest > upper.constant) upper = { constant: greatest, step };
  }
}

/** ℓ'' at the worst of the initial margins where ℓ' has no Lipschitz constant (the exponential loss: exp(−z)); else 1, as λ is in the rule. */
function steepness({ constants, slope }: MarginLoss, outputs: Float64Array, y: Float64Array): number {
  if (constants.smoothness !== null) return 1;
  return outputs.reduce((most, u, i) => Math.max(most, Math.abs(slope(y[i] * u))), 1);
}
