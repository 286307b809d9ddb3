import type { Arena } from "./arena.ts";
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
 * entries and the results, writes them.
 */
export interface Looker {
  readonly gram: Float64Array;
  readonly sums: Float64Array;
  /** Four doubles to each sample: the readings of its upward and downward clocks, never smaller than before, and their last steps. */
  readonly clocks: Float64Array;
  /** A pair is looked at when its clock says that it may be within this of its kink; never smaller than before. */
  readonly pads: Float64Array;
  readonly closest: Float64Array;
  readonly slotOf: Uint32Array;
  readonly zeta: Float64Array;
  readonly patterns: Uint8Array;
  readonly outputs: Float64Array;
  /** The ledger of flips: start and length by slot, in entries of two doubles: a base; sample and number of flips in the halves of the other. */
  readonly starts: Uint32Array;
  readonly lengths: Uint32Array;
  /** Room for ledger entries in the shared memory; its present content is copied. Asking again gives up what was there before. */
  ledgerRoom(content: Float64Array, doubles: number): Promise<Float64Array>;
  /** After `look`, three words to each sample: pairs looked at, results, and the number of the first of these. */
  readonly report: Int32Array;
  /** Results, by sample, ascending by slot: four words to each, of which the first is the slot and the second its marks; ζ in the second half. */
  readonly marks: Uint32Array;
  readonly decided: Float64Array;
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
  /** Sorts the pairs by their distance: once, when `zeta` and the slots have been filled in. */
  sort(): Promise<void>;
  /**
   * Looks at the pairs that are due. A pair flips, or is within `closest` of its kink and therefore unsure; unsure pairs are decided only if
   * `deciding`. `marks` and `decided` may be other arrays afterwards: they grow where results need it.
   */
  look(deciding: boolean): Promise<void>;
  /** Changes the patterns of the pairs that flip among the present results and sets rows of `pending` to what that adds to the counts (a_r = ±1). */
  flip(): Promise<void>;
  close(): Promise<void>;
}

const PARAMETERS = 96;
/** Bytes of a sample's place among the entries (assembly/lazy-entries.ts). */
const PLACE = 64;
const RESULT = 16;
const PENDING = -1;
/** Places in the parameter block of what changes. */
const LEDGER = 15;
const RESULTS = 18;
const CAPACITY = 19;
const DECIDING = 23;
/** Looks are worth handing to the workers from about as many pairs as take 50 µs. */
const WORK_PER_PAIR = 5;

/** Mark of a result: the pair flips. */
export const LOOK_FLIPS = 1;
/** Mark of a result: the pattern is 1 before the step. */
export const LOOK_WAS_ON = 2;
/** Mark of a result: the sign was decided too close to 0 to be sure. */
export const LOOK_CLOSE = 4;

/** Bytes of shared memory for each pair: slot, ζ, entry, and room for the results of an eighth of them; there are 4 GiB in all. */
export const LOOK_BYTES_PER_PAIR = 4 + 8 + 8 + RESULT / 8;

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
      let longest = 0;
      for (let i = 0; i < n; i++) longest = Math.max(longest, offsets[i + 1] - offsets[i]);
      let results = resultRoom(arena, Math.max(longest, Math.ceil(pairs / 8), 4096));
      const arrays = {
        gram: doubles(n * n),
        sums: doubles(n),
        clocks: doubles(4 * n),
        pads: doubles(n),
        closest: doubles(n),
        slotOf: words(pairs),
        zeta: doubles(pairs),
        patterns: octets(slots * patternBytes),
        outputs: doubles(slots),
        starts: words(slots),
        lengths: words(slots),
        report: ints(3 * n),
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
      const { kernels, threads } = runtime;
      const entries = arena.bytes(8 * pairs);
      const parts = arena.bytes(PLACE * n);
      const control = ints(2);
      const counters = arena.bytes(threads * kernels.flipSpace());
      const lookScratch = threads * kernels.lookSpace(patternBytes, longest);
      const scratch = arena.bytes(Math.max(lookScratch, threads * kernels.sortSpace(longest)));
      arena.keep();
      const at = (name: keyof typeof arrays) => arrays[name].byteOffset;
      parameters.set([
        ...[n, patternBytes, at("gram"), at("sums"), at("clocks"), at("pads"), at("closest"), entries, parts],
        ...[at("slotOf"), at("zeta"), at("patterns"), at("outputs"), at("starts"), at("lengths"), 0, places.byteOffset],
        ...[at("report"), results.marks.byteOffset, results.room, control.byteOffset, scratch, longest],
      ]);
      const rates = [n, ...(["gram", "h", "residual", "product", "upRates", "downRates"] as const).map(at)];
      const matrices = (["gram", "h", "counts", "pending", "changed"] as const).map(at);
      const sorting = [n, places.byteOffset, at("zeta"), entries, parts, scratch, longest];
      const flipping = [n, patternBytes, at("patterns"), at("report")];
      return {
        ...arrays,
        sort: () => runtime.exclusive(() => runtime.run("lazySort", sorting, 20 * pairs)),
        rates: () => runtime.exclusive(() => runtime.run("lazyRates", rates, 4 * n * n)),
        settle: (width) => runtime.exclusive(() => runtime.run("lazySettle", [n, width, ...matrices], 8 * n * n)),
        flip: () => {
          const changes = [results.marks.byteOffset, at("pending"), at("changed"), counters];
          return runtime.exclusive(() => runtime.run("lazyFlip", [...flipping, ...changes], 500 * control[1]));
        },
        ledgerRoom: (content, count) =>
          runtime.exclusive((again) => {
            const bytes = again.view(again.doubles(count), count);
            again.keep();
            bytes.set(content);
            parameters[LEDGER] = bytes.byteOffset;
            return bytes;
          }),
        get marks() {
          return results.marks;
        },
        get decided() {
          return results.decided;
        },
        look: (deciding) =>
          runtime.exclusive(async (again) => {
            parameters[DECIDING] = deciding ? 1 : 0;
            for (let i = 0; i < n; i++) arrays.report[3 * i + 2] = PENDING;
            control.fill(0);
            const work = WORK_PER_PAIR * (pairs + n * n);
            await runtime.run("lazyLook", [parameters.byteOffset], work);
            while (anyPending(arrays.report)) {
              const before = results.marks.subarray(0, (RESULT / 4) * control[1]);
              results = resultRoom(again, Math.max(2 * parameters[CAPACITY], control[1] + longest));
              again.keep();
              results.marks.set(before);
              parameters[RESULTS] = results.marks.byteOffset;
              parameters[CAPACITY] = results.room;
              await runtime.run("lazyLook", [parameters.byteOffset], work);
            }
          }),
        close: () => runtime.close(),
      };
    });
  } catch (error) {
    await runtime.close();
    throw error;
  }
}

function anyPending(report: Int32Array): boolean {
  for (let at = 2; at < report.length; at += 3) if (report[at] === PENDING) return true;
  return false;
}

function resultRoom(arena: Arena, room: number) {
  const address = arena.bytes(RESULT * room);
  const { buffer } = arena.memory;
  return {
    room,
    marks: new Uint32Array(buffer, address, (RESULT / 4) * room),
    decided: new Float64Array(buffer, address, (RESULT / 8) * room),
  };
}
