/** Philox4x32-10 and Box–Muller, four blocks at a time: the operations of src/random.ts in the same order. */
import { at, logOrdinary, storeTurns } from "./elementary";

const HIGH_52: usize = memory.data<u32>([0x43300000, 0x43300000, 0x43300000, 0x43300000], 16); // upper word of 2⁵²
const TWO_52: usize = memory.data<f64>([4503599627370496.0], 8);
const TWO_21: usize = memory.data<f64>([2097152.0], 8);
const UNIT: usize = memory.data<f64>([1.1102230246251565e-16], 8); // 2⁻⁵³
const MINUS_TWO: usize = memory.data<f64>([-2.0], 8);
const MULTIPLIER0: usize = memory.data<u32>([0xd2511f53, 0xd2511f53, 0xd2511f53, 0xd2511f53], 16);
const MULTIPLIER1: usize = memory.data<u32>([0xcd9e8d57, 0xcd9e8d57, 0xcd9e8d57, 0xcd9e8d57], 16);
const STEP0: usize = memory.data<u32>([0x9e3779b9, 0x9e3779b9, 0x9e3779b9, 0x9e3779b9], 16);
const STEP1: usize = memory.data<u32>([0xbb67ae85, 0xbb67ae85, 0xbb67ae85, 0xbb67ae85], 16);

/** 32-bit words of two lanes (0 and 1 of `words`) as doubles. */
// @ts-expect-error: decorator
@inline
function wordsLow(words: v128): v128 {
  return f64x2.sub(v128.shuffle<i32>(words, v128.load(HIGH_52), 0, 4, 1, 5), at(TWO_52));
}

// @ts-expect-error: decorator
@inline
function wordsHigh(words: v128): v128 {
  return f64x2.sub(v128.shuffle<i32>(words, v128.load(HIGH_52), 2, 4, 3, 5), at(TWO_52));
}

/** unitInterval of src/random.ts, the words already doubles. */
// @ts-expect-error: decorator
@inline
function unitInterval(high: v128, low: v128): v128 {
  return f64x2.mul(f64x2.add(f64x2.mul(high, at(TWO_21)), low), at(UNIT));
}

/** Four blocks with the counters (a, b, c, d): what the radii of Box–Muller are made of at `u`, the parts of a turn at `t`. */
// @ts-expect-error: decorator
@inline
function uniforms(a: v128, b: v128, c: v128, d: v128, key0: u32, key1: u32, u: usize, t: usize): void {
  rounds(10, a, b, c, d, i32x4.splat(key0), i32x4.splat(key1), u, t);
}

/**
 * The same for column `column` of four rows whose counters differ in `low` alone: the factors of the first two rounds are the same for
 * all columns or for all rows. `rowProducts` wrote what concerns the rows to `fixed`.
 */
// @ts-expect-error: decorator
@inline
export function rowUniforms(column: u32, stream: u32, key0: u32, key1: u32, fixed: usize, u: usize, t: usize): void {
  const p = <u64>0xd2511f53 * column;
  const c = <u32>(p >> 32) ^ stream ^ key1;
  const q = <u64>0xcd9e8d57 * c;
  const x = key0 + 0x9e3779b9;
  const y = key1 + 0xbb67ae85;
  const a = v128.xor(v128.load(fixed), i32x4.splat(<u32>(q >> 32) ^ x));
  const e = v128.xor(v128.load(fixed, 16), i32x4.splat(<u32>p ^ y));
  const stepped0 = i32x4.splat(x + 0x9e3779b9);
  const stepped1 = i32x4.splat(y + 0xbb67ae85);
  rounds(8, a, i32x4.splat(<u32>q), e, v128.load(fixed, 32), stepped0, stepped1, u, t);
}

/** What four rows bring to the first two rounds: 48 bytes at `fixed`. All rows have the same upper half `high`. */
export function rowProducts(low: v128, high: u32, key0: u32, fixed: usize): void {
  const q = <u64>0xcd9e8d57 * high;
  const a = v128.xor(low, i32x4.splat(<u32>(q >> 32) ^ key0));
  const p0 = i64x2.extmul_low_i32x4_u(a, v128.load(MULTIPLIER0));
  const p1 = i64x2.extmul_high_i32x4_u(a, v128.load(MULTIPLIER0));
  v128.store(fixed, i32x4.splat(<u32>q));
  v128.store(fixed, v128.shuffle<i32>(p0, p1, 1, 3, 5, 7), 16);
  v128.store(fixed, v128.shuffle<i32>(p0, p1, 0, 2, 4, 6), 32);
}

/**
 * The last `count` rounds of Philox4x32-10 with the keys x, y, and its words as u + 2⁻⁵³ (at `u`) and t, four doubles each.
 *
 * Drawing is in three loops, uniforms, radii, turns: each repeats a short block without a branch, so that the processor works on
 * several pairs at once, and engines which load all constants of a block first have registers for them.
 */
// @ts-expect-error: decorator
@inline
function rounds(count: i32, a: v128, b: v128, c: v128, d: v128, x: v128, y: v128, u: usize, t: usize): void {
  for (let round = 0; round < count; round++) {
    const m0 = v128.load(MULTIPLIER0);
    const m1 = v128.load(MULTIPLIER1);
    const p0 = i64x2.extmul_low_i32x4_u(a, m0);
    const p1 = i64x2.extmul_high_i32x4_u(a, m0);
    const q0 = i64x2.extmul_low_i32x4_u(c, m1);
    const q1 = i64x2.extmul_high_i32x4_u(c, m1);
    a = v128.xor(v128.xor(v128.shuffle<i32>(q0, q1, 1, 3, 5, 7), b), x);
    c = v128.xor(v128.xor(v128.shuffle<i32>(p0, p1, 1, 3, 5, 7), d), y);
    b = v128.shuffle<i32>(q0, q1, 0, 2, 4, 6);
    d = v128.shuffle<i32>(p0, p1, 0, 2, 4, 6);
    x = i32x4.add(x, v128.load(STEP0));
    y = i32x4.add(y, v128.load(STEP1));
  }
  b = i32x4.shr_u(b, 11);
  d = i32x4.shr_u(d, 11);
  const unit = at(UNIT);
  v128.store(u, f64x2.add(unitInterval(wordsLow(a), wordsLow(b)), unit));
  v128.store(u, f64x2.add(unitInterval(wordsHigh(a), wordsHigh(b)), unit), 16);
  v128.store(t, unitInterval(wordsLow(c), wordsLow(d)));
  v128.store(t, unitInterval(wordsHigh(c), wordsHigh(d)), 16);
}

/** √(−2 ln u) in place of u, for `bytes` bytes of doubles, a multiple of 16. */
export function radii(u: usize, bytes: usize): void {
  for (const end = u + bytes; u < end; u += 16) {
    v128.store(u, f64x2.sqrt(f64x2.mul(at(MINUS_TWO), logOrdinary(v128.load(u)))));
  }
}

/** The eight normals of the four blocks with the counters (a, b, c, d), two to each block, one block after the other; 64 bytes of `scratch`. */
function eight(a: v128, b: v128, c: v128, d: v128, key0: u32, key1: u32, target: usize, scratch: usize): void {
  uniforms(a, b, c, d, key0, key1, scratch, scratch + 32);
  radii(scratch, 32);
  storeTurns(v128.load(scratch, 32), v128.load(scratch), target);
  storeTurns(v128.load(scratch, 48), v128.load(scratch, 16), target + 32);
}

/**
 * Normals for `rows` rows from row (rowHigh, rowLow) on, row-major at `out`; ⌈cols/2⌉ blocks a row, all blocks shared by the threads.
 * `scratch`: 192 bytes per thread.
 */
export function normals(
  thread: i32,
  threads: i32,
  seed0: u32,
  seed1: u32,
  stream: u32,
  rowLow: u32,
  rowHigh: u32,
  rows: i32,
  cols: i32,
  out: usize,
  scratch: usize,
): void {
  const pairs = (cols + 1) >> 1;
  const blocks = <i64>rows * pairs;
  const first = (blocks * thread) / threads;
  const end = (blocks * (thread + 1)) / threads;
  const firstRow = (<u64>rowHigh << 32) | rowLow;
  const odd = (cols & 1) != 0;
  const room = scratch + <usize>(thread * 192);
  const d = i32x4.splat(stream);
  let row: i64 = first / max(pairs, 1);
  let pair = <i32>(first - row * pairs);
  for (let block = first; block < end; block += 4) {
    if (block + 4 <= end && pair + 4 < pairs) {
      const index = firstRow + row;
      const a = i32x4.add(i32x4.splat(pair), i32x4(0, 1, 2, 3));
      const target = out + (<usize>(row * cols + 2 * pair) << 3);
      eight(a, i32x4.splat(<i32>index), i32x4.splat(<i32>(index >> 32)), d, seed0, seed1, target, room + 128);
      pair += 4;
      continue;
    }
    // These blocks lie in several rows, end one, or are fewer than four: counters and results go one by one.
    const count = <i32>min<i64>(4, end - block);
    let r = row;
    let c = pair;
    for (let k: usize = 0; k < 4; k++) {
      const index = firstRow + r;
      store<i32>(room + (k << 2), c);
      store<i32>(room + (k << 2), <i32>index, 16);
      store<i32>(room + (k << 2), <i32>(index >> 32), 32);
      if (++c == pairs) {
        c = 0;
        r++;
      }
    }
    eight(v128.load(room), v128.load(room, 16), v128.load(room, 32), d, seed0, seed1, room + 64, room + 128);
    for (let k = 0; k < count; k++) {
      const target = out + (<usize>(row * cols + 2 * pair) << 3);
      const from = room + 64 + (<usize>k << 4);
      store<f64>(target, load<f64>(from));
      if (!odd || pair + 1 < pairs) store<f64>(target, load<f64>(from, 8), 8);
      if (++pair == pairs) {
        pair = 0;
        row++;
      }
    }
  }
}
