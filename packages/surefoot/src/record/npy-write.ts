/** Writing NumPy's `.npy` (version 1.0) and `.npz`: bytes that `numpy.load` and data/npy.ts read back bit by bit. */
import { zipSync } from "fflate";
import { SurefootError } from "../error.ts";

/** An array to write: entries row by row; float64 becomes dtype "<f8", bytes "|u1". */
export interface ArrayToWrite {
  readonly shape: readonly number[];
  readonly data: Float64Array | Uint8Array;
}

/** The bytes of a `.npy` file. Throws `argument` when the shape and the number of entries disagree. */
export function formatNpy({ shape, data }: ArrayToWrite): Uint8Array<ArrayBuffer> {
  const entries = shape.reduce((product, length) => product * length, 1);
  if (!shape.every((length) => Number.isSafeInteger(length) && length >= 0) || entries !== data.length) {
    throw new SurefootError("argument", `an array of shape (${shape.join(", ")}) cannot have ${data.length} entries`);
  }
  const header = npyHeader(shape, data instanceof Float64Array ? "<f8" : "|u1");
  const start = header.length;
  const out = new Uint8Array(start + data.byteLength);
  const view = new DataView(out.buffer);
  out.set(header);
  if (data instanceof Float64Array) {
    for (let i = 0; i < data.length; i++) view.setFloat64(start + 8 * i, data[i], true);
  } else {
    out.set(data, start);
  }
  return out;
}

/** What comes before the entries: they start at a multiple of 64 bytes. */
export function npyHeader(shape: readonly number[], dtype: "<f8" | "|u1"): Uint8Array<ArrayBuffer> {
  const tuple = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const dict = `{'descr': '${dtype}', 'fortran_order': False, 'shape': (${tuple}), }`;
  const out = new Uint8Array(Math.ceil((10 + dict.length + 1) / 64) * 64);
  out.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0]);
  new DataView(out.buffer).setUint16(8, out.length - 10, true);
  out.set(new TextEncoder().encode(`${dict.padEnd(out.length - 11)}\n`), 10);
  return out;
}

/** The bytes of an `.npz` archive, compressed; the same arrays give the same bytes. */
export function formatNpz(arrays: Readonly<Record<string, ArrayToWrite>>): Uint8Array<ArrayBuffer> {
  const files = Object.fromEntries(Object.entries(arrays).map(([name, array]) => [`${name}.npy`, formatNpy(array)]));
  return zipSync(files, { level: 9, mtime: new Date(1980, 0, 1) });
}
