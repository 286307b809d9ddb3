import { type Backend, type Matrix, matrix } from "@surefoot/linalg";
import { type Range, rowsOf } from "../network/ranges.ts";

/** Beyond this |cos θ| an inner product is taken from the difference of the rows: what BLAS rounds differently must not open an angle. */
const NEARLY_PARALLEL = 0.99;

/** |x_i|² of every row, each from its row alone. */
export function squaredLengths(x: Matrix): Float64Array {
  const out = new Float64Array(x.rows);
  for (let i = 0; i < x.rows; i++) {
    let sum = 0;
    for (let k = i * x.cols; k < (i + 1) * x.cols; k++) sum += x.data[k] * x.data[k];
    out[i] = sum;
  }
  return out;
}

/** Rows with their squared lengths. */
export interface Rows {
  readonly x: Matrix;
  readonly squares: Float64Array;
}

/**
 * The inner products x_i·z_j of a range. They fit the squared lengths: the diagonal of a set with itself is `squares`, and nearly parallel
 * pairs come from √(ab)(1 − ½‖û ∓ v̂‖²), so that equal rows have correlation 1 exactly, whatever order a backend sums in.
 */
export async function gramBlock(
  left: Rows,
  right: Rows,
  range: Range,
  backend: Backend,
  space?: Float64Array,
): Promise<Matrix> {
  const { i0, i1, j0, j1 } = range;
  const same = left.x.data === right.x.data;
  const out = inSpace(i1 - i0, j1 - j0, space);
  const gram =
    same && i0 === j0 && i1 === j1
      ? await backend.syrk(rowsOf(left.x, i0, i1), { out })
      : await backend.gemm(rowsOf(left.x, i0, i1), rowsOf(right.x, j0, j1), { transposeB: true, out });
  const rights = right.squares.slice(j0, j1).map(Math.sqrt);
  for (let i = i0; i < i1; i++) {
    const size = Math.sqrt(left.squares[i]);
    const bound = NEARLY_PARALLEL * size;
    for (let j = j0; j < j1; j++) {
      const k = (i - i0) * gram.cols + (j - j0);
      if (same && i === j) gram.data[k] = left.squares[i];
      else if (Math.abs(gram.data[k]) > bound * rights[j - j0])
        gram.data[k] = fromDifference(left, right, i, j, gram.data[k]);
    }
  }
  return gram;
}

/** A matrix in the front part of `space`, or in memory of its own. Holds whatever was left there. */
export function inSpace(rows: number, cols: number, space?: Float64Array): Matrix {
  return space && space.length >= rows * cols
    ? { rows, cols, data: space.subarray(0, rows * cols) }
    : matrix(rows, cols);
}

function fromDifference(left: Rows, right: Rows, i: number, j: number, product: number): number {
  const size = Math.sqrt(left.squares[i] * right.squares[j]);
  const sign = product < 0 ? -1 : 1;
  const [p, q] = [1 / Math.sqrt(left.squares[i]), sign / Math.sqrt(right.squares[j])];
  const { cols } = left.x;
  let apart = 0;
  for (let k = 0; k < cols; k++) {
    const difference = left.x.data[i * cols + k] * p - right.x.data[j * cols + k] * q;
    apart += difference * difference;
  }
  return sign * size * (1 - 0.5 * apart);
}
