/**
 * Indices to keep of a polyline so that it looks the same at one bucket per pixel: of every bucket of equal `position` the first,
 * the lowest, the highest and the last point, in order (the M4 aggregation of Jugel et al. 2014). Extrema always survive. Every
 * array has the same length; `position` is a whole number per point, not decreasing (else nothing is dropped but repeats).
 */
export function keepExtrema(position: ArrayLike<number>, y: ArrayLike<number>): number[] {
  const kept: number[] = [];
  for (let start = 0; start < position.length; ) {
    let end = start;
    let low = start;
    let high = start;
    while (end + 1 < position.length && position[end + 1] === position[start]) {
      end++;
      if (y[end] < y[low]) low = end;
      if (y[end] > y[high]) high = end;
    }
    for (const index of [...new Set([start, low, high, end])].sort((a, b) => a - b)) kept.push(index);
    start = end + 1;
  }
  return kept;
}
