import { arcCosine, atan2, type Backend, type Matrix } from "@surefoot/linalg";
import { type Dual, determinant, type Pairs } from "./dual.ts";

/**
 * σ(x) = max(x, 0) + slope·min(x, 0): ReLU (slope 0), leaky ReLU, |x| (slope −1). With κ₀, κ₁ the arc-cosine kernels (Cho & Saul 2009):
 * E[σσ] = slope·c + (1 − slope)²κ₁, E[σ'σ'] = slope + (1 − slope)²κ₀.
 */
export function piecewiseLinearDual(name: string, slope: number): Dual {
  const square = (1 - slope) * (1 - slope);
  // For slope < 0 the two terms of E[σ'σ'] cancel near c = 0; (1 + slope)²/4 + (1 − slope)²·arcsin ρ/(2π) does not.
  const fromSine = (a: number, c: number, b: number) =>
    ((1 + slope) * (1 + slope)) / 4 + (square / (2 * Math.PI)) * atan2(c, Math.sqrt(determinant(a, c, b)));
  return {
    name,
    value: (a, c, b) => slope * within(a, c, b) + square * single(1, a, c, b),
    derivative: (a, c, b) => (slope < 0 ? fromSine(a, c, b) : slope + square * single(0, a, c, b)),
    mean: (a) => ((1 - slope) * Math.sqrt(a)) / Math.sqrt(2 * Math.PI),
    fill: async (pairs, out, backend) => {
      if (out.value !== undefined) {
        await kappa(1, pairs, out.value, backend);
        if (slope !== 0) addLinear(pairs, slope, square, out.value);
      }
      if (out.derivative === undefined) return;
      if (slope < 0) {
        const { covariances, rowVariances, colVariances } = pairs;
        for (let k = 0; k < out.derivative.length; k++) {
          const [i, j] = [Math.floor(k / covariances.cols), k % covariances.cols];
          out.derivative[k] = fromSine(rowVariances[i], covariances.data[k], colVariances[j]);
        }
        return;
      }
      await kappa(0, pairs, out.derivative, backend);
      if (slope !== 0)
        for (let k = 0; k < out.derivative.length; k++) out.derivative[k] = slope + square * out.derivative[k];
    },
  };
}

/** out ← slope·c + square·out. */
function addLinear(
  { covariances, rowVariances, colVariances }: Pairs,
  slope: number,
  square: number,
  out: Float64Array,
) {
  const { rows, cols, data } = covariances;
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < cols; j++) {
      const k = i * cols + j;
      out[k] = slope * within(rowVariances[i], data[k], colVariances[j]) + square * out[k];
    }
  }
}

/** c, or ±√(ab) if rounding has taken it beyond. */
function within(a: number, c: number, b: number): number {
  const bound = Math.sqrt(a * b);
  return c > bound ? bound : Math.max(c, -bound);
}

async function kappa(degree: 0 | 1, pairs: Pairs, out: Float64Array, backend: Backend): Promise<void> {
  const { covariances, rowVariances, colVariances } = pairs;
  const target: Matrix = { rows: covariances.rows, cols: covariances.cols, data: out };
  await backend.arcCosine(degree, covariances, rowVariances, colVariances, target);
}

function single(degree: 0 | 1, a: number, c: number, b: number): number {
  const one = (x: number) => Float64Array.of(x);
  return arcCosine(degree, { rows: 1, cols: 1, data: one(c) }, one(a), one(b)).data[0];
}
