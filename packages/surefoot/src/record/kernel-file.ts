import { type Backend, type Matrix, matrix } from "@surefoot/linalg";
import { SurefootError } from "../error.ts";
import { type BlockSink, type Range, TILE } from "../kernel/index.ts";
import { npyHeader } from "./npy-write.ts";
import { reason } from "./write-atomically.ts";

/** Size and identity of a kernel that is kept on disk. */
export interface KernelFileShape {
  readonly rows: number;
  readonly cols: number;
  readonly symmetric: boolean;
  /** Everything the entries depend on; a run goes on only where this is the same. */
  readonly identity: string;
}

/** A `.npy` file in the making; bands of rows that an interrupted run has left whole are kept. */
export interface KernelFile extends Required<Omit<BlockSink, "whole" | "placed">> {
  /** Bands found whole, as a fraction of all. */
  readonly resumed: number;
  /** Forces the entries to the disk, gives the file its name and removes what was needed to go on. */
  finish(): Promise<void>;
  /** Closes without finishing; the run can go on later. */
  close(): Promise<void>;
}

interface Journal {
  readonly identity: string;
  /** First row of a band and the CRC-32 of its entries on and below the diagonal tile. */
  readonly bands: Map<number, number>;
}

/**
 * Opens `path` for a kernel that need not fit in memory: one band of TILE rows is held. Entries go to `path.partial`, and each band that is
 * safely there to a line of `path.partial.log` with its checksum, so that a half-written band is found out and computed again. Throws `file`
 * when the disk is full or the unfinished file is of another kernel; nothing is lost by either.
 */
export async function openKernelFile(path: string, shape: KernelFileShape): Promise<KernelFile> {
  const fs = await import("node:fs");
  const { crc32 } = await import("node:zlib");
  const { rows, cols, symmetric } = shape;
  const [partial, log] = [`${path}.partial`, `${path}.partial.log`];
  const header = npyHeader([rows, cols], "<f8");
  const journal = readJournal(fs, log, shape);
  const guarded = <T>(action: () => T): T => {
    try {
      return action();
    } catch (cause) {
      if (cause instanceof SurefootError) throw cause;
      const advice = "what is finished stays in the .partial files: run the same command to go on";
      throw new SurefootError("file", `${path}: cannot be written: ${reason(cause)} (${advice})`, { cause });
    }
  };
  const file = guarded(() => fs.openSync(partial, journal.bands.size > 0 && fs.existsSync(partial) ? "r+" : "w+"));
  const lines = guarded(() => fs.openSync(log, journal.bands.size > 0 ? "a" : "w"));
  let open = true;

  const put = (bytes: Uint8Array, position: number) =>
    guarded(() => {
      for (let done = 0; done < bytes.length; ) {
        done += fs.writeSync(file, bytes, done, bytes.length - done, position + done);
      }
    });
  const append = (line: object) =>
    guarded(() => {
      fs.writeSync(lines, `${JSON.stringify(line)}\n`);
      fs.fsyncSync(lines);
    });
  const offset = (i: number, j: number) => header.length + 8 * (i * cols + j);
  const width = (i0: number) => (symmetric ? Math.min(i0 + TILE, rows) : cols);
  let band = matrix(0, 0);

  const checksum = (stripe: Matrix) => crc32(bytesOf(stripe.data));
  const readBand = (i0: number): Matrix => {
    const stripe = matrix(Math.min(i0 + TILE, rows) - i0, width(i0));
    for (let i = 0; i < stripe.rows; i++) {
      const row = bytesOf(stripe.data.subarray(i * stripe.cols, (i + 1) * stripe.cols));
      guarded(() => fs.readSync(file, row, 0, row.length, offset(i0 + i, 0)));
    }
    return stripe;
  };
  /** Above the diagonal: column j of the band, transposed, is a piece of row j. */
  const putMirror = async (stripe: Matrix, i0: number) => {
    const piece = new Float64Array(stripe.rows);
    for (let j = 0; j < i0; j++) {
      for (let i = 0; i < stripe.rows; i++) piece[i] = stripe.data[i * stripe.cols + j];
      put(bytesOf(piece), offset(j, i0));
      if (j % 4096 === 4095) await breathe();
    }
  };

  const whole = new Set<number>();
  for (const [i0, crc] of journal.bands) {
    const stripe = readBand(i0);
    if (checksum(stripe) !== crc) continue;
    if (symmetric) await putMirror(stripe, i0);
    whole.add(i0);
  }
  if (journal.bands.size === 0) append({ format: "surefoot kernel", identity: shape.identity });
  put(header, 0);

  const close = async () => {
    if (!open) return;
    open = false;
    fs.closeSync(file);
    fs.closeSync(lines);
  };
  return {
    resumed: whole.size / Math.max(1, Math.ceil(rows / TILE)),
    has: (i0) => whole.has(i0),
    write: ({ i0, i1, j0, j1 }: Range, block: Matrix) => {
      if (j0 === 0) band = matrix(i1 - i0, width(i0));
      for (let i = 0; i < i1 - i0; i++) {
        band.data.set(block.data.subarray(i * block.cols, (i + 1) * block.cols), i * band.cols + j0);
      }
      if (symmetric && i0 === j0) {
        for (let i = 0; i < i1 - i0; i++) {
          for (let j = i + 1; j < j1 - j0; j++) band.data[i * band.cols + j0 + j] = band.data[j * band.cols + j0 + i];
        }
      }
    },
    band: async (i0) => {
      for (let i = 0; i < band.rows; i++) {
        put(bytesOf(band.data.subarray(i * band.cols, (i + 1) * band.cols)), offset(i0 + i, 0));
      }
      if (symmetric) await putMirror(band, i0);
      guarded(() => fs.fdatasyncSync(file));
      append({ band: i0, crc: checksum(band) });
    },
    finish: async () => {
      guarded(() => fs.fsyncSync(file));
      await close();
      guarded(() => {
        fs.renameSync(partial, path);
        fs.rmSync(log, { force: true });
      });
    },
    close,
  };
}

function readJournal(fs: typeof import("node:fs"), log: string, shape: KernelFileShape): Journal {
  const bands = new Map<number, number>();
  if (!fs.existsSync(log)) return { identity: shape.identity, bands };
  const [first, ...rest] = fs.readFileSync(log, "utf8").split("\n");
  const head = parseLine(first);
  if (head?.format !== "surefoot kernel") return { identity: shape.identity, bands };
  if (head.identity !== shape.identity) {
    throw new SurefootError(
      "file",
      `${log}: belongs to the unfinished file of another kernel (other data, architecture or machine); delete it and its .partial, or choose another name`,
    );
  }
  for (const line of rest) {
    const entry = parseLine(line);
    if (typeof entry?.band === "number" && typeof entry.crc === "number") bands.set(entry.band, entry.crc);
  }
  return { identity: shape.identity, bands };
}

/** A line of the journal; undefined for one that an interruption has cut. */
function parseLine(line: string): { format?: unknown; identity?: unknown; band?: unknown; crc?: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The entries as they lie in memory; every platform that Node runs this package on is little-endian, as "<f8" asks. */
function bytesOf(data: Float64Array): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

function breathe(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, 0);
  });
}

/** v ↦ Kv for a finished kernel file of `openKernelFile`, read band by band; `close` when done. */
export async function kernelFileTimes(
  path: string,
  n: number,
  backend: Backend,
): Promise<{ times: (v: Float64Array) => Promise<Float64Array>; close: () => void }> {
  const fs = await import("node:fs");
  const start = npyHeader([n, n], "<f8").length;
  const file = fs.openSync(path, "r");
  if (fs.fstatSync(file).size !== start + 8 * n * n) {
    fs.closeSync(file);
    throw new SurefootError("file", `${path}: not a ${n} × ${n} kernel of float64; it is truncated or another file`);
  }
  const buffer = matrix(Math.min(TILE, n), n);
  return {
    times: async (v) => {
      const out = new Float64Array(n);
      const column: Matrix = { rows: n, cols: 1, data: v };
      for (let i0 = 0; i0 < n; i0 += TILE) {
        const rows = Math.min(TILE, n - i0);
        const stripe = { rows, cols: n, data: buffer.data.subarray(0, rows * n) };
        fs.readSync(file, bytesOf(stripe.data), 0, 8 * rows * n, start + 8 * i0 * n);
        out.set((await backend.gemm(stripe, column)).data, i0);
      }
      return out;
    },
    close: () => fs.closeSync(file),
  };
}
