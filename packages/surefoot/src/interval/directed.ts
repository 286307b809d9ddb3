/**
 * Directed rounding for single operations in round-to-nearest arithmetic: `addDown(a, b)` is the largest double that this
 * method can show to be ≤ a + b, `addUp` the least shown to be ≥. The rounded result moves to its neighbour only when the operation was inexact,
 * which an error-free transformation decides (docs/proof.md, section 2); where the transformation itself could over- or
 * underflow the bound moves in any case. NaN in, NaN out: a comparison with NaN is false, so nothing is concluded from it.
 */

const value = new Float64Array(1);
const words = new Uint32Array(value.buffer);
const LOW = new Uint8Array(new Float64Array([1]).buffer)[7] === 0x3f ? 0 : 1; // little-endian machines keep the low word first
const HIGH = 1 - LOW;

/** 2ᵏ for −1074 ≤ k ≤ 1023, from its bits: ECMAScript leaves the last digit of `**` to the engine. */
export function powerOfTwo(k: number): number {
  words[HIGH] = 0;
  words[LOW] = 0;
  if (k >= -1022) words[HIGH] = (k + 1023) << 20;
  else if (k >= -1042) words[HIGH] = 1 << (k + 1042);
  else words[LOW] = 1 << (k + 1074);
  return value[0];
}

const LEAST = powerOfTwo(-1074);
const GREATEST = Number.MAX_VALUE;
/** Sums of two smaller numbers overflow nowhere inside TwoSum. */
const SUM_LIMIT = powerOfTwo(1021);
/** Veltkamp's multiplication by 2²⁷ + 1 does not overflow up to here. */
const SPLIT_LIMIT = powerOfTwo(995);
/** |fl(ab)| ≥ 2⁻⁹⁶⁹ keeps the error of a product a multiple of 2⁻¹⁰⁷⁴. */
const PRODUCT_LEAST = powerOfTwo(-969);
const PRODUCT_LIMIT = powerOfTwo(1020);
const SPLITTER = 134217729; // 2²⁷ + 1

/** The least double > x; of the greatest double ∞, of ∞ and NaN itself. */
export function nextUp(x: number): number {
  if (!(x < Number.POSITIVE_INFINITY)) return x;
  if (x === 0) return LEAST;
  if (x === Number.NEGATIVE_INFINITY) return -GREATEST;
  value[0] = x;
  if (x > 0) {
    words[LOW]++;
    if (words[LOW] === 0) words[HIGH]++;
  } else {
    if (words[LOW] === 0) words[HIGH]--;
    words[LOW]--;
  }
  return value[0];
}

/** The greatest double < x. */
export function nextDown(x: number): number {
  return -nextUp(-x);
}

/** (a + b) − fl(a + b), exact below SUM_LIMIT (Knuth's TwoSum; gradual underflow is exact). */
function sumError(a: number, b: number, s: number): number {
  const t = s - a;
  return a - (s - t) + (b - t);
}

/** ab − fl(ab), exact under the conditions of `productIsSafe` (Dekker's product with Veltkamp's splitting). */
export function productError(a: number, b: number, p: number): number {
  const ca = SPLITTER * a;
  const aHigh = ca - (ca - a);
  const aLow = a - aHigh;
  const cb = SPLITTER * b;
  const bHigh = cb - (cb - b);
  const bLow = b - bHigh;
  return aLow * bLow - (p - aHigh * bHigh - aLow * bHigh - aHigh * bLow);
}

function productIsSafe(a: number, b: number, p: number): boolean {
  const size = Math.abs(p);
  return size >= PRODUCT_LEAST && size <= PRODUCT_LIMIT && Math.abs(a) <= SPLIT_LIMIT && Math.abs(b) <= SPLIT_LIMIT;
}

export function addUp(a: number, b: number): number {
  const s = a + b;
  if (b === 0 || a === 0) return s;
  if (Math.abs(a) < SUM_LIMIT && Math.abs(b) < SUM_LIMIT) return sumError(a, b, s) > 0 ? nextUp(s) : s;
  if (Math.abs(a) === Number.POSITIVE_INFINITY || Math.abs(b) === Number.POSITIVE_INFINITY) return s;
  return nextUp(s);
}

export function addDown(a: number, b: number): number {
  return -addUp(-a, -b);
}

export function subUp(a: number, b: number): number {
  return addUp(a, -b);
}

export function subDown(a: number, b: number): number {
  return -addUp(-a, b);
}

/** Brings operands into the range where Dekker's product is exact, and back, without rounding. */
const FAR = powerOfTwo(600);
const NEAR = powerOfTwo(-600);
const SMALL = powerOfTwo(-400);
const LARGE = powerOfTwo(400);

/** Sign of ab − p for a finite p = fl(ab) ≠ 0, exact whatever the sizes: p − fl(a'b') is exact because both are within a factor two. */
function productSide(a: number, b: number, p: number): number {
  if (productIsSafe(a, b, p)) return productError(a, b, p);
  const aIsLarger = Math.abs(a) >= Math.abs(b);
  let larger = aIsLarger ? a : b;
  let smaller = aIsLarger ? b : a;
  let target = p;
  if (Math.abs(p) < 1) {
    // |ab| ≥ 2⁻¹⁰⁷⁵, so the smaller one is below 2⁻⁴⁸⁰ or Dekker's product was safe but for the size of the larger one.
    if (Math.abs(larger) > LARGE) {
      larger *= NEAR;
      smaller *= FAR;
    } else {
      smaller *= FAR;
      target *= FAR;
    }
  } else if (Math.abs(smaller) < LARGE) {
    larger *= NEAR;
    target *= NEAR;
    if (Math.abs(target) < SMALL) {
      smaller *= FAR;
      target *= FAR;
    }
  } else {
    larger *= NEAR;
    target *= NEAR;
  }
  const product = larger * smaller;
  return product - target + productError(larger, smaller, product);
}

/** 0·∞ is 0: an infinite end of an interval stands for arbitrarily large reals, never for infinity itself. */
export function mulUp(a: number, b: number): number {
  const p = a * b;
  if (a === 0 || b === 0) return Number.isNaN(a) || Number.isNaN(b) ? Number.NaN : 0;
  if (!(Math.abs(a) < Number.POSITIVE_INFINITY && Math.abs(b) < Number.POSITIVE_INFINITY)) return p;
  if (p === 0) return a > 0 === b > 0 ? LEAST : 0;
  if (Math.abs(p) === Number.POSITIVE_INFINITY) return nextUp(p);
  return productSide(a, b, p) > 0 ? nextUp(p) : p;
}

export function mulDown(a: number, b: number): number {
  return -mulUp(-a, b);
}

/** b ≠ 0; ∞/∞ is NaN. */
export function divUp(a: number, b: number): number {
  const q = a / b;
  if (a === 0 || !(Math.abs(a) < Number.POSITIVE_INFINITY) || Number.isNaN(b)) return q;
  if (q === 0) return a > 0 === b > 0 ? LEAST : 0; // an underflow, or b infinite
  if (Math.abs(q) === Number.POSITIVE_INFINITY) return nextUp(q);
  let numerator = a;
  let denominator = b;
  let shift = 0; // of the quotient, in units of 2⁶⁰⁰
  if (Math.abs(a) < SMALL) {
    numerator *= FAR;
    shift++;
  } else if (Math.abs(a) > LARGE) {
    numerator *= NEAR;
    shift--;
  }
  if (Math.abs(b) < SMALL) {
    denominator *= FAR;
    shift--;
  } else if (Math.abs(b) > LARGE) {
    denominator *= NEAR;
    shift++;
  }
  let quotient = q;
  for (; shift > 0; shift--) quotient *= FAR;
  for (; shift < 0; shift++) quotient *= NEAR;
  const p = quotient * denominator;
  const excess = p - numerator + productError(quotient, denominator, p);
  return excess !== 0 && excess > 0 !== b > 0 ? nextUp(q) : q;
}

export function divDown(a: number, b: number): number {
  return -divUp(-a, b);
}

/** √a for a ≥ 0. `Math.sqrt` is only a guess: TwoProduct(s, s) − a decides on which side of the root s lies. */
export function sqrtUp(a: number): number {
  return sqrtTowards(a, true);
}

export function sqrtDown(a: number): number {
  return sqrtTowards(a, false);
}

const GUESS_STEPS = 8;

function sqrtTowards(a: number, up: boolean): number {
  if (!(a > 0) || a === Number.POSITIVE_INFINITY) return a < 0 ? Number.NaN : a;
  if (a < powerOfTwo(-900)) return sqrtTowards(a * powerOfTwo(200), up) * powerOfTwo(-100);
  if (a > powerOfTwo(900)) return sqrtTowards(a * powerOfTwo(-200), up) * powerOfTwo(100);
  let s = Math.sqrt(a);
  let side = rootSide(s, a);
  for (let step = 0; step < GUESS_STEPS; step++) {
    if (side === 0) return s;
    const next = side > 0 ? nextDown(s) : nextUp(s);
    const nextSide = rootSide(next, a);
    if (Number.isNaN(side) || Number.isNaN(nextSide)) break;
    if (nextSide === 0) return next;
    if (nextSide > 0 !== side > 0) return up === side > 0 ? s : next;
    s = next;
    side = nextSide;
  }
  return up ? Math.max(a, 1) : Math.min(a, 1);
}

/** Sign of s² − a, exact for a between 2⁻⁹⁰⁰ and 2⁹⁰⁰ and s within a factor 1.4 of √a; anything else is NaN. */
function rootSide(s: number, a: number): number {
  const p = s * s;
  return p >= 0.5 * a && p <= 2 * a ? p - a + productError(s, s, p) : Number.NaN;
}
