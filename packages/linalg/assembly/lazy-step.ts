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

/**
 * The flips of `count` neurons, whose slots are listed, on sample i: their patterns change, and `row` gets what that adds to row i of the
 * counts. `counters` has room for 16 bits to each bit of a pattern.
 */
export function lazyFlip(
  n: i32,
  i: i32,
  bytes: i32,
  patterns: usize,
  slots: usize,
  count: i32,
  counters: usize,
  row: usize,
): void {
  const bit = 1 << (i & 7);
  const space = <usize>bytes << 4;
  let diagonal = 0;
  memory.fill(row, 0, <usize>n << 3);
  for (let from = 0; from < count; from += FULL) {
    memory.fill(counters, 0, space);
    const end = min(count, from + FULL);
    for (let q = from; q < end; q++) {
      const mask = patterns + <usize>load<u32>(slots + (<usize>q << 2)) * <usize>bytes;
      const own = mask + (i >> 3);
      const was = <i32>load<u8>(own) & bit;
      store<u8>(own, <i32>load<u8>(own) & ~bit);
      if (was) {
        subtractPattern(mask, bytes, counters);
        diagonal--;
      } else {
        addPattern(mask, bytes, counters);
        store<u8>(own, <i32>load<u8>(own) | bit);
        diagonal++;
      }
    }
    for (let j: usize = 0; j < <usize>n; j++) {
      const at = row + (j << 3);
      store<f64>(at, load<f64>(at) + <f64>load<i16>(counters + (j << 1)));
    }
  }
  const at = row + (<usize>i << 3);
  store<f64>(at, load<f64>(at) + <f64>diagonal);
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
