import { gunzipSync } from "fflate";
import { type ColumnData, type FileMetaData, parquetMetadataAsync, parquetRead, type SchemaElement } from "hyparquet";
import { SurefootError } from "../error.ts";
import { baseName, checkEntries, isNumeral, type Samples, samplesFrom } from "./samples.ts";

const CODECS = ["UNCOMPRESSED", "SNAPPY", "GZIP"];

/**
 * Samples from a Parquet file of flat columns. `label` names the label column, the last one otherwise; all other columns must be numeric
 * without nulls. Throws `file` for bytes that are no whole Parquet file and `data` naming row and column for what is not a number.
 */
export async function parquetSamples(bytes: Uint8Array<ArrayBuffer>, path: string, label?: string): Promise<Samples> {
  const name = baseName(path);
  const file = {
    byteLength: bytes.length,
    slice: (start: number, end?: number) => bytes.slice(start, end).buffer,
  };
  const metadata = await parquetMetadataAsync(file).catch((cause: unknown) => {
    throw new SurefootError("file", `${name}: not a whole Parquet file (${messageOf(cause)}); write it again`, {
      cause,
    });
  });
  const columns = flatColumns(metadata, name);
  const names = columns.map((column) => column.name);
  const labelAt = label === undefined ? names.length - 1 : names.indexOf(label);
  if (labelAt < 0)
    throw new SurefootError("argument", `${name}: no column "${label}"; its columns are ${names.join(", ")}`);
  if (names.length < 2)
    throw new SurefootError("data", `${name}: one column, but at least one input and a label are needed`);

  const rows = Number(metadata.num_rows);
  const cols = names.length - 1;
  checkEntries(rows, cols, name);
  const inputAt = new Map(names.filter((_, i) => i !== labelAt).map((column, j) => [column, j]));
  const data = new Float64Array(rows * cols);
  const labels = new Array<unknown>(rows);
  let read = 0;
  const onChunk = ({ columnName, columnData, rowStart, rowEnd }: ColumnData) => {
    read += rowEnd - rowStart;
    const j = inputAt.get(columnName);
    for (let i = rowStart; i < rowEnd; i++) {
      const value: unknown = columnData[i - rowStart];
      if (j === undefined) labels[i] = value;
      else data[i * cols + j] = toNumber(value, `${name}, row ${i} (counted from 0), column ${columnName}`);
    }
  };
  try {
    await parquetRead({ file, metadata, onChunk, compressors: { GZIP: (input) => gunzipSync(input) } });
  } catch (cause) {
    if (cause instanceof SurefootError) throw cause;
    throw new SurefootError("file", `${name}: cannot be read (${messageOf(cause)}); write it again`, { cause });
  }
  if (read !== rows * names.length) {
    throw new SurefootError("file", `${name}: ${read} values instead of ${rows * names.length}; write it again`);
  }
  const steps = [`label column ${names[labelAt]}`];
  return samplesFrom({ rows, cols, data }, toLabels(labels, `${name}, column ${names[labelAt]}`), name, steps);
}

function flatColumns(metadata: FileMetaData, name: string): SchemaElement[] {
  const [, ...columns] = metadata.schema;
  const nested = columns.find((column) => column.type === undefined || column.repetition_type === "REPEATED");
  if (nested !== undefined) {
    throw new SurefootError(
      "data",
      `${name}: column ${nested.name} is nested; write one flat numeric column per input`,
    );
  }
  for (const group of metadata.row_groups) {
    for (const { meta_data } of group.columns) {
      if (meta_data !== undefined && !CODECS.includes(meta_data.codec)) {
        throw new SurefootError(
          "file",
          `${name}: compression ${meta_data.codec} is not supported; write it with ${CODECS.slice(1).join(" or ")} compression`,
        );
      }
    }
  }
  return columns;
}

function toNumber(value: unknown, where: string): number {
  if (typeof value === "number") return value;
  if (typeof value === "boolean") return value ? 1 : 0;
  if (typeof value === "bigint") {
    if (BigInt(Number(value)) === value) return Number(value);
    throw new SurefootError("data", `${where}: ${value} does not fit float64 exactly; scale it down`);
  }
  throw new SurefootError(
    "data",
    `${where}: ${value === null || value === undefined ? "null" : `"${value}"`} is not a number; ` +
      "fill it in, or leave the column out (the label column is chosen with --label)",
  );
}

function toLabels(values: readonly unknown[], where: string): Float64Array | readonly string[] {
  const missing = values.findIndex((value) => value === null || value === undefined);
  if (missing >= 0) {
    throw new SurefootError("data", `${where}, row ${missing} (counted from 0): the label is missing; fill it in`);
  }
  const text = values.every((value) => typeof value === "string");
  if (text && !values.every(isNumeral)) return values;
  return Float64Array.from(values, (value, i) =>
    typeof value === "string" ? Number(value) : toNumber(value, `${where}, row ${i} (counted from 0)`),
  );
}

const messageOf = (cause: unknown) => (cause instanceof Error ? cause.message : String(cause));
