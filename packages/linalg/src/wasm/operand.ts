import type { Matrix } from "../matrix.ts";
import type { Arena } from "./arena.ts";

/** A matrix in the kernels' memory: entry (i, j) lies 8·(i·stride + j) bytes behind `address`. */
export interface Operand {
  readonly rows: number;
  readonly cols: number;
  readonly address: number;
  /** Distance of rows in doubles, at least `cols`. */
  readonly stride: number;
}

/**
 * Room for a rows × cols matrix, contents undefined. Rows start on cache lines and are never a multiple of 256 bytes apart:
 * with strides near a power of two a column's entries compete for a few places in the caches.
 */
export function reserve(arena: Arena, rows: number, cols: number): Operand {
  const lines = Math.ceil(cols / 8);
  const stride = 8 * (lines % 4 === 0 && lines > 0 ? lines + 1 : lines);
  return { rows, cols, address: arena.doubles(rows * stride), stride };
}

/** A copy of `a` in the kernels' memory. */
export function load(arena: Arena, a: Matrix): Operand {
  const operand = reserve(arena, a.rows, a.cols);
  loadBlock(arena, operand, a, 0, 0);
  return operand;
}

/** Overwrites `operand` by the block of `a` of its shape that starts at (row, col). */
export function loadBlock(arena: Arena, operand: Operand, a: Matrix, row: number, col: number): void {
  const { rows, cols, address, stride } = operand;
  const view = arena.view(address, rows * stride);
  for (let i = 0; i < rows; i++) {
    const start = (row + i) * a.cols + col;
    view.set(a.data.subarray(start, start + cols), i * stride);
  }
}

/** Copies the lower triangle of a square matrix alone; what lies above the diagonal is undefined. */
export function loadLower(arena: Arena, a: Matrix): Operand {
  const operand = reserve(arena, a.rows, a.cols);
  const { address, stride } = operand;
  const view = arena.view(address, a.rows * stride);
  for (let i = 0; i < a.rows; i++) view.set(a.data.subarray(i * a.cols, i * a.cols + i + 1), i * stride);
  return operand;
}

/** Copies an operand out into `data` (row-major, no gaps). */
export function unload(arena: Arena, operand: Operand, data: Float64Array): void {
  const { rows, cols, address, stride } = operand;
  const view = arena.view(address, rows * stride);
  for (let i = 0; i < rows; i++) data.set(view.subarray(i * stride, i * stride + cols), i * cols);
}

/** Copies a lower triangle out; entries of `data` above the diagonal stay as they are. */
export function unloadLower(arena: Arena, operand: Operand, data: Float64Array): void {
  const { rows, cols, address, stride } = operand;
  const view = arena.view(address, rows * stride);
  for (let i = 0; i < rows; i++) data.set(view.subarray(i * stride, i * stride + i + 1), i * cols);
}
