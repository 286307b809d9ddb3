/**
 * NumPy's `.npy` format, versions 1.0, 2.0 and 3.0 (NEP 1; numpy.lib.format): magic "\x93NUMPY", version, length of the header, the header
 * (a Python dict literal with `descr`, `fortran_order`, `shape`), then the entries and nothing else.
 */
import { SurefootError } from "../error.ts";
import { checkEntries } from "./samples.ts";

/** A numeric array, entries in row-major (C) order whatever the file's order was. */
export interface NpyArray {
  readonly shape: readonly number[];
  readonly data: Float64Array;
  /** The file's `descr`, e.g. "<f8". */
  readonly dtype: string;
}

type ReadEntry = (view: DataView, offset: number, littleEndian: boolean) => number | bigint;

/** Readers by kind and size of `descr`. */
const READERS: Readonly<Record<string, ReadEntry>> = {
  f8: (view, at, le) => view.getFloat64(at, le),
  f4: (view, at, le) => view.getFloat32(at, le),
  f2: (view, at, le) => float16(view.getUint16(at, le)),
  i1: (view, at) => view.getInt8(at),
  i2: (view, at, le) => view.getInt16(at, le),
  i4: (view, at, le) => view.getInt32(at, le),
  i8: (view, at, le) => view.getBigInt64(at, le),
  u1: (view, at) => view.getUint8(at),
  u2: (view, at, le) => view.getUint16(at, le),
  u4: (view, at, le) => view.getUint32(at, le),
  u8: (view, at, le) => view.getBigUint64(at, le),
  b1: (view, at) => (view.getUint8(at) === 0 ? 0 : 1),
};

/** The value of an IEEE 754 half-precision number. */
export function float16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/**
 * Reads an array of dtype f8, f4, f2, i1 … i8, u1 … u8 or bool. `name` stands in messages.
 * Throws `file` for bytes that are no whole `.npy` file and `data` for entries that are not numbers or that float64 cannot hold.
 */
export function parseNpy(bytes: Uint8Array<ArrayBuffer>, name: string): NpyArray {
  const { header, start } = readHeader(bytes, name);
  const { dtype, fortran, shape } = parseHeader(header, name);
  const kind = /^([<>|])([a-z]\d+)$/.exec(dtype);
  const read = kind === null ? undefined : READERS[kind[2]];
  const size = kind === null ? 0 : Number(kind[2].slice(1));
  if (kind === null || read === undefined || (kind[1] === "|" && size !== 1)) {
    throw new SurefootError(
      "data",
      `${name}: dtype ${dtype} is not supported; save numbers, e.g. with array.astype("float64")`,
    );
  }
  const entries = shape.reduce((product, length) => product * length, 1);
  checkEntries(entries, 1, `${name}: shape (${shape.join(", ")})`);
  const available = bytes.length - start;
  if (available !== entries * size) {
    throw new SurefootError(
      "file",
      `${name}: shape (${shape.join(", ")}) of dtype ${dtype} needs ${entries * size} bytes but the file has ${available}; ` +
        `the file is ${available < entries * size ? "truncated" : "damaged or holds more than one array"}, save it again`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset + start, available);
  const data = new Float64Array(entries);
  for (let i = 0; i < entries; i++) data[i] = toNumber(read(view, i * size, kind[1] !== ">"), i, name);
  return { shape, data: fortran ? toRowMajor(data, shape) : data, dtype };
}

function readHeader(bytes: Uint8Array<ArrayBuffer>, name: string): { header: string; start: number } {
  const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
  if (bytes.length < 10 || magic.some((byte, i) => bytes[i] !== byte)) {
    throw new SurefootError("file", `${name}: not a .npy file (no NUMPY magic at its start); save it with numpy.save`);
  }
  const version = bytes[6];
  if (version < 1 || version > 3 || bytes[7] !== 0) {
    throw new SurefootError(
      "file",
      `${name}: .npy version ${version}.${bytes[7]} is unknown; versions 1.0 to 3.0 are read`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const prefix = version === 1 ? 10 : 12;
  const length = version === 1 ? view.getUint16(8, true) : bytes.length < 12 ? Infinity : view.getUint32(8, true);
  if (prefix + length > bytes.length) {
    throw new SurefootError("file", `${name}: truncated inside the header; save or copy the file again`);
  }
  const header = new TextDecoder(version === 3 ? "utf-8" : "latin1").decode(bytes.subarray(prefix, prefix + length));
  return { header, start: prefix + length };
}

const FIELDS = {
  descr: /^'descr':\s*(?:'([^']*)'|"([^"]*)"|(\[.*\]))/,
  fortran_order: /^'fortran_order':\s*(True|False)/,
  shape: /^'shape':\s*\(((?:\s*\d+\s*,)*\s*\d*)\s*,?\s*\)/,
};

/** Reads a dict of exactly the three fields, in any order, as `numpy.lib.format` requires. */
function parseHeader(header: string, name: string): { dtype: string; fortran: boolean; shape: number[] } {
  const bad = () => new SurefootError("file", `${name}: malformed .npy header ${header.trim().slice(0, 120)}`);
  const body = /^\s*\{(.*)\}\s*$/s.exec(header);
  if (body === null) throw bad();
  const found = new Map<string, RegExpExecArray>();
  let rest = body[1].trim();
  while (rest !== "") {
    const entry = Object.entries(FIELDS).find(([key, pattern]) => !found.has(key) && pattern.test(rest));
    if (entry === undefined) throw bad();
    const match = entry[1].exec(rest);
    if (match === null) throw bad();
    found.set(entry[0], match);
    rest = rest.slice(match[0].length).trim();
    if (rest !== "" && rest[0] !== ",") throw bad();
    rest = rest.slice(1).trim();
  }
  const [descr, order, shape] = [found.get("descr"), found.get("fortran_order"), found.get("shape")];
  if (descr === undefined || order === undefined || shape === undefined) throw bad();
  return {
    dtype: descr[1] ?? descr[2] ?? descr[3],
    fortran: order[1] === "True",
    shape: shape[1].split(",").flatMap((length) => (length.trim() === "" ? [] : [Number(length)])),
  };
}

function toNumber(value: number | bigint, i: number, name: string): number {
  if (typeof value === "number") return value;
  const rounded = Number(value);
  if (BigInt(rounded) !== value) {
    throw new SurefootError(
      "data",
      `${name}: entry ${i} is ${value}, which float64 cannot hold exactly; scale it down`,
    );
  }
  return rounded;
}

/** Column-major (first index fastest) to row-major (last index fastest). */
function toRowMajor(data: Float64Array, shape: readonly number[]): Float64Array {
  const out = new Float64Array(data.length);
  const index = new Array<number>(shape.length).fill(0);
  const stride = shape.map((_, k) => shape.slice(k + 1).reduce((product, length) => product * length, 1));
  let target = 0;
  for (const value of data) {
    out[target] = value;
    for (let k = 0; k < shape.length; k++) {
      index[k]++;
      target += stride[k];
      if (index[k] < shape[k]) break;
      target -= stride[k] * shape[k];
      index[k] = 0;
    }
  }
  return out;
}
