import { determinant } from "@surefoot/linalg";

/** The value of an integral with an estimate of its absolute error, from two steps of the rule. */
export type Quadrature =
  | { readonly status: "ok"; readonly value: number; readonly error: number }
  /** The error estimate stays above what was asked: σ has a kink or the variance is large. */
  | { readonly status: "no-convergence"; readonly value: number; readonly error: number }
  | { readonly status: "not-square-integrable" };

type Function = (x: number) => number;

/** Two steps must agree to so much of E[|f(u)g(v)|]. */
const RELATIVE = 1e-14;
const MOST_EVALUATIONS = 2 ** 24;

/**
 * E[f(u)g(v)], (u, v) ∼ N(0, [[a, c], [c, b]]), g = f unless given, by the trapezoidal rule in both coordinates of u = √a z₁,
 * v = (c/√a)z₁ + √(b − c²/a)z₂: exponentially accurate for functions analytic near the reals (Trefethen & Weideman 2014), at any
 * correlation. The steps are halved until two values differ by at most 1e-14·E|f(u)g(v)|; the estimate is that difference plus the
 * rounding of the sum. Variances are finite and ≥ 0.
 */
export function quadrature(f: Function, a: number, c: number, b: number, g: Function = f): Quadrature {
  if (b > a) return quadrature(g, b, c, a, f);
  const s = Math.sqrt(a);
  const slope = a === 0 ? 0 : c / s;
  const rest = a === 0 ? 0 : Math.sqrt(determinant(a, c, b) / a);
  const reach = Math.max(reachOf(f, s), reachOf(g, Math.sqrt(b)));
  if (!Number.isFinite(reach)) return { status: "not-square-integrable" };
  let [h1, h2] = [0.5 / Math.max(1, s), 0.5 / Math.max(1, rest)];
  let before = sum(f, g, s, slope, rest, h1, h2, reach);
  for (;;) {
    h1 /= 2;
    h2 /= 2;
    const now = sum(f, g, s, slope, rest, h1, h2, reach);
    const difference = Math.abs(now.value - before.value);
    const error = difference + 8 * Number.EPSILON * now.size;
    if (!Number.isFinite(error)) return { status: "not-square-integrable" };
    if (difference <= RELATIVE * now.size) return { status: "ok", value: now.value, error };
    if (4 * now.evaluations > MOST_EVALUATIONS) return { status: "no-convergence", value: now.value, error };
    before = now;
  }
}

/** E[f(u)], u ∼ N(0, a). */
export function average(f: Function, a: number): Quadrature {
  return quadrature(f, a, 0, 0, () => 1);
}

/** How many standard deviations hold f²φ but for 1e-17 of its peak; ∞ if 38 do not, where φ nears the end of the doubles. */
function reachOf(f: Function, s: number): number {
  let largest = 0;
  for (let z = 0; z <= 38; z += 0.25) {
    const size = energy(f, s, z);
    if (size === Number.POSITIVE_INFINITY) return size;
    if (z > 8.5 && size <= 1e-17 * largest) return z;
    largest = Math.max(largest, size);
  }
  return Number.POSITIVE_INFINITY;
}

/** max |f(±sz)|²φ(z), up to a constant. */
function energy(f: Function, s: number, z: number): number {
  const [plus, minus] = [f(s * z), f(-s * z)];
  const size = Math.max(plus * plus, minus * minus) * Math.exp((-z * z) / 2);
  return Number.isNaN(size) ? Number.POSITIVE_INFINITY : size;
}

/** The rule with steps h1, h2; a coordinate that has no part in u and v is left out. */
function sum(f: Function, g: Function, s: number, slope: number, rest: number, h1: number, h2: number, reach: number) {
  const [w1, w2] = [weights(s > 0, h1, reach), weights(rest > 0, h2, reach)];
  const [many1, many2] = [w1.length - 1, w2.length - 1];
  let value = 0;
  let size = 0;
  for (let i = -many1; i <= many1; i++) {
    const first = f(s * i * h1) * w1[Math.abs(i)];
    let inner = 0;
    let innerSize = 0;
    for (let j = -many2; j <= many2; j++) {
      const term = g(slope * i * h1 + rest * j * h2) * w2[Math.abs(j)];
      inner += term;
      innerSize += Math.abs(term);
    }
    value += first * inner;
    size += Math.abs(first) * innerSize;
  }
  return { value, size, evaluations: (2 * many1 + 1) * (2 * many2 + 1) };
}

/** h·φ(jh) for j ≥ 0, or the single weight 1. */
function weights(used: boolean, h: number, reach: number): Float64Array {
  if (!used) return Float64Array.of(1);
  const length = Math.ceil(reach / h) + 1;
  return Float64Array.from({ length }, (_, j) => (h * Math.exp(-0.5 * (j * h) * (j * h))) / Math.sqrt(2 * Math.PI));
}
