import type { BitMasks, Matrix } from "@surefoot/linalg";

/** s_ri = 1{z_ri ≥ 0} for z (n × m, row i sample i) as one bit string per sample. */
export function signPattern(z: Matrix): BitMasks {
  const wordsPerRow = Math.ceil(z.cols / 32);
  const words = new Uint32Array(z.rows * wordsPerRow);
  for (let i = 0; i < z.rows; i++) {
    for (let r = 0; r < z.cols; r++) {
      if (z.data[i * z.cols + r] >= 0) words[i * wordsPerRow + (r >>> 5)] |= 1 << (r & 31);
    }
  }
  return { rows: z.rows, bits: z.cols, wordsPerRow, words };
}

/** Number of pairs (r, i) whose pattern differs: the flips between two moments of a run. */
export function countFlips(a: BitMasks, b: BitMasks): number {
  let flips = 0;
  for (let k = 0; k < a.words.length; k++) {
    let bits = a.words[k] ^ b.words[k];
    while (bits !== 0) {
      bits &= bits - 1;
      flips++;
    }
  }
  return flips;
}
