import type { Matrix } from "@surefoot/linalg";

/** A range of rows and one of columns: [i0, i1) × [j0, j1). */
export interface Range {
  readonly i0: number;
  readonly i1: number;
  readonly j0: number;
  readonly j1: number;
}

/** Rows from … to − 1, without a copy. */
export function rowsOf(x: Matrix, from: number, to: number): Matrix {
  return { rows: to - from, cols: x.cols, data: x.data.subarray(from * x.cols, to * x.cols) };
}
