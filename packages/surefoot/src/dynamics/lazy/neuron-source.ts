import { type Backend, type Matrix, matrix } from "@surefoot/linalg";
import { SurefootError } from "../../error.ts";
import { sign } from "../../random/draw.ts";
import { layerStream, seedWords } from "../../random/streams.ts";

/** The initial weights of a two-layer network, a block of neurons at a time: any block can be asked for again and is the same. */
export interface NeuronSource {
  /** m, the number of neurons. */
  readonly width: number;
  /** d, the number of inputs of a neuron. */
  readonly inputs: number;
  /** True where every a_r is ±1: then the counts behind H are integers. */
  readonly signs: boolean;
  /** No w_r is longer than this. */
  readonly largestNorm: number;
  /** What makes two sources the same: goes into checkpoints. */
  readonly fingerprint: string;
  /** Present where `seededNeurons` made it. */
  readonly seeded?: SeededNeurons;
  /** Rows first … first + count − 1 of W (count × d) with their output weights a. */
  block(first: number, count: number): Promise<NeuronBlock>;
}

/** Consecutive neurons with their weights. */
export interface NeuronBlock {
  readonly w: Matrix;
  readonly a: Float64Array;
}

/** Neurons that a seed draws. */
export interface SeededNeurons {
  readonly width: number;
  readonly inputs: number;
  readonly seed: number;
  /** Every neuron twice, next to its twin with the opposite output weight: u(0) = 0. Even width. */
  readonly antisymmetric?: boolean;
}

/**
 * w_r ~ N(0, I_d) and a_r = ±1 as `initialise` draws them for a two-layer ReLU network: row r of stream 1 and the sign of row r of
 * stream 2 (antisymmetric: row ⌊r/2⌋ of both, the odd twin with the sign reversed).
 */
export function seededNeurons(spec: SeededNeurons, backend: Backend): NeuronSource {
  const { width, inputs, seed, antisymmetric = false } = spec;
  if (!Number.isSafeInteger(width) || width < 1) {
    throw new SurefootError("argument", `width must be a whole number from 1 to 2^53 - 1, not ${width}`);
  }
  if (antisymmetric && width % 2 === 1) {
    throw new SurefootError("argument", `antisymmetric neurons come in pairs: the width must be even, not ${width}`);
  }
  const words = seedWords(seed);
  const draw = (firstRow: number, rows: number) =>
    backend.normals({ seed: words, stream: layerStream(1), firstRow, rows, cols: inputs });
  const outputSign = (row: number) => sign({ seed: words, stream: layerStream(2), row });
  return {
    width,
    inputs,
    signs: true,
    largestNorm: LARGEST_NORMAL * Math.sqrt(inputs),
    seeded: spec,
    fingerprint: `gaussian:seed=${seed},m=${width},d=${inputs}${antisymmetric ? ",antisymmetric" : ""}`,
    block: async (first, count) => {
      if (!antisymmetric) {
        return {
          w: await draw(first, count),
          a: Float64Array.from({ length: count }, (_, r) => outputSign(first + r)),
        };
      }
      const firstPair = Math.floor(first / 2);
      const pairs = Math.floor((first + count - 1) / 2) - firstPair + 1;
      const half = await draw(firstPair, pairs);
      const w = matrix(count, inputs);
      const a = new Float64Array(count);
      for (let r = 0; r < count; r++) {
        const pair = Math.floor((first + r) / 2);
        const row = pair - firstPair;
        w.data.set(half.data.subarray(row * inputs, (row + 1) * inputs), r * inputs);
        a[r] = (first + r) % 2 === 0 ? outputSign(pair) : -outputSign(pair);
      }
      return { w, a };
    },
  };
}

/** Given weights: W is m × d, a has m entries, none 0 (a neuron with a_r = 0 never moves and adds nothing: leave it out). */
export function givenNeurons(w: Matrix, a: Float64Array): NeuronSource {
  if (a.length !== w.rows || w.rows < 1) {
    throw new SurefootError("weights", `W has ${w.rows} rows and a has ${a.length} entries: one of each per neuron`);
  }
  const zero = a.indexOf(0);
  if (zero >= 0) throw new SurefootError("weights", `a[${zero}] is 0: leave out neurons that add nothing`);
  if (!w.data.every(Number.isFinite) || !a.every(Number.isFinite)) {
    throw new SurefootError("weights", "W and a must be finite");
  }
  return {
    width: w.rows,
    inputs: w.cols,
    signs: a.every((value) => Math.abs(value) === 1),
    largestNorm: largestRowNorm(w),
    fingerprint: `given:m=${w.rows},d=${w.cols},${digest(w.data)},${digest(a)}`,
    block: async (first, count) => ({
      w: matrix(count, w.cols, w.data.slice(first * w.cols, (first + count) * w.cols)),
      a: a.slice(first, first + count),
    }),
  };
}

/** Above √(2·53·ln 2) = 8.572, the largest normal that the generator can make: its uniforms are at least 2⁻⁵³. */
const LARGEST_NORMAL = 8.6;

function largestRowNorm(w: Matrix): number {
  let largest = 0;
  for (let r = 0; r < w.rows; r++) {
    let sum = 0;
    for (let j = 0; j < w.cols; j++) sum += w.data[r * w.cols + j] ** 2;
    largest = Math.max(largest, sum);
  }
  return Math.sqrt(largest) * (1 + w.cols * Number.EPSILON);
}

/** FNV-1a over the bytes: tells accidental mix-ups apart, not an adversary's. */
export function digest(data: Float64Array): string {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  let hash = 0x811c9dc5;
  for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ bytes[i], 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, "0");
}
