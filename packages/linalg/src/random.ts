/**
 * The counter-based generator: Philox4x32-10 (Salmon, Moraes, Dror & Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011).
 * A draw is a function of (seed, stream, row, column) alone, so any row can be made again at any time, in any order, on any machine.
 *
 * Counter of a block: [column / 2, row (low word), row (high word), stream]; key: the seed. A block is four 32-bit words; its two
 * doubles make the two normals of columns 2j and 2j + 1 by the Box–Muller transform:
 * u = (1 + 53-bit integer)·2⁻⁵³ ∈ (0, 1] from words 0, 1, t = 53-bit integer·2⁻⁵³ ∈ [0, 1) from words 2, 3;
 * √(−2 ln u)·cos 2πt and √(−2 ln u)·sin 2πt. All operations are fixed by IEEE 754 (elementary.ts).
 */
import type { NormalsRequest } from "./backend.ts";
import { log, turn } from "./elementary.ts";
import { LinalgError } from "./error.ts";
import { type Matrix, matrix } from "./matrix.ts";

export type Words = Uint32Array;

/** The four words of one block, written to `out`; counter and key are unsigned 32-bit words. */
export function philox(c0: number, c1: number, c2: number, c3: number, k0: number, k1: number, out: Words): void {
  let [a, b, c, d] = [c0 >>> 0, c1 >>> 0, c2 >>> 0, c3 >>> 0];
  let [x, y] = [k0 >>> 0, k1 >>> 0];
  for (let round = 0; round < 10; round++) {
    const high0 = multiplyHigh(0xd2511f53, a);
    const low0 = Math.imul(0xd2511f53, a);
    const high1 = multiplyHigh(0xcd9e8d57, c);
    const low1 = Math.imul(0xcd9e8d57, c);
    a = (high1 ^ b ^ x) >>> 0;
    b = low1 >>> 0;
    c = (high0 ^ d ^ y) >>> 0;
    d = low0 >>> 0;
    x = (x + 0x9e3779b9) >>> 0;
    y = (y + 0xbb67ae85) >>> 0;
  }
  out[0] = a;
  out[1] = b;
  out[2] = c;
  out[3] = d;
}

/** The upper 32 bits of a 32 × 32-bit product. */
function multiplyHigh(a: number, b: number): number {
  const al = a & 0xffff;
  const ah = a >>> 16;
  const bl = b & 0xffff;
  const bh = b >>> 16;
  const middle = ah * bl + ((al * bl) >>> 16);
  const carry = (middle % 65536) + al * bh;
  return (ah * bh + Math.floor(middle / 65536) + Math.floor(carry / 65536)) >>> 0;
}

/** 53 random bits as a multiple of 2⁻⁵³ in [0, 1). */
export function unitInterval(high: number, low: number): number {
  return ((high >>> 0) * 2097152 + (low >>> 11)) * 1.1102230246251565e-16;
}

const TWO_32 = 4294967296;

/** Standard normals for rows firstRow … firstRow + rows − 1; the reference for every backend. */
export function normals(request: NormalsRequest, out?: Matrix): Matrix {
  const result = checkNormals(request, out);
  const { seed, stream, firstRow, rows, cols } = request;
  const block = new Uint32Array(4);
  const angle = { cos: 0, sin: 0 };
  for (let r = 0; r < rows; r++) {
    const index = firstRow + r;
    const low = index % TWO_32;
    const high = Math.floor(index / TWO_32);
    const offset = r * cols;
    for (let pair = 0; 2 * pair < cols; pair++) {
      philox(pair, low, high, stream, seed[0], seed[1], block);
      const radius = Math.sqrt(-2 * log(unitInterval(block[0], block[1]) + 1.1102230246251565e-16));
      turn(unitInterval(block[2], block[3]), angle);
      result.data[offset + 2 * pair] = radius * angle.cos;
      if (2 * pair + 1 < cols) result.data[offset + 2 * pair + 1] = radius * angle.sin;
    }
  }
  return result;
}

/** `out`, or a new matrix of the shape wanted. Throws `argument` for a request out of range, `shape` for another `out`. */
export function checkNormals({ seed, stream, firstRow, rows, cols }: NormalsRequest, out?: Matrix): Matrix {
  const word = (x: number) => Number.isInteger(x) && x >= 0 && x < TWO_32;
  const whole = (x: number) => Number.isSafeInteger(x) && x >= 0;
  if (!word(seed[0]) || !word(seed[1]) || !word(stream)) {
    throw new LinalgError("argument", "seed words and stream are whole numbers from 0 to 2^32 - 1");
  }
  if (!whole(firstRow) || !whole(rows) || !whole(cols) || !whole(firstRow + rows)) {
    throw new LinalgError("argument", `normals: bad range firstRow=${firstRow}, rows=${rows}, cols=${cols}`);
  }
  const result = out ?? matrix(rows, cols);
  if (result.rows !== rows || result.cols !== cols) {
    throw new LinalgError("shape", `out is ${result.rows} × ${result.cols}, wanted ${rows} × ${cols}`);
  }
  return result;
}
