import type { Backend, Matrix } from "@surefoot/linalg";
import { type Census, countPatterns, emptyCensus } from "./census.ts";
import { breathe, type Long } from "./long-work.ts";
import type { NeuronBlock, NeuronSource } from "./neuron-source.ts";
import { patternBytes } from "./subset-sums.ts";

/**
 * The pairs (neuron r, sample i) near enough to their kink to reach it, and the sign patterns of the neurons they belong to. A pair is
 * kept by ζ_ri = √m·z_ri / a_r, whose motion under gradient descent does not depend on a_r or m (theory/06; the same as a_r √m z_ri
 * where a_r = ±1). A neuron with a watched pair has a slot; slots ascend with the neuron's index.
 */
export interface WatchSet {
  /** Index r of the neuron in each slot. */
  readonly neurons: Float64Array;
  /** a_r by slot. */
  readonly outputs: Float64Array;
  /** Bit i & 7 of byte slot·bytes + (i >> 3): s_ri(k), kept current by the run. */
  readonly patterns: Uint8Array;
  readonly bytes: number;
  /** Pairs of sample i are offsets[i] … offsets[i + 1] − 1, ascending by slot. */
  readonly offsets: Float64Array;
  readonly slots: Uint32Array;
  /** ζ_ri(0) by pair. */
  readonly zeta: Float64Array;
}

export interface Start {
  /** u(0). */
  readonly outputs: Float64Array;
  /** C_ij = Σ_r a_r² s_ri s_rj at step 0, n × n: H_ij = G_ij C_ij / m. */
  readonly counts: Float64Array;
  readonly watch: WatchSet;
  /** Present for up to 16 samples. */
  readonly census: Census | undefined;
}

/** What one shard of neurons adds: sums over its neurons and its watched pairs, sample by sample. */
interface Shard {
  readonly outputs: Float64Array;
  readonly counts: Float64Array;
  readonly neurons: Float64Array;
  readonly weights: Float64Array;
  readonly patterns: Uint8Array;
  /** Pairs of sample i: pairStart[i] … pairStart[i + 1] − 1; slots count from this shard's first. */
  readonly pairStart: Uint32Array;
  readonly slots: Uint32Array;
  readonly zeta: Float64Array;
}

/** Neurons in a logical shard, a function of the problem's shape alone: sums are formed shard by shard, in order. */
export function shardSize(n: number, d: number): number {
  return Math.max(128, Math.min(65536, 2 ** (31 - Math.clz32(2 ** 20 / Math.max(n, d)))));
}

/**
 * One pass over all neurons: u(0), the counts behind H(0), and every pair with |ζ_ri| ≤ reach[i]. Weights are drawn block by block
 * and dropped. Cost 2·m·n·d operations.
 */
export async function startPass(
  x: Matrix,
  source: NeuronSource,
  reach: Float64Array,
  backend: Backend,
  long: Long,
): Promise<Start> {
  const n = x.rows;
  const size = shardSize(n, x.cols);
  const outputs = new Float64Array(n);
  const counts = new Float64Array(n * n);
  const census = source.signs ? emptyCensus(n) : undefined;
  const shards: Shard[] = [];
  for (let first = 0; first < source.width; first += size) {
    await breathe(long, "start", first, source.width);
    const block = await source.block(first, Math.min(size, source.width - first));
    const shard = await scanShard(x, block, first, source, reach, census, backend);
    for (let i = 0; i < n; i++) outputs[i] += shard.outputs[i];
    for (let i = 0; i < n * n; i++) counts[i] += shard.counts[i];
    shards.push(shard);
  }
  await breathe(long, "start", source.width, source.width);
  for (let i = 0; i < n; i++) outputs[i] /= Math.sqrt(source.width);
  return { outputs, counts, watch: joinShards(shards, n), census };
}

async function scanShard(
  x: Matrix,
  block: NeuronBlock,
  first: number,
  source: NeuronSource,
  reach: Float64Array,
  census: Census | undefined,
  backend: Backend,
): Promise<Shard> {
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
  const zeta = new Float64Array(found.length);
  for (let i = 0; i < n; i++) {
    for (let q = pairStart[i]; q < pairStart[i + 1]; q++) {
      slots[q] = rank[found[q]];
      zeta[q] = (z.data[i * size + found[q]] * rootWidth) / a[found[q]];
    }
  }
  return { outputs, counts: counts.data, neurons, weights: heldOutputs, patterns, pairStart, slots, zeta };
}

function joinShards(shards: Shard[], n: number): WatchSet {
  const bytes = patternBytes(n);
  const held = shards.reduce((sum, shard) => sum + shard.neurons.length, 0);
  const pairs = shards.reduce((sum, shard) => sum + shard.slots.length, 0);
  const offsets = new Float64Array(n + 1);
  for (const shard of shards) {
    for (let i = 0; i < n; i++) offsets[i + 1] += shard.pairStart[i + 1] - shard.pairStart[i];
  }
  for (let i = 0; i < n; i++) offsets[i + 1] += offsets[i];
  const watch = {
    neurons: new Float64Array(held),
    outputs: new Float64Array(held),
    patterns: new Uint8Array(held * bytes),
    bytes,
    offsets,
    slots: new Uint32Array(pairs),
    zeta: new Float64Array(pairs),
  };
  const at = offsets.slice(0, n);
  let slot = 0;
  // Each shard is dropped as soon as it is copied: the peak stays near one and a half times the result.
  for (let shard = shards.shift(); shard; shard = shards.shift()) {
    watch.neurons.set(shard.neurons, slot);
    watch.outputs.set(shard.weights, slot);
    watch.patterns.set(shard.patterns, slot * bytes);
    for (let i = 0; i < n; i++) {
      for (let q = shard.pairStart[i]; q < shard.pairStart[i + 1]; q++) {
        watch.slots[at[i]] = slot + shard.slots[q];
        watch.zeta[at[i]++] = shard.zeta[q];
      }
    }
    slot += shard.neurons.length;
  }
  return watch;
}
