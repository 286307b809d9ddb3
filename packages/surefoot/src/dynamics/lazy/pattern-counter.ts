/** For each byte eight counters of 8 bits, 1 where the bit is set: four in each of two words. */
const SPREAD = new Uint32Array(512);
for (let byte = 0; byte < 256; byte++) {
  for (let bit = 0; bit < 8; bit++) {
    if ((byte >> bit) & 1) SPREAD[2 * byte + (bit >> 2)] |= 1 << (8 * (bit & 3));
  }
}

/** The largest count that eight bits hold. */
const FULL = 255;

/** Σ s_rj over some patterns, for all j at once: counters of one byte, four to a word, emptied before they are full. */
export class PatternCounter {
  readonly #bytes: number;
  readonly #words: Uint32Array;
  readonly #sign: 1 | -1;
  #held = 0;

  /** Counts with this sign. */
  constructor(bytes: number, sign: 1 | -1) {
    this.#bytes = bytes;
    this.#words = new Uint32Array(2 * bytes);
    this.#sign = sign;
  }

  /** Adds the pattern at masks[offset …]; `total` gets it at the latest with `empty`. */
  add(masks: Uint8Array, offset: number, total: Float64Array): void {
    if (this.#held === FULL) this.empty(total);
    this.#held += 1;
    const words = this.#words;
    for (let b = 0; b < this.#bytes; b++) {
      const mask = masks[offset + b];
      words[2 * b] += SPREAD[2 * mask];
      words[2 * b + 1] += SPREAD[2 * mask + 1];
    }
  }

  /** Adds what is held to total[j], j < total.length. */
  empty(total: Float64Array): void {
    if (this.#held === 0) return;
    for (let j = 0; j < total.length; j++) {
      total[j] += this.#sign * ((this.#words[j >> 2] >>> (8 * (j & 3))) & 255);
    }
    this.#words.fill(0);
    this.#held = 0;
  }
}
