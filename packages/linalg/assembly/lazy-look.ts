/**
 * One look at all pairs that are due, for the event-driven simulator of two-layer ReLU networks: each thread takes whole samples. The
 * queue and the sums are those of the TypeScript form (surefoot's dynamics/lazy: due-queue.ts, subset-sums.ts, flip-ledger.ts), with the
 * same operations in the same order, hence the same bits. src/wasm/lazy-look.ts writes the parameters.
 */
import { barrier, nextTask } from "./barrier";

const BUCKETS: i32 = 33;

/** Sums wanted of one vector from which tables of 4, and of 8, entries pay. */
const NIBBLES_FROM: i32 = 6;
const BYTES_FROM: i32 = 240;

const FLIPS: i32 = <i32>0x80000000;
const CLOSE: i32 = 0x40000000;

let n: i32 = 0;
let bytes: i32 = 0;
let gram: usize = 0;
let sums: usize = 0;
let clocks: usize = 0;
let cushions: usize = 0;
let closest: usize = 0;
let last: usize = 0;
let heads: usize = 0;
let links: usize = 0;
let slots: usize = 0;
let zeta: usize = 0;
let patterns: usize = 0;
let outputs: usize = 0;
let starts: usize = 0;
let lengths: usize = 0;
let entries: usize = 0;
let offsets: usize = 0;
let due: usize = 0;
let flipped: usize = 0;
let report: usize = 0;
let values: usize = 0;
let nibbles: usize = 0;
let table: usize = 0;

/** Bytes that each thread needs for its tables. */
export function lookSpace(patternBytes: i32): i32 {
  return patternBytes * 8 * (8 + 32 + 256);
}

/**
 * `report`: pairs looked at, and pairs that flip or are within `closest` of their kink, by sample. `due` lists the latter from the sample's
 * offset on, marked; `flipped` has ζ at the same place.
 */
export function lazyLook(thread: i32, threads: i32, p: usize): void {
  n = load<i32>(p);
  bytes = load<i32>(p, 4);
  gram = load<u32>(p, 8);
  sums = load<u32>(p, 12);
  clocks = load<u32>(p, 16);
  cushions = load<u32>(p, 20);
  closest = load<u32>(p, 24);
  last = load<u32>(p, 28);
  heads = load<u32>(p, 32);
  links = load<u32>(p, 36);
  slots = load<u32>(p, 40);
  zeta = load<u32>(p, 44);
  patterns = load<u32>(p, 48);
  outputs = load<u32>(p, 52);
  starts = load<u32>(p, 56);
  lengths = load<u32>(p, 60);
  entries = load<u32>(p, 64);
  offsets = load<u32>(p, 68);
  due = load<u32>(p, 72);
  flipped = load<u32>(p, 76);
  report = load<u32>(p, 80);
  values = <usize>load<u32>(p, 84) + <usize>thread * <usize>lookSpace(bytes);
  nibbles = values + <usize>bytes * 64;
  table = nibbles + <usize>bytes * 256;
  for (let i = nextTask(); i < n; i = nextTask()) lookAtSample(i);
  barrier(threads);
}

function lookAtSample(i: i32): void {
  const list = due + (<usize>load<u32>(offsets + (<usize>i << 2)) << 2);
  const up = load<f64>(clocks + (<usize>i << 4));
  const down = load<f64>(clocks + (<usize>i << 4), 8);
  const negative = collect(2 * i, up, list, 0);
  const count = collect(2 * i + 1, down, list, negative);
  store<i32>(report + (<usize>i << 3), count);
  store<i32>(report + (<usize>i << 3), 0, 4);
  if (count == 0) return;
  prepare(i, count);
  const mode = count < NIBBLES_FROM ? 0 : count < BYTES_FROM ? 1 : 2;
  const row = gram + (<usize>(i * n) << 3);
  const cushion = load<f64>(cushions + (<usize>i << 3));
  const close = load<f64>(closest + (<usize>i << 3));
  const found = flipped + (<usize>load<u32>(offsets + (<usize>i << 2)) << 3);
  let marked = 0;
  for (let q = 0; q < count; q++) {
    const pair = load<i32>(list + (<usize>q << 2));
    const slot = load<u32>(slots + (<usize>pair << 2));
    const mask = patterns + <usize>slot * <usize>bytes;
    const own = mode == 2 ? fromBytes(mask) : mode == 1 ? fromNibbles(mask) : fromEntries(mask);
    const value = load<f64>(zeta + (<usize>pair << 3)) - (own + ledgerSum(slot, row));
    const a = load<f64>(outputs + (<usize>slot << 3));
    const on = a > 0 ? value >= 0 : value <= 0;
    const was = ((<i32>load<u8>(mask + (i >> 3)) >> (i & 7)) & 1) != 0;
    const distance = Math.abs(value);
    const marks = (on != was ? FLIPS : 0) | (distance * Math.min(1, Math.abs(a)) <= close ? CLOSE : 0);
    if (marks) {
      store<i32>(list + (<usize>marked << 2), pair | marks);
      store<f64>(found + (<usize>marked << 3), value);
      marked++;
    }
    const wait = Math.max(0, distance - cushion);
    if (value < 0) insert(2 * i, pair, up + wait);
    else insert(2 * i + 1, pair, down + wait);
  }
  store<i32>(report + (<usize>i << 3), marked, 4);
}

/** The bits of the float32 at or below `value`. */
// @ts-expect-error: decorator
@inline
function keyBelow(value: f64): u32 {
  const rounded = <f32>value;
  const key = reinterpret<u32>(rounded);
  return <f64>rounded > value ? key - 1 : key;
}

function place(list: i32, item: i32, key: u32): void {
  const before = load<u32>(last + (<usize>list << 2));
  const bucket = key <= before ? 0 : 32 - clz(key ^ before);
  const head = heads + (<usize>(list * BUCKETS + <i32>bucket) << 2);
  store<i32>(links + (<usize>item << 3), load<i32>(head));
  store<i32>(head, item);
}

function insert(list: i32, item: i32, at: f64): void {
  const key = keyBelow(at);
  store<u32>(links + (<usize>item << 3), key, 4);
  place(list, item, key);
}

function collect(list: i32, clock: f64, out: usize, from: i32): i32 {
  const rounded = <f32>clock;
  let now = reinterpret<u32>(rounded);
  if (<f64>rounded < clock) now++;
  const before = load<u32>(last + (<usize>list << 2));
  const base = heads + (<usize>(list * BUCKETS) << 2);
  let count = from;
  const split: i32 = now > before ? 32 - <i32>clz(now ^ before) : 1;
  for (let bucket = 0; bucket < split; bucket++) {
    const head = base + (<usize>bucket << 2);
    let item = load<i32>(head);
    if (item < 0) continue;
    store<i32>(head, -1);
    while (item >= 0) {
      store<i32>(out + (<usize>count << 2), item);
      count++;
      item = load<i32>(links + (<usize>item << 3));
    }
  }
  if (now <= before) return count;
  store<u32>(last + (<usize>list << 2), now);
  let item = load<i32>(base + (<usize>split << 2));
  store<i32>(base + (<usize>split << 2), -1);
  while (item >= 0) {
    const next = load<i32>(links + (<usize>item << 3));
    const key = load<u32>(links + (<usize>item << 3), 4);
    if (key <= now) {
      store<i32>(out + (<usize>count << 2), item);
      count++;
    } else {
      place(list, item, key);
    }
    item = next;
  }
  return count;
}

function prepare(i: i32, wanted: i32): void {
  const row = gram + (<usize>(i * n) << 3);
  for (let j: usize = 0; j < <usize>n << 3; j += 8) store<f64>(values + j, load<f64>(row + j) * load<f64>(sums + j));
  if (wanted < NIBBLES_FROM) return;
  for (let q: usize = 0; q < <usize>bytes << 1; q++) {
    const v = values + (q << 5);
    const at = nibbles + (q << 7);
    const v0 = load<f64>(v);
    const v1 = load<f64>(v, 8);
    const v2 = f64x2.splat(load<f64>(v, 16));
    const v3 = f64x2.splat(load<f64>(v, 24));
    store<f64>(at, 0);
    store<f64>(at, v0, 8);
    store<f64>(at, v1, 16);
    store<f64>(at, v0 + v1, 24);
    v128.store(at, f64x2.add(v128.load(at), v2), 32);
    v128.store(at, f64x2.add(v128.load(at, 16), v2), 48);
    for (let s: usize = 0; s < 64; s += 16) v128.store(at + s, f64x2.add(v128.load(at + s), v3), 64);
  }
  if (wanted < BYTES_FROM) return;
  for (let b: usize = 0; b < <usize>bytes; b++) {
    const low = nibbles + (b << 8);
    for (let high: usize = 0; high < 16; high++) {
      const sum = f64x2.splat(load<f64>(low + 128 + (high << 3)));
      const at = table + (b << 11) + (high << 7);
      for (let s: usize = 0; s < 128; s += 16) v128.store(at + s, f64x2.add(v128.load(low + s), sum));
    }
  }
}

function fromBytes(mask: usize): f64 {
  let s0: f64 = 0;
  let s1: f64 = 0;
  let s2: f64 = 0;
  let s3: f64 = 0;
  let at = table;
  for (let b = 0; b < bytes; b += 4) {
    const word = load<u32>(mask + b);
    s0 += load<f64>(at + (<usize>(word & 255) << 3));
    s1 += load<f64>(at + (<usize>((word >> 8) & 255) << 3), 2048);
    s2 += load<f64>(at + (<usize>((word >> 16) & 255) << 3), 4096);
    s3 += load<f64>(at + (<usize>(word >> 24) << 3), 6144);
    at += 8192;
  }
  return s0 + s1 + (s2 + s3);
}

function fromNibbles(mask: usize): f64 {
  let s0: f64 = 0;
  let s1: f64 = 0;
  let s2: f64 = 0;
  let s3: f64 = 0;
  let at = nibbles;
  for (let b = 0; b < bytes; b += 4) {
    const w = load<u32>(mask + b);
    s0 += load<f64>(at + (<usize>(w & 15) << 3)) + load<f64>(at + (<usize>((w >> 4) & 15) << 3), 128);
    s1 += load<f64>(at + (<usize>((w >> 8) & 15) << 3), 256) + load<f64>(at + (<usize>((w >> 12) & 15) << 3), 384);
    s2 += load<f64>(at + (<usize>((w >> 16) & 15) << 3), 512) + load<f64>(at + (<usize>((w >> 20) & 15) << 3), 640);
    s3 += load<f64>(at + (<usize>((w >> 24) & 15) << 3), 768) + load<f64>(at + (<usize>(w >> 28) << 3), 896);
    at += 1024;
  }
  return s0 + s1 + (s2 + s3);
}

function fromEntries(mask: usize): f64 {
  let s0: f64 = 0;
  let s1: f64 = 0;
  let s2: f64 = 0;
  let s3: f64 = 0;
  for (let b = 0; b < bytes; b += 4) {
    const word = load<u32>(mask + b);
    if (word == 0) continue;
    const at = values + (<usize>b << 6);
    s0 += byteOfEntries(word & 255, at);
    s1 += byteOfEntries((word >> 8) & 255, at + 64);
    s2 += byteOfEntries((word >> 16) & 255, at + 128);
    s3 += byteOfEntries(word >> 24, at + 192);
  }
  return s0 + s1 + (s2 + s3);
}

// @ts-expect-error: decorator
@inline
function byteOfEntries(mask: u32, at: usize): f64 {
  let low: f64 = 0;
  if (mask & 1) low += load<f64>(at);
  if (mask & 2) low += load<f64>(at, 8);
  if (mask & 4) low += load<f64>(at, 16);
  if (mask & 8) low += load<f64>(at, 24);
  let high: f64 = 0;
  if (mask & 16) high += load<f64>(at, 32);
  if (mask & 32) high += load<f64>(at, 40);
  if (mask & 64) high += load<f64>(at, 48);
  if (mask & 128) high += load<f64>(at, 56);
  return low + high;
}

/** Σ over the flipped pairs of the slot: entries (base, sample and flips in two words), in four chains as flip-ledger.ts has them. */
function ledgerSum(slot: u32, row: usize): f64 {
  let at = entries + (<usize>load<u32>(starts + (<usize>slot << 2)) << 4);
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
