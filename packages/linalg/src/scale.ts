import type { Matrix } from "./matrix.ts";

/** A power of two at most the largest |entry| of the lower triangle and more than half of it (1 for zero); undefined if one is not finite. */
export function lowerScale(a: Matrix): number | undefined {
  const n = a.cols;
  let largest = 0;
  for (let i = 0; i < a.rows; i++) {
    for (let k = i * n; k <= i * n + i; k++) {
      const size = Math.abs(a.data[k]);
      if (!(size <= largest)) {
        if (!Number.isFinite(size)) return undefined;
        largest = size;
      }
    }
  }
  let unit = 1;
  if (largest === 0) return unit;
  while (unit <= largest / 2) unit *= 2;
  while (unit > largest) unit /= 2;
  return unit;
}
