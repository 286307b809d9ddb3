import { CsvError, parse } from "csv-parse/browser/esm/sync";
import { SurefootError } from "../error.ts";
import { baseName, checkEntries, isNumeral, type Samples, samplesFrom } from "./samples.ts";

/** Largest CSV file: text of this length still fits one string of every engine. */
const MAX_CSV_BYTES = 2 ** 28;

/**
 * Samples from a CSV file (RFC 4180: comma-separated, quoted fields, UTF-8) with a header line. `label` names the label column, the last
 * one otherwise; all other columns must be numbers. Labels are numbers if every one of them is, else text.
 * Throws `file` for text that is no CSV and `data` naming line and column for ragged rows and cells that are not finite numbers.
 */
export function csvSamples(bytes: Uint8Array<ArrayBuffer>, path: string, label?: string): Samples {
  const name = baseName(path);
  const labels: string[] = [];
  const labelLines: number[] = [];
  let header: readonly string[] = [];
  let labelAt = 0;
  let data = new Float64Array(0);
  let filled = 0;

  readRecords(bytes, name, (record, line) => {
    if (header.length === 0) {
      header = record.map((column) => column.trim());
      checkHeader(header, name);
      labelAt = findLabel(header, label, name);
      const most = countLines(bytes);
      checkEntries(most, header.length - 1, name);
      data = new Float64Array(most * (header.length - 1));
      return;
    }
    if (record.length !== header.length) {
      throw new SurefootError(
        "data",
        `${name}, line ${line}: ${record.length} fields, but the header has ${header.length}; ` +
          "give every line the same number of fields",
      );
    }
    for (let column = 0; column < record.length; column++) {
      const cell = record[column].trim();
      if (column !== labelAt) data[filled++] = number(cell, () => `${name}, line ${line}, column ${header[column]}`);
      else labels.push(cell);
    }
    labelLines.push(line);
  });
  if (header.length === 0) {
    throw new SurefootError("data", `${name}: is empty; a header line and data lines are needed`);
  }
  const x = { rows: labels.length, cols: header.length - 1, data: data.slice(0, filled) };
  const y = toLabels(labels, (i) => `${name}, line ${labelLines[i]}, column ${header[labelAt]}`);
  return samplesFrom(x, y, name, [`label column ${header[labelAt]}`]);
}

/** Calls `visit` with the fields of each line that is not empty and the number of its last line, counted from 1. */
function readRecords(
  bytes: Uint8Array<ArrayBuffer>,
  name: string,
  visit: (record: readonly string[], line: number) => void,
): void {
  if (bytes.length > MAX_CSV_BYTES) {
    throw new SurefootError(
      "file",
      `${name}: ${bytes.length} bytes of CSV are more than the ${MAX_CSV_BYTES} that are read; convert it to .npz or .parquet`,
    );
  }
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new SurefootError("file", `${name}: is not UTF-8 text; save it as UTF-8`, { cause });
  }
  try {
    parse(bytes.subarray(startsWithMark(bytes) ? 3 : 0), {
      relax_column_count: true,
      skip_empty_lines: true,
      on_record: (record: string[], { lines }) => {
        visit(record, lines);
        return null; // nothing is kept: a file of many fields would not fit as text
      },
    });
  } catch (cause) {
    if (cause instanceof CsvError) throw new SurefootError("file", `${name}: ${cause.message}`, { cause });
    throw cause;
  }
}

/** Whether the file starts with the UTF-8 byte order mark; the parser looks for one only in Node's own buffers. */
function startsWithMark(bytes: Uint8Array): boolean {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
}

/** At least the number of lines, whichever of \n, \r\n and \r ends them. */
function countLines(bytes: Uint8Array): number {
  let [newlines, returns] = [0, 0];
  for (let i = 0; i < bytes.length; i++) {
    if (bytes[i] === 10) newlines++;
    else if (bytes[i] === 13) returns++;
  }
  return Math.max(newlines, returns) + 1;
}

function findLabel(header: readonly string[], label: string | undefined, name: string): number {
  if (label === undefined) return header.length - 1;
  const at = header.indexOf(label);
  if (at >= 0) return at;
  throw new SurefootError("argument", `${name}: no column "${label}"; its columns are ${header.join(", ")}`);
}

function toLabels(cells: readonly string[], where: (i: number) => string): Float64Array | readonly string[] {
  const empty = cells.indexOf("");
  if (empty >= 0) {
    throw new SurefootError("data", `${where(empty)}: the label is missing; fill it in or remove the line`);
  }
  const numeric = cells.every((cell) => isNumeral(cell) || NOT_FINITE.test(cell));
  return numeric ? Float64Array.from(cells, (cell, i) => number(cell, () => where(i))) : cells;
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
