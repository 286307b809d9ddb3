import { SurefootError } from "../error.ts";
import { openParquet } from "./parquet-table.ts";
import { baseName, checkEntries, isNumeral, type Samples, samplesFrom } from "./samples.ts";

/**
 * Samples from a Parquet file of flat columns. `label` names the label column, the last one otherwise; all other columns must be numeric
 * without nulls. Throws `file` for bytes that are no whole Parquet file and `data` naming row and column for what is not a number.
 */
export async function parquetSamples(bytes: Uint8Array<ArrayBuffer>, path: string, label?: string): Promise<Samples> {
  const name = baseName(path);
  const { rows, columns, forEach } = await openParquet(bytes, name);
  const names = columns.map((column) => column.name);
  const labelColumn = label ?? names.at(-1);
  if (labelColumn === undefined || !names.includes(labelColumn)) {
    throw new SurefootError("argument", `${name}: no column "${label}"; its columns are ${names.join(", ")}`);
  }
  if (names.length < 2) {
    throw new SurefootError("data", `${name}: one column, but at least one input and a label are needed`);
  }
  const inputs = names.filter((column) => column !== labelColumn);
  const cols = inputs.length;
  checkEntries(rows, cols, name);
  const place = (row: number, column: string) => `${name}, row ${row} (counted from 0), column ${column}`;
  const data = new Float64Array(rows * cols);
  for (const [j, column] of inputs.entries()) {
    await forEach(column, (value, row) => {
      data[row * cols + j] = toNumber(value, () => place(row, column));
    });
  }
  const labels: unknown[] = [];
  await forEach(labelColumn, (value) => labels.push(value));
  const y = toLabels(labels, (row) => place(row, labelColumn));
  return samplesFrom({ rows, cols, data }, y, name, [`label column ${labelColumn}`]);
}

function toNumber(value: unknown, where: () => string): number {
  if (typeof value === "number") return value;
  if (typeof value === "boolean") return value ? 1 : 0;
  if (typeof value === "bigint") {
    if (BigInt(Number(value)) === value) return Number(value);
    throw new SurefootError("data", `${where()}: ${value} does not fit float64 exactly; scale it down`);
  }
  throw new SurefootError(
    "data",
    `${where()}: ${value === null ? "null" : `"${value}"`} is not a number; ` +
      "fill it in, or leave the column out (the label column is chosen with --label)",
  );
}

function toLabels(values: readonly unknown[], where: (row: number) => string): Float64Array | readonly string[] {
  const missing = values.indexOf(null);
  if (missing >= 0) throw new SurefootError("data", `${where(missing)}: the label is missing; fill it in`);
  const text = values.filter((value) => typeof value === "string");
  if (text.length === values.length && !text.every(isNumeral)) return text;
  return Float64Array.from(values, (value, row) =>
    typeof value === "string" && isNumeral(value) ? Number(value) : toNumber(value, () => where(row)),
  );
}
