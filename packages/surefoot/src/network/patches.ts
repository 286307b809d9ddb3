import { type Matrix, matrix } from "@surefoot/linalg";
import type { Patches } from "./network.ts";

/** Samples of channels × pixels, row by row, become n·pixels rows of channels. */
export function channelsLast(x: Matrix, pixels: number): Matrix {
  const channels = x.cols / pixels;
  const out = matrix(x.rows * pixels, channels);
  for (let i = 0; i < x.rows; i++) {
    for (let l = 0; l < pixels; l++) {
      for (let c = 0; c < channels; c++)
        out.data[(i * pixels + l) * channels + c] = x.data[i * x.cols + c * pixels + l];
    }
  }
  return out;
}

/** Row (i, l) of `out` becomes the patch at l: the rows (i, l − ⌊(filter − 1)/2⌋ + o) of `state` side by side, zeros beyond the border. */
export function takePatches(state: Matrix, patches: Patches, out: Matrix): void {
  const { cols, data } = state;
  out.data.fill(0);
  eachNeighbour(state.rows, patches, (row, o, from) => {
    out.data.set(data.subarray(from * cols, (from + 1) * cols), row * out.cols + o * cols);
  });
}

/** The transpose of `takePatches`: sums the blocks of `taken` back where they came from. */
export function foldPatches(taken: Matrix, patches: Patches): Matrix {
  const cols = taken.cols / patches.filter;
  const out = matrix(taken.rows, cols);
  eachNeighbour(taken.rows, patches, (row, o, to) => {
    const from = row * taken.cols + o * cols;
    for (let c = 0; c < cols; c++) out.data[to * cols + c] += taken.data[from + c];
  });
  return out;
}

/** Visits every block o of every patch (row) that lies inside, with the row that it is taken from. */
export function eachNeighbour(
  rows: number,
  { pixels, filter }: Patches,
  visit: (row: number, o: number, at: number) => void,
): void {
  for (let row = 0; row < rows; row++) {
    const l = row % pixels;
    for (let o = 0; o < filter; o++) {
      const at = l - Math.floor((filter - 1) / 2) + o;
      if (at >= 0 && at < pixels) visit(row, o, row - l + at);
    }
  }
}
