/**
 * The functions of src/elementary.ts on pairs of doubles: the same operations in the same order, hence the same bits. Constants are
 * loaded from memory (their names are addresses), which costs less inside a loop than making them.
 */
import {
  ASIN_POLY,
  ATAN_POLY,
  COSINE_POLY,
  ERF_POLY,
  EXP_POLY,
  EXP_STEP_HI,
  EXP_STEP_LO,
  EXP_STEPS_PER_UNIT,
  EXP_TABLE,
  LN2_HI,
  LN2_LO,
  LOG_POLY,
  SINE_POLY,
  TAIL_CENTRE,
  TAIL_POLY,
} from "./elementary-tables";

const ROUNDER: usize = memory.data<f64>([6755399441055744.0], 8); // 1.5·2⁵²
const QUARTER: usize = memory.data<f64>([0.25], 8);
const HALF: usize = memory.data<f64>([0.5], 8);
const MINUS_HALF: usize = memory.data<f64>([-0.5], 8);
const ONE: usize = memory.data<f64>([1.0], 8);
const TWO: usize = memory.data<f64>([2.0], 8);
const MINUS_TWO: usize = memory.data<f64>([-2.0], 8);
const THREE: usize = memory.data<f64>([3.0], 8);
const FOUR: usize = memory.data<f64>([4.0], 8);
const SQRT2: usize = memory.data<f64>([1.4142135623730951], 8);
const SQRT_HALF: usize = memory.data<f64>([0.7071067811865476], 8);
const SQRT2_MINUS_ONE: usize = memory.data<f64>([0.41421356237309515], 8);
const TWO_PI: usize = memory.data<f64>([6.283185307179586], 8);
const SPLITTER: usize = memory.data<f64>([134217729.0], 8); // 2²⁷ + 1
const TWO_52: usize = memory.data<f64>([4503599627370496.0], 8);
const TWO_52_AND_BIAS: usize = memory.data<f64>([4503599627371519.0], 8); // 2⁵² + 1023
const TWO_54: usize = memory.data<f64>([18014398509481984.0], 8);
const MINUS_54: usize = memory.data<f64>([-54.0], 8);
const SMALLEST_NORMAL: usize = memory.data<f64>([2.2250738585072014e-308], 8);
const INFINITE: usize = memory.data<u64>([0x7ff0000000000000], 8);
const MINUS_INFINITE: usize = memory.data<u64>([0xfff0000000000000], 8);
const NOT_A_NUMBER: usize = memory.data<u64>([0x7ff8000000000000], 8);
const EXP_LOWEST: usize = memory.data<f64>([-746.0], 8);
const EXP_HIGHEST: usize = memory.data<f64>([710.0], 8);
const TANH_HIGHEST: usize = memory.data<f64>([22.0], 8);
const TAIL_HIGHEST: usize = memory.data<f64>([40.0], 8);
const STEP_MASK: usize = memory.data<u64>([0xffffffffffffff80], 8);
const BIAS: usize = memory.data<u64>([1023], 8);
const ONE_BITS: usize = memory.data<u64>([0x3ff0000000000000], 8);
const MANTISSA: usize = memory.data<u64>([0x000fffffffffffff], 8);
const SIGN: usize = memory.data<u64>([0x8000000000000000], 8);

/** Both lanes the constant at `address`. */
// @ts-expect-error: decorator
@inline
export function at(address: usize): v128 {
  return v128.load64_splat(address);
}

/** p·x + the constant at `address`. */
// @ts-expect-error: decorator
@inline
function step(p: v128, x: v128, address: usize): v128 {
  return f64x2.add(f64x2.mul(p, x), at(address));
}

/** Four steps down to the coefficient at `table`, coefficients `stride` bytes apart. */
// @ts-expect-error: decorator
@inline
function four(p: v128, x: v128, table: usize, stride: usize): v128 {
  p = step(p, x, table + 3 * stride);
  p = step(p, x, table + 2 * stride);
  p = step(p, x, table + stride);
  return step(p, x, table);
}

// @ts-expect-error: decorator
@inline
function horner7(table: usize, x: v128): v128 {
  return four(step(step(at(table + 48), x, table + 40), x, table + 32), x, table, 8);
}

// @ts-expect-error: decorator
@inline
function horner8(table: usize, x: v128): v128 {
  return four(step(step(step(at(table + 56), x, table + 48), x, table + 40), x, table + 32), x, table, 8);
}

/** 12 coefficients as even(x²) + x·odd(x²); 21 and 23 likewise. */
// @ts-expect-error: decorator
@inline
function split12(table: usize, x: v128): v128 {
  const z = f64x2.mul(x, x);
  const odd = four(step(at(table + 88), z, table + 72), z, table + 8, 16);
  const even = four(step(at(table + 80), z, table + 64), z, table, 16);
  return f64x2.add(even, f64x2.mul(x, odd));
}

// @ts-expect-error: decorator
@inline
function split21(table: usize, x: v128): v128 {
  const z = f64x2.mul(x, x);
  const even = four(four(step(step(at(table + 160), z, table + 144), z, table + 128), z, table + 64, 16), z, table, 16);
  const odd = four(four(step(at(table + 152), z, table + 136), z, table + 72, 16), z, table + 8, 16);
  return f64x2.add(even, f64x2.mul(x, odd));
}

// @ts-expect-error: decorator
@inline
function split23(table: usize, x: v128): v128 {
  const z = f64x2.mul(x, x);
  const evenTop = step(step(step(at(table + 176), z, table + 160), z, table + 144), z, table + 128);
  const oddTop = step(step(at(table + 168), z, table + 152), z, table + 136);
  const even = four(four(evenTop, z, table + 64, 16), z, table, 16);
  const odd = four(four(oddTop, z, table + 72, 16), z, table + 8, 16);
  return f64x2.add(even, f64x2.mul(x, odd));
}

/** x/(ln 2/128) rounded to a whole number n; n is in the low bits, n + 1.5·2⁵² the value. */
// @ts-expect-error: decorator
@inline
function steps(x: v128): v128 {
  return f64x2.add(f64x2.mul(x, at(EXP_STEPS_PER_UNIT)), at(ROUNDER));
}

// @ts-expect-error: decorator
@inline
function remainder(x: v128, n: v128): v128 {
  return f64x2.sub(f64x2.sub(x, f64x2.mul(n, at(EXP_STEP_HI))), f64x2.mul(n, at(EXP_STEP_LO)));
}

// @ts-expect-error: decorator
@inline
function expm1Small(r: v128): v128 {
  const s = f64x2.mul(r, r);
  const low = f64x2.add(at(EXP_POLY), f64x2.mul(r, at(EXP_POLY + 8)));
  const high = f64x2.add(at(EXP_POLY + 16), f64x2.mul(r, at(EXP_POLY + 24)));
  return f64x2.add(r, f64x2.mul(s, f64x2.add(low, f64x2.mul(s, high))));
}

/** [2^(j/128), the rest of it] for the step in the low bits of one lane. */
// @ts-expect-error: decorator
@inline
function tableEntry(step: i32): v128 {
  return v128.load(EXP_TABLE + (<usize>(step & 127) << 4));
}

/** factor·e^(high + low). */
// @ts-expect-error: decorator
@inline
function scaledExp(high: v128, low: v128, factor: v128): v128 {
  const t = steps(high);
  const p = expm1Small(f64x2.add(remainder(high, f64x2.sub(t, at(ROUNDER))), low));
  const entry0 = tableEntry(i32x4.extract_lane(t, 0));
  const entry1 = tableEntry(i32x4.extract_lane(t, 2));
  const main = v128.shuffle<f64>(entry0, entry1, 0, 2);
  const rest = v128.shuffle<f64>(entry0, entry1, 1, 3);
  const value = f64x2.add(main, f64x2.add(rest, f64x2.mul(main, p)));
  const halfPower = i32x4.shr_s(t, 8);
  const otherPower = i32x4.sub(i32x4.shr_s(t, 7), halfPower);
  const scale0 = i64x2.shl(i32x4.add(halfPower, at(BIAS)), 52);
  const scale1 = i64x2.shl(i32x4.add(otherPower, at(BIAS)), 52);
  return f64x2.mul(f64x2.mul(f64x2.mul(value, factor), scale0), scale1);
}

// @ts-expect-error: decorator
@inline
export function exp(x: v128): v128 {
  const bounded = f64x2.pmin(f64x2.pmax(x, at(EXP_LOWEST)), at(EXP_HIGHEST));
  return scaledExp(bounded, f64x2.splat(0), at(ONE));
}

// @ts-expect-error: decorator
@inline
function expm1Middle(x: v128): v128 {
  const t = steps(x);
  const p = expm1Small(remainder(x, f64x2.sub(t, at(ROUNDER))));
  const entry0 = tableEntry(i32x4.extract_lane(t, 0));
  const entry1 = tableEntry(i32x4.extract_lane(t, 2));
  const main = v128.shuffle<f64>(entry0, entry1, 0, 2);
  const rest = v128.shuffle<f64>(entry0, entry1, 1, 3);
  const scale = i64x2.add(i64x2.shl(v128.and(t, at(STEP_MASK)), 45), at(ONE_BITS));
  const whole = f64x2.sub(f64x2.mul(main, scale), at(ONE));
  return f64x2.add(whole, f64x2.mul(scale, f64x2.add(rest, f64x2.mul(main, p))));
}

// @ts-expect-error: decorator
@inline
export function tanh(x: v128): v128 {
  const e = expm1Middle(f64x2.mul(at(MINUS_TWO), f64x2.pmin(f64x2.abs(x), at(TANH_HIGHEST))));
  const t = f64x2.div(e, f64x2.add(at(TWO), e));
  return v128.or(v128.andnot(t, at(SIGN)), v128.and(x, at(SIGN)));
}

// @ts-expect-error: decorator
@inline
function minusAbs(x: v128): v128 {
  return v128.or(x, at(SIGN));
}

// @ts-expect-error: decorator
@inline
export function sigmoid(x: v128): v128 {
  const e = exp(minusAbs(x));
  const negative = f64x2.lt(x, f64x2.splat(0));
  return f64x2.div(v128.bitselect(e, at(ONE), negative), f64x2.add(at(ONE), e));
}

/** k·ln 2 + ln(1 + g) + low. */
// @ts-expect-error: decorator
@inline
function assembleLog(k: v128, g: v128, low: v128): v128 {
  const s = f64x2.div(g, f64x2.add(at(TWO), g));
  const z = f64x2.mul(s, s);
  const inner = f64x2.mul(s, f64x2.sub(g, f64x2.mul(z, horner7(LOG_POLY, z))));
  const rest = f64x2.sub(inner, f64x2.add(f64x2.mul(k, at(LN2_LO)), low));
  return f64x2.add(f64x2.mul(k, at(LN2_HI)), f64x2.sub(g, rest));
}

/** ln x for normal x > 0; `scaled` is added to the exponent of x. */
// @ts-expect-error: decorator
@inline
function logNormal(x: v128, scaled: v128): v128 {
  const exponent = v128.or(i64x2.shr_u(x, 52), at(TWO_52));
  let k = f64x2.add(f64x2.sub(exponent, at(TWO_52_AND_BIAS)), scaled);
  let f = v128.or(v128.and(x, at(MANTISSA)), at(ONE_BITS));
  const large = f64x2.ge(f, at(SQRT2));
  f = v128.bitselect(f64x2.mul(f, at(HALF)), f, large);
  k = f64x2.add(k, v128.and(large, at(ONE)));
  return assembleLog(k, f64x2.sub(f, at(ONE)), f64x2.splat(0));
}

/** ln x for 2⁻¹⁰²² ≤ x < ∞. */
// @ts-expect-error: decorator
@inline
export function logOrdinary(x: v128): v128 {
  return logNormal(x, f64x2.splat(0));
}

// @ts-expect-error: decorator
@inline
export function log(x: v128): v128 {
  const ordinary = v128.and(f64x2.ge(x, at(SMALLEST_NORMAL)), f64x2.lt(x, at(INFINITE)));
  if (i64x2.all_true(ordinary)) return logOrdinary(x);
  return logSpecial(x);
}

function logSpecial(x: v128): v128 {
  const tiny = f64x2.lt(x, at(SMALLEST_NORMAL));
  const lifted = v128.bitselect(f64x2.mul(x, at(TWO_54)), x, tiny);
  let value = logNormal(lifted, v128.and(tiny, at(MINUS_54)));
  value = v128.bitselect(x, value, f64x2.eq(x, at(INFINITE)));
  value = v128.bitselect(value, at(NOT_A_NUMBER), f64x2.gt(x, f64x2.splat(0)));
  return v128.bitselect(at(MINUS_INFINITE), value, f64x2.eq(x, f64x2.splat(0)));
}

// @ts-expect-error: decorator
@inline
export function softplus(x: v128): v128 {
  const e = exp(minusAbs(x));
  // log1p(e) for 0 ≤ e ≤ 1: with u = 1 + e it is ln e' directly for e' = e below √2 − 1, else ln 2 + ln(u/2).
  const direct = f64x2.lt(e, at(SQRT2_MINUS_ONE));
  const u = f64x2.add(at(ONE), e);
  const lost = f64x2.sub(e, f64x2.sub(u, at(ONE)));
  const g = v128.bitselect(e, f64x2.sub(f64x2.mul(u, at(HALF)), at(ONE)), direct);
  const k = v128.andnot(at(ONE), direct);
  const low = v128.andnot(f64x2.div(lost, u), direct);
  return f64x2.add(f64x2.pmax(f64x2.splat(0), x), assembleLog(k, g, low));
}

/** Φ(−t), 0 ≤ t ≤ 40. */
// @ts-expect-error: decorator
@inline
function normalTail(t: v128): v128 {
  const head = upperHalf(t);
  const rest = f64x2.sub(t, head);
  const inverse = f64x2.div(at(ONE), f64x2.add(t, at(TAIL_CENTRE)));
  const w = f64x2.mul(f64x2.sub(t, at(TAIL_CENTRE)), inverse);
  const factor = f64x2.mul(split23(TAIL_POLY, w), inverse);
  const main = f64x2.mul(at(MINUS_HALF), f64x2.mul(head, head));
  return scaledExp(main, f64x2.mul(at(MINUS_HALF), f64x2.mul(rest, f64x2.add(t, head))), factor);
}

/** The upper 26 bits of x (Veltkamp's splitting). */
// @ts-expect-error: decorator
@inline
export function upperHalf(x: v128): v128 {
  const c = f64x2.mul(x, at(SPLITTER));
  return f64x2.sub(c, f64x2.sub(c, x));
}

// @ts-expect-error: decorator
@inline
function erfCentre(x: v128): v128 {
  return f64x2.mul(x, split12(ERF_POLY, f64x2.mul(x, x)));
}

// @ts-expect-error: decorator
@inline
export function normalCdf(x: v128): v128 {
  const size = f64x2.abs(x);
  const central = f64x2.le(size, at(ONE));
  const centre = f64x2.add(at(HALF), f64x2.mul(at(HALF), erfCentre(f64x2.mul(x, at(SQRT_HALF)))));
  if (i64x2.all_true(central)) return centre;
  const tail = normalTail(f64x2.pmin(size, at(TAIL_HIGHEST)));
  const outer = v128.bitselect(tail, f64x2.sub(at(ONE), tail), f64x2.lt(x, f64x2.splat(0)));
  return v128.bitselect(centre, outer, central);
}

// @ts-expect-error: decorator
@inline
export function erf(x: v128): v128 {
  const size = f64x2.abs(x);
  const central = f64x2.le(size, at(ONE));
  const centre = erfCentre(x);
  if (i64x2.all_true(central)) return centre;
  const tail = normalTail(f64x2.pmin(f64x2.mul(size, at(SQRT2)), at(TAIL_HIGHEST)));
  const outer = f64x2.sub(at(ONE), f64x2.mul(at(TWO), tail));
  return v128.bitselect(centre, v128.or(outer, v128.and(x, at(SIGN))), central);
}

/** t − arctan t, 0 ≤ t ≤ 1. */
// @ts-expect-error: decorator
@inline
export function atanDeficit(t: v128): v128 {
  const z = f64x2.mul(t, t);
  return f64x2.mul(t, f64x2.mul(z, split21(ATAN_POLY, z)));
}

/** arcsin x, 0 ≤ x ≤ ½, given x² as well. */
// @ts-expect-error: decorator
@inline
export function arcSineOfHalf(x: v128, square: v128): v128 {
  return f64x2.add(x, f64x2.mul(x, f64x2.mul(square, split12(ASIN_POLY, square))));
}

/** cos 2πt and sin 2πt, 0 ≤ t < 1, times `radius`, stored as two pairs, the cosines and the sines. */
// @ts-expect-error: decorator
@inline
export function storeTurnsApart(t: v128, radius: v128, cosines: usize, sines: usize): void {
  const quarter = f64x2.floor(f64x2.add(f64x2.mul(at(FOUR), t), at(HALF)));
  const r = f64x2.mul(f64x2.sub(t, f64x2.mul(at(QUARTER), quarter)), at(TWO_PI));
  const z = f64x2.mul(r, r);
  const s = f64x2.mul(r, horner7(SINE_POLY, z));
  const c = horner8(COSINE_POLY, z);
  const first = f64x2.eq(quarter, at(ONE));
  const second = f64x2.eq(quarter, at(TWO));
  const third = f64x2.eq(quarter, at(THREE));
  const odd = v128.or(first, third);
  const x = v128.xor(v128.bitselect(s, c, odd), v128.and(v128.or(first, second), at(SIGN)));
  const y = v128.xor(v128.bitselect(c, s, odd), v128.and(v128.or(second, third), at(SIGN)));
  v128.store(cosines, f64x2.mul(radius, x));
  v128.store(sines, f64x2.mul(radius, y));
}

/** The same, stored as cos, sin, cos, sin. */
// @ts-expect-error: decorator
@inline
export function storeTurns(t: v128, radius: v128, target: usize): void {
  storeTurnsApart(t, radius, target, target + 16);
  const cosines = v128.load(target);
  const sines = v128.load(target, 16);
  v128.store(target, v128.shuffle<f64>(cosines, sines, 0, 2));
  v128.store(target, v128.shuffle<f64>(cosines, sines, 1, 3), 16);
}
