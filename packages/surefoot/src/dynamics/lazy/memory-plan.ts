import { LOOK_BYTES_PER_PAIR } from "@surefoot/linalg";
import { shardSize } from "./start.ts";
import { patternBytes } from "./subset-sums.ts";

/** What a run will hold, in bytes, before it allocates it. */
export interface LazyMemoryPlan {
  /** Pairs expected within reach of their kink, of n·m. */
  readonly watchedPairs: number;
  /** Neurons expected to have a watched pair, of m. */
  readonly watchedNeurons: number;
  readonly bytes: number;
  /** e.g. "1.3 GB". */
  readonly needs: string;
}

/** The sizes that decide how much memory a lazy run takes. */
export interface PlanInput {
  readonly n: number;
  readonly d: number;
  readonly width: number;
  /** Expected longest path of ζ_ri by sample. */
  readonly reach: ArrayLike<number>;
  /** ‖x_i‖. */
  readonly norms: ArrayLike<number>;
}

/** Neuron index, output weight, head of its list of flips. */
const BYTES_PER_NEURON = 8 + 8 + 4;
/** Slot, sample, base, flips, link; a quarter of the watched pairs flip at the very most before the run asks again. */
const BYTES_PER_FLIP = 4 + 4 + 8 + 8 + 4;
/** Gram matrix, H, counts, their pending changes, counts at the start, and those of the start's threads. */
const SQUARE_MATRICES = 12;

/** Memory of a run with Gaussian neurons: the number of watched pairs is its expectation plus six standard deviations. */
export function lazyMemoryPlan({ n, d, width, reach, norms }: PlanInput): LazyMemoryPlan {
  let expected = 0;
  let noneWatched = 1;
  for (let i = 0; i < n; i++) {
    const share = watchedShare(reach[i], norms[i], width);
    expected += share;
    noneWatched *= 1 - share;
  }
  // Samples that look alike are watched together: the variance is taken as if all n pairs of a neuron were one.
  const pairs = Math.min(n * width, Math.ceil(width * expected + 6 * n * Math.sqrt(width * Math.min(1, expected / n))));
  const neurons = Math.min(width, pairs, Math.ceil(width * (1 - noneWatched) + 6 * Math.sqrt(width)));
  const shard = Math.min(width, shardSize(n, d));
  const bytes =
    SQUARE_MATRICES * 8 * n * n +
    // The start holds its shards and the joined set at the same time.
    1.5 * pairs * (4 + 8) +
    (pairs * (LOOK_BYTES_PER_PAIR - 12) + 0.25 * pairs * BYTES_PER_FLIP) +
    1.5 * neurons * (BYTES_PER_NEURON + patternBytes(n)) +
    8 * (shard * (2 * n + d) + n * d) +
    patternBytes(n) * 8 * 296;
  return { watchedPairs: pairs, watchedNeurons: neurons, bytes, needs: readableBytes(bytes) };
}

/** The largest width whose plan fits `limit` bytes at the same reach; 0 if none does. The reach itself hardly depends on the width. */
export function largestWidthWithin(limit: number, input: PlanInput): number {
  const fits = (width: number) => lazyMemoryPlan({ ...input, width }).bytes <= limit;
  if (!fits(1)) return 0;
  let [low, high] = [1, 2];
  while (high < 2 ** 52 && fits(high)) [low, high] = [high, high * 2];
  while (high - low > Math.max(1, low / 1000)) {
    const middle = Math.floor((low + high) / 2);
    if (fits(middle)) low = middle;
    else high = middle;
  }
  return low;
}

/** P(|N(0,1)| ≤ reach/(√m‖x‖)), from above: the density at 0 times the width of the interval, at most 1. */
export function watchedShare(reach: number, norm: number, width: number): number {
  return norm === 0 ? 1 : Math.min(1, (2 * reach) / (Math.sqrt(2 * Math.PI * width) * norm));
}

export function readableBytes(bytes: number): string {
  return bytes >= 1e9 ? `${(bytes / 1e9).toPrecision(3)} GB` : `${Math.ceil(bytes / 1e6)} MB`;
}
