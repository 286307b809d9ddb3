import { SurefootError } from "../error.ts";

/**
 * The generator's stream numbers. Draws of different purpose use different streams, so that data and weights of the same seed are
 * independent. Stream ℓ (1, 2, …) is the weight matrix of layer ℓ: row r of the stream is neuron r.
 */
export const layerStream = (layer: number): number => layer;

/** Splits a seed, a whole number from 0 to 2⁵³ − 1, into the generator's two 32-bit words, low first. */
export function seedWords(seed: number): readonly [number, number] {
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new SurefootError("argument", `seed must be a whole number from 0 to 2^53 - 1, not ${seed}`);
  }
  return [seed % 4294967296, Math.floor(seed / 4294967296)];
}
