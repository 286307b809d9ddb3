import type { Matrix } from "@surefoot/linalg";
import { SurefootError } from "../error.ts";
import type { Dataset, Provenance } from "./dataset.ts";

/** What a loader hands over: row i of `x` (n × d) with `y[i]`, a number or, from CSV and Parquet, possibly text. */
export interface Samples {
  readonly x: Matrix;
  readonly y: Float64Array | readonly string[];
  readonly provenance: Provenance;
}

/** Float64 entries that one array may have: 2 GiB. */
export const MAX_ENTRIES = 2 ** 28;

/** Throws `data` when a rows × cols array would be larger than this program handles; call it before allocating. */
export function checkEntries(rows: number, cols: number, where: string): void {
  if (!(rows * cols <= MAX_ENTRIES)) {
    throw new SurefootError(
      "data",
      `${where}: ${rows} × ${cols} numbers are more than the ${MAX_ENTRIES} that fit; store fewer rows or columns`,
    );
  }
}

/** The base name of a path, for messages and provenance. */
export function baseName(path: string): string {
  return path.split(/[\\/]/).at(-1) ?? path;
}

/** The samples of a file: counts rows from 0 and rejects what no step downstream could use (see `checkSamples`). */
export function samplesFrom(
  x: Matrix,
  y: Float64Array | readonly string[],
  source: string,
  steps: readonly string[] = [],
): Samples {
  const samples = { x, y, provenance: { source, steps, sourceRows: Array.from({ length: x.rows }, (_, i) => i) } };
  checkSamples(samples);
  return samples;
}

/** A dataset from arrays in memory, with the same checks as files: finite numbers, one label per row, at least two rows. */
export function datasetFrom(x: Matrix, y: Float64Array | readonly number[], source = "memory"): Dataset {
  return numericLabels(samplesFrom(x, Float64Array.from(y), source));
}

/** Throws `data` unless there are at least two rows of at least one number, all finite, and a label for each. */
export function checkSamples({ x, y, provenance }: Samples): void {
  const { source } = provenance;
  if (x.rows !== y.length) {
    throw new SurefootError(
      "data",
      `${source}: x has ${count(x.rows, "row")} but y has ${count(y.length, "label")}; every row needs one label`,
    );
  }
  if (x.cols === 0) throw new SurefootError("data", `${source}: the samples have no columns; at least one is needed`);
  checkCount(x.rows, source);
  const bad = x.data.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) {
    const [row, column] = [Math.floor(bad / x.cols), bad % x.cols];
    throw new SurefootError(
      "data",
      `${source}: x has ${x.data[bad]} at row ${row}, column ${column} (counted from 0); remove the row or replace the value`,
    );
  }
  if (typeof y[0] !== "string") {
    const row = (y as Float64Array).findIndex((value) => !Number.isFinite(value));
    if (row >= 0) {
      throw new SurefootError(
        "data",
        `${source}: the label of row ${row} (counted from 0) is ${y[row]}; remove the row or replace the value`,
      );
    }
  }
}

/** Throws `data` for fewer than two samples: a tangent kernel needs a pair. */
export function checkCount(rows: number, source: string): void {
  if (rows < 2) throw new SurefootError("data", `${source}: ${count(rows, "sample")}; at least two are needed`);
}

/** The samples as a Dataset; throws `data` when the labels are text. */
export function numericLabels(samples: Samples): Dataset {
  const { x, y, provenance } = samples;
  if (y instanceof Float64Array) return { x, y, provenance };
  const row = y.findIndex((label) => !isNumeral(label));
  const classes = [...new Set(y)];
  throw new SurefootError(
    "data",
    `${provenance.source}: the label of row ${provenance.sourceRows[row]} (counted from 0) is "${y[row]}", not a number; ` +
      `choose two classes to become −1 and +1, such as --classes ${classes.slice(0, 2).join(",")}`,
  );
}

/** The samples at the given positions, with `step` added to the provenance. */
export function pick(samples: Samples, indices: readonly number[], y: Float64Array, step: string): Dataset {
  const { x, provenance } = samples;
  const data = new Float64Array(indices.length * x.cols);
  indices.forEach((index, i) => {
    data.set(x.data.subarray(index * x.cols, (index + 1) * x.cols), i * x.cols);
  });
  return {
    x: { rows: indices.length, cols: x.cols, data },
    y,
    provenance: {
      source: provenance.source,
      steps: [...provenance.steps, step],
      sourceRows: indices.map((index) => provenance.sourceRows[index]),
    },
  };
}

const NUMERAL = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

/** Whether the text is a decimal number: no hexadecimal, no names such as NaN, no empty text. */
export function isNumeral(text: string): boolean {
  return NUMERAL.test(text);
}

/** "1 row", "3 rows". */
export function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? "" : "s"}`;
}
