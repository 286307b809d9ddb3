/**
 * Σ_j s_rj v_j for bit patterns s_r and one vector v at a time. Exactly as surefoot's dynamics/lazy/subset-sums.ts has it, the same
 * operations in the same order, hence the same bits; and, for sixteen patterns at a time, to within a bound that is known.
 */

/** Sums wanted of one vector from which tables of 4 entries pay. */
export const NIBBLES_FROM: i32 = 6;

let bytes: i32 = 0;
let values: usize = 0;
let nibbles: usize = 0;
let integers: usize = 0;
let tables: usize = 0;
let work: usize = 0;

let scale: f64 = 1;
let offset: f64 = 0;

/** A bound of |roughSums − exact sum|, set by `prepareRough`. */
export let roughError: f64 = 0;

/** The largest entry of the tables of rough sums: 14 bits, less what rounding four values may add. */
const LARGEST: f64 = 16380;

/** 2⁻⁴⁰: more than what rounding adds to any of the sums here, relative to Σ|v_j|, for up to 10⁶ values. */
const ROUNDING: f64 = 9.094947017729282e-13;

// @ts-expect-error: decorator
@inline
function whole16(patternBytes: i32): i32 {
  return (patternBytes + 15) & ~15;
}

/** Bytes of a thread's tables. */
export function sumSpace(patternBytes: i32): i32 {
  const padded = whole16(patternBytes);
  return padded * 8 * (8 + 32 + 2 + 8) + 512 + 128;
}

export function placeSums(space: usize, patternBytes: i32): void {
  bytes = patternBytes;
  const padded = <usize>whole16(patternBytes);
  values = space;
  nibbles = values + padded * 64;
  tables = nibbles + padded * 256;
  integers = tables + padded * 64;
  work = integers + padded * 16;
  memory.fill(space, 0, <usize>sumSpace(patternBytes));
}

/** v_j = row_j·sums_j, j < n. */
export function setValues(n: i32, row: usize, sums: usize): void {
  for (let j: usize = 0; j < <usize>n << 3; j += 8) store<f64>(values + j, load<f64>(row + j) * load<f64>(sums + j));
}

/** Tables of all subset sums of four consecutive values each. */
export function prepareNibbles(): void {
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
}

export function fromNibbles(mask: usize): f64 {
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

export function fromValues(mask: usize): f64 {
  let s0: f64 = 0;
  let s1: f64 = 0;
  let s2: f64 = 0;
  let s3: f64 = 0;
  for (let b = 0; b < bytes; b += 4) {
    const word = load<u32>(mask + b);
    if (word == 0) continue;
    const at = values + (<usize>b << 6);
    s0 += byteOfValues(word & 255, at);
    s1 += byteOfValues((word >> 8) & 255, at + 64);
    s2 += byteOfValues((word >> 16) & 255, at + 128);
    s3 += byteOfValues(word >> 24, at + 192);
  }
  return s0 + s1 + (s2 + s3);
}

// @ts-expect-error: decorator
@inline
function byteOfValues(mask: u32, at: usize): f64 {
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

const BIT0: usize = memory.data<u16>([0, 0xffff, 0, 0xffff, 0, 0xffff, 0, 0xffff], 16);
const BIT1: usize = memory.data<u16>([0, 0, 0xffff, 0xffff, 0, 0, 0xffff, 0xffff], 16);
const BIT2: usize = memory.data<u16>([0, 0, 0, 0, 0xffff, 0xffff, 0xffff, 0xffff], 16);

/**
 * Tables of the subset sums of four values each as integers of 14 bits, the lower and the upper seven apart. Value `own`, by far the largest
 * as a rule, is left out: the caller adds it.
 */
export function prepareRough(n: i32, own: i32): void {
  const at = values + (<usize>own << 3);
  const kept = load<f64>(at);
  store<f64>(at, 0);
  let largest: f64 = 0;
  let total: f64 = 0;
  for (let q: usize = 0; q < <usize>bytes << 1; q++) {
    const v = values + (q << 5);
    const pair = f64x2.add(f64x2.abs(v128.load(v)), f64x2.abs(v128.load(v, 16)));
    const sum = f64x2.extract_lane(pair, 0) + f64x2.extract_lane(pair, 1);
    total += sum;
    largest = max(largest, sum);
  }
  scale = largest > 1e-280 ? LARGEST / largest : 0;
  // Where all values are next to nothing the tables are 0 and what they leave out is the error.
  roughError = scale > 0 ? (0.51 * <f64>n + 1) / scale + ROUNDING * total : 2 * total;
  let below = 0;
  const factor = f64x2.splat(scale);
  for (let q: usize = 0; q < <usize>bytes << 1; q++) {
    const v = values + (q << 5);
    const k01 = i32x4.trunc_sat_f64x2_s_zero(f64x2.nearest(f64x2.mul(v128.load(v), factor)));
    const k23 = i32x4.trunc_sat_f64x2_s_zero(f64x2.nearest(f64x2.mul(v128.load(v, 16), factor)));
    const k0 = i32x4.extract_lane(k01, 0);
    const k1 = i32x4.extract_lane(k01, 1);
    const k2 = i32x4.extract_lane(k23, 0);
    const k3 = i32x4.extract_lane(k23, 1);
    const least = min(k0, 0) + min(k1, 0) + min(k2, 0) + min(k3, 0);
    below += least;
    let low = i16x8.splat(<i16>-least);
    low = i16x8.add(low, v128.and(i16x8.splat(<i16>k0), v128.load(BIT0)));
    low = i16x8.add(low, v128.and(i16x8.splat(<i16>k1), v128.load(BIT1)));
    low = i16x8.add(low, v128.and(i16x8.splat(<i16>k2), v128.load(BIT2)));
    const high = i16x8.add(low, i16x8.splat(<i16>k3));
    const seven = i16x8.splat(127);
    const to = tables + (q << 5);
    v128.store(to, i8x16.narrow_i16x8_u(v128.and(low, seven), v128.and(high, seven)));
    v128.store(to, i8x16.narrow_i16x8_u(i16x8.shr_u(low, 7), i16x8.shr_u(high, 7)), 16);
  }
  offset = <f64>below;
  store<f64>(at, kept);
}

/** The rough sums over sixteen patterns, whose addresses are listed at `masks`, to sixteen doubles at `out`. */
export function roughSums(masks: usize, out: usize): void {
  memory.fill(out, 0, 128);
  const nibble = i8x16.splat(15);
  for (let b = 0; b < bytes; b += 16) {
    transpose(masks, b);
    let l0 = i64x2.splat(0);
    let l1 = l0;
    let h0 = l0;
    let h1 = l0;
    let table = tables + (<usize>b << 6);
    for (let k: usize = 0; k < 256; k += 16) {
      const byte = v128.load(work + k, 256);
      const first = v128.and(byte, nibble);
      const second = i8x16.shr_u(byte, 4);
      const low = i8x16.add(i8x16.swizzle(v128.load(table), first), i8x16.swizzle(v128.load(table, 32), second));
      const high = i8x16.add(i8x16.swizzle(v128.load(table, 16), first), i8x16.swizzle(v128.load(table, 48), second));
      l0 = i16x8.add(l0, i16x8.extend_low_i8x16_u(low));
      l1 = i16x8.add(l1, i16x8.extend_high_i8x16_u(low));
      h0 = i16x8.add(h0, i16x8.extend_low_i8x16_u(high));
      h1 = i16x8.add(h1, i16x8.extend_high_i8x16_u(high));
      table += 64;
    }
    addRough(i32x4.extend_low_i16x8_u(l0), i32x4.extend_low_i16x8_u(h0), out);
    addRough(i32x4.extend_high_i16x8_u(l0), i32x4.extend_high_i16x8_u(h0), out + 32);
    addRough(i32x4.extend_low_i16x8_u(l1), i32x4.extend_low_i16x8_u(h1), out + 64);
    addRough(i32x4.extend_high_i16x8_u(l1), i32x4.extend_high_i16x8_u(h1), out + 96);
  }
  const unit = f64x2.splat(scale > 0 ? 1 / scale : 0);
  const shift = f64x2.splat(offset);
  for (let k: usize = 0; k < 128; k += 16) {
    v128.store(out + k, f64x2.mul(f64x2.add(v128.load(out + k), shift), unit));
  }
}

// @ts-expect-error: decorator
@inline
function addRough(low: v128, high: v128, out: usize): void {
  const sum = i32x4.add(low, i32x4.shl(high, 7));
  v128.store(out, f64x2.add(v128.load(out), f64x2.convert_low_i32x4_u(sum)));
  const upper = v128.shuffle<i32>(sum, sum, 2, 3, 2, 3);
  v128.store(out, f64x2.add(v128.load(out, 16), f64x2.convert_low_i32x4_u(upper)), 16);
}

/** Bytes b … b + 15 of the sixteen patterns: byte b + k of all of them to work + 256 + 16k, by four perfect shuffles. */
export function transpose(masks: usize, b: i32): void {
  for (let k: usize = 0; k < 8; k++) {
    const x = v128.load(<usize>load<u32>(masks + (k << 2)) + <usize>b);
    const y = v128.load(<usize>load<u32>(masks + (k << 2), 32) + <usize>b);
    interleave(x, y, work + (k << 5));
  }
  shuffleAll(work, work + 256);
  shuffleAll(work + 256, work);
  shuffleAll(work, work + 256);
}

function shuffleAll(from: usize, to: usize): void {
  for (let k: usize = 0; k < 8; k++) {
    interleave(v128.load(from + (k << 4)), v128.load(from + (k << 4), 128), to + (k << 5));
  }
}

// @ts-expect-error: decorator
@inline
function interleave(x: v128, y: v128, to: usize): void {
  v128.store(to, v128.shuffle<i8>(x, y, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23));
  v128.store(to, v128.shuffle<i8>(x, y, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31), 16);
}
