/**
 * Elementwise functions, arc-cosine kernels and normals on the WebAssembly kernels. Arrays pass through the kernels' memory in
 * chunks, so that its size and the time between two turns of the event loop stay bounded.
 */
import { checkArcCosine, scaledLengths } from "../arc-cosine.ts";
import { checkElementwise } from "../arguments.ts";
import type { ElementwiseFunction, NormalsRequest } from "../backend.ts";
import { type Matrix, matrix } from "../matrix.ts";
import { checkNormals } from "../random.ts";
import type { Runtime } from "./runtime.ts";

/** Doubles in one chunk when workers share it (8 MiB: few messages), and when this thread does it alone (stays in its cache). */
const SHARED_CHUNK = 2 ** 20;
const OWN_CHUNK = 2 ** 15;

/** Rough cost of an entry as a count of floating-point operations: decides whether the workers are called. */
export const ENTRY_WORK = 20;

const CODES: Readonly<Record<ElementwiseFunction, number>> = {
  exp: 0,
  log: 1,
  tanh: 2,
  sigmoid: 3,
  softplus: 4,
  erf: 5,
  "normal-cdf": 6,
};

export function chunkSize(runtime: Runtime, entries: number): number {
  return runtime.threads > 1 && entries > OWN_CHUNK ? SHARED_CHUNK : OWN_CHUNK;
}

export async function elementwise(
  runtime: Runtime,
  f: ElementwiseFunction,
  x: Float64Array,
  target?: Float64Array,
): Promise<Float64Array> {
  const out = checkElementwise(x, target);
  const chunk = chunkSize(runtime, x.length);
  await runtime.exclusive(async (arena) => {
    const address = arena.doubles(Math.min(chunk, x.length) + 1);
    for (let from = 0; from < x.length; from += chunk) {
      const count = Math.min(chunk, x.length - from);
      const view = arena.view(address, count);
      view.set(x.subarray(from, from + count));
      const even = count + (count & 1);
      await runtime.run("elementwise", [CODES[f], address, address, even], ENTRY_WORK * count);
      out.set(view, from);
    }
  });
  return out;
}

export async function arcCosine(
  runtime: Runtime,
  degree: 0 | 1,
  gram: Matrix,
  squaredRows: Float64Array,
  squaredCols: Float64Array,
  out: Matrix = matrix(gram.rows, gram.cols),
): Promise<Matrix> {
  checkArcCosine(gram, squaredRows, squaredCols, out);
  const { rows, cols } = gram;
  const stride = cols + (cols & 1);
  const chunkRows = Math.max(1, Math.floor(chunkSize(runtime, rows * cols) / Math.max(stride, 1)));
  const rowLengths = scaledLengths(squaredRows);
  const colLengths = scaledLengths(squaredCols);
  await runtime.exclusive(async (arena) => {
    const address = arena.doubles(Math.min(chunkRows, rows) * stride);
    const rowAddress = arena.doubles(2 * chunkRows);
    const colAddress = arena.doubles(3 * stride);
    const colData = arena.view(colAddress, 3 * stride);
    colData.set(colLengths.scales);
    colData.set(
      colLengths.scales.map((s) => 1 / s),
      stride,
    );
    colData.set(colLengths.squared, 2 * stride);
    for (let from = 0; from < rows; from += chunkRows) {
      const count = Math.min(chunkRows, rows - from);
      const rowData = arena.view(rowAddress, 2 * count);
      for (let i = 0; i < count; i++) {
        rowData[2 * i] = rowLengths.scales[from + i];
        rowData[2 * i + 1] = rowLengths.squared[from + i];
      }
      const view = arena.view(address, count * stride);
      copyRows(gram.data.subarray(from * cols, (from + count) * cols), cols, view, stride, count);
      const args = [degree, address, count, stride, rowAddress, colAddress];
      await runtime.run("arcCosine", args, ENTRY_WORK * count * cols);
      copyRows(view, stride, out.data.subarray(from * cols, (from + count) * cols), cols, count);
    }
  });
  return out;
}

/** Copies `count` rows between matrices whose rows begin every `fromStride` and `toStride` entries. */
export function copyRows(
  from: Float64Array,
  fromStride: number,
  to: Float64Array,
  toStride: number,
  count: number,
): void {
  if (fromStride === toStride) {
    to.set(from);
    return;
  }
  const length = Math.min(fromStride, toStride);
  for (let i = 0; i < count; i++) to.set(from.subarray(i * fromStride, i * fromStride + length), i * toStride);
}

const TWO_32 = 4294967296;

/** Bytes of scratch that a thread of the kernel uses. */
const NORMALS_SCRATCH = 192;

export async function normals(runtime: Runtime, request: NormalsRequest, target?: Matrix): Promise<Matrix> {
  const out = checkNormals(request, target);
  const { seed, stream, firstRow, rows, cols } = request;
  const chunkRows = Math.max(1, Math.floor(chunkSize(runtime, rows * cols) / Math.max(cols, 1)));
  await runtime.exclusive(async (arena) => {
    const address = arena.doubles(Math.min(chunkRows, rows) * cols);
    const scratch = arena.bytes(NORMALS_SCRATCH * runtime.threads);
    for (let from = 0; from < rows; from += chunkRows) {
      const count = Math.min(chunkRows, rows - from);
      const row = firstRow + from;
      const args = [seed[0], seed[1], stream, row % TWO_32, Math.floor(row / TWO_32), count, cols, address, scratch];
      await runtime.run("normals", args, ENTRY_WORK * count * cols);
      out.data.set(arena.view(address, count * cols), from * cols);
    }
  });
  return out;
}
