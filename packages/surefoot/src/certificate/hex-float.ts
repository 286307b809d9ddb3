import { z } from "zod";

/** A number written twice: exactly, as C's %a and Python's `float.hex` write it, and as the shortest decimal that rounds to it. */
export interface HexPair {
  readonly hex: string;
  readonly decimal: number;
}

export interface HexPairs {
  readonly hex: readonly string[];
  readonly decimal: readonly number[];
}

const view = new DataView(new ArrayBuffer(8));

/** "0x1.8000000000000p+0" for 1.5; x finite. */
export function hexFloat(x: number): string {
  view.setFloat64(0, x);
  const word = view.getBigUint64(0);
  const exponent = Number((word >> 52n) & 0x7ffn);
  const fraction = (word & 0xfffffffffffffn).toString(16).padStart(13, "0");
  const power = exponent > 0 ? exponent - 1023 : x === 0 ? 0 : -1022;
  return `${word >> 63n === 1n ? "-" : ""}0x${exponent > 0 ? 1 : 0}.${fraction}p${power < 0 ? "-" : "+"}${Math.abs(power)}`;
}

export function hexPair(x: number): HexPair {
  return { hex: hexFloat(x), decimal: x };
}

export function hexPairs(values: Iterable<number>): HexPairs {
  const decimal = Array.from(values);
  return { hex: decimal.map(hexFloat), decimal };
}

const hex = z.string().regex(/^-?0x[01]\.[0-9a-f]{13}p[+-]\d{1,4}$/);

export const hexPairSchema = z.strictObject({ hex, decimal: z.number() });
export const hexPairsSchema = z.strictObject({ hex: z.array(hex), decimal: z.array(z.number()) });
