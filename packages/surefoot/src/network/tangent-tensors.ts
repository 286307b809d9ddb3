import type { Backend, Matrix } from "@surefoot/linalg";
import { type Range, rowsOf } from "./ranges.ts";

/**
 * The tangents of a finite network in factored form (theory/02): for each trained tensor the inputs h and the backpropagated g of every
 * sample at each of its `positions` (row i·positions + l), so that K_ij = Σ_tensors Σ_{l,r} (h_il·h_jr)(g_il·g_jr). The n × p Jacobian, whose
 * row i would hold Σ_l g_il h_ilᵀ, is never formed. An absent factor stands for the number 1.
 */
export interface TangentFeatures {
  readonly samples: number;
  readonly outputs: Float64Array;
  readonly tensors: readonly TensorFeatures[];
}

export interface TensorFeatures {
  readonly name: string;
  readonly positions: number;
  readonly h?: Matrix;
  readonly g?: Matrix;
}

/** Rows of positions that are multiplied at a time: their Gram matrices take 2·8·1024² bytes. */
const POSITIONS_AT_ONCE = 1024;

/** out += factor·Σ_{l,r} (h_il·h_jr)(g_il·g_jr) of one tensor for a range of pairs of samples. */
export async function addTensor(
  left: TensorFeatures,
  right: TensorFeatures,
  range: Range,
  out: Matrix,
  backend: Backend,
  factor = 1,
): Promise<void> {
  const p = left.positions;
  const step = p === 1 ? Number.POSITIVE_INFINITY : Math.max(1, Math.floor(POSITIONS_AT_ONCE / p));
  for (let i0 = range.i0; i0 < range.i1; i0 += step) {
    const i1 = Math.min(i0 + step, range.i1);
    for (let j0 = range.j0; j0 < range.j1; j0 += step) {
      const j1 = Math.min(j0 + step, range.j1);
      const h = await product(left.h, right.h, i0 * p, i1 * p, j0 * p, j1 * p, backend);
      const g = await product(left.g, right.g, i0 * p, i1 * p, j0 * p, j1 * p, backend);
      const cols = (j1 - j0) * p;
      for (let a = 0; a < (i1 - i0) * p; a++) {
        const row = (i0 - range.i0 + Math.floor(a / p)) * out.cols + (j0 - range.j0);
        for (let b = 0; b < cols; b++) {
          const k = a * cols + b;
          const term = (h ? h.data[k] : 1) * (g ? g.data[k] : 1);
          out.data[row + (p === 1 ? b : Math.floor(b / p))] += factor === 1 ? term : factor * term;
        }
      }
    }
  }
}

async function product(
  left: Matrix | undefined,
  right: Matrix | undefined,
  i0: number,
  i1: number,
  j0: number,
  j1: number,
  backend: Backend,
): Promise<Matrix | undefined> {
  if (left === undefined || right === undefined) return undefined;
  const rows = rowsOf(left, i0, i1);
  return left === right && i0 === j0 && i1 === j1
    ? backend.syrk(rows)
    : backend.gemm(rows, rowsOf(right, j0, j1), { transposeB: true });
}
