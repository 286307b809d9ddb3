/** Writing to a person and to a program: results go to stdout, everything else to stderr; no progress in a pipe. */

/** One line of progress, rewritten in place on a terminal; nothing at all elsewhere. */
export interface Progress {
  update(line: string): void;
  /** Removes the line, so that what is printed next starts on a clean one. */
  clear(): void;
}

const REDRAW_MILLISECONDS = 80;

export function createProgress(stream: NodeJS.WriteStream = process.stderr): Progress {
  if (!stream.isTTY) return { update: () => {}, clear: () => {} };
  let last = 0;
  return {
    update: (line) => {
      const now = Date.now();
      if (now - last < REDRAW_MILLISECONDS) return;
      last = now;
      const room = (stream.columns || 80) - 1;
      // a number cut short would be another number
      stream.write(`\r\u001b[2K${line.length > room ? `${line.slice(0, room - 1).replace(/[\d.]+$/, "")}…` : line}`);
    },
    clear: () => void stream.write("\r\u001b[2K"),
  };
}

/** A line for a person, on stderr (so that stdout stays clean for `--json`). */
export function say(line = ""): void {
  process.stderr.write(`${line}\n`);
}

/** The result, on stdout. */
export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** JSON on one line; ±∞ and NaN, which JSON lacks, become null. */
export function printJson(value: unknown): void {
  print(JSON.stringify(value));
}

/** A number for reading: four significant digits, thousands in groups. */
export function format(x: number | null | undefined): string {
  if (x === null || x === undefined || Number.isNaN(x)) return "–";
  if (!Number.isFinite(x)) return x > 0 ? "∞" : "−∞";
  const size = Math.abs(x);
  if (Number.isInteger(x) && size < 1e15) return x.toLocaleString("en-US").replaceAll(",", " ");
  if (size >= 1e-3 && size < 1e5) return Number(x.toPrecision(4)).toString();
  return x.toExponential(2).replace("e+", "e");
}

/** A factor just below 1 as "1 − 3.4e-6", any other as `format` has it. */
export function formatFactor(factor: number): string {
  return factor > 0.999 && factor < 1 ? `1 − ${(1 - factor).toPrecision(3)}` : format(factor);
}

/** Two columns, the first padded. */
export function table(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`).join("\n");
}
