import type { Matrix } from "@surefoot/linalg";
import { type Arithmetic, point, rounded } from "../interval/arithmetic.ts";
import { addUp, mulUp, sqrtUp } from "../interval/directed.ts";
import { outward } from "../interval/outward.ts";

/**
 * Bounds from above of non-negative quantities. Sums, products and roots of upper bounds are upper bounds, so a formula made of
 * these alone needs no lower ends: in floating point it is simply evaluated, in outward arithmetic every step is rounded up.
 */
export interface Upward {
  add(a: number, b: number): number;
  mul(a: number, b: number): number;
  /** a/b for b > 0. */
  div(a: number, b: number): number;
  sqrt(a: number): number;
  /** √(a² + b²). */
  hypot(a: number, b: number): number;
}

export function upward(arithmetic: Arithmetic): Upward {
  if (arithmetic === rounded) return PLAIN;
  if (arithmetic === outward) return ROUNDED_UP;
  const add = (a: number, b: number) => arithmetic.add(point(a), point(b)).upper;
  const mul = (a: number, b: number) => arithmetic.mul(point(a), point(b)).upper;
  const sqrt = (a: number) => arithmetic.sqrt(point(a)).upper;
  const div = (a: number, b: number) => arithmetic.div(point(a), point(b)).upper;
  return { add, mul, sqrt, div, hypot: hypotOf({ add, mul, sqrt }) };
}

function hypotOf({ add, mul, sqrt }: Pick<Upward, "add" | "mul" | "sqrt">): Upward["hypot"] {
  return (a, b) => (a === 0 ? b : b === 0 ? a : sqrt(add(mul(a, a), mul(b, b))));
}

/** `outward` and `rounded` without the intervals around their numbers: κ is evaluated for every sample in every cell of a path. */
const ROUNDED_UP: Upward = {
  add: addUp,
  mul: mulUp,
  div: (a, b) => outward.div(point(a), point(b)).upper,
  sqrt: sqrtUp,
  hypot: hypotOf({ add: addUp, mul: mulUp, sqrt: sqrtUp }),
};

const PLAIN: Upward = {
  add: (a, b) => a + b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  sqrt: Math.sqrt,
  hypot: (a, b) => Math.sqrt(a * a + b * b),
};

const ITERATIONS = 100;

/**
 * ‖B‖₂ from above for a symmetric matrix with non-negative entries: Collatz–Wielandt, λ_max(B) ≤ max_i (Bv)_i / v_i for every
 * positive v. The power method only proposes v; the bound holds for any. NaN if an entry is.
 */
export function perronBound(b: Matrix, up: Upward): number {
  const n = b.rows;
  const ones = new Float64Array(n).fill(1);
  return Math.min(quotient(b, ones, up), quotient(b, perronVector(b), up));
}

function quotient(b: Matrix, v: Float64Array, up: Upward): number {
  let worst = 0;
  for (let i = 0; i < b.rows; i++) {
    let sum = 0;
    for (let j = 0; j < b.cols; j++) {
      const entry = b.data[i * b.cols + j];
      if (entry !== 0) sum = up.add(sum, up.mul(entry, v[j]));
    }
    worst = Math.max(worst, sum === 0 ? 0 : up.div(sum, v[i]));
  }
  return worst;
}

/** A positive vector near the leading eigenvector; iterates with B + (‖B‖_∞/2)·I, whose leading eigenvalue is alone in modulus. */
function perronVector(b: Matrix): Float64Array {
  const n = b.rows;
  let v = new Float64Array(n).fill(1);
  let w = new Float64Array(n);
  let shift = 0;
  for (let step = 0; step < ITERATIONS; step++) {
    let largest = 0;
    let change = 0;
    for (let i = 0; i < n; i++) {
      let sum = shift * v[i];
      for (let j = 0; j < n; j++) sum += b.data[i * n + j] * v[j];
      w[i] = sum;
      if (sum > largest) largest = sum;
    }
    if (!(largest > 0 && largest < Number.MAX_VALUE)) return new Float64Array(n).fill(1);
    if (step === 0) shift = largest / 2;
    for (let i = 0; i < n; i++) {
      w[i] = Math.max(w[i] / largest, 1e-100);
      change = Math.max(change, Math.abs(w[i] - v[i]));
    }
    [v, w] = [w, v];
    if (change < 1e-10) break;
  }
  return v;
}
