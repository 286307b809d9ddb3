import type { Network, Weights } from "../network/network.ts";

/**
 * SHA-256 of weights as 64 hexadecimal digits, over these bytes, all little-endian: for every tensor in the order W1, b1, W2, … the
 * numbers of its rows and columns as 64-bit unsigned integers (a bias has one column), then its entries row by row as float64.
 */
export async function weightsHash(network: Network, weights: Weights): Promise<string> {
  const names = network.layers.flatMap(({ weight, bias }) => (bias === undefined ? [weight] : [weight, bias]));
  const size = names.reduce((sum, name) => sum + 16 + 8 * weights[name].data.length, 0);
  const view = new DataView(new ArrayBuffer(size));
  let at = 0;
  for (const name of names) {
    const { rows, cols, data } = weights[name];
    view.setBigUint64(at, BigInt(rows), true);
    view.setBigUint64(at + 8, BigInt(cols), true);
    at += 16;
    for (const value of data) {
      view.setFloat64(at, value, true);
      at += 8;
    }
  }
  return sha256(new Uint8Array(view.buffer));
}

/** SHA-256 of text in UTF-8. */
export function textHash(text: string): Promise<string> {
  return sha256(new TextEncoder().encode(text));
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await globalThis.crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
