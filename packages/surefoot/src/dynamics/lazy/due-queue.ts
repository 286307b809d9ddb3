/**
 * Radix heaps, one per list, of items that fall due when their list's clock reaches a value; clocks never run backwards. Keys are
 * clock readings as float32 bits, rounded down (the clock is rounded up), so an item may be handed out early and never late: early by
 * at most 2⁻²³ of the clock. An item moves at most 32 times between its insertion and its due time.
 */
export class DueQueue {
  readonly #last: Uint32Array;
  readonly #heads: Int32Array;
  /** Two words to each item: the next item of its bucket (−1: none), its key. */
  readonly #links: Int32Array;

  /** Arrays of their places: `last` one word to a list, `heads` 33, `links` two words to an item. They are taken over. */
  constructor(last: Uint32Array, heads: Int32Array, links: Int32Array) {
    this.#last = last.fill(0);
    this.#heads = heads.fill(-1);
    this.#links = links;
  }

  static of(lists: number, items: number): DueQueue {
    return new DueQueue(new Uint32Array(lists), new Int32Array(lists * BUCKETS), new Int32Array(2 * items));
  }

  /** The item, which must not be in any list, falls due in `list` at clock reading `due` ≥ 0. */
  insert(list: number, item: number, due: number): void {
    float[0] = due;
    const key = float[0] > due ? word[0] - 1 : word[0];
    this.#links[2 * item + 1] = key;
    this.#place(list, item, key);
  }

  #place(list: number, item: number, key: number): void {
    const last = this.#last[list];
    const bucket = key <= last ? 0 : 32 - Math.clz32(key ^ last);
    const head = list * BUCKETS + bucket;
    this.#links[2 * item] = this.#heads[head];
    this.#heads[head] = item;
  }

  /** Takes out every item of `list` that is due at `clock` into out[from …]; returns where they end. `out` has room for all items. */
  collect(list: number, clock: number, out: Int32Array, from: number): number {
    float[0] = clock;
    const now = float[0] < clock ? word[0] + 1 : word[0];
    const before = this.#last[list];
    const base = list * BUCKETS;
    const links = this.#links;
    let count = from;
    // Keys in a bucket below `split` agree with `before` on the bit where the clock has changed from 0 to 1: all are due.
    const split = now > before ? 32 - Math.clz32(now ^ before) : 1;
    for (let bucket = 0; bucket < split; bucket++) {
      let item = this.#heads[base + bucket];
      if (item < 0) continue;
      this.#heads[base + bucket] = -1;
      for (; item >= 0; item = links[2 * item]) out[count++] = item;
    }
    if (now <= before) return count;
    this.#last[list] = now;
    let item = this.#heads[base + split];
    this.#heads[base + split] = -1;
    while (item >= 0) {
      const next = links[2 * item];
      const key = links[2 * item + 1];
      if (key <= now) out[count++] = item;
      else this.#place(list, item, key);
      item = next;
    }
    return count;
  }

  /** Bytes for each item. */
  static readonly bytesPerItem = 8;
}

/** Bucket 0 is due at once; bucket b ≥ 1 holds keys whose highest bit that differs from the clock is bit b − 1. */
const BUCKETS = 33;

const float = new Float32Array(1);
const word = new Uint32Array(float.buffer);
