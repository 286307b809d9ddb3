import type { Dataset } from "./dataset.ts";

/**
 * SHA-256 of a dataset as 64 hexadecimal digits, over these bytes, all little-endian: n and d as 64-bit unsigned integers, the n·d entries
 * of x row by row as float64, the n labels as float64. The provenance is not part of it.
 */
export async function datasetHash({ x, y }: Pick<Dataset, "x" | "y">): Promise<string> {
  const bytes = new Uint8Array(16 + 8 * (x.data.length + y.length));
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(x.rows), true);
  view.setBigUint64(8, BigInt(x.cols), true);
  x.data.forEach((value, i) => {
    view.setFloat64(16 + 8 * i, value, true);
  });
  y.forEach((value, i) => {
    view.setFloat64(16 + 8 * (x.data.length + i), value, true);
  });
  const digest = new Uint8Array(await globalThis.crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
