import type { Backend, Matrix } from "@surefoot/linalg";
import { type Census, countPatterns, emptyCensus } from "./census.ts";
import { breathe, type Long } from "./long-work.ts";
import type { NeuronBlock, NeuronSource } from "./neuron-source.ts";
import { type Pass, type Shard, shardSize } from "./start.ts";
import { patternBytes } from "./subset-sums.ts";

/** The pass over any source of neurons, with the operations of a backend. */
export async function blockPass(
  x: Matrix,
  source: NeuronSource,
  reach: Float64Array,
  backend: Backend,
  long: Long,
): Promise<Pass> {
  const n = x.rows;
  const size = shardSize(n, x.cols);
  const outputs = new Float64Array(n);
  const counts = new Float64Array(n * n);
  const census = source.signs ? emptyCensus(n) : undefined;
  const shards: Shard[] = [];
  for (let first = 0; first < source.width; first += size) {
    await breathe(long, "start", first, source.width);
    const block = await source.block(first, Math.min(size, source.width - first));
    const found = await scanBlock(x, block, first, source, reach, census, backend);
    for (let i = 0; i < n; i++) outputs[i] += found.outputs[i];
    for (let i = 0; i < n * n; i++) counts[i] += found.counts[i];
    shards.push(found.shard);
  }
  await breathe(long, "start", source.width, source.width);
  return { outputs, counts, census, shards };
}

async function scanBlock(
  x: Matrix,
  block: NeuronBlock,
  first: number,
  source: NeuronSource,
  reach: Float64Array,
  census: Census | undefined,
  backend: Backend,
): Promise<{ outputs: Float64Array; counts: Float64Array; shard: Shard }> {
  const n = x.rows;
  const { w, a } = block;
  const size = w.rows;
  const z = await backend.gemm(x, w, { transposeB: true });
  if (census) countPatterns(census, z.data, n, size, first);
  const rootWidth = Math.sqrt(source.width);
  const words = Math.ceil(size / 32);
  const masks = { rows: n, bits: size, wordsPerRow: words, words: new Uint32Array(n * words) };
  const outputs = new Float64Array(n);
  const watched = new Uint8Array(size);
  const pairStart = new Uint32Array(n + 1);
  const found: number[] = [];
  for (let i = 0; i < n; i++) {
    const threshold = reach[i] / rootWidth;
    let sum = 0;
    for (let r = 0; r < size; r++) {
      const value = z.data[i * size + r];
      const weight = a[r];
      if (value >= 0) {
        masks.words[i * words + (r >>> 5)] |= 1 << (r & 31);
        sum += weight * value;
      }
      if (Math.abs(value) <= threshold * Math.abs(weight)) {
        watched[r] = 1;
        found.push(r);
      }
    }
    outputs[i] = sum;
    pairStart[i + 1] = found.length;
  }
  const weights = source.signs ? undefined : a.map((value) => value * value);
  const counts = await backend.maskCounts(masks, weights ? { weights } : {});
  const rank = new Uint32Array(size);
  let held = 0;
  for (let r = 0; r < size; r++) {
    rank[r] = held;
    held += watched[r];
  }
  const bytes = patternBytes(n);
  const patterns = new Uint8Array(held * bytes);
  for (let i = 0; i < n; i++) {
    const bit = 1 << (i & 7);
    for (let r = 0; r < size; r++) {
      if (watched[r] === 1 && z.data[i * size + r] >= 0) patterns[rank[r] * bytes + (i >> 3)] |= bit;
    }
  }
  const neurons = new Float64Array(held);
  const heldOutputs = new Float64Array(held);
  for (let r = 0; r < size; r++) {
    if (watched[r] === 0) continue;
    neurons[rank[r]] = first + r;
    heldOutputs[rank[r]] = a[r];
  }
  const slots = new Uint32Array(found.length);
  const samples = new Uint32Array(found.length);
  const zeta = new Float64Array(found.length);
  for (let i = 0; i < n; i++) {
    for (let q = pairStart[i]; q < pairStart[i + 1]; q++) {
      samples[q] = i;
      slots[q] = rank[found[q]];
      zeta[q] = (z.data[i * size + found[q]] * rootWidth) / a[found[q]];
    }
  }
  const shard = { neurons, weights: heldOutputs, patterns, samples, slots, zeta };
  return { outputs, counts: counts.data, shard };
}
