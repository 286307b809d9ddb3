/**
 * The record of a run as a Parquet table: one row per probed step. The columns are fixed when the record is opened; what a row does
 * not measure is null. The file is written whole and atomically at every save, so that whatever happens in between (Ctrl-C, a crash, a
 * full disk) leaves the last saved table readable.
 */
import type { ParquetType } from "hyparquet";
import { parquetWriteBuffer } from "hyparquet-writer";
import { readFromDisk } from "../data/file-system.ts";
import { openParquet } from "../data/parquet-table.ts";
import { SurefootError } from "../error.ts";
import { writeAtomically } from "./write-atomically.ts";

/** `integer`: 32-bit; `number`: float64, infinities and NaN allowed (a diverging run is recorded as it was); `text`: UTF-8. */
export type ColumnType = "integer" | "number" | "text";

/** Column names with their types, in the order of the table. The first is `step`, an integer that grows from row to row. */
export type RecordColumns = Readonly<Record<string, ColumnType>> & { readonly step: "integer" };

/** One row of a record: values by column. */
export type RecordRow = Readonly<Record<string, number | string | null | undefined>> & { readonly step: number };

/** A record that is being written. */
export interface RunRecord {
  readonly columns: RecordColumns;
  /** Rows so far, saved or not. */
  readonly rows: readonly RecordRow[];
  /** Adds a row in memory. Throws `argument` for an unknown column, a value of another type, or a step that does not grow. */
  append(row: RecordRow): void;
  /** Writes all rows; throws `file` when they cannot be written, with the table as last saved still in place. */
  save(): Promise<void>;
}

const PARQUET_TYPE = { integer: "INT32", number: "DOUBLE", text: "STRING" } as const;

/** A record without rows that will be kept at `path`; `metadata` is text stored beside the table. */
export function createRecord(
  path: string,
  columns: RecordColumns,
  metadata: Readonly<Record<string, string>> = {},
): RunRecord {
  return runRecord(path, columns, [], metadata);
}

/**
 * The record at `path`, to be continued after step `lastStep`: rows of later steps, which belong to work after the checkpoint, are dropped.
 * Throws `file` when it cannot be read, `data` when its columns are not these.
 */
export async function resumeRecord(
  path: string,
  columns: RecordColumns,
  lastStep: number,
  metadata: Readonly<Record<string, string>> = {},
): Promise<RunRecord> {
  const found = await readRecord(path);
  const [had, wanted] = [JSON.stringify(found.columns), JSON.stringify(columns)];
  if (had !== wanted) {
    throw new SurefootError(
      "data",
      `${path}: has the columns ${had}, this run writes ${wanted}; resume with the same probes`,
    );
  }
  return runRecord(
    path,
    columns,
    found.rows.filter(({ step }) => step <= lastStep),
    metadata,
  );
}

function runRecord(
  path: string,
  columns: RecordColumns,
  rows: RecordRow[],
  metadata: Readonly<Record<string, string>>,
): RunRecord {
  return {
    columns,
    rows,
    append: (row) => {
      checkRow(row, columns, rows.at(-1)?.step);
      rows.push(row);
    },
    save: () => writeAtomically(path, formatRecord(columns, rows, metadata)),
  };
}

function checkRow(row: RecordRow, columns: RecordColumns, last: number | undefined): void {
  for (const [name, value] of Object.entries(row)) {
    if (!Object.hasOwn(columns, name)) {
      throw new SurefootError("argument", `record: no column "${name}"; there are ${Object.keys(columns).join(", ")}`);
    }
    if (value === null || value === undefined) continue;
    const type = columns[name];
    const fits =
      type === "text" ? typeof value === "string" : type === "number" ? typeof value === "number" : isInt32(value);
    if (!fits)
      throw new SurefootError("argument", `record: column ${name} holds a ${type}, not ${JSON.stringify(value)}`);
  }
  if (!isInt32(row.step) || (last !== undefined && row.step <= last)) {
    throw new SurefootError("argument", `record: step ${row.step} does not follow step ${last ?? "of no row"}`);
  }
}

function isInt32(value: unknown): boolean {
  return typeof value === "number" && (value | 0) === value;
}

/** The bytes of a record as a Parquet table. */
export function formatRecord(
  columns: RecordColumns,
  rows: readonly RecordRow[],
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  return formatTable(columns, rows, metadata);
}

/** The bytes of any table of named columns as Parquet; every column but `step` may hold nulls. */
export function formatTable(
  columns: Readonly<Record<string, ColumnType>>,
  rows: readonly Readonly<Record<string, number | string | null | undefined>>[],
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  const columnData = Object.entries(columns).map(([name, type]) => ({
    name,
    data: rows.map((row) => row[name] ?? null),
    type: PARQUET_TYPE[type],
    nullable: name !== "step",
    // Not a dictionary, in which the writer's Map would make 0 and −0 one entry.
    encoding: "PLAIN" as const,
  }));
  const kvMetadata = Object.entries(metadata).map(([key, value]) => ({ key, value }));
  return new Uint8Array(parquetWriteBuffer({ columnData, kvMetadata, createdBy: "surefoot" }));
}

/** Reads a record back. Throws `file` when it is missing, damaged, or was not written by this program. */
export async function readRecord(
  path: string,
): Promise<{ columns: RecordColumns; rows: RecordRow[]; metadata: Record<string, string> }> {
  const { rows: count, columns: elements, metadata, forEach } = await openParquet(await readFromDisk(path), path);
  const columns = Object.fromEntries(elements.map(({ name, type }) => [name, columnType(type)]));
  if (elements[0]?.name !== "step" || columns.step !== "integer") {
    throw new SurefootError("file", `${path}: not the record of a run (its first column is not a step)`);
  }
  const rows = Array.from({ length: count }, (): Record<string, number | string | null> => ({}));
  for (const name of Object.keys(columns)) {
    await forEach(name, (value, row) => {
      if (value !== null && typeof value !== "number" && typeof value !== "string") {
        throw new SurefootError("file", `${path}: not the record of a run (column ${name} holds ${typeof value}s)`);
      }
      rows[row][name] = value;
    });
  }
  const pairs = (metadata.key_value_metadata ?? []).map(({ key, value }) => [key, value ?? ""] as const);
  return { columns: columns as RecordColumns, rows: rows as RecordRow[], metadata: Object.fromEntries(pairs) };
}

function columnType(type: ParquetType | undefined): ColumnType {
  if (type === "INT32") return "integer";
  return type === "DOUBLE" ? "number" : "text";
}
