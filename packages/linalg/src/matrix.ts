import { LinalgError } from "./error.ts";

/** A dense real matrix: row-major, entry (i, j) is `data[i * cols + j]`, `data.length === rows * cols`. No hidden state. */
export interface Matrix {
  readonly rows: number;
  readonly cols: number;
  readonly data: Float64Array;
}

/** Wraps `data` (not copied) as a rows × cols matrix; without `data` the matrix is zero. Throws `shape` if the length does not fit. */
export function matrix(rows: number, cols: number, data?: Float64Array): Matrix {
  if (!Number.isInteger(rows) || !Number.isInteger(cols) || rows < 0 || cols < 0) {
    throw new LinalgError("shape", `a matrix needs whole, non-negative dimensions, not ${rows} × ${cols}`);
  }
  const values = data ?? new Float64Array(rows * cols);
  if (values.length !== rows * cols) {
    throw new LinalgError("shape", `${rows} × ${cols} needs ${rows * cols} entries, got ${values.length}`);
  }
  return { rows, cols, data: values };
}

/** The matrix with the given rows, all of one length. */
export function fromRows(rows: readonly ArrayLike<number>[]): Matrix {
  const cols = rows[0]?.length ?? 0;
  const out = matrix(rows.length, cols);
  rows.forEach((row, i) => {
    if (row.length !== cols) throw new LinalgError("shape", `row ${i} has ${row.length} entries, row 0 has ${cols}`);
    out.data.set(row, i * cols);
  });
  return out;
}

/** The n × n identity. */
export function identity(n: number): Matrix {
  const out = matrix(n, n);
  for (let i = 0; i < n; i++) out.data[i * n + i] = 1;
  return out;
}

/** Row i as a view: writing to it writes to the matrix. */
export function row(a: Matrix, i: number): Float64Array {
  return a.data.subarray(i * a.cols, (i + 1) * a.cols);
}

/** A copy with storage of its own. */
export function copy(a: Matrix): Matrix {
  return { rows: a.rows, cols: a.cols, data: a.data.slice() };
}

/** Aᵀ as a new matrix, moved in tiles that stay in the first-level cache. */
export function transpose(a: Matrix): Matrix {
  const { rows, cols, data } = a;
  const out = new Float64Array(rows * cols);
  const tile = 32;
  for (let i0 = 0; i0 < rows; i0 += tile) {
    const i1 = Math.min(i0 + tile, rows);
    for (let j0 = 0; j0 < cols; j0 += tile) {
      const j1 = Math.min(j0 + tile, cols);
      for (let i = i0; i < i1; i++) for (let j = j0; j < j1; j++) out[j * rows + i] = data[i * cols + j];
    }
  }
  return { rows: cols, cols: rows, data: out };
}
