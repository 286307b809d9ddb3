/**
 * The n²-parts of a step of the event-driven simulator of two-layer ReLU networks, and the counts behind flips: the operations of the
 * TypeScript form (surefoot's dynamics/lazy: tangent-counts.ts, pattern-counter.ts) in the same order, hence the same bits.
 * src/wasm/lazy-look.ts calls them.
 */
import { barrier, nextTask } from "./barrier";

/** Rows that a thread takes at a time. */
const ROWS: i32 = 8;
/** Two tiles of four matrices of 32 × 32 doubles are half of a second-level cache. */
const TILE: i32 = 32;

const BITS: usize = memory.data<u16>([1, 2, 4, 8, 16, 32, 64, 128], 16);

/** Additions that a counter of 16 bits takes. */
const FULL: i32 = 32767;

/** product ← He; up and down ← the largest movements that any pattern allows (tangent-counts.ts). */
export function lazyRates(
  thread: i32,
  threads: i32,
  n: i32,
  gram: usize,
  h: usize,
  e: usize,
  product: usize,
  up: usize,
  down: usize,
): void {
  const slack = <f64>(n + 16) * 2.220446049250313e-16;
  for (let first = nextTask() * ROWS; first < n; first = nextTask() * ROWS) {
    const end = min(n, first + ROWS);
    for (let i = first; i < end; i++) ratesOfRow(n, i, gram, h, e, slack, product, up, down);
  }
  barrier(threads);
}

function ratesOfRow(
  n: i32,
  i: i32,
  gram: usize,
  h: usize,
  e: usize,
  slack: f64,
  product: usize,
  up: usize,
  down: usize,
): void {
  const row = <usize>(i * n) << 3;
  const g = gram + row;
  const t = h + row;
  const whole = <usize>(n & ~3) << 3;
  let p0 = f64x2.splat(0);
  let p1 = f64x2.splat(0);
  let s0 = f64x2.splat(0);
  let s1 = f64x2.splat(0);
  let a0 = f64x2.splat(0);
  let a1 = f64x2.splat(0);
  for (let j: usize = 0; j < whole; j += 32) {
    const e0 = v128.load(e + j);
    const e1 = v128.load(e + j, 16);
    const step0 = f64x2.mul(v128.load(g + j), e0);
    const step1 = f64x2.mul(v128.load(g + j, 16), e1);
    p0 = f64x2.add(p0, f64x2.mul(v128.load(t + j), e0));
    p1 = f64x2.add(p1, f64x2.mul(v128.load(t + j, 16), e1));
    s0 = f64x2.add(s0, step0);
    s1 = f64x2.add(s1, step1);
    a0 = f64x2.add(a0, f64x2.abs(step0));
    a1 = f64x2.add(a1, f64x2.abs(step1));
  }
  let p = sum4(p0, p1);
  let signed = sum4(s0, s1);
  let absolute = sum4(a0, a1);
  for (let j = whole; j < <usize>n << 3; j += 8) {
    const value = load<f64>(e + j);
    const step = load<f64>(g + j) * value;
    p += load<f64>(t + j) * value;
    signed += step;
    absolute += Math.abs(step);
  }
  const at = <usize>i << 3;
  store<f64>(product + at, p);
  store<f64>(up + at, 0.5 * (absolute - signed) + slack * absolute);
  store<f64>(down + at, 0.5 * (absolute + signed) + slack * absolute);
}

// @ts-expect-error: decorator
@inline
function sum4(x: v128, y: v128): f64 {
  const sum = f64x2.add(x, y);
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
}

/** Adds the pending changes of rows (`changed`: a byte to each) to both triangles of the counts and of H; they are zero afterwards. */
export function lazySettle(
  thread: i32,
  threads: i32,
  n: i32,
  width: f64,
  gram: usize,
  h: usize,
  counts: usize,
  pending: usize,
  changed: usize,
): void {
  const tiles = (n + TILE - 1) / TILE;
  for (let task = nextTask(); task < tiles; task = nextTask()) {
    // The longest first.
    const i0 = (tiles - 1 - task) * TILE;
    const rows = anyChanged(changed, i0, n);
    for (let j0 = 0; j0 <= i0; j0 += TILE) {
      if (rows || anyChanged(changed, j0, n)) settleTile(n, i0, j0, width, gram, h, counts, pending);
    }
  }
  barrier(threads);
  for (let i = nextTask(); i < n; i = nextTask()) {
    if (load<u8>(changed + i)) memory.fill(pending + (<usize>(i * n) << 3), 0, <usize>n << 3);
  }
  barrier(threads);
}

function anyChanged(changed: usize, from: i32, n: i32): bool {
  const end = min(n, from + TILE);
  for (let i = from; i < end; i++) if (load<u8>(changed + i)) return true;
  return false;
}

function settleTile(
  n: i32,
  i0: i32,
  j0: i32,
  width: f64,
  gram: usize,
  h: usize,
  counts: usize,
  pending: usize,
): void {
  const end = min(i0 + TILE, n);
  const stride = <usize>n << 3;
  for (let i = i0; i < end; i++) {
    const last = min(j0 + TILE - 1, i);
    let at = <usize>(i * n + j0) << 3;
    let mirror = <usize>(j0 * n + i) << 3;
    for (let j = j0; j <= last; j++) {
      const own = load<f64>(pending + at);
      const change = i == j ? own : own + load<f64>(pending + mirror);
      if (change != 0) {
        const count = load<f64>(counts + at) + change;
        const value = (load<f64>(gram + at) * count) / width;
        store<f64>(counts + at, count);
        store<f64>(h + at, value);
        store<f64>(counts + mirror, count);
        store<f64>(h + mirror, value);
      }
      at += 8;
      mirror += stride;
    }
  }
}

/** Marks of a result of lazy-look.ts. */
const FLIPS: i32 = 1;
const WAS_ON: i32 = 2;

/** Bytes of a pattern that one thread takes at a time: a cache line. */
const LINE: i32 = 64;

/** Bytes that each thread needs: 16 bits to each bit of its part of a pattern. */
export function flipSpace(): i32 {
  return LINE << 4;
}

/**
 * Applies the flips among the results of lazy-look.ts, sample after sample and in the order of the results: patterns change, and rows of
 * `pending` get what that adds to the same rows of the counts (a_r = ±1). A thread does this for some columns, all that it reads and writes is in
 * these, so that threads need not meet between samples.
 */
export function lazyFlip(
  thread: i32,
  threads: i32,
  n: i32,
  bytes: i32,
  patterns: usize,
  report: usize,
  results: usize,
  pending: usize,
  changed: usize,
  scratch: usize,
): void {
  const counters = scratch + <usize>(thread * flipSpace());
  for (let from = nextTask() * LINE; from < bytes; from = nextTask() * LINE) {
    const length = min(LINE, bytes - from);
    for (let i = 0; i < n; i++) {
      const count = load<i32>(report + <usize>(i * 12), 4);
      if (count == 0) continue;
      const list = results + (<usize>load<u32>(report + <usize>(i * 12), 8) << 4);
      const row = pending + (<usize>(i * n) << 3);
      if (flipSample(n, i, from, length, bytes, patterns, list, count, counters, row)) store<u8>(changed + i, 1);
    }
  }
  barrier(threads);
}

function flipSample(
  n: i32,
  i: i32,
  from: i32,
  length: i32,
  bytes: i32,
  patterns: usize,
  list: usize,
  count: i32,
  counters: usize,
  row: usize,
): bool {
  const byte = i >> 3;
  const bit = 1 << (i & 7);
  const mine = byte >= from && byte < from + length;
  const columns = min(n - 8 * from, 8 * length);
  const part = row + (<usize>from << 6);
  let diagonal = 0;
  let any = false;
  for (let start = 0; start < count; start += FULL) {
    memory.fill(counters, 0, <usize>length << 4);
    const end = min(count, start + FULL);
    let some = false;
    for (let q = start; q < end; q++) {
      const result = list + (<usize>q << 4);
      const marks = load<i32>(result, 4);
      if (!(marks & FLIPS)) continue;
      some = true;
      const mask = patterns + <usize>load<u32>(result) * <usize>bytes;
      const was = marks & WAS_ON;
      if (mine && was) store<u8>(mask + byte, <i32>load<u8>(mask + byte) & ~bit);
      if (was) subtractPattern(mask + from, length, counters);
      else addPattern(mask + from, length, counters);
      if (mine && !was) store<u8>(mask + byte, <i32>load<u8>(mask + byte) | bit);
      diagonal += was ? -1 : 1;
    }
    if (!some) continue;
    if (!any) memory.fill(part, 0, <usize>columns << 3);
    any = true;
    for (let j: usize = 0; j < <usize>columns; j++) {
      const at = part + (j << 3);
      store<f64>(at, load<f64>(at) + <f64>load<i16>(counters + (j << 1)));
    }
  }
  if (mine && any) store<f64>(row + (<usize>i << 3), <f64>diagonal);
  return any;
}

function addPattern(mask: usize, bytes: i32, counters: usize): void {
  const bits = v128.load(BITS);
  for (let b = 0; b < bytes; b++) {
    const on = i16x8.eq(v128.and(v128.load8_splat(mask + b), bits), bits);
    const at = counters + (<usize>b << 4);
    v128.store(at, i16x8.sub(v128.load(at), on));
  }
}

function subtractPattern(mask: usize, bytes: i32, counters: usize): void {
  const bits = v128.load(BITS);
  for (let b = 0; b < bytes; b++) {
    const on = i16x8.eq(v128.and(v128.load8_splat(mask + b), bits), bits);
    const at = counters + (<usize>b << 4);
    v128.store(at, i16x8.add(v128.load(at), on));
  }
}
