import { type Backend, CLOSED_DUALS, type ClosedDual, type Matrix } from "@surefoot/linalg";

/**
 * The dual kernels of an activation σ for (u, v) ∼ N(0, [[a, c], [c, b]]) (theory/02). Variances are ≥ 0; a |c| above √(ab), which rounding
 * makes of parallel inputs, counts as √(ab); a zero variance means u = 0. NaN inputs give NaN.
 */
export interface Dual {
  readonly name: string;
  /** Of max(x, 0) + slope·min(x, 0), whose kernels a backend computes through all layers at once; absent for every other σ. */
  readonly slope?: number;
  /** E[σ(u)σ(v)]. */
  value(a: number, c: number, b: number): number;
  /** E[σ'(u)σ'(v)]. */
  derivative(a: number, c: number, b: number): number;
  /** E[σ(u)], u ∼ N(0, a). */
  mean(a: number): number;
  /** The kernels of all pairs of a block into `out` (row-major like `covariances`); entry by entry the same bits whatever the block. */
  fill(pairs: Pairs, out: DualBlock, backend: Backend): Promise<void>;
}

/** Covariances c_ij (rows × cols) with the variances of both sides. */
export interface Pairs {
  readonly covariances: Matrix;
  readonly rowVariances: Float64Array;
  readonly colVariances: Float64Array;
}

/** Where a block goes; an absent one is not computed. */
export interface DualBlock {
  readonly value?: Float64Array;
  readonly derivative?: Float64Array;
}

/** A dual whose closed form is cheap enough to be applied to one pair after the other. */
export function pointwise(closed: Omit<Dual, "fill">): Dual {
  return {
    ...closed,
    fill: async ({ covariances, rowVariances, colVariances }, out) => {
      const { rows, cols, data } = covariances;
      for (const [target, f] of [
        [out.value, closed.value],
        [out.derivative, closed.derivative],
      ] as const) {
        if (target === undefined) continue;
        for (let i = 0; i < rows; i++) {
          for (let j = 0; j < cols; j++) {
            const k = i * cols + j;
            target[k] = f(rowVariances[i], data[k], colVariances[j]);
          }
        }
      }
    },
  };
}

/** A dual whose kernels a backend computes for a whole block. */
export function inBulk(name: string, value: ClosedDual, derivative: ClosedDual, mean: Dual["mean"]): Dual {
  return {
    name,
    value: CLOSED_DUALS[value],
    derivative: CLOSED_DUALS[derivative],
    mean,
    fill: async ({ covariances, rowVariances, colVariances }, out, backend) => {
      const request = { rowVariances, colVariances };
      if (out.value) await backend.dualPairs(covariances, { ...request, kind: value }, out.value);
      if (out.derivative) await backend.dualPairs(covariances, { ...request, kind: derivative }, out.derivative);
    },
  };
}
