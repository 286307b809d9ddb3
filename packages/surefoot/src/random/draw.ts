import { philox, unitInterval } from "@surefoot/linalg";

/** Where in the generator's sequence a number stands: (seed, stream, row, index) alone decide it. */
export interface Address {
  readonly seed: readonly [number, number];
  readonly stream: number;
  readonly row: number;
}

const block = new Uint32Array(4);

/** Uniform on [0, 1), a multiple of 2⁻⁵³; two numbers (`half` 0 or 1) to every index. */
export function uniform({ seed, stream, row }: Address, index: number, half: 0 | 1 = 0): number {
  philox(index, row % 4294967296, Math.floor(row / 4294967296), stream, seed[0], seed[1], block);
  return unitInterval(block[2 * half], block[2 * half + 1]);
}

/** ±1 with equal probability. */
export function sign(address: Address): 1 | -1 {
  return uniform(address, 0) < 0.5 ? -1 : 1;
}
