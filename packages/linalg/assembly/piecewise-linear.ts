/** Kernels of max(x, 0) + slope·min(x, 0) through all layers: the operations of src/piecewise-linear.ts in the same order. */
import { productMinusSquare } from "./arc-cosine";
import { at, atanDeficit, upperHalf } from "./elementary";
import { HALF_PI_HI, HALF_PI_LO } from "./elementary-tables";

const HALF: usize = memory.data<f64>([0.5], 8);
const INVERSE_TWO_PI: usize = memory.data<f64>([0.15915494309189535], 8);

/** What a layer leaves: numbered as PARTS in src/piecewise-linear.ts. */
const COVARIANCE: i32 = 0;
const TANGENT: i32 = 1;
const TOP: i32 = 2;
const BOTH: i32 = 3;

/** One layer of one row; `cols` holds scales, inverse scales and scaled squares, `width` bytes each. */
// @ts-expect-error: decorator
@inline
function layer(part: i32, row: usize, second: usize, slope: f64, weight: f64, bias: f64, scale: f64, squared: f64, cols: usize, width: usize): void {
  const zero = f64x2.splat(0);
  const square = f64x2.splat((1 - slope) * (1 - slope));
  const orthogonal = f64x2.splat(0.25 * (1 + slope) * (1 + slope));
  const leak = f64x2.splat(slope);
  const w = f64x2.splat(weight);
  const beta = f64x2.splat(bias);
  const a = f64x2.splat(squared);
  const ah = upperHalf(a);
  const al = f64x2.sub(a, ah);
  const scaleA = f64x2.splat(scale);
  const inverseA = f64x2.splat(1 / scale);
  for (let j: usize = 0; j < width; j += 16) {
    const s = v128.load(row + j);
    const g = f64x2.mul(f64x2.mul(s, scaleA), v128.load(cols + j));
    const r = f64x2.sqrt(f64x2.pmax(productMinusSquare(a, ah, al, v128.load(cols + 2 * width + j), g), zero));
    const h = f64x2.abs(g);
    const large = f64x2.pmax(r, h);
    const t = v128.andnot(f64x2.div(f64x2.pmin(r, h), large), f64x2.eq(large, zero));
    const deficit = atanDeficit(t);
    const steep = f64x2.gt(r, h);
    const flat = f64x2.sub(t, deficit);
    let next = s;
    if (part != TOP) {
      const angle = f64x2.sub(at(HALF_PI_HI), f64x2.sub(flat, at(HALF_PI_LO)));
      const rest = v128.bitselect(f64x2.sub(r, f64x2.mul(angle, h)), f64x2.mul(h, deficit), steep);
      const kappa = f64x2.add(f64x2.mul(at(HALF), f64x2.pmax(zero, g)), f64x2.mul(rest, at(INVERSE_TWO_PI)));
      const unscaled = f64x2.mul(f64x2.mul(kappa, inverseA), v128.load(cols + width + j));
      next = f64x2.add(f64x2.mul(w, f64x2.add(f64x2.mul(leak, s), f64x2.mul(square, unscaled))), beta);
      v128.store(row + j, next);
    }
    if (part != COVARIANCE) {
      const turned = f64x2.mul(flat, at(INVERSE_TWO_PI));
      const negative = f64x2.lt(g, zero);
      const steepPart = f64x2.add(orthogonal, f64x2.mul(square, v128.bitselect(f64x2.neg(turned), turned, negative)));
      const flatPart = f64x2.add(leak, f64x2.mul(square, v128.bitselect(turned, f64x2.sub(at(HALF), turned), negative)));
      const derivative = v128.bitselect(steepPart, flatPart, steep);
      if (part == BOTH) v128.store(second + j, derivative);
      else {
        const factor = f64x2.mul(w, derivative);
        if (part == TOP) v128.store(row + j, f64x2.mul(f64x2.sub(s, beta), factor));
        else v128.store(second + j, f64x2.add(f64x2.mul(v128.load(second + j), factor), next));
      }
    }
  }
}

function covarianceRow(row: usize, slope: f64, weight: f64, bias: f64, scale: f64, squared: f64, cols: usize, width: usize): void {
  layer(COVARIANCE, row, 0, slope, weight, bias, scale, squared, cols, width);
}

function tangentRow(row: usize, theta: usize, slope: f64, weight: f64, bias: f64, scale: f64, squared: f64, cols: usize, width: usize): void {
  layer(TANGENT, row, theta, slope, weight, bias, scale, squared, cols, width);
}

function topRow(row: usize, slope: f64, weight: f64, bias: f64, scale: f64, squared: f64, cols: usize, width: usize): void {
  layer(TOP, row, 0, slope, weight, bias, scale, squared, cols, width);
}

function bothRow(row: usize, second: usize, slope: f64, weight: f64, bias: f64, scale: f64, squared: f64, cols: usize, width: usize): void {
  layer(BOTH, row, second, slope, weight, bias, scale, squared, cols, width);
}

/**
 * Replaces the rows × stride covariances by what `part` asks for. `rowData`: scale, scaled square per layer and row; `colData`: per layer
 * `stride` scales, inverse scales, scaled squares. `second`: for "both" the derivatives, rows × stride; else one row for each thread.
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
): void {
  const width = <usize>stride << 3;
  const end = <i32>((<i64>rows * (thread + 1)) / threads);
  for (let i = <i32>((<i64>rows * thread) / threads); i < end; i++) {
    const row = covariances + <usize>i * width;
    const beside = second + <usize>(part == BOTH ? i : thread) * width;
    if (part == TANGENT) memory.copy(beside, row, width);
    for (let h = 0; h < layers; h++) {
      const place = rowData + (<usize>(h * rows + i) << 4);
      const scale = load<f64>(place);
      const squared = load<f64>(place, 8);
      const cols = colData + 3 * <usize>h * width;
      const last = h == layers - 1;
      if (part == TANGENT) tangentRow(row, beside, slope, weight, bias, scale, squared, cols, width);
      else if (part == TOP && last) topRow(row, slope, weight, bias, scale, squared, cols, width);
      else if (part == BOTH && last) bothRow(row, beside, slope, weight, bias, scale, squared, cols, width);
      else covarianceRow(row, slope, weight, bias, scale, squared, cols, width);
    }
    if (part == TANGENT) memory.copy(row, beside, width);
  }
}
