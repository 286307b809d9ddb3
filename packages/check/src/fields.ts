/** JSON of unknown form. Reading it wrongly throws, and whatever a file makes this program throw rejects the file. */
export interface Json {
  readonly [name: string]: Json;
}

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

/** A finite number that is given twice, { hex, decimal }. */
export function number(pair: Json): number {
  const decimal: unknown = pair.decimal;
  if (typeof decimal === "number" && Number.isFinite(decimal) && hexFloat(decimal) === String(pair.hex)) return decimal;
  return reject("file", `${JSON.stringify(pair)} is not one finite number in two copies`);
}

/** { hex: […], decimal: […] }. */
export function numbers({ hex, decimal }: Json, length = list(hex).length): Float64Array {
  const fits = list(hex).length === length && list(decimal).length === length;
  if (!fits) reject("file", `a list has not ${length} numbers`);
  return Float64Array.from(list(hex), (copy, i) => number({ hex: copy, decimal: list(decimal)[i] }));
}

export const list = (value: Json): readonly Json[] =>
  Array.isArray(value) ? value : reject("file", "a list is missing");

export const isTrue = (value: Json): boolean => (value as unknown) === true;

export function count(value: Json): number {
  return Number.isSafeInteger(value) && Number(value) >= 0 ? Number(value) : reject("file", `${value} is not a count`);
}
