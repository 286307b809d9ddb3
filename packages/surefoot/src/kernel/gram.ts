import { type Backend, lanesOf, type Matrix, matrix, nearColumns, type Watch } from "@surefoot/linalg";
import { type Range, rowsOf } from "../network/ranges.ts";

/** Beyond this |cos θ| an inner product is taken from the difference of the rows: what BLAS rounds differently must not open an angle. */
const NEARLY_PARALLEL = 0.99;

/** |x_i|² of every row, each from its row alone. */
export function squaredLengths(x: Matrix): Float64Array {
  const out = new Float64Array(x.rows);
  for (let i = 0; i < x.rows; i++) {
    // Two sums do not wait for one another.
    let even = 0;
    let odd = 0;
    const end = (i + 1) * x.cols;
    let k = i * x.cols;
    for (; k + 1 < end; k += 2) {
      even += x.data[k] * x.data[k];
      odd += x.data[k + 1] * x.data[k + 1];
    }
    if (k < end) even += x.data[k] * x.data[k];
    out[i] = even + odd;
  }
  return out;
}

/** Rows with their squared lengths. */
export interface Rows {
  readonly x: Matrix;
  readonly squares: Float64Array;
}

/** The inner products x_i·z_j of a range as the backend rounds them. */
export function products(
  left: Matrix,
  right: Matrix,
  { i0, i1, j0, j1 }: Range,
  backend: Backend,
  space?: Float64Array,
): Promise<Matrix> {
  const options = { out: inSpace(i1 - i0, j1 - j0, space), alone: lanesOf(backend.info) > 1 };
  return left.data === right.data && i0 === j0 && i1 === j1
    ? backend.syrk(rowsOf(left, i0, i1), options)
    : backend.gemm(rowsOf(left, i0, i1), rowsOf(right, j0, j1), { transposeB: true, ...options });
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
  const { i0, i1, j0 } = range;
  const gram = await products(left.x, right.x, range, backend, space);
  const watch = watchOf(left, right, range);
  for (let i = i0; i < i1; i++) {
    const row = gram.data.subarray((i - i0) * gram.cols, (i - i0 + 1) * gram.cols);
    for (const j of nearColumns(watch, i - i0, row)) row[j] = nearProduct(left, right, i, j0 + j, row[j]);
  }
  return gram;
}

/** Where to look for the nearly parallel pairs of a range. */
export function watchOf(left: Rows, right: Rows, { i0, i1, j0, j1 }: Range): Watch {
  return {
    rowLengths: left.squares.slice(i0, i1).map(Math.sqrt),
    colLengths: right.squares.slice(j0, j1).map(Math.sqrt),
    rows: new Uint8Array(i1 - i0),
    bound: NEARLY_PARALLEL,
  };
}

/** The inner product of a nearly parallel pair, known to a backend as `product`. */
export function nearProduct(left: Rows, right: Rows, i: number, j: number, product: number): number {
  return left.x.data === right.x.data && i === j ? left.squares[i] : fromDifference(left, right, i, j, product);
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
