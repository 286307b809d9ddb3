import type { Backend, Matrix, NeuronScanner } from "@surefoot/linalg";
import type { Census } from "./census.ts";
import type { Long } from "./long-work.ts";
import type { NeuronSource } from "./neuron-source.ts";
import { blockPass } from "./start-blocks.ts";
import { scanPass } from "./start-scan.ts";
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

/** The near pairs of some consecutive neurons; `slots` count those of them that have one. */
export interface Shard {
  readonly neurons: Float64Array;
  readonly weights: ArrayLike<number>;
  readonly patterns: Uint8Array;
  /** Sample, slot and ζ of each pair; those of a sample ascend by slot. */
  readonly samples: Uint32Array;
  readonly slots: Uint32Array;
  readonly zeta: Float64Array;
}

/** What a pass over all neurons leaves. */
export interface Pass {
  /** Σ_r a_r max(z_ri, 0). */
  readonly outputs: Float64Array;
  readonly counts: Float64Array;
  readonly census: Census | undefined;
  /** In the order of the neurons. */
  readonly shards: Shard[];
}

/** Neurons in a logical shard, a function of the problem's shape alone: sums are formed shard by shard, in order. */
export function shardSize(n: number, d: number): number {
  return Math.max(128, Math.min(65536, 2 ** (31 - Math.clz32(2 ** 20 / Math.max(n, d)))));
}

/**
 * One pass over all neurons: u(0), the counts behind H(0), and every pair with |ζ_ri| ≤ reach[i]. Weights are drawn block by block
 * and dropped. Cost 2·m·n·d operations. A scanner, if there is one, does it all on its threads for weights from the generator;
 * otherwise the backend draws and multiplies.
 */
export async function startPass(
  x: Matrix,
  source: NeuronSource,
  reach: Float64Array,
  tools: { readonly backend: Backend; readonly scanner?: NeuronScanner | undefined },
  long: Long,
): Promise<Start> {
  const { outputs, counts, census, shards } =
    tools.scanner && source.seeded
      ? await scanPass(x, source.seeded, reach, tools.scanner, long)
      : await blockPass(x, source, reach, tools.backend, long);
  const rootWidth = Math.sqrt(source.width);
  return { outputs: outputs.map((sum) => sum / rootWidth), counts, census, watch: joinShards(shards, x.rows) };
}

function joinShards(shards: Shard[], n: number): WatchSet {
  const bytes = patternBytes(n);
  const held = shards.reduce((sum, shard) => sum + shard.neurons.length, 0);
  const pairs = shards.reduce((sum, shard) => sum + shard.slots.length, 0);
  const offsets = new Float64Array(n + 1);
  for (const shard of shards) {
    for (const sample of shard.samples) offsets[sample + 1] += 1;
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
  shards.reverse();
  for (let shard = shards.pop(); shard; shard = shards.pop()) {
    watch.neurons.set(shard.neurons, slot);
    watch.outputs.set(shard.weights, slot);
    watch.patterns.set(shard.patterns, slot * bytes);
    for (let q = 0; q < shard.samples.length; q++) {
      const target = at[shard.samples[q]]++;
      watch.slots[target] = slot + shard.slots[q];
      watch.zeta[target] = shard.zeta[q];
    }
    slot += shard.neurons.length;
  }
  return watch;
}
