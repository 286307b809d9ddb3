/** Reads what comes from outside: certificates, hashes, safetensors. Whatever is read wrongly throws, and what is thrown rejects the file. */

/** JSON of unknown form. */
export interface Json {
  readonly [name: string]: Json;
}
/** Tensors by name, W1, b1, W2, …, row by row; a bias of shape [rows] or [rows, 1]. */
export type CheckWeights = Readonly<Record<string, { readonly shape: readonly number[]; readonly data: Float64Array }>>;

export function reject(hypothesis: string, reason: string, by?: number): never {
  throw new Error(reason, { cause: { hypothesis, by } });
}

/** Rejects unless value ≤ bound, whatever NaN is in play. */
export function atMost(value: number, bound: number, hypothesis: string, statement: string): void {
  if (!(value <= bound)) reject(hypothesis, `${statement} does not hold: ${value} against ${bound}`, value - bound);
}

const bits = new DataView(new ArrayBuffer(8));

/** "0x1.8000000000000p+0" for 1.5, as C's %a and Python's float.hex write it. */
function hexFloat(x: number): string {
  bits.setFloat64(0, x);
  const exponent = (bits.getUint16(0) >> 4) & 0x7ff;
  const digits = (bits.getBigUint64(0) & 0xfffffffffffffn).toString(16).padStart(13, "0");
  const power = exponent > 0 ? exponent - 1023 : x === 0 ? 0 : -1022;
  return `${Object.is(Math.abs(x), x) ? "" : "-"}0x${exponent > 0 ? 1 : 0}.${digits}p${power < 0 ? "" : "+"}${power}`;
}

/** A finite number that is given twice, { hex, decimal }; a list of such numbers, { hex: […], decimal: […] }. */
export function number(pair: Json): number {
  const decimal: unknown = pair.decimal;
  if (typeof decimal === "number" && Number.isFinite(decimal) && hexFloat(decimal) === String(pair.hex)) return decimal;
  return reject("file", `${JSON.stringify(pair)} is not one finite number in two copies`);
}
export function numbers({ hex, decimal }: Json, length = list(hex).length): number[] {
  if (list(hex).length !== length || list(decimal).length !== length) reject("file", `not a list of ${length} numbers`);
  return list(hex).map((copy, i) => number({ hex: copy, decimal: list(decimal)[i] }));
}

export const list = (value: Json): readonly Json[] =>
  Array.isArray(value) ? value : reject("file", "a list is missing");
export const isTrue = (value: Json): boolean => (value as unknown) === true;
export const count = (value: Json): number =>
  Number.isSafeInteger(value) && Number(value) >= 0 ? Number(value) : reject("file", `${value} is not a count`);
export const allFinite = (v: Float64Array): boolean => v.every(Number.isFinite);

/** Of texts as UTF-8, counts as 64-bit whole numbers and arrays as float64, one after the other (little-endian, as all engines are). */
export async function sha256(parts: readonly (string | number | Float64Array)[]): Promise<string> {
  const bytes = parts.map((part) => (typeof part === "number" ? BigUint64Array.of(BigInt(part)) : part));
  const blob = new Blob(bytes as BlobPart[]);
  const hash = await globalThis.crypto.subtle.digest("SHA-256", await blob.arrayBuffer());
  return Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The float64 and float32 tensors of a safetensors file by name; throws for anything that is not a whole one. */
export function readSafetensors(bytes: Uint8Array): CheckWeights {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = 8 + Number(view.getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(8, start))) as Json;
  const names = Object.keys(header).filter((name) => name !== "__metadata__");
  const tensor = (name: string) => {
    const [shape, [from, to]] = [header[name].shape, header[name].data_offsets].map((v) => list(v).map(count));
    const length = shape.reduce((a, b) => a * b, 1);
    const [width] = [8, 4].filter((size) => String(header[name].dtype) === `F${8 * size}`);
    const whole = to - from === length * width && start + to <= bytes.length;
    if (!whole) throw new Error(`${name}: not a whole tensor of float64 or float32 numbers`);
    const read = width === 8 ? view.getFloat64.bind(view) : view.getFloat32.bind(view);
    return { shape, data: Float64Array.from({ length }, (_, i) => read(start + from + i * width, true)) };
  };
  return Object.fromEntries(names.map((name) => [name, tensor(name)]));
}
