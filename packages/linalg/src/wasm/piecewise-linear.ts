import type { Matrix } from "../matrix.ts";
import {
  checkPiecewiseLinear,
  lengthsOf,
  PARTS,
  type PiecewiseLinearRequest,
  type Place,
} from "../piecewise-linear.ts";
import type { Arena } from "./arena.ts";
import { chunkSize, copyRows, ENTRY_WORK } from "./bulk.ts";
import type { Runtime } from "./runtime.ts";

/** `Backend.piecewiseLinear` on the WebAssembly kernels: an entry goes into their memory and out once, whatever the number of layers. */
export async function piecewiseLinear(
  runtime: Runtime,
  covariances: Matrix,
  request: PiecewiseLinearRequest,
): Promise<Matrix> {
  checkPiecewiseLinear(covariances, request);
  const { rows, cols, data } = covariances;
  const { part, slope, weight, bias, derivatives, gain = 1, shift = 0, watch, mirror } = request;
  const out = request.out ?? { data, offset: 0, stride: cols };
  const layers = request.squaredRows.length;
  const stride = cols + (cols & 1);
  const chunkRows = Math.max(1, Math.floor(chunkSize(runtime, rows * cols) / Math.max(stride, 1)));
  const lengths = request.squaredRows.map(lengthsOf);
  await runtime.exclusive(async (arena) => {
    const most = Math.min(chunkRows, rows);
    const address = arena.doubles(most * stride);
    const second = arena.doubles((part === "both" ? most : runtime.threads) * stride);
    const rowAddress = arena.doubles(4 * layers * most);
    const colAddress = columnData(arena, request.squaredCols, stride);
    // Rows that are a power of two apart would compete for a few places in the caches.
    const turnedStride = most + 8;
    const turned = mirror ? arena.doubles(stride * turnedStride) : 0;
    const watchAddress = arena.doubles(stride + most);
    arena.view(watchAddress, stride).fill(Number.POSITIVE_INFINITY);
    if (watch) arena.view(watchAddress, cols).set(watch.colLengths);
    for (let from = 0; from < rows; from += chunkRows) {
      const count = Math.min(chunkRows, rows - from);
      const rowData = arena.view(rowAddress, 4 * layers * count);
      for (let h = 0, k = 0; h < layers; h++) {
        for (let i = from; i < from + count; i++) {
          rowData[k++] = lengths[h].scales[i];
          rowData[k++] = lengths[h].squared[i];
          rowData[k++] = lengths[h].inverses[i];
          rowData[k++] = lengths[h].lengths[i];
        }
      }
      const view = arena.view(address, count * stride);
      copyRows(data.subarray(from * cols, (from + count) * cols), cols, view, stride, count);
      const args = [
        PARTS.indexOf(part),
        layers,
        slope,
        weight,
        bias,
        address,
        second,
        count,
        stride,
        rowAddress,
        colAddress,
        gain,
        shift,
        watchAddress,
        turned,
        turnedStride,
      ];
      const marks = arena.view(watchAddress + 8 * stride, count);
      for (let i = 0; i < count; i++) marks[i] = watch ? watch.bound * watch.rowLengths[from + i] : 1;
      await runtime.run("piecewiseLinear", args, ENTRY_WORK * layers * count * cols);
      leave(view, stride, count, cols, { ...out, offset: out.offset + from * out.stride });
      if (mirror) {
        const columns = arena.view(turned, stride * turnedStride);
        leave(columns, turnedStride, cols, count, { ...mirror, offset: mirror.offset + from });
      }
      if (watch)
        marks.forEach((mark, i) => {
          if (mark < 0) watch.rows[from + i] = 1;
        });
      if (part === "both" && derivatives) {
        const found = arena.view(second, count * stride);
        copyRows(found, stride, derivatives.subarray(from * cols, (from + count) * cols), cols, count);
      }
    }
  });
  return covariances;
}

/** Copies rows × cols entries, rows `from` apart, to their place. */
function leave(view: Float64Array, from: number, rows: number, cols: number, { data, offset, stride }: Place): void {
  if (from === cols && stride === cols) data.set(view.subarray(0, rows * cols), offset);
  else for (let i = 0; i < rows; i++) data.set(view.subarray(i * from, i * from + cols), offset + i * stride);
}

/** Per layer: scales, inverse scales, scaled squares, reciprocal lengths and lengths of the columns. */
function columnData(arena: Arena, squaredCols: readonly Float64Array[], stride: number): number {
  const address = arena.doubles(5 * squaredCols.length * stride);
  squaredCols.forEach((squares, h) => {
    const { scales, squared, inverses, lengths } = lengthsOf(squares);
    const view = arena.view(address + 40 * h * stride, 5 * stride);
    [scales, scales.map((scale) => 1 / scale), squared, inverses, lengths].forEach((values, k) => {
      view.set(values, k * stride);
    });
  });
  return address;
}
