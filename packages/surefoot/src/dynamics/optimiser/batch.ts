import type { Dataset } from "../../data/dataset.ts";
import { uniform } from "../../random/draw.ts";
import { seedWords } from "../../random/streams.ts";
import type { BatchSpec } from "../../spec/optimiser.ts";

/** The stream of the batches: weights use small numbers, data 0xda7a…. */
const BATCHES = 0xba7c0000;

/**
 * The samples of step k, ascending: a function of (spec, n, k) alone, so that a run that goes on, and a run elsewhere, meets the same
 * batches. `independent`: every set of B samples is equally likely. `epochs`: pass ⌊kB/n⌋ of the shuffled samples; a batch that
 * reaches over the end of a pass takes the rest from the next (a sample may then be there once only, so the batch can be smaller).
 */
export function batchAt({ size, seed, sampling }: BatchSpec, n: number, k: number): Int32Array {
  if (size >= n) return Int32Array.from({ length: n }, (_, i) => i);
  const words = seedWords(seed);
  if (sampling === "independent") return shuffled(words, n, k, size).slice(0, size).sort();
  const [first, last] = [k * size, (k + 1) * size];
  const pass = Math.floor(first / n);
  const picked = new Set<number>();
  for (let p = pass; p * n < last; p++) {
    const order = shuffled(words, n, p, n);
    for (let at = Math.max(first, p * n); at < Math.min(last, (p + 1) * n); at++) picked.add(order[at - p * n]);
  }
  return Int32Array.from(picked).sort();
}

/** The first `count` entries are a uniform draw without replacement (Fisher–Yates), row `row` of the stream. */
function shuffled(seed: readonly [number, number], n: number, row: number, count: number): Int32Array {
  const order = Int32Array.from({ length: n }, (_, i) => i);
  const address = { seed, stream: BATCHES, row };
  for (let i = 0; i < Math.min(count, n - 1); i++) {
    const other = i + Math.floor(uniform(address, i) * (n - i));
    [order[i], order[other]] = [order[other], order[i]];
  }
  return order;
}

/** The samples at `rows`, in that order. */
export function rowsOf({ x, y }: Dataset, rows: Int32Array): Pick<Dataset, "x" | "y"> {
  const data = new Float64Array(rows.length * x.cols);
  rows.forEach((row, i) => {
    data.set(x.data.subarray(row * x.cols, (row + 1) * x.cols), i * x.cols);
  });
  return { x: { rows: rows.length, cols: x.cols, data }, y: Float64Array.from(rows, (row) => y[row]) };
}
