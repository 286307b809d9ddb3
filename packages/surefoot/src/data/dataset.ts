import type { Matrix } from "@surefoot/linalg";

/** Training data: row i of `x` (n × d) is a sample, `y[i]` its label. Finite entries only; loaders and generators guarantee it. */
export interface Dataset {
  readonly x: Matrix;
  readonly y: Float64Array;
  readonly provenance: Provenance;
}

/** Where the data came from and what was done to them, in order: goes into every record and certificate. */
export interface Provenance {
  /** A file's base name, or a generator's spec such as "sphere:n=10,d=20". */
  readonly source: string;
  /** e.g. ["classes 0,1 → −1,+1", "100 samples, seed 0", "center", "unit-rows"]. */
  readonly steps: readonly string[];
  /** 0-based row of the source for each sample, after selection: errors and reports name rows by it. */
  readonly sourceRows: readonly number[];
}
