import type { Row, Tables } from "./study.ts";

/** The rows of a table; none where no cell gave any. */
export const rowsOf = (tables: Tables, name: string): readonly Row[] => tables[name] ?? [];

/** A number of a row; NaN where it is null or text. */
export function numberOf(row: Row, column: string): number {
  const value = row[column];
  return typeof value === "number" ? value : Number.NaN;
}

/** A column of numbers. */
export const column = (rows: readonly Row[], name: string): number[] => rows.map((row) => numberOf(row, name));

/** The different values of a column, in order of appearance. */
export const distinct = (rows: readonly Row[], name: string): (number | string | null)[] => [
  ...new Set(rows.map((row) => row[name])),
];
