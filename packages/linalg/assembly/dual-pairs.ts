/** Dual kernels of all pairs of a block: the operations of src/dual-pairs.ts in the same order. */
import { productMinusSquare } from "./arc-cosine";
import { at, atanDeficit, upperHalf } from "./elementary";
import { HALF_PI_HI, HALF_PI_LO } from "./elementary-tables";

const ONE: usize = memory.data<f64>([1.0], 8);
const TWO: usize = memory.data<f64>([2.0], 8);
const FOUR: usize = memory.data<f64>([4.0], 8);
const PI_HI: usize = memory.data<f64>([3.141592653589793], 8);
const PI_LO: usize = memory.data<f64>([1.2246467991473532e-16], 8);
const TWO_PI: usize = memory.data<f64>([6.283185307179586], 8);
const TWO_OVER_PI: usize = memory.data<f64>([0.6366197723675814], 8);
const SIGN: usize = memory.data<u64>([0x8000000000000000], 8);

/** Numbered as KINDS in src/dual-pairs.ts; 0 is the series. */
const ERF: i32 = 1;
const ERF_SLOPE: i32 = 2;
const GELU: i32 = 3;

/** The angle in [0, π/2] of the point (x, y), x, y ≥ 0. */
// @ts-expect-error: decorator
@inline
function quadrantAngle(y: v128, x: v128): v128 {
  const large = f64x2.pmax(x, y);
  const t = v128.andnot(f64x2.div(f64x2.pmin(x, y), large), f64x2.eq(large, f64x2.splat(0)));
  const a = f64x2.sub(t, atanDeficit(t));
  return v128.bitselect(f64x2.sub(at(HALF_PI_HI), f64x2.sub(a, at(HALF_PI_LO))), a, f64x2.gt(y, x));
}

// @ts-expect-error: decorator
@inline
function closed(kind: i32, a: v128, ah: v128, al: v128, c: v128, b: v128): v128 {
  const zero = f64x2.splat(0);
  const gap = f64x2.pmax(productMinusSquare(a, ah, al, b, c), zero);
  if (kind == ERF || kind == ERF_SLOPE) {
    const first = f64x2.add(f64x2.add(at(ONE), f64x2.mul(at(TWO), a)), f64x2.mul(at(TWO), b));
    const root = f64x2.sqrt(f64x2.add(first, f64x2.mul(at(FOUR), gap)));
    if (kind == ERF_SLOPE) return f64x2.div(at(FOUR), f64x2.mul(at(PI_HI), root));
    const angle = quadrantAngle(f64x2.abs(f64x2.mul(at(TWO), c)), root);
    return f64x2.mul(at(TWO_OVER_PI), v128.xor(angle, v128.and(c, at(SIGN))));
  }
  const det = f64x2.add(f64x2.add(f64x2.add(at(ONE), a), b), gap);
  const root = f64x2.sqrt(det);
  const near = quadrantAngle(root, f64x2.abs(c));
  const obtuse = f64x2.sub(at(PI_HI), f64x2.sub(near, at(PI_LO)));
  const both = f64x2.div(v128.bitselect(obtuse, near, f64x2.gt(c, zero)), at(TWO_PI));
  const weight = f64x2.mul(at(TWO_PI), root);
  if (kind == GELU) {
    const left = f64x2.div(f64x2.mul(a, f64x2.add(b, gap)), f64x2.add(at(ONE), a));
    const right = f64x2.div(f64x2.mul(c, c), f64x2.add(at(ONE), b));
    return f64x2.add(f64x2.mul(c, both), f64x2.div(f64x2.add(left, right), weight));
  }
  const ends = f64x2.add(f64x2.div(at(ONE), f64x2.add(at(ONE), a)), f64x2.div(at(ONE), f64x2.add(at(ONE), b)));
  return f64x2.add(both, f64x2.div(f64x2.mul(c, f64x2.add(ends, f64x2.div(at(ONE), det))), weight));
}

// @ts-expect-error: decorator
@inline
function closedRow(kind: i32, row: usize, variance: f64, cols: usize, width: usize): void {
  const a = f64x2.splat(variance);
  const ah = upperHalf(a);
  const al = f64x2.sub(a, ah);
  for (let j: usize = 0; j < width; j += 16) {
    v128.store(row + j, closed(kind, a, ah, al, v128.load(row + j), v128.load(cols + j)));
  }
}

function erfRow(row: usize, variance: f64, cols: usize, width: usize): void {
  closedRow(ERF, row, variance, cols, width);
}

function erfSlopeRow(row: usize, variance: f64, cols: usize, width: usize): void {
  closedRow(ERF_SLOPE, row, variance, cols, width);
}

function geluRow(row: usize, variance: f64, cols: usize, width: usize): void {
  closedRow(GELU, row, variance, cols, width);
}

function geluSlopeRow(row: usize, variance: f64, cols: usize, width: usize): void {
  closedRow(GELU + 1, row, variance, cols, width);
}

/** Even and odd powers apart; the terms of two columns lie side by side, `terms` (even) of them. */
function seriesRow(row: usize, root: f64, cols: usize, width: usize, terms: i32, left: usize, right: usize): void {
  const size = f64x2.splat(root);
  const zero = f64x2.splat(0);
  const one = f64x2.splat(1);
  const last = <usize>(terms - 2) << 3;
  for (let j: usize = 0; j < width; j += 16) {
    const scale = f64x2.mul(size, v128.load(cols + j));
    const quotient = f64x2.div(v128.load(row + j), scale);
    const bounded = f64x2.max(f64x2.min(quotient, one), f64x2.neg(one));
    const rho = v128.andnot(bounded, f64x2.eq(scale, zero));
    const square = f64x2.mul(rho, rho);
    let even = zero;
    let odd = zero;
    for (let k = <isize>last; k >= 0; k -= 16) {
      const place = right + (k << 1);
      even = f64x2.add(f64x2.mul(even, square), f64x2.mul(v128.load64_splat(left + k), v128.load(place)));
      odd = f64x2.add(f64x2.mul(odd, square), f64x2.mul(v128.load64_splat(left + k, 8), v128.load(place, 16)));
    }
    v128.store(row + j, f64x2.add(even, f64x2.mul(rho, odd)));
    right += <usize>terms << 4;
  }
}

/**
 * Replaces the rows × stride covariances by a dual kernel. `rowData` and `colData`: variances, of the series their roots. `left`: `terms`
 * coefficients for each row; `right`: for each two columns `terms` pairs of them.
 */
export function dualPairs(
  thread: i32,
  threads: i32,
  kind: i32,
  covariances: usize,
  rows: i32,
  stride: i32,
  rowData: usize,
  colData: usize,
  terms: i32,
  left: usize,
  right: usize,
): void {
  const width = <usize>stride << 3;
  const end = <i32>((<i64>rows * (thread + 1)) / threads);
  for (let i = <i32>((<i64>rows * thread) / threads); i < end; i++) {
    const row = covariances + <usize>i * width;
    const own = load<f64>(rowData + (<usize>i << 3));
    if (kind == 0) seriesRow(row, own, colData, width, terms, left + <usize>i * (<usize>terms << 3), right);
    else if (kind == ERF) erfRow(row, own, colData, width);
    else if (kind == ERF_SLOPE) erfSlopeRow(row, own, colData, width);
    else if (kind == GELU) geluRow(row, own, colData, width);
    else geluSlopeRow(row, own, colData, width);
  }
}
