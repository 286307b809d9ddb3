import { type Matrix, matrix } from "@surefoot/linalg";
import type { Range } from "../network/ranges.ts";

/**
 * Side of the tiles in which every kernel is computed. The grid is the same for all callers, so an entry has the same bits whether it is
 * asked for alone, in bands of any height, into memory or onto a disk: BLAS may round a product differently when its shape changes.
 */
export const TILE = 512;

/** The event loop gets its turn after so long at the latest, between two tiles. */
const BUSY_MILLISECONDS = 20;

/** A kernel that can be computed range by range: K(x_i, z_j), rows × cols. */
export interface BlockSource {
  readonly rows: number;
  readonly cols: number;
  /** K(x, x): only tiles on and below the diagonal are computed. */
  readonly symmetric: boolean;
  /** The entries of a range; they may be put in `space`, if it is large enough, which the next block may then take. */
  block(range: Range, space?: Float64Array): Promise<Matrix>;
}

/** Where tiles go. */
export interface BlockSink {
  /** Whether the band of rows from i0 is already there (a run that goes on). */
  has?(i0: number): boolean;
  /** The block is overwritten after that: a sink copies what it keeps. */
  write(range: Range, block: Matrix): Promise<void> | void;
  /** All tiles of the band of rows [i0, i1) have been written. */
  band?(i0: number, i1: number): Promise<void> | void;
}

export interface EvaluateOptions {
  readonly signal?: AbortSignal;
  /** Called after every tile with the fraction that is done. */
  readonly onProgress?: (done: number) => void;
}

/**
 * Computes every tile of a kernel into a sink, band by band from the top, those of a symmetric kernel once. Yields to the event loop
 * every few tiles; rejects with the signal's reason when aborted.
 */
export async function evaluate(source: BlockSource, sink: BlockSink, options: EvaluateOptions = {}): Promise<void> {
  const { rows, cols, symmetric } = source;
  const total = symmetric ? (rows * (rows + 1)) / 2 : rows * cols;
  const space = new Float64Array(Math.min(TILE, rows) * Math.min(TILE, cols));
  let done = 0;
  let rested = performance.now();
  for (let i0 = 0; i0 < rows; i0 += TILE) {
    const i1 = Math.min(i0 + TILE, rows);
    const skip = sink.has?.(i0) ?? false;
    for (let j0 = 0; j0 < (symmetric ? i1 : cols); j0 += TILE) {
      const j1 = Math.min(j0 + TILE, cols);
      const range = { i0, i1, j0, j1 };
      if (!skip) {
        options.signal?.throwIfAborted();
        await sink.write(range, await source.block(range, space));
        if (performance.now() - rested > BUSY_MILLISECONDS) {
          await pause();
          rested = performance.now();
        }
      }
      done += symmetric && i0 === j0 ? ((i1 - i0) * (i1 - i0 + 1)) / 2 : (i1 - i0) * (j1 - j0);
      options.onProgress?.(done / total);
    }
    if (!skip) await sink.band?.(i0, i1);
  }
}

/** A kernel as one matrix in memory: 8·rows·cols bytes. */
export async function kernelMatrix(source: BlockSource, options: EvaluateOptions = {}): Promise<Matrix> {
  const out = matrix(source.rows, source.cols);
  await evaluate(source, { write: (range, block) => place(out, range, block, source.symmetric) }, options);
  return out;
}

function place(out: Matrix, { i0, i1, j0, j1 }: Range, block: Matrix, symmetric: boolean): void {
  for (let i = i0; i < i1; i++) {
    out.data.set(block.data.subarray((i - i0) * block.cols, (i - i0 + 1) * block.cols), i * out.cols + j0);
  }
  if (symmetric) mirror(out, { i0, i1, j0, j1 });
}

/** Copies the range below the diagonal to above it; inside a tile of the diagonal the lower half wins. Small squares stay in the cache. */
function mirror(out: Matrix, { i0, i1, j0, j1 }: Range): void {
  const { cols, data } = out;
  const side = 32;
  for (let a = i0; a < i1; a += side) {
    for (let b = j0; b < Math.min(j1, a + side); b += side) {
      const end = Math.min(a + side, i1);
      for (let j = b; j < Math.min(b + side, j1); j++) {
        for (let i = Math.max(a, j + 1); i < end; i++) data[j * cols + i] = data[i * cols + j];
      }
    }
  }
}

/** The diagonal of a symmetric kernel, from its tiles. */
export async function diagonalOf(source: BlockSource): Promise<Float64Array> {
  const out = new Float64Array(source.rows);
  for (let i0 = 0; i0 < source.rows; i0 += TILE) {
    const i1 = Math.min(i0 + TILE, source.rows);
    const tile = await source.block({ i0, i1, j0: i0, j1: i1 });
    for (let i = i0; i < i1; i++) out[i] = tile.data[(i - i0) * tile.cols + (i - i0)];
  }
  return out;
}

function pause(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, 0);
  });
}
