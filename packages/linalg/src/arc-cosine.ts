/**
 * Arc-cosine kernels of degree 0 and 1 (Cho & Saul, "Kernel methods for deep learning", NIPS 2009, eqs. 1, 4, 6) from a Gram entry
 * g = a·b and the squared lengths A = |a|², B = |b|². With r = √(AB − g²) = |a||b| sin θ and θ = atan2(r, g),
 *
 *   κ₀ = ½ − θ/2π,   κ₁ = ½ max(g, 0) + δ/2π,   δ = r − ∠·|g| = |g|(t − arctan t),  t = r/|g|, ∠ = θ or π − θ, whichever is ≤ π/2.
 *
 * AB − g² is formed from error-free products, and t − arctan t has a polynomial of its own, so that nothing cancels near parallel
 * or antiparallel pairs: the value is that of the given g, A, B to a few u, relative for κ₁, relative for κ₀ and π − θ as θ → π.
 * What cannot be helped is in the inputs: a relative error ε of g moves a small θ by about ε/θ, and g, A, B rounded from exact
 * inner products leave θ below ~√u undetermined; `angle` reads it from the vectors. |g| > |a||b| counts as equality (θ = 0 or π);
 * a zero vector has θ = 0 with all others; a negative or non-finite input gives NaN. assembly/arc-cosine.ts does the same operations
 * in the same order.
 */
import { atan2, atanDeficit } from "./elementary.ts";
import { HALF_PI_HI, HALF_PI_LO } from "./elementary-tables.ts";
import { LinalgError } from "./error.ts";
import { type Matrix, matrix } from "./matrix.ts";

export const INVERSE_TWO_PI = 0.15915494309189535;

/** All pairs; see `Backend.arcCosine`. Throws `shape`. */
export function arcCosine(
  degree: 0 | 1,
  gram: Matrix,
  squaredRows: Float64Array,
  squaredCols: Float64Array,
  out: Matrix = matrix(gram.rows, gram.cols),
): Matrix {
  checkArcCosine(gram, squaredRows, squaredCols, out);
  const rows = scaledLengths(squaredRows);
  const cols = scaledLengths(squaredCols);
  for (let i = 0; i < gram.rows; i++) {
    for (let j = 0; j < gram.cols; j++) {
      const g = gram.data[i * gram.cols + j] * rows.scales[i] * cols.scales[j];
      const value = scaledPair(degree, g, rows.squared[i], cols.squared[j]);
      out.data[i * gram.cols + j] = degree === 0 ? value : (value / rows.scales[i]) * (1 / cols.scales[j]);
    }
  }
  return out;
}

export function checkArcCosine(gram: Matrix, squaredRows: Float64Array, squaredCols: Float64Array, out: Matrix): void {
  const { rows, cols } = gram;
  if (squaredRows.length !== rows || squaredCols.length !== cols) {
    throw new LinalgError(
      "shape",
      `a ${rows} × ${cols} Gram matrix with ${squaredRows.length} and ${squaredCols.length} squared lengths`,
    );
  }
  if (out.rows !== rows || out.cols !== cols) {
    throw new LinalgError("shape", `out is ${out.rows} × ${out.cols}, wanted ${rows} × ${cols}`);
  }
}

/** Powers of two s with s²A in [1, 4), and s²A (A = 0: s = 1): products of what is left neither overflow nor underflow. */
export function scaledLengths(squared: Float64Array): { scales: Float64Array; squared: Float64Array } {
  const scales = new Float64Array(squared.length);
  const scaled = new Float64Array(squared.length);
  squared.forEach((value, i) => {
    scales[i] = value > 0 && value < Number.POSITIVE_INFINITY ? inverseRoot(value) : value === 0 ? 1 : Number.NaN;
    scaled[i] = value * scales[i] * scales[i];
  });
  return { scales, squared: scaled };
}

const bits = new DataView(new ArrayBuffer(8));

/** The power of two s with 1 ≤ s²x < 4. */
function inverseRoot(x: number): number {
  const subnormal = x < 2.2250738585072014e-308;
  bits.setFloat64(0, subnormal ? x * 18014398509481984 : x); // 2⁵⁴
  const exponent = (bits.getInt32(0) >> 20) - 1023 - (subnormal ? 54 : 0);
  bits.setInt32(0, (1023 - (exponent >> 1)) << 20);
  bits.setInt32(4, 0);
  return bits.getFloat64(0);
}

/** a·b − c² from products without rounding error (Veltkamp's splitting, Dekker's product). */
export function productMinusSquare(a: number, b: number, c: number): number {
  const [ah, bh, ch] = [head(a), head(b), head(c)];
  const [al, bl, cl] = [a - ah, b - bh, c - ch];
  const ab = a * b;
  const cc = c * c;
  const abRest = ah * bh - ab + ah * bl + al * bh + al * bl;
  const ccRest = ch * ch - cc + 2 * (ch * cl) + cl * cl;
  return ab - cc + (abRest - ccRest);
}

/** The upper 26 bits of x. */
function head(x: number): number {
  const c = x * 134217729; // 2²⁷ + 1
  return c - (c - x);
}

/** r = √(ab − g²), h = |g|, `deficit` and `flat` = t − arctan t and arctan t for the smaller over the larger, the angle to the nearer axis. */
export function angleOf(g: number, a: number, b: number) {
  const r = Math.sqrt(Math.max(productMinusSquare(a, b, g), 0));
  const h = Math.abs(g);
  const large = Math.max(r, h);
  const t = large === 0 ? 0 : Math.min(r, h) / large;
  const deficit = atanDeficit(t);
  const flat = t - deficit;
  const steep = r > h;
  return { r, h, deficit, flat, steep, angle: steep ? HALF_PI_HI - (flat - HALF_PI_LO) : flat };
}

function scaledPair(degree: 0 | 1, g: number, a: number, b: number): number {
  const { r, h, deficit, steep, angle } = angleOf(g, a, b);
  if (degree === 0) return g < 0 ? angle * INVERSE_TWO_PI : 0.5 - angle * INVERSE_TWO_PI;
  return 0.5 * Math.max(g, 0) + (steep ? r - angle * h : h * deficit) * INVERSE_TWO_PI;
}

/**
 * The angle between two vectors in [0, π], to a few u absolutely however close to parallel or antiparallel they are:
 * 2·atan2(‖a/|a| − b/|b|‖, ‖a/|a| + b/|b|‖) (Kahan, "How futile are mindless assessments of roundoff", §12). 0 if one is zero.
 */
export function angle(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) throw new LinalgError("shape", `angle of vectors of lengths ${a.length} and ${b.length}`);
  const u = unitVector(a);
  const v = unitVector(b);
  let minus = 0;
  let plus = 0;
  for (let i = 0; i < u.length; i++) {
    minus += (u[i] - v[i]) * (u[i] - v[i]);
    plus += (u[i] + v[i]) * (u[i] + v[i]);
  }
  return u.every((x) => x === 0) || v.every((x) => x === 0) ? 0 : 2 * atan2(Math.sqrt(minus), Math.sqrt(plus));
}

function unitVector(a: ArrayLike<number>): Float64Array {
  let largest = 0;
  for (let i = 0; i < a.length; i++) largest = Math.max(largest, Math.abs(a[i]));
  if (largest === 0) return new Float64Array(a.length);
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] / largest) * (a[i] / largest);
  const length = Math.sqrt(sum);
  return Float64Array.from(a, (x) => x / largest / length);
}
