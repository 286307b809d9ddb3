/**
 * Σ_j s_rj v_j for many bit patterns s_r and one vector v: through tables of all subset sums of 4 or of 8 consecutive entries once
 * enough sums are wanted to pay for them, entry by entry otherwise. All three ways add in one fixed order, so the bits of a sum do not
 * depend on how many others were wanted with it: nibbles entry by entry, low plus high nibble, bytes in four interleaved chains.
 */
export class SubsetSums {
  readonly #bytes: number;
  readonly #values: Float64Array;
  readonly #nibbles: Float64Array;
  readonly #table: Float64Array;
  #mode: "entries" | "nibbles" | "bytes" = "entries";

  /** `bytes` per pattern, a multiple of 4; entry j of v belongs to bit j & 7 of byte j >> 3. */
  constructor(bytes: number) {
    this.#bytes = bytes;
    this.#values = new Float64Array(bytes * 8);
    this.#nibbles = new Float64Array(bytes * 32);
    this.#table = new Float64Array(bytes * 256);
  }

  /** The next sums are of v_j = x[offset + j]·y[j], j < y.length; about `wanted` of them. */
  prepare(x: Float64Array, offset: number, y: Float64Array, wanted: number): void {
    const values = this.#values;
    for (let j = 0; j < y.length; j++) values[j] = x[offset + j] * y[j];
    this.#mode = wanted < 6 ? "entries" : wanted < 240 ? "nibbles" : "bytes";
    if (this.#mode === "entries") return;
    const nibbles = this.#nibbles;
    for (let q = 0; q < this.#bytes * 2; q++) {
      const v0 = values[4 * q];
      const v1 = values[4 * q + 1];
      const v2 = values[4 * q + 2];
      const v3 = values[4 * q + 3];
      const at = q * 16;
      nibbles[at + 1] = v0;
      nibbles[at + 2] = v1;
      nibbles[at + 3] = v0 + v1;
      for (let s = 0; s < 4; s++) nibbles[at + 4 + s] = nibbles[at + s] + v2;
      for (let s = 0; s < 8; s++) nibbles[at + 8 + s] = nibbles[at + s] + v3;
    }
    if (this.#mode === "nibbles") return;
    const table = this.#table;
    for (let b = 0; b < this.#bytes; b++) {
      for (let high = 0; high < 16; high++) {
        const sum = nibbles[b * 32 + 16 + high];
        const at = b * 256 + high * 16;
        for (let low = 0; low < 16; low++) table[at + low] = nibbles[b * 32 + low] + sum;
      }
    }
  }

  /** Σ of v over the bits set in masks[offset … offset + bytes − 1]. */
  sum(masks: Uint8Array, offset: number): number {
    if (this.#mode === "bytes") return this.#fromBytes(masks, offset);
    return this.#mode === "nibbles" ? this.#fromNibbles(masks, offset) : this.#fromEntries(masks, offset);
  }

  #fromBytes(masks: Uint8Array, offset: number): number {
    const table = this.#table;
    let s0 = 0;
    let s1 = 0;
    let s2 = 0;
    let s3 = 0;
    for (let b = 0; b < this.#bytes; b += 4) {
      s0 += table[(b << 8) | masks[offset + b]];
      s1 += table[((b + 1) << 8) | masks[offset + b + 1]];
      s2 += table[((b + 2) << 8) | masks[offset + b + 2]];
      s3 += table[((b + 3) << 8) | masks[offset + b + 3]];
    }
    return s0 + s1 + (s2 + s3);
  }

  #fromNibbles(masks: Uint8Array, offset: number): number {
    const nibbles = this.#nibbles;
    let s0 = 0;
    let s1 = 0;
    let s2 = 0;
    let s3 = 0;
    for (let b = 0; b < this.#bytes; b += 4) {
      const m0 = masks[offset + b];
      const m1 = masks[offset + b + 1];
      const m2 = masks[offset + b + 2];
      const m3 = masks[offset + b + 3];
      const at = b * 32;
      s0 += nibbles[at + (m0 & 15)] + nibbles[at + 16 + (m0 >> 4)];
      s1 += nibbles[at + 32 + (m1 & 15)] + nibbles[at + 48 + (m1 >> 4)];
      s2 += nibbles[at + 64 + (m2 & 15)] + nibbles[at + 80 + (m2 >> 4)];
      s3 += nibbles[at + 96 + (m3 & 15)] + nibbles[at + 112 + (m3 >> 4)];
    }
    return s0 + s1 + (s2 + s3);
  }

  #fromEntries(masks: Uint8Array, offset: number): number {
    const values = this.#values;
    const chains = CHAINS.fill(0);
    for (let b = 0; b < this.#bytes; b++) {
      const mask = masks[offset + b];
      if (mask === 0) continue;
      const at = b * 8;
      let low = 0;
      if (mask & 1) low += values[at];
      if (mask & 2) low += values[at + 1];
      if (mask & 4) low += values[at + 2];
      if (mask & 8) low += values[at + 3];
      let high = 0;
      if (mask & 16) high += values[at + 4];
      if (mask & 32) high += values[at + 5];
      if (mask & 64) high += values[at + 6];
      if (mask & 128) high += values[at + 7];
      chains[b & 3] += low + high;
    }
    return chains[0] + chains[1] + (chains[2] + chains[3]);
  }

  static bytesFor(patternBytes: number): number {
    return patternBytes * 8 * (8 + 32 + 256);
  }
}

const CHAINS = new Float64Array(4);

/** Bytes of a pattern of n bits: whole 32-bit words. */
export const patternBytes = (n: number): number => Math.ceil(n / 32) * 4;
