/**
 * Elementary functions with the same bits on every engine: only +, −, ×, ÷, √ and comparisons in a fixed order, which IEEE 754
 * fixes, where `Math.exp` and its kin are left to each engine. Errors are a few units in the last place (tests hold them against
 * mpmath); nothing here is an enclosure, proofs use their own. The WebAssembly kernels repeat these operations in the same order.
 */

const LN2_HI = 0.6931471803691238; // 32 leading bits of ln 2, so that k·LN2_HI is exact for |k| < 2²¹
const LN2_LO = 1.9082149292705877e-10;
const INVERSE_LN2 = Math.LOG2E;

const bits = new DataView(new ArrayBuffer(8));

/** 2^k for −1022 ≤ k ≤ 1023. */
function powerOfTwo(k: number): number {
  bits.setInt32(0, (k + 1023) << 20);
  bits.setInt32(4, 0);
  return bits.getFloat64(0);
}

/** 1/k! for k = 0 … 13. */
const INVERSE_FACTORIALS = Float64Array.from({ length: 14 }, (_, k) => 1 / factorial(k));

function factorial(k: number): number {
  let product = 1;
  for (let i = 2; i <= k; i++) product *= i;
  return product;
}

/** eˣ: x = k·ln 2 + r with |r| ≤ ½ ln 2, Taylor polynomial of degree 13 in r (remainder below 5e-18). */
export function exp(x: number): number {
  if (!(x <= 709.782712893384)) return x > 0 ? Number.POSITIVE_INFINITY : x; // overflow, NaN
  if (x < -745.1332191019412) return 0;
  const k = Math.floor(x * INVERSE_LN2 + 0.5);
  const r = x - k * LN2_HI - k * LN2_LO;
  let p = INVERSE_FACTORIALS[13];
  for (let i = 12; i >= 2; i--) p = p * r + INVERSE_FACTORIALS[i];
  const value = 1 + (r + r * r * p);
  if (k > 1023) return value * powerOfTwo(k - 1) * 2;
  if (k < -1021) return value * powerOfTwo(k + 60) * 8.673617379884035e-19; // 2⁻⁶⁰
  return value * powerOfTwo(k);
}

/** 2/(2k + 1) for k = 1 … 11: log((1 + s)/(1 − s)) = 2s + Σ s·s²ᵏ·2/(2k + 1). */
const ATANH = Float64Array.from({ length: 11 }, (_, k) => 2 / (2 * k + 3));

/** ln x: x = 2ᵏ·f with √½ ≤ f < √2, s = (f − 1)/(f + 1), |s| ≤ 0.1716. */
export function log(x: number): number {
  if (!(x > 0)) return x === 0 ? Number.NEGATIVE_INFINITY : Number.NaN;
  if (x === Number.POSITIVE_INFINITY) return x;
  let k = 0;
  let value = x;
  if (value < 2.2250738585072014e-308) {
    value *= 18014398509481984; // 2⁵⁴
    k = -54;
  }
  bits.setFloat64(0, value);
  const high = bits.getInt32(0);
  k += (high >> 20) - 1023;
  bits.setInt32(0, (high & 0x000fffff) | 0x3ff00000);
  let f = bits.getFloat64(0);
  if (f >= Math.SQRT2) {
    f *= 0.5;
    k += 1;
  }
  const g = f - 1;
  const s = g / (2 + g);
  const z = s * s;
  let p = ATANH[10];
  for (let i = 9; i >= 0; i--) p = p * z + ATANH[i];
  // ln f = 2s + s·z·p and 2s = g − s·g: the leading term g is exact.
  return k * LN2_HI + (g - (s * (g - z * p) - k * LN2_LO));
}

const SINE = Float64Array.from({ length: 9 }, (_, k) => (k % 2 === 0 ? 1 : -1) / factorial(2 * k + 1));
const COSINE = Float64Array.from({ length: 9 }, (_, k) => (k % 2 === 0 ? 1 : -1) / factorial(2 * k));

/** [cos 2πt, sin 2πt] for 0 ≤ t < 1, written to `out`: the quarter turn nearest to t, then Taylor polynomials on |r| ≤ π/4. */
export function turn(t: number, out: { cos: number; sin: number }): void {
  const quarter = Math.floor(4 * t + 0.5);
  const r = (t - 0.25 * quarter) * 6.283185307179586;
  const z = r * r;
  let s = SINE[8];
  for (let i = 7; i >= 0; i--) s = s * z + SINE[i];
  s *= r;
  let c = COSINE[8];
  for (let i = 7; i >= 0; i--) c = c * z + COSINE[i];
  const odd = (quarter & 1) === 1;
  const x = odd ? s : c;
  const y = odd ? c : s;
  out.cos = quarter === 1 || quarter === 2 ? -x : x;
  out.sin = quarter === 2 || quarter === 3 ? -y : y;
}

/** ln(1 + x), by the correction of the rounding in 1 + x (Kahan). */
export function log1p(x: number): number {
  const u = 1 + x;
  return u === 1 || u === Number.POSITIVE_INFINITY ? x : (log(u) * x) / (u - 1);
}

/** eˣ − 1, by the same correction. */
export function expm1(x: number): number {
  const u = exp(x);
  if (u === 1) return x;
  const y = u - 1;
  return y === -1 || u === Number.POSITIVE_INFINITY ? y : (y * x) / log(u);
}

export function tanh(x: number): number {
  const y = expm1(-2 * Math.abs(x));
  const t = -y / (y + 2);
  return x < 0 ? -t : t;
}

export function sigmoid(x: number): number {
  return x >= 0 ? 1 / (1 + exp(-x)) : exp(x) / (1 + exp(x));
}

export function softplus(x: number): number {
  return Math.max(x, 0) + log1p(exp(-Math.abs(x)));
}

/** Φ(x) = ½ + φ(x)(x + x³/3 + x⁵/15 + …) near 0, the continued fraction of the tail beyond. */
export function normalCdf(x: number): number {
  if (Math.abs(x) >= 40) return x > 0 ? 1 : 0;
  const density = 0.3989422804014327 * exp(-0.5 * x * x);
  if (Math.abs(x) < 3) {
    let term = x;
    let sum = x;
    for (let k = 3; Math.abs(term) > 1e-18 * Math.abs(sum); k += 2) {
      term *= (x * x) / k;
      sum += term;
    }
    return 0.5 + density * sum;
  }
  let tail = 0;
  for (let k = 120; k >= 1; k--) tail = k / (Math.abs(x) + tail);
  tail = density / (Math.abs(x) + tail);
  return x > 0 ? 1 - tail : tail;
}

export function erf(x: number): number {
  const y = 2 * normalCdf(Math.abs(x) * Math.SQRT2) - 1;
  return x < 0 ? -y : y;
}
