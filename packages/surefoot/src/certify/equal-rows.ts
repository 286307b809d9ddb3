import { type Matrix, row } from "@surefoot/linalg";

/**
 * For each row of x the first row equal to it (itself if there is none before): exact comparison, −0 equal to 0. Rows meet through
 * a hash of their entries, so the cost is that of reading x.
 */
export function firstEqualRow(x: Matrix): Int32Array {
  const first = new Int32Array(x.rows);
  const buckets = new Map<number, number[]>();
  for (let i = 0; i < x.rows; i++) {
    const xi = row(x, i);
    const key = hash(xi);
    const bucket = buckets.get(key) ?? [];
    const twin = bucket.find((j) => row(x, j).every((value, k) => value === xi[k]));
    first[i] = twin ?? i;
    if (twin === undefined) buckets.set(key, [...bucket, i]);
  }
  return first;
}

const bits = new DataView(new ArrayBuffer(8));

/** FNV-1a over the 32-bit halves of the entries. */
function hash(v: Float64Array): number {
  let h = 0x811c9dc5;
  for (const value of v) {
    bits.setFloat64(0, value + 0); // −0 + 0 = 0
    h = Math.imul(h ^ bits.getInt32(0), 0x01000193);
    h = Math.imul(h ^ (h >>> 15) ^ bits.getInt32(4), 0x01000193);
  }
  return h;
}
