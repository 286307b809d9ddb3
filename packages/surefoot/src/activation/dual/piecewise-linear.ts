import { piecewiseLinearPair } from "@surefoot/linalg";
import type { Dual } from "./dual.ts";

/**
 * σ(x) = max(x, 0) + slope·min(x, 0): ReLU (slope 0), leaky ReLU, |x| (slope −1). With κ₀, κ₁ the arc-cosine kernels (Cho & Saul 2009):
 * E[σσ] = slope·c + (1 − slope)²κ₁, E[σ'σ'] = slope + (1 − slope)²κ₀. The angle of a zero vector to every other counts as 0.
 */
export function piecewiseLinearDual(name: string, slope: number): Dual {
  return {
    name,
    slope,
    value: (a, c, b) => piecewiseLinearPair(slope, a, c, b).value,
    derivative: (a, c, b) => piecewiseLinearPair(slope, a, c, b).derivative,
    mean: (a) => ((1 - slope) * Math.sqrt(a)) / Math.sqrt(2 * Math.PI),
    fill: async ({ covariances, rowVariances, colVariances }, { value, derivative }, backend) => {
      const { rows, cols, data } = covariances;
      const target = value ?? new Float64Array(data.length);
      target.set(data);
      const layer = { slope, weight: 1, bias: 0, squaredRows: [rowVariances], squaredCols: [colVariances] };
      const inPlace = { rows, cols, data: target };
      if (derivative === undefined) await backend.piecewiseLinear(inPlace, { ...layer, part: "covariance" });
      else await backend.piecewiseLinear(inPlace, { ...layer, part: "both", derivatives: derivative });
    },
  };
}
