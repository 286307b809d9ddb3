import type { Dataset } from "../../data/dataset.ts";

/** φ = min ‖x_i − x_j‖ over y_i ≠ y_j, and the pair that attains it (samples, counted from 0). */
export interface Separation {
  readonly phi: number;
  readonly pair: readonly [number, number];
}

/** Undefined where all labels are equal. */
export function separation({ x, y }: Dataset): Separation | undefined {
  return closestPair(x.data, x.cols, y);
}

/** The closest rows with different labels. */
export function closestPair(rows: Float64Array, cols: number, y: Float64Array): Separation | undefined {
  let [least, pair]: [number, readonly [number, number]] = [Number.POSITIVE_INFINITY, [0, 0]];
  for (let i = 0; i < y.length; i++) {
    for (let j = 0; j < i; j++) {
      if (y[i] === y[j]) continue;
      let square = 0;
      for (let k = 0; k < cols; k++) square += (rows[i * cols + k] - rows[j * cols + k]) ** 2;
      if (square < least) [least, pair] = [square, [j, i]];
    }
  }
  return Number.isFinite(least) ? { phi: Math.sqrt(least), pair } : undefined;
}
