import type { Dataset } from "../../data/dataset.ts";
import type { DescentState } from "../../dynamics/gradient-descent.ts";
import type { Objective } from "../../dynamics/objective.ts";
import { batchAt, rowsOf } from "../../dynamics/optimiser/batch.ts";
import { forward } from "../../network/forward.ts";
import type { BatchSpec } from "../../spec/optimiser.ts";
import { gradientSizes } from "./gradients.ts";
import type { ZouSetting } from "./setting.ts";

/** The two sides of the gradient bounds of one step, in units of their orders. */
export interface GradientRatios {
  readonly step: number;
  /** ‖∇_{W_L}L_S‖_F²/((m_Lφ/n⁵)(Σℓ')²). */
  readonly lower: number;
  /** max_l ‖∇_{W_l}‖₂/((L²√M/B)·|Σ_B ℓ'|), over all samples and, for SGD, over the step's batch. */
  readonly upper: number;
}

/** Looks at the gradient bounds along one run. */
export interface GradientWatch {
  look(state: Pick<DescentState, "step" | "weights" | "pass" | "residual">): Promise<void>;
  readonly ratios: readonly GradientRatios[];
}

/** `batch` is that of the run's optimiser; undefined for gradient descent. A step at which every ℓ' is 0 has no ratio. */
export function createGradientWatch(
  s: ZouSetting,
  dataset: Dataset,
  objective: Objective,
  batch: BatchSpec | undefined,
): GradientWatch {
  const { network, backend, depth, widths, widest, separation } = s;
  const n = dataset.y.length;
  const ratios: GradientRatios[] = [];
  const relative = (sizes: readonly number[], sum: number, count: number) =>
    Math.max(...sizes) / ((depth * depth * Math.sqrt(widest) * sum) / count);

  return {
    ratios,
    look: async ({ step, weights, pass, residual }) => {
      const total = sumOf(residual);
      if (!(total > 0)) return;
      const whole = await gradientSizes(network, weights, pass, dataset.x, backend, residual, 1 / n);
      let upper = relative(whole.spectral, total, n);
      if (batch && batch.size < n) {
        const rows = batchAt(batch, n, step);
        const part = rowsOf(dataset, rows);
        const partial = await forward(network, weights, part.x, backend);
        const cotangent = partial.outputs.map((u, i) => objective.slope(u, part.y[i]));
        const sum = sumOf(cotangent);
        if (sum > 0) {
          const sizes = await gradientSizes(network, weights, partial, part.x, backend, cotangent, 1 / rows.length);
          upper = Math.max(upper, relative(sizes.spectral, sum, rows.length));
        }
      }
      const lower = whole.topSquare / (((widths[depth - 1] * separation.phi) / n ** 5) * total * total);
      ratios.push({ step, lower, upper });
    },
  };
}

function sumOf(slopes: Float64Array): number {
  return slopes.reduce((sum, value) => sum + Math.abs(value), 0);
}
