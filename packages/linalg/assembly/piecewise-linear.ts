/** Kernels of max(x, 0) + slope·min(x, 0) through all layers: the operations of src/piecewise-linear.ts in the same order. */
import { productMinusSquare } from "./arc-cosine";
import { arcSineOfHalf, at, atanDeficit, upperHalf } from "./elementary";
import { HALF_PI_HI, HALF_PI_LO } from "./elementary-tables";

const QUARTER: usize = memory.data<f64>([0.25], 8);
const HALF: usize = memory.data<f64>([0.5], 8);
const ONE: usize = memory.data<f64>([1.0], 8);
const TWO: usize = memory.data<f64>([2.0], 8);
const INVERSE_TWO_PI: usize = memory.data<f64>([0.15915494309189535], 8);
const LOWEST: usize = memory.data<f64>([-0.5], 8);
const HIGHEST: usize = memory.data<f64>([0.96875], 8);
const SIGN: usize = memory.data<u64>([0x8000000000000000], 8);

/** What a layer leaves: numbered as PARTS in src/piecewise-linear.ts. */
const COVARIANCE: i32 = 0;
const TANGENT: i32 = 1;
const TOP: i32 = 2;
const BOTH: i32 = 3;

/** Puts the kernels κ₁ (unscaled) and slope + (1 − slope)²κ₀ of the two entries at `row` together as `part` says. */
// @ts-expect-error: decorator
@inline
function leave(part: i32, row: usize, second: usize, s: v128, kappa: v128, derivative: v128, leak: v128, square: v128, w: v128, beta: v128): void {
  let next = s;
  if (part != TOP) {
    next = f64x2.add(f64x2.mul(w, f64x2.add(f64x2.mul(leak, s), f64x2.mul(square, kappa))), beta);
    v128.store(row, next);
  }
  if (part == BOTH) v128.store(second, derivative);
  else if (part != COVARIANCE) {
    const factor = f64x2.mul(w, derivative);
    if (part == TOP) v128.store(row, f64x2.mul(f64x2.sub(s, beta), factor));
    else v128.store(second, f64x2.add(f64x2.mul(v128.load(second), factor), next));
  }
}

/** One layer of one row; `cols` holds scales, inverse scales, scaled squares, reciprocal lengths and lengths, `width` bytes each. */
// @ts-expect-error: decorator
@inline
function layer(part: i32, row: usize, second: usize, slope: f64, weight: f64, bias: f64, place: usize, cols: usize, width: usize): void {
  const zero = f64x2.splat(0);
  const square = f64x2.splat((1 - slope) * (1 - slope));
  const orthogonal = f64x2.splat(0.25 * (1 + slope) * (1 + slope));
  const leak = f64x2.splat(slope);
  const w = f64x2.splat(weight);
  const beta = f64x2.splat(bias);
  const inverseLength = f64x2.splat(load<f64>(place, 16));
  const length = f64x2.splat(load<f64>(place, 24));
  for (let j: usize = 0; j < width; j += 16) {
    const s = v128.load(row + j);
    const rho = f64x2.mul(f64x2.mul(s, inverseLength), v128.load(cols + 3 * width + j));
    const m = f64x2.abs(rho);
    const far = f64x2.gt(m, at(HALF));
    if (i64x2.all_true(f64x2.le(m, at(HALF)))) {
      const z = f64x2.mul(m, m);
      const arc = arcSineOfHalf(m, z);
      const rest = f64x2.mul(f64x2.add(f64x2.sqrt(f64x2.sub(at(ONE), z)), f64x2.mul(m, arc)), at(INVERSE_TWO_PI));
      const kappa = f64x2.add(f64x2.mul(at(QUARTER), rho), rest);
      const turned = v128.xor(f64x2.mul(arc, at(INVERSE_TWO_PI)), v128.and(rho, at(SIGN)));
      const derivative = f64x2.add(orthogonal, f64x2.mul(square, turned));
      const unscaled = f64x2.mul(f64x2.mul(kappa, length), v128.load(cols + 4 * width + j));
      leave(part, row + j, second + j, s, unscaled, derivative, leak, square, w, beta);
      continue;
    }
    const z = v128.bitselect(f64x2.sub(at(HALF), f64x2.mul(at(HALF), m)), f64x2.mul(m, m), far);
    const root = v128.bitselect(f64x2.sqrt(z), m, far);
    const arc = arcSineOfHalf(root, z);
    const other = f64x2.sqrt(f64x2.sub(at(ONE), z));
    const product = f64x2.mul(m, arc);
    const farSum = f64x2.sub(f64x2.mul(at(TWO), f64x2.mul(root, other)), f64x2.mul(at(TWO), product));
    const rest = f64x2.mul(v128.bitselect(farSum, f64x2.add(other, product), far), at(INVERSE_TWO_PI));
    const kappa = f64x2.add(v128.bitselect(f64x2.mul(at(HALF), m), f64x2.mul(at(QUARTER), rho), far), rest);
    const turned = f64x2.mul(arc, at(INVERSE_TWO_PI));
    const nearPart = f64x2.add(orthogonal, f64x2.mul(square, v128.xor(turned, v128.and(rho, at(SIGN)))));
    const farPart = f64x2.add(leak, f64x2.mul(square, f64x2.sub(at(HALF), f64x2.mul(at(TWO), turned))));
    let derivative = v128.bitselect(farPart, nearPart, far);
    let unscaled = f64x2.mul(f64x2.mul(kappa, length), v128.load(cols + 4 * width + j));
    const determined = v128.and(f64x2.ge(rho, at(LOWEST)), f64x2.le(rho, at(HIGHEST)));
    if (!i64x2.all_true(determined)) {
      const a = f64x2.splat(load<f64>(place, 8));
      const ah = upperHalf(a);
      const scaleA = f64x2.splat(load<f64>(place));
      const g = f64x2.mul(f64x2.mul(s, scaleA), v128.load(cols + j));
      const gap = productMinusSquare(a, ah, f64x2.sub(a, ah), v128.load(cols + 2 * width + j), g);
      const r = f64x2.sqrt(f64x2.pmax(gap, zero));
      const h = f64x2.abs(g);
      const large = f64x2.pmax(r, h);
      const t = v128.andnot(f64x2.div(f64x2.pmin(r, h), large), f64x2.eq(large, zero));
      const deficit = atanDeficit(t);
      const steep = f64x2.gt(r, h);
      const flat = f64x2.sub(t, deficit);
      const angle = f64x2.sub(at(HALF_PI_HI), f64x2.sub(flat, at(HALF_PI_LO)));
      const excess = v128.bitselect(f64x2.sub(r, f64x2.mul(angle, h)), f64x2.mul(h, deficit), steep);
      const scaled = f64x2.add(f64x2.mul(at(HALF), f64x2.pmax(zero, g)), f64x2.mul(excess, at(INVERSE_TWO_PI)));
      const inverse = f64x2.splat(1 / load<f64>(place));
      const exact = f64x2.mul(f64x2.mul(scaled, inverse), v128.load(cols + width + j));
      const part0 = f64x2.mul(flat, at(INVERSE_TWO_PI));
      const negative = f64x2.lt(g, zero);
      const steepPart = f64x2.add(orthogonal, f64x2.mul(square, v128.bitselect(f64x2.neg(part0), part0, negative)));
      const flatPart = f64x2.add(leak, f64x2.mul(square, v128.bitselect(part0, f64x2.sub(at(HALF), part0), negative)));
      derivative = v128.bitselect(derivative, v128.bitselect(steepPart, flatPart, steep), determined);
      unscaled = v128.bitselect(unscaled, exact, determined);
    }
    leave(part, row + j, second + j, s, unscaled, derivative, leak, square, w, beta);
  }
}

function covarianceRow(row: usize, slope: f64, weight: f64, bias: f64, place: usize, cols: usize, width: usize): void {
  layer(COVARIANCE, row, 0, slope, weight, bias, place, cols, width);
}

function tangentRow(row: usize, theta: usize, slope: f64, weight: f64, bias: f64, place: usize, cols: usize, width: usize): void {
  layer(TANGENT, row, theta, slope, weight, bias, place, cols, width);
}

function topRow(row: usize, slope: f64, weight: f64, bias: f64, place: usize, cols: usize, width: usize): void {
  layer(TOP, row, 0, slope, weight, bias, place, cols, width);
}

function bothRow(row: usize, second: usize, slope: f64, weight: f64, bias: f64, place: usize, cols: usize, width: usize): void {
  layer(BOTH, row, second, slope, weight, bias, place, cols, width);
}

/** Entries g of a row become gain·g + shift; whether |g| > bound·length for one of them. */
export function enterRow(row: usize, gain: f64, shift: f64, bound: f64, lengths: usize, width: usize): i32 {
  const limit = f64x2.splat(bound);
  let near = f64x2.splat(0);
  for (let j: usize = 0; j < width; j += 16) {
    near = v128.or(near, f64x2.gt(f64x2.abs(v128.load(row + j)), f64x2.mul(limit, v128.load(lengths + j))));
  }
  if (gain != 1 || shift != 0) {
    const factor = f64x2.splat(gain);
    const term = f64x2.splat(shift);
    for (let j: usize = 0; j < width; j += 16) {
      v128.store(row + j, f64x2.add(f64x2.mul(factor, v128.load(row + j)), term));
    }
  }
  return i32(v128.any_true(near));
}

/**
 * Replaces the rows × stride covariances by what `part` asks for. `rowData`: scale, scaled square, reciprocal length and length per layer and
 * row; `colData`: per layer `stride` scales, inverse scales, scaled squares, reciprocal lengths, lengths. `second`: for "both" the derivatives, rows × stride; else one row for each thread. `watch`: `stride` lengths, then for each row the bound of enterRow,
 * which becomes −1 where it is exceeded. `turned`, unless 0: room for the transpose of the result, rows `turnedStride` doubles apart.
 */
export function piecewiseLinear(
  thread: i32,
  threads: i32,
  part: i32,
  layers: i32,
  slope: f64,
  weight: f64,
  bias: f64,
  covariances: usize,
  second: usize,
  rows: i32,
  stride: i32,
  rowData: usize,
  colData: usize,
  gain: f64,
  shift: f64,
  watch: usize,
  turned: usize,
  turnedStride: i32,
): void {
  const width = <usize>stride << 3;
  const begin = shareOf(rows, thread, threads);
  const end = shareOf(rows, thread + 1, threads);
  for (let i = begin; i < end; i++) {
    const row = covariances + <usize>i * width;
    const beside = second + <usize>(part == BOTH ? i : thread) * width;
    const mark = watch + width + (<usize>i << 3);
    if (enterRow(row, gain, shift, load<f64>(mark), watch, width)) store<f64>(mark, -1);
    if (part == TANGENT) memory.copy(beside, row, width);
    for (let h = 0; h < layers; h++) {
      const place = rowData + (<usize>(h * rows + i) << 5);
      const cols = colData + 5 * <usize>h * width;
      const last = h == layers - 1;
      if (part == TANGENT) tangentRow(row, beside, slope, weight, bias, place, cols, width);
      else if (part == TOP && last) topRow(row, slope, weight, bias, place, cols, width);
      else if (part == BOTH && last) bothRow(row, beside, slope, weight, bias, place, cols, width);
      else covarianceRow(row, slope, weight, bias, place, cols, width);
    }
    if (part == TANGENT) memory.copy(row, beside, width);
  }
  if (turned != 0) turnRows(covariances, begin, end, stride, turned, <usize>turnedStride << 3);
}

/** Where a thread's rows begin: all but the last share have an even number of rows. */
// @ts-expect-error: decorator
@inline
function shareOf(rows: i32, thread: i32, threads: i32): i32 {
  return thread == threads ? rows : <i32>((<i64>rows * thread) / threads) & ~1;
}

/** Rows of a strip that are turned together: their cache lines of the transpose fill up meanwhile. */
const STRIP: i32 = 8;

/** Entries of rows begin … end − 1 to columns begin … end − 1 of `turned`, whose rows are `pitch` bytes apart. */
export function turnRows(from: usize, begin: i32, end: i32, stride: i32, turned: usize, pitch: usize): void {
  const width = <usize>stride << 3;
  for (let i0 = begin; i0 < end; i0 += STRIP) {
    const i1 = min(end, i0 + STRIP);
    for (let j: usize = 0; j < width; j += 16) {
      const target = turned + (j >> 3) * pitch;
      let i = i0;
      for (; i + 1 < i1; i += 2) {
        const x = v128.load(from + <usize>i * width + j);
        const y = v128.load(from + <usize>(i + 1) * width + j);
        v128.store(target + (<usize>i << 3), v128.shuffle<f64>(x, y, 0, 2));
        v128.store(target + pitch + (<usize>i << 3), v128.shuffle<f64>(x, y, 1, 3));
      }
      if (i < i1) {
        store<f64>(target + (<usize>i << 3), load<f64>(from + <usize>i * width + j));
        store<f64>(target + pitch + (<usize>i << 3), load<f64>(from + <usize>i * width + j, 8));
      }
    }
  }
}
