import { CsvError, parse } from "csv-parse/browser/esm/sync";
import { SurefootError } from "../error.ts";
import { baseName, checkEntries, isNumeral, type Samples, samplesFrom } from "./samples.ts";

/** Largest CSV file: text of this length still fits one string of every engine, with room for its fields. */
const MAX_CSV_BYTES = 2 ** 28;

interface Line {
  readonly record: readonly string[];
  readonly info: { readonly lines: number };
}

/**
 * Samples from a CSV file (RFC 4180: comma-separated, quoted fields, UTF-8) with a header line. `label` names the label column, the last
 * one otherwise; all other columns must be numbers. Labels are numbers if every one of them is, else text.
 * Throws `file` for text that is no CSV and `data` naming line and column for ragged rows and cells that are not finite numbers.
 */
export function csvSamples(bytes: Uint8Array<ArrayBuffer>, path: string, label?: string): Samples {
  const name = baseName(path);
  const [head, ...lines] = readLines(bytes, name);
  if (head === undefined) throw new SurefootError("data", `${name}: is empty; a header line and data lines are needed`);
  const header = head.record.map((column) => column.trim());
  checkHeader(header, name);
  const labelAt = label === undefined ? header.length - 1 : header.indexOf(label);
  if (labelAt < 0) {
    throw new SurefootError("argument", `${name}: no column "${label}"; its columns are ${header.join(", ")}`);
  }
  const ragged = lines.find(({ record }) => record.length !== header.length);
  if (ragged !== undefined) {
    throw new SurefootError(
      "data",
      `${name}, line ${ragged.info.lines}: ${ragged.record.length} fields, but the header has ${header.length}; ` +
        "give every line the same number of fields",
    );
  }
  const cols = header.length - 1;
  checkEntries(lines.length, cols, name);
  const data = new Float64Array(lines.length * cols);
  lines.forEach(({ record, info }, i) => {
    let at = i * cols;
    record.forEach((cell, column) => {
      if (column !== labelAt)
        data[at++] = number(cell.trim(), () => `${name}, line ${info.lines}, column ${header[column]}`);
    });
  });
  const cells = lines.map(({ record }) => record[labelAt].trim());
  const numeric = cells.every((cell) => isNumeral(cell) || NOT_FINITE.test(cell));
  const place = (i: number) => `${name}, line ${lines[i].info.lines}, column ${header[labelAt]}`;
  const empty = cells.indexOf("");
  if (empty >= 0)
    throw new SurefootError("data", `${place(empty)}: the label is missing; fill it in or remove the line`);
  const labels = numeric ? Float64Array.from(cells, (cell, i) => number(cell, () => place(i))) : cells;
  return samplesFrom({ rows: lines.length, cols, data }, labels, name, [`label column ${header[labelAt]}`]);
}

function readLines(bytes: Uint8Array<ArrayBuffer>, name: string): Line[] {
  if (bytes.length > MAX_CSV_BYTES) {
    throw new SurefootError(
      "file",
      `${name}: ${bytes.length} bytes of CSV are more than the ${MAX_CSV_BYTES} that are read; convert it to .npz or .parquet`,
    );
  }
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    // The declared type of `parse` does not know that `info` wraps each record.
    const lines: unknown = parse(text, { info: true, relax_column_count: true, skip_empty_lines: true });
    return lines as Line[];
  } catch (cause) {
    if (cause instanceof CsvError) throw new SurefootError("file", `${name}: ${cause.message}`, { cause });
    throw new SurefootError("file", `${name}: is not UTF-8 text; save it as UTF-8`, { cause });
  }
}

function checkHeader(header: readonly string[], name: string): void {
  const fix = (problem: string) => new SurefootError("data", `${name}, line 1: ${problem}`);
  if (header.every(isNumeral)) {
    throw fix("only numbers, but a header line with the names of the columns is needed; add one");
  }
  if (header.length < 2) {
    const other = [";", "\t"].find((separator) => header[0].includes(separator));
    const hint =
      other === undefined ? "" : `; the fields seem to be separated by "${other === "\t" ? "\\t" : other}", use commas`;
    throw fix(`one column, but at least one input and a label are needed${hint}`);
  }
  header.forEach((column, i) => {
    if (column === "") throw fix(`column ${i + 1} has no name; name it, or remove it if it only numbers the rows`);
    if (header.indexOf(column) !== i) throw fix(`two columns are named "${column}"; rename one`);
  });
}

const NOT_FINITE = /^([+-]?(nan|inf|infinity))$/i;

function number(cell: string, where: () => string): number {
  if (isNumeral(cell)) {
    const value = Number(cell);
    if (Number.isFinite(value)) return value;
    throw new SurefootError("data", `${where()}: ${cell} is too large for float64; scale the column down`);
  }
  if (NOT_FINITE.test(cell)) {
    throw new SurefootError("data", `${where()}: ${cell} is not a finite number; fill it in or remove the line`);
  }
  throw new SurefootError(
    "data",
    `${where()}: ${cell === "" ? "an empty cell" : `"${cell}"`} is not a number; inputs must be numeric (the label column is chosen with --label)`,
  );
}
