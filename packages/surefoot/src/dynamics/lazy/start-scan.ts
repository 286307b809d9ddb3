import type { Matrix, NeuronScanner, ScanShard } from "@surefoot/linalg";
import { layerStream, seedWords } from "../../random/streams.ts";
import { CENSUS_SAMPLES } from "./census.ts";
import { breathe, type Long } from "./long-work.ts";
import type { SeededNeurons } from "./neuron-source.ts";
import { type Pass, type Shard, shardSize } from "./start.ts";

/** The pass over neurons from the generator, on the threads of a scanner. Antisymmetric twins are scanned once. */
export async function scanPass(
  x: Matrix,
  neurons: SeededNeurons,
  reach: Float64Array,
  scanner: NeuronScanner,
  long: Long,
): Promise<Pass> {
  const n = x.rows;
  const { width, seed, antisymmetric = false } = neurons;
  const copies = antisymmetric ? 2 : 1;
  const rootWidth = Math.sqrt(width);
  const outputs = new Float64Array(n);
  const shards: Shard[] = [];
  const request = {
    x,
    seed: seedWords(seed),
    streams: { weights: layerStream(1), signs: layerStream(2) },
    rows: width / copies,
    shardRows: shardSize(n, x.cols),
    thresholds: reach.map((length) => length / rootWidth),
    census: n <= CENSUS_SAMPLES,
  };
  const { counts, census } = await scanner.scan(
    request,
    (shard) => {
      // Twins cancel: u(0) = 0 without a sum.
      if (!antisymmetric) for (let i = 0; i < n; i++) outputs[i] += shard.outputs[i];
      shards.push(antisymmetric ? twins(shard, rootWidth) : singles(shard, rootWidth));
    },
    (done) => breathe(long, "start", copies * done, width),
  );
  return {
    outputs,
    counts: counts.data.map((count) => copies * count),
    census: census && {
      counts: census.counts.map((count) => copies * count),
      first: census.first.map((row) => copies * row),
    },
    shards,
  };
}

function singles({ rows, signs, patterns, samples, slots, products }: ScanShard, rootWidth: number): Shard {
  const zeta = products.map((z, k) => z * rootWidth * signs[slots[k]]);
  return { neurons: rows, weights: signs, patterns, samples, slots, zeta };
}

/** Row q of the generator is the neurons 2q and 2q + 1. */
function twins({ rows, signs, patterns, samples, slots, products }: ScanShard, rootWidth: number): Shard {
  const held = rows.length;
  const bytes = held === 0 ? 0 : patterns.length / held;
  const doubled = new Uint8Array(2 * patterns.length);
  for (let slot = 0; slot < 2 * held; slot++) {
    doubled.set(patterns.subarray((slot >> 1) * bytes, ((slot >> 1) + 1) * bytes), slot * bytes);
  }
  const twin = (k: number) => k & 1;
  return {
    neurons: Float64Array.from({ length: 2 * held }, (_, slot) => 2 * rows[slot >> 1] + twin(slot)),
    weights: Int8Array.from({ length: 2 * held }, (_, slot) =>
      twin(slot) === 0 ? signs[slot >> 1] : -signs[slot >> 1],
    ),
    patterns: doubled,
    samples: Uint32Array.from({ length: 2 * samples.length }, (_, k) => samples[k >> 1]),
    slots: Uint32Array.from({ length: 2 * slots.length }, (_, k) => 2 * slots[k >> 1] + twin(k)),
    zeta: Float64Array.from({ length: 2 * products.length }, (_, k) => {
      const zeta = products[k >> 1] * rootWidth * signs[slots[k >> 1]];
      return twin(k) === 0 ? zeta : -zeta;
    }),
  };
}
