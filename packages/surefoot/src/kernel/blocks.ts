import { type Backend, lanesOf, type Matrix, matrix } from "@surefoot/linalg";
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
  /** What computes the blocks: it tells how many to have in flight, and where a large result goes. */
  readonly backend?: Backend;
  /** The entries of a range; they may be put in `space`, if it is large enough, which the next block may then take. */
  block(range: Range, space?: Float64Array): Promise<Matrix>;
  /** Puts the same entries into the whole matrix; of a symmetric one, tiles off the diagonal to both sides of it. */
  into?(range: Range, whole: Matrix): Promise<void>;
}

/** Where tiles go. */
export interface BlockSink {
  /** Whether the band of rows from i0 is already there (a run that goes on). */
  has?(i0: number): boolean;
  /** The block is overwritten after that: a sink copies what it keeps. */
  write(range: Range, block: Matrix): Promise<void> | void;
  /** The whole matrix, if there is one: a source that can puts its tiles into it by itself, and they come without a block. */
  readonly whole?: Matrix;
  /** Such a tile is in its place. */
  placed?(range: Range): void;
  /** All tiles of the band of rows [i0, i1) have been written. */
  band?(i0: number, i1: number): Promise<void> | void;
}

export interface EvaluateOptions {
  readonly signal?: AbortSignal;
  /** Called after every tile with the fraction that is done. */
  readonly onProgress?: (done: number) => void;
}

/** A tile that is being computed. */
interface Pending {
  readonly range: Range;
  readonly space: Float64Array;
  /** Nothing when it has been put into the whole matrix. */
  readonly block: Promise<Matrix | undefined>;
}

/**
 * Computes every tile of a kernel into a sink, band by band from the top, those of a symmetric kernel once. A few tiles are in flight at a time;
 * they are written one after the other, in order. Yields to the event loop now and then; rejects with the signal's reason when aborted.
 */
export async function evaluate(source: BlockSource, sink: BlockSink, options: EvaluateOptions = {}): Promise<void> {
  const { rows, cols, symmetric } = source;
  const total = symmetric ? (rows * (rows + 1)) / 2 : rows * cols;
  const lanes = source.backend ? lanesOf(source.backend.info) : 1;
  const most = lanes === 1 ? 1 : lanes + 1;
  const spaces: Float64Array[] = [];
  const pending: Pending[] = [];
  let done = 0;
  let rested = performance.now();

  const progress = ({ i0, i1, j0, j1 }: Range) => {
    done += symmetric && i0 === j0 ? ((i1 - i0) * (i1 - i0 + 1)) / 2 : (i1 - i0) * (j1 - j0);
    options.onProgress?.(done / total);
  };
  const start = (range: Range) => {
    const space = spaces.pop() ?? new Float64Array(Math.min(TILE, rows) * Math.min(TILE, cols));
    const block =
      sink.whole && source.into ? source.into(range, sink.whole).then(() => undefined) : source.block(range, space);
    block.catch(() => {}); // awaited below, perhaps after one before it has failed
    pending.push({ range, space, block });
  };
  const write = async ({ range, space, block }: Pending) => {
    const found = await block;
    if (found) await sink.write(range, found);
    else sink.placed?.(range);
    spaces.push(space);
    if (performance.now() - rested > BUSY_MILLISECONDS) {
      await pause();
      rested = performance.now();
    }
    progress(range);
    if (range.j1 === (symmetric ? range.i1 : cols)) await sink.band?.(range.i0, range.i1);
  };

  try {
    for (const range of tilesOf(source)) {
      if (sink.has?.(range.i0)) {
        for (let next = pending.shift(); next; next = pending.shift()) await write(next);
        progress(range);
        continue;
      }
      options.signal?.throwIfAborted();
      start(range);
      const next = pending.length < most ? undefined : pending.shift();
      if (next) await write(next);
    }
    for (let next = pending.shift(); next; next = pending.shift()) {
      options.signal?.throwIfAborted();
      await write(next);
    }
  } finally {
    // Nothing may still be writing to its space when the caller goes on.
    await Promise.allSettled(pending.map(({ block }) => block));
  }
}

function* tilesOf({ rows, cols, symmetric }: BlockSource): Generator<Range> {
  for (let i0 = 0; i0 < rows; i0 += TILE) {
    const i1 = Math.min(i0 + TILE, rows);
    for (let j0 = 0; j0 < (symmetric ? i1 : cols); j0 += TILE) yield { i0, i1, j0, j1: Math.min(j0 + TILE, cols) };
  }
}

/** A kernel as one matrix in memory: 8·rows·cols bytes. */
export async function kernelMatrix(source: BlockSource, options: EvaluateOptions = {}): Promise<Matrix> {
  const { rows, cols, symmetric } = source;
  const out = source.backend?.allocate(rows, cols) ?? matrix(rows, cols);
  const sink: BlockSink = {
    whole: out,
    write: (range, block) => place(out, range, block, symmetric),
    placed: (range) => {
      if (symmetric && range.i0 === range.j0) mirror(out, range);
    },
  };
  await evaluate(source, sink, options);
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

function pause(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, 0);
  });
}
