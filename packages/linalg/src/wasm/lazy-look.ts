import { Runtime, type RuntimeOptions } from "./runtime.ts";

/** Sizes that stay as they are for the life of a looker. */
export interface LookShape {
  /** n. */
  readonly samples: number;
  /** Bytes of a sign pattern, a multiple of 4. */
  readonly patternBytes: number;
  readonly slots: number;
  /** Pairs of sample i are offsets[i] … offsets[i + 1] − 1. */
  readonly offsets: Float64Array;
}

/**
 * Memory shared with the threads that look at due pairs (assembly/lazy-look.ts). The caller fills the arrays; `look` reads and, for the
 * queue and the results, writes them.
 */
export interface Looker {
  readonly gram: Float64Array;
  readonly sums: Float64Array;
  /** Upward and downward clock of each sample in turn. */
  readonly clocks: Float64Array;
  readonly cushions: Float64Array;
  readonly closest: Float64Array;
  /** The queue: clock readings and bucket heads of 2n lists, links (next, key) of the pairs. */
  readonly last: Uint32Array;
  readonly heads: Int32Array;
  readonly links: Int32Array;
  readonly slotOf: Uint32Array;
  readonly zeta: Float64Array;
  readonly patterns: Uint8Array;
  readonly outputs: Float64Array;
  /** The ledger of flips: start and length by slot, in entries of two doubles: a base; sample and number of flips in the halves of the other. */
  readonly starts: Uint32Array;
  readonly lengths: Uint32Array;
  /** Room for ledger entries in the shared memory; its present content is copied. Asking again gives up what was there before. */
  ledgerRoom(content: Float64Array, doubles: number): Promise<Float64Array>;
  /** After `look`, by sample: how many pairs were looked at, and how many of them are listed. */
  readonly report: Int32Array;
  /**
   * After `look`: from offsets[i] on the pairs that flip or are within `closest` of their kink, with LOOK_FLIPS or LOOK_CLOSE added;
   * `flipped` has their ζ at the same places.
   */
  readonly due: Int32Array;
  readonly flipped: Float64Array;
  /** The kernel H = G∘C/m: `rates` reads H, `settle` adds the pending changes of the rows marked in `changed` to H and its counts C. */
  readonly h: Float64Array;
  readonly counts: Float64Array;
  readonly pending: Float64Array;
  readonly changed: Uint8Array;
  readonly residual: Float64Array;
  /** After `rates`: He, and the largest upward and downward movements that any pattern allows. */
  readonly product: Float64Array;
  readonly upRates: Float64Array;
  readonly downRates: Float64Array;
  rates(): Promise<void>;
  settle(width: number): Promise<void>;
  /** Changes bit i of the patterns of the listed slots and sets row i of `pending` to what it adds to the counts (a_r = ±1). */
  flip(sample: number, slots: readonly number[]): void;
  look(): Promise<void>;
  close(): Promise<void>;
}

const PARAMETERS = 96;
const BUCKETS = 33;
/** Looks are worth handing to the workers from about as many pairs as take 50 µs. */
const WORK_PER_PAIR = 50;

/** Marks in `due`; the rest of the word is the pair. */
export const LOOK_FLIPS = -0x80000000;
/** Flag of a pair whose sign was decided too close to 0 to be sure. */
export const LOOK_CLOSE = 0x40000000;

/** Bytes of shared memory for each pair; there are 4 GiB in all. */
export const LOOK_BYTES_PER_PAIR = 4 + 8 + 8 + 4 + 8;

/** Throws `argument` where the pairs do not fit the 4 GiB of a WebAssembly memory. */
export async function createLooker(shape: LookShape, options: RuntimeOptions = {}): Promise<Looker> {
  const { samples: n, patternBytes, slots, offsets } = shape;
  const pairs = offsets[n];
  const runtime = await Runtime.start(options);
  try {
    return await runtime.exclusive((arena) => {
      const doubles = (count: number) => arena.view(arena.doubles(count), count);
      const ints = (count: number) => arena.view32(arena.bytes(4 * count), count);
      // Reserved first: the buffer of a memory that grows is another one afterwards.
      const words = (count: number) => {
        const address = arena.bytes(4 * count);
        return new Uint32Array(arena.memory.buffer, address, count);
      };
      const octets = (count: number) => {
        const address = arena.bytes(count);
        return new Uint8Array(arena.memory.buffer, address, count);
      };
      const parameters = words(PARAMETERS / 4);
      const places = words(n + 1);
      places.set(offsets);
      const arrays = {
        gram: doubles(n * n),
        sums: doubles(n),
        clocks: doubles(2 * n),
        cushions: doubles(n),
        closest: doubles(n),
        last: words(2 * n),
        heads: ints(2 * n * BUCKETS),
        links: ints(2 * pairs),
        slotOf: words(pairs),
        zeta: doubles(pairs),
        patterns: octets(slots * patternBytes),
        outputs: doubles(slots),
        starts: words(slots),
        lengths: words(slots),
        due: ints(pairs),
        flipped: doubles(pairs),
        report: ints(2 * n),
        h: doubles(n * n),
        counts: doubles(n * n),
        pending: doubles(n * n),
        changed: octets(n),
        residual: doubles(n),
        product: doubles(n),
        upRates: doubles(n),
        downRates: doubles(n),
      };
      arrays.pending.fill(0);
      arrays.changed.fill(0);
      let longest = 0;
      for (let i = 0; i < n; i++) longest = Math.max(longest, offsets[i + 1] - offsets[i]);
      const flipping = words(longest);
      const counters = arena.bytes(16 * patternBytes);
      const scratch = arena.bytes(runtime.threads * runtime.kernels.lookSpace(patternBytes));
      arena.keep();
      const order = [
        "gram",
        "sums",
        "clocks",
        "cushions",
        "closest",
        "last",
        "heads",
        "links",
        "slotOf",
        "zeta",
      ] as const;
      const more = ["patterns", "outputs", "starts", "lengths"] as const;
      parameters.set([
        ...[n, patternBytes],
        ...[...order, ...more].map((name) => arrays[name].byteOffset),
        ...[0, places.byteOffset, arrays.due.byteOffset, arrays.flipped.byteOffset, arrays.report.byteOffset, scratch],
      ]);
      const at = (name: keyof typeof arrays) => arrays[name].byteOffset;
      const rates = [n, ...(["gram", "h", "residual", "product", "upRates", "downRates"] as const).map(at)];
      const matrices = (["gram", "h", "counts", "pending", "changed"] as const).map(at);
      return {
        ...arrays,
        rates: () => runtime.exclusive(() => runtime.run("lazyRates", rates, 4 * n * n)),
        settle: (width) => runtime.exclusive(() => runtime.run("lazySettle", [n, width, ...matrices], 8 * n * n)),
        flip: (sample, chosen) => {
          flipping.set(chosen);
          const row = at("pending") + 8 * n * sample;
          const list = [flipping.byteOffset, chosen.length, counters, row];
          runtime.kernels.lazyFlip(n, sample, patternBytes, at("patterns"), ...list);
        },
        ledgerRoom: (content, count) =>
          runtime.exclusive((again) => {
            const room = again.view(again.doubles(count), count);
            again.keep();
            room.set(content);
            parameters[16] = room.byteOffset;
            return room;
          }),
        look: () =>
          runtime.exclusive(() => runtime.run("lazyLook", [parameters.byteOffset], WORK_PER_PAIR * (pairs + n * n))),
        close: () => runtime.close(),
      };
    });
  } catch (error) {
    await runtime.close();
    throw error;
  }
}
