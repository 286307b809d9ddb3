/**
 * One look at all pairs that are due, for the event-driven simulator of two-layer ReLU networks: each thread takes whole samples. Most
 * pairs are told apart from their kinks by rough sums; what these cannot decide, and every pair that flips, is evaluated exactly, by
 * the operations of the TypeScript form (surefoot's dynamics/lazy: stepper.ts, subset-sums.ts, flip-ledger.ts) in the same order, hence
 * to the same bits. src/wasm/lazy-look.ts writes the parameters.
 */
import { barrier, nextTask } from "./barrier";
import { collectDue, PLACE, rest } from "./lazy-entries";
import {
  fromNibbles,
  fromValues,
  NIBBLES_FROM,
  placeSums,
  prepareNibbles,
  prepareRough,
  roughError,
  roughSums,
  setValues,
  sumSpace,
} from "./lazy-sums";

/** Looks at one sample from which rough sums pay. */
const ROUGH_FROM: i32 = 40;

/** Marks of a result. */
const FLIPS: i32 = 1;
const WAS_ON: i32 = 2;
const CLOSE: i32 = 4;

/** Of a sample that found no room for its results: it has not been looked at. */
const PENDING: i32 = -1;

/** Bytes of a result: slot, marks, ζ. */
const RESULT: usize = 16;

let n: i32 = 0;
let bytes: i32 = 0;
let gram: usize = 0;
let sums: usize = 0;
let clocks: usize = 0;
let pads: usize = 0;
let closest: usize = 0;
let entries: usize = 0;
let places: usize = 0;
let slots: usize = 0;
let zeta: usize = 0;
let patterns: usize = 0;
let outputs: usize = 0;
let starts: usize = 0;
let lengths: usize = 0;
let ledger: usize = 0;
let offsets: usize = 0;
let report: usize = 0;
let results: usize = 0;
let capacity: i32 = 0;
let control: usize = 0;
let deciding: bool = false;

/** The thread's own space. */
let due: usize = 0;
let exact: usize = 0;
let found: usize = 0;
let masks: usize = 0;
let rough: usize = 0;

/** Bytes that each thread needs. */
export function lookSpace(patternBytes: i32, longest: i32): i32 {
  return ((sumSpace(patternBytes) + 127) & ~63) + longest * (4 + 4 + <i32>RESULT) + 64 + 128 + 256;
}

/**
 * `report`, three words to a sample: pairs looked at, results, and where these begin, in the order of their slots. The samples whose last
 * word is PENDING are looked at, as far as there is room for their results; the others are left alone.
 */
export function lazyLook(thread: i32, threads: i32, p: usize): void {
  n = load<i32>(p);
  bytes = load<i32>(p, 4);
  gram = load<u32>(p, 8);
  sums = load<u32>(p, 12);
  clocks = load<u32>(p, 16);
  pads = load<u32>(p, 20);
  closest = load<u32>(p, 24);
  entries = load<u32>(p, 28);
  places = load<u32>(p, 32);
  slots = load<u32>(p, 36);
  zeta = load<u32>(p, 40);
  patterns = load<u32>(p, 44);
  outputs = load<u32>(p, 48);
  starts = load<u32>(p, 52);
  lengths = load<u32>(p, 56);
  ledger = load<u32>(p, 60);
  offsets = load<u32>(p, 64);
  report = load<u32>(p, 68);
  results = load<u32>(p, 72);
  capacity = load<i32>(p, 76);
  control = load<u32>(p, 80);
  const longest = load<i32>(p, 88);
  deciding = load<i32>(p, 92) != 0;
  const space = <usize>load<u32>(p, 84) + <usize>thread * <usize>lookSpace(bytes, longest);
  placeSums(space, bytes);
  masks = space + <usize>((sumSpace(bytes) + 127) & ~63);
  rough = masks + 64;
  due = rough + 128;
  exact = due + (<usize>longest << 2);
  found = (exact + (<usize>longest << 2) + 15) & ~15;
  for (let i = nextTask(); i < n; i = nextTask()) {
    if (load<i32>(report + <usize>(i * 12), 8) == PENDING) lookAtSample(i);
  }
  barrier(threads);
}

export function lookAtSample(i: i32): void {
  const first = <usize>load<u32>(offsets + (<usize>i << 2));
  const all = load<i32>(offsets + (<usize>i << 2), 4) - <i32>first;
  const own = entries + (first << 3);
  const clock = clocks + (<usize>i << 5);
  const up = load<f64>(clock);
  const down = load<f64>(clock, 8);
  const pad = load<f64>(pads + (<usize>i << 3));
  const place = places + <usize>i * PLACE;
  const count = collectDue(place, own, all, up, down, load<f64>(clock, 16), load<f64>(clock, 24), pad, due);
  const told = report + <usize>(i * 12);
  if (atomic.add<i32>(control, count) + count > capacity) {
    atomic.sub<i32>(control, count);
    return;
  }
  store<i32>(told, count);
  let marked = 0;
  if (count > 0) {
    const row = gram + (<usize>(i * n) << 3);
    setValues(n, row, sums);
    const left = count < ROUGH_FROM ? count : lookRoughly(i, first, place, count, row, up, down, pad);
    marked = lookExactly(i, first, place, left, count < ROUGH_FROM ? due : exact, row, up, down);
    sortResults(marked);
  }
  const from = atomic.add<i32>(control, marked, 4);
  memory.copy(results + <usize>from * RESULT, found, <usize>marked * RESULT);
  atomic.sub<i32>(control, count - marked);
  store<i32>(told, marked, 4);
  store<i32>(told, from, 8);
}

/** Gives all pairs whose sign has surely not changed their next reading, and lists the entries of the others. */
export function lookRoughly(
  i: i32,
  first: usize,
  place: usize,
  count: i32,
  row: usize,
  up: f64,
  down: f64,
  pad: f64,
): i32 {
  prepareRough(n, i);
  const error = roughError;
  const ownTerm = load<f64>(row + (<usize>i << 3)) * load<f64>(sums + (<usize>i << 3));
  const own = entries + (first << 3);
  let left = 0;
  for (let q = 0; q < count; q += 16) {
    const lanes = min(16, count - q);
    for (let k = 0; k < 16; k++) {
      const entry = own + (<usize>load<u32>(due + (<usize>(q + min(k, lanes - 1)) << 2)) << 3);
      const pair = first + <usize>(load<u32>(entry, 4) & 0x7fffffff);
      store<u32>(masks + (<usize>k << 2), <u32>maskOf(load<u32>(slots + (pair << 2))));
    }
    roughSums(masks, rough);
    for (let k = 0; k < lanes; k++) {
      const index = load<u32>(due + (<usize>(q + k) << 2));
      const entry = own + (<usize>index << 3);
      const pair = first + <usize>(load<u32>(entry, 4) & 0x7fffffff);
      const slot = load<u32>(slots + (pair << 2));
      const was = ((<i32>load<u8>(maskOf(slot) + <usize>(i >> 3)) >> (i & 7)) & 1) != 0;
      const moved = load<f64>(rough + (<usize>k << 3)) + (was ? ownTerm : 0) + ledgerSum(slot, row);
      const value = load<f64>(zeta + (pair << 3)) - moved;
      const distance = Math.abs(value) - error;
      const on = load<f64>(outputs + (<usize>slot << 3)) > 0 ? value >= 0 : value <= 0;
      if (on == was && distance > pad) rest(place, entry, value, distance, up, down);
      else {
        store<u32>(exact + (<usize>left << 2), index);
        left++;
      }
    }
  }
  return left;
}

// @ts-expect-error: decorator
@inline
function maskOf(slot: u32): usize {
  return patterns + <usize>slot * <usize>bytes;
}

/** Decides the pairs of the listed entries; what flips or is too close to its kink to be sure goes to `found`. */
export function lookExactly(
  i: i32,
  first: usize,
  place: usize,
  count: i32,
  list: usize,
  row: usize,
  up: f64,
  down: f64,
): i32 {
  const tables = count >= NIBBLES_FROM;
  if (tables) prepareNibbles();
  const own = entries + (first << 3);
  const close = load<f64>(closest + (<usize>i << 3));
  let marked = 0;
  for (let q = 0; q < count; q++) {
    const entry = own + (<usize>load<u32>(list + (<usize>q << 2)) << 3);
    const pair = first + <usize>(load<u32>(entry, 4) & 0x7fffffff);
    const slot = load<u32>(slots + (pair << 2));
    const mask = maskOf(slot);
    const moved = (tables ? fromNibbles(mask) : fromValues(mask)) + ledgerSum(slot, row);
    const value = load<f64>(zeta + (pair << 3)) - moved;
    const a = load<f64>(outputs + (<usize>slot << 3));
    const on = a > 0 ? value >= 0 : value <= 0;
    const was = ((<i32>load<u8>(mask + <usize>(i >> 3)) >> (i & 7)) & 1) != 0;
    const distance = Math.abs(value);
    const unsure = distance * min(1, Math.abs(a)) <= close;
    if (deciding || !unsure) {
      const marks = (on != was ? FLIPS : 0) | (was ? WAS_ON : 0) | (unsure ? CLOSE : 0);
      if (marks & (FLIPS | CLOSE)) {
        const at = found + <usize>marked * RESULT;
        store<u32>(at, slot);
        store<i32>(at, marks, 4);
        store<f64>(at, value, 8);
        marked++;
      }
    }
    rest(place, entry, value, distance, up, down);
  }
  return marked;
}

/** Sorts `count` results by slot (Shell's method with Ciura's gaps, and 2.25 times the last from there on). */
export function sortResults(count: i32): void {
  let gap = 1;
  while (gap < count / 3) gap = gap < 701 ? nextGap(gap) : <i32>(2.25 * <f64>gap);
  for (; gap > 0; gap = smallerGap(gap)) {
    for (let q = gap; q < count; q++) {
      const at = found + <usize>q * RESULT;
      const result = v128.load(at);
      const slot = load<u32>(at);
      let to = q;
      while (to >= gap && load<u32>(found + <usize>(to - gap) * RESULT) > slot) {
        v128.store(found + <usize>to * RESULT, v128.load(found + <usize>(to - gap) * RESULT));
        to -= gap;
      }
      v128.store(found + <usize>to * RESULT, result);
    }
  }
}

const GAPS: usize = memory.data<i32>([1, 4, 10, 23, 57, 132, 301, 701]);

function nextGap(gap: i32): i32 {
  for (let k: usize = 0; k < 7; k++) if (load<i32>(GAPS + (k << 2)) == gap) return load<i32>(GAPS + (k << 2), 4);
  return 701;
}

function smallerGap(gap: i32): i32 {
  if (gap > 701) return max(701, <i32>(<f64>gap / 2.25));
  for (let k: usize = 7; k > 0; k--) if (load<i32>(GAPS + (k << 2)) == gap) return load<i32>(GAPS + (k << 2) - 4);
  return 0;
}

/** Σ over the flipped pairs of the slot: entries (base, sample and flips in two words), in four chains as flip-ledger.ts has them. */
export function ledgerSum(slot: u32, row: usize): f64 {
  let at = ledger + (<usize>load<u32>(starts + (<usize>slot << 2)) << 4);
  const end = at + (<usize>load<u32>(lengths + (<usize>slot << 2)) << 4);
  let s0: f64 = 0;
  let s1: f64 = 0;
  let s2: f64 = 0;
  let s3: f64 = 0;
  for (; at + 48 < end; at += 64) {
    s0 += load<f64>(row + (<usize>load<u32>(at, 8) << 3)) * load<f64>(at);
    s1 += load<f64>(row + (<usize>load<u32>(at, 24) << 3)) * load<f64>(at, 16);
    s2 += load<f64>(row + (<usize>load<u32>(at, 40) << 3)) * load<f64>(at, 32);
    s3 += load<f64>(row + (<usize>load<u32>(at, 56) << 3)) * load<f64>(at, 48);
  }
  for (; at < end; at += 16) s0 += load<f64>(row + (<usize>load<u32>(at, 8) << 3)) * load<f64>(at);
  return s0 + s1 + (s2 + s3);
}
