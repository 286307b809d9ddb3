/** The hashes of a certificate, 64 hexadecimal digits; docs/certificate-file.md lays down the bytes, all little-endian. */
import type { ProblemLayer } from "./problem.ts";

async function digest(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const hash = new Uint8Array(await globalThis.crypto.subtle.digest("SHA-256", bytes));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Counts as 64-bit whole numbers and arrays as float64, one after the other. */
function pack(parts: readonly (number | Float64Array)[]): Uint8Array<ArrayBuffer> {
  const size = parts.reduce((sum: number, part) => sum + (typeof part === "number" ? 1 : part.length), 0);
  const view = new DataView(new ArrayBuffer(8 * size));
  let at = 0;
  for (const part of parts) {
    if (typeof part === "number") view.setBigUint64(at++ * 8, BigInt(part), true);
    else for (const value of part) view.setFloat64(at++ * 8, value, true);
  }
  return new Uint8Array(view.buffer);
}

/** n, d, x row by row, y. */
export const hashOfData = ({ n, d, x, y }: { n: number; d: number; x: Float64Array; y: Float64Array }) =>
  digest(pack([n, d, x, y]));

/** For each layer rows, cols, W row by row, and with a bias rows, 1, b. */
export const hashOfWeights = (layers: readonly ProblemLayer[]) =>
  digest(
    pack(
      layers.flatMap(({ rows, cols, weight, bias }) =>
        bias.length > 0 ? [rows, cols, weight, rows, 1, bias] : [rows, cols, weight],
      ),
    ),
  );

/** The JSON text of the file without its digest, without white space, keys in the order of the file. */
export function hashOfCertificate(certificate: object): Promise<string> {
  const { digest: _, ...rest } = certificate as Record<string, unknown>;
  return digest(new TextEncoder().encode(JSON.stringify(rest)));
}
