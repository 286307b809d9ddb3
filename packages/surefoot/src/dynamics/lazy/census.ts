/** How many neurons have each sign pattern, for up to 16 samples and a_r = ±1: bit i of the index is s_ri(0). */
export interface Census {
  readonly counts: Float64Array;
  /** The first neuron of each pattern; ∞ where the count is 0. */
  readonly first: Float64Array;
}

export const CENSUS_SAMPLES = 16;

export function emptyCensus(n: number): Census | undefined {
  if (n > CENSUS_SAMPLES) return undefined;
  return { counts: new Float64Array(2 ** n), first: new Float64Array(2 ** n).fill(Number.POSITIVE_INFINITY) };
}

/** Adds neurons first, first + 1, … from z, n × size (sample-major). */
export function countPatterns(census: Census, z: Float64Array, n: number, size: number, first: number): void {
  for (let r = 0; r < size; r++) {
    let pattern = 0;
    for (let i = 0; i < n; i++) if (z[i * size + r] >= 0) pattern |= 1 << i;
    if (census.counts[pattern]++ === 0) census.first[pattern] = first + r;
  }
}
