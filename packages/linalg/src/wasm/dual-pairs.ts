import { checkDualPairs, type DualPairsRequest, KINDS } from "../dual-pairs.ts";
import type { Matrix } from "../matrix.ts";
import type { Arena } from "./arena.ts";
import { chunkSize, copyRows, ENTRY_WORK } from "./bulk.ts";
import type { Runtime } from "./runtime.ts";

/** `Backend.dualPairs` on the WebAssembly kernels. */
export async function dualPairs(
  runtime: Runtime,
  covariances: Matrix,
  request: DualPairsRequest,
  out: Float64Array,
): Promise<Float64Array> {
  checkDualPairs(covariances, request, out);
  const { rows, cols, data } = covariances;
  const { kind } = request;
  const stride = cols + (cols & 1);
  const chunkRows = Math.max(1, Math.floor(chunkSize(runtime, rows * cols) / Math.max(stride, 1)));
  const own = (variances: Float64Array) => (kind === "series" ? variances.map(Math.sqrt) : variances);
  const [rowOwn, colOwn] = [own(request.rowVariances), own(request.colVariances)];
  const terms = kind === "series" ? evenLength(request.rowTerms, request.colTerms) : 0;
  await runtime.exclusive(async (arena) => {
    const most = Math.min(chunkRows, rows);
    const address = arena.doubles(most * stride);
    const rowAddress = arena.doubles(most);
    const colAddress = arena.doubles(stride);
    const colView = arena.view(colAddress, stride);
    colView.fill(0, cols);
    colView.set(colOwn);
    const left = arena.doubles(most * terms);
    const right = kind === "series" ? sideBySide(arena, request.colTerms, terms, stride) : 0;
    for (let from = 0; from < rows; from += chunkRows) {
      const count = Math.min(chunkRows, rows - from);
      arena.view(rowAddress, count).set(rowOwn.subarray(from, from + count));
      if (kind === "series") {
        const view = arena.view(left, count * terms);
        view.fill(0);
        for (let i = 0; i < count; i++) view.set(request.rowTerms[from + i].subarray(0, terms), i * terms);
      }
      const view = arena.view(address, count * stride);
      copyRows(data.subarray(from * cols, (from + count) * cols), cols, view, stride, count);
      const args = [KINDS.indexOf(kind), address, count, stride, rowAddress, colAddress, terms, left, right];
      await runtime.run("dualPairs", args, Math.max(ENTRY_WORK, 4 * terms) * count * cols);
      copyRows(view, stride, out.subarray(from * cols, (from + count) * cols), cols, count);
    }
  });
  return out;
}

/** How many terms of the longest pair there are, rounded up to an even number. */
function evenLength(rows: readonly Float64Array[], cols: readonly Float64Array[]): number {
  const longest = (lists: readonly Float64Array[]) => lists.reduce((most, { length }) => Math.max(most, length), 0);
  const length = Math.min(longest(rows), longest(cols));
  return length + (length & 1);
}

/** For each two columns their terms in pairs, those that are missing 0. */
function sideBySide(arena: Arena, lists: readonly Float64Array[], terms: number, stride: number): number {
  const address = arena.doubles(stride * terms);
  const view = arena.view(address, stride * terms);
  view.fill(0);
  lists.forEach((list, j) => {
    const start = (j >> 1) * 2 * terms + (j & 1);
    for (let k = 0; k < Math.min(list.length, terms); k++) view[start + 2 * k] = list[k];
  });
  return address;
}
