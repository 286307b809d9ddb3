/** Arc-cosine kernels on pairs of Gram entries: the operations of src/arc-cosine.ts in the same order. */
import { HALF_PI_HI, HALF_PI_LO } from "./elementary-tables";
import { at, atanDeficit, upperHalf } from "./elementary";

const HALF: usize = memory.data<f64>([0.5], 8);
const TWO: usize = memory.data<f64>([2.0], 8);
const INVERSE_TWO_PI: usize = memory.data<f64>([0.15915494309189535], 8);

/** a·b − c², a already split. */
// @ts-expect-error: decorator
@inline
export function productMinusSquare(a: v128, ah: v128, al: v128, b: v128, c: v128): v128 {
  const bh = upperHalf(b);
  const ch = upperHalf(c);
  const bl = f64x2.sub(b, bh);
  const cl = f64x2.sub(c, ch);
  const ab = f64x2.mul(a, b);
  const cc = f64x2.mul(c, c);
  const abMiddle = f64x2.add(f64x2.sub(f64x2.mul(ah, bh), ab), f64x2.mul(ah, bl));
  const abRest = f64x2.add(f64x2.add(abMiddle, f64x2.mul(al, bh)), f64x2.mul(al, bl));
  const ccMiddle = f64x2.add(f64x2.sub(f64x2.mul(ch, ch), cc), f64x2.mul(at(TWO), f64x2.mul(ch, cl)));
  const ccRest = f64x2.add(ccMiddle, f64x2.mul(cl, cl));
  return f64x2.add(f64x2.sub(ab, cc), f64x2.sub(abRest, ccRest));
}

/** r, |g|, t − arctan t, and the angle to the nearer axis, for the two entries at `gram`. */
// @ts-expect-error: decorator
@inline
function pair(degree: i32, g: v128, a: v128, ah: v128, al: v128, b: v128): v128 {
  const zero = f64x2.splat(0);
  const r = f64x2.sqrt(f64x2.pmax(productMinusSquare(a, ah, al, b, g), zero));
  const h = f64x2.abs(g);
  const large = f64x2.pmax(r, h);
  const t = v128.andnot(f64x2.div(f64x2.pmin(r, h), large), f64x2.eq(large, zero));
  const deficit = atanDeficit(t);
  const steep = f64x2.gt(r, h);
  const flat = f64x2.sub(t, deficit);
  const angle = v128.bitselect(f64x2.sub(at(HALF_PI_HI), f64x2.sub(flat, at(HALF_PI_LO))), flat, steep);
  if (degree == 0) {
    const turned = f64x2.mul(angle, at(INVERSE_TWO_PI));
    return v128.bitselect(turned, f64x2.sub(at(HALF), turned), f64x2.lt(g, zero));
  }
  const rest = v128.bitselect(f64x2.sub(r, f64x2.mul(angle, h)), f64x2.mul(h, deficit), steep);
  return f64x2.add(f64x2.mul(at(HALF), f64x2.pmax(zero, g)), f64x2.mul(rest, at(INVERSE_TWO_PI)));
}

function degree0Row(row: usize, scale: f64, squared: f64, scales: usize, cols: usize, end: usize): void {
  const a = f64x2.splat(squared);
  const ah = upperHalf(a);
  const al = f64x2.sub(a, ah);
  const s = f64x2.splat(scale);
  for (let j: usize = 0; j < end; j += 16) {
    const g = f64x2.mul(f64x2.mul(v128.load(row + j), s), v128.load(scales + j));
    v128.store(row + j, pair(0, g, a, ah, al, v128.load(cols + j)));
  }
}

function degree1Row(row: usize, scale: f64, squared: f64, scales: usize, inverses: usize, cols: usize, end: usize): void {
  const a = f64x2.splat(squared);
  const ah = upperHalf(a);
  const al = f64x2.sub(a, ah);
  const s = f64x2.splat(scale);
  const inverse = f64x2.splat(1.0 / scale);
  for (let j: usize = 0; j < end; j += 16) {
    const g = f64x2.mul(f64x2.mul(v128.load(row + j), s), v128.load(scales + j));
    const value = pair(1, g, a, ah, al, v128.load(cols + j));
    v128.store(row + j, f64x2.mul(f64x2.mul(value, inverse), v128.load(inverses + j)));
  }
}

/**
 * Replaces the rows × stride Gram matrix by the kernel. `rowData`: scale, scaled square per row; `colData`: `stride` scales, then as
 * many inverse scales, then scaled squares. `stride` is even.
 */
export function arcCosine(
  thread: i32,
  threads: i32,
  degree: i32,
  gram: usize,
  rows: i32,
  stride: i32,
  rowData: usize,
  colData: usize,
): void {
  const width = <usize>stride << 3;
  const end = <i32>((<i64>rows * (thread + 1)) / threads);
  for (let i = <i32>((<i64>rows * thread) / threads); i < end; i++) {
    const row = gram + <usize>i * width;
    const scale = load<f64>(rowData + (<usize>i << 4));
    const squared = load<f64>(rowData + (<usize>i << 4), 8);
    if (degree == 0) degree0Row(row, scale, squared, colData, colData + 2 * width, width);
    else degree1Row(row, scale, squared, colData, colData + width, colData + 2 * width, width);
  }
}
