/**
 * Proved bounds for λ_min and λ_max of a real symmetric matrix, and of every symmetric matrix within a given distance of it.
 * The matrix is what its lower triangle says; entries are taken as exact reals. An approximate eigenpair comes from the backend and
 * is trusted for nothing: its Rayleigh quotient bounds from inside, one Cholesky factorisation at a shift next to it from outside
 * (Rump 2006; theory/07; docs/proof.md, section 6). NaN or ∞ anywhere gives `undecided`.
 */
import { type Backend, type Matrix, matrix } from "@surefoot/linalg";
import type { Interval } from "./arithmetic.ts";
import { type CholeskyForm, choleskyBound, substitutionSlack, trustOf } from "./cholesky-bound.ts";
import { addDown, addUp, mulUp, powerOfTwo, sqrtUp, subDown } from "./directed.ts";
import { LEAST_POSITIVE, squares, UNIT_ROUNDOFF } from "./error-bounds.ts";
import { type Approximation, approximateGreatest, approximateLeast } from "./lanczos.ts";
import { outward } from "./outward.ts";
import { absoluteProduct, collatzBound, leg, type SymmetricResidual, symmetricResidual } from "./symmetric-residual.ts";

/** A proved enclosure of one eigenvalue, or why there is none. */
export type EigenvalueBound =
  | { readonly status: "proved"; readonly lower: number; readonly upper: number; readonly method: string }
  | { readonly status: "undecided"; readonly reason: string };

export interface EigenvalueOptions {
  /** The bound holds for every symmetric matrix A + E with ‖E‖₂ ≤ radius. Default 0. */
  readonly radius?: number;
}

/** First distance of the shift from the Rayleigh quotient, relative; grows tenfold with each failed factorisation. */
const FIRST_OFFSET = 2e-7;
const ATTEMPTS = 6;
/** A bound this close (relative) to the Rayleigh quotient is not improved by another factorisation. */
const TIGHT = 1e-6;

/** λ_min(A): two-sided. Cost two Choleskys and some triangular solves; one more Cholesky for each retry. */
export async function leastEigenvalue(
  backend: Backend,
  a: Matrix,
  options: EigenvalueOptions = {},
): Promise<EigenvalueBound> {
  return (await extremeEigenvalues(backend, a, { ...options, which: "smallest" })).smallest;
}

/** λ_max(A): two-sided. No factorisation where a norm bound is tight enough. */
export async function greatestEigenvalue(
  backend: Backend,
  a: Matrix,
  options: EigenvalueOptions = {},
): Promise<EigenvalueBound> {
  return (await extremeEigenvalues(backend, a, { ...options, which: "largest" })).largest;
}

const NOT_ASKED: EigenvalueBound = { status: "undecided", reason: "not asked for" };

/** Both ends of the spectrum. */
export async function extremeEigenvalues(
  backend: Backend,
  a: Matrix,
  options: EigenvalueOptions & { readonly which?: "smallest" | "largest" | "both" } = {},
): Promise<{ readonly smallest: EigenvalueBound; readonly largest: EigenvalueBound }> {
  const { radius = 0, which = "both" } = options;
  const none = (reason: string) => ({
    smallest: { status: "undecided", reason } as const,
    largest: { status: "undecided", reason } as const,
  });
  if (!(radius >= 0 && radius < Number.POSITIVE_INFINITY))
    return none("the matrix is known only up to an unbounded error");
  const trust = await trustOf(backend);
  if (trust.status === "untrusted") return none(trust.reason);
  const smallest = which === "largest" ? NOT_ASKED : await boundLeast(backend, trust.form, a);
  const largest = which === "smallest" ? NOT_ASKED : await boundGreatest(backend, trust.form, a);
  return { smallest: widened(smallest, radius), largest: widened(largest, radius) };
}

/** Weyl: a symmetric perturbation moves no eigenvalue by more than its spectral norm. */
function widened(bound: EigenvalueBound, radius: number): EigenvalueBound {
  if (bound.status !== "proved" || radius === 0) return bound;
  return { ...bound, lower: subDown(bound.lower, radius), upper: addUp(bound.upper, radius) };
}

async function boundLeast(backend: Backend, form: CholeskyForm, a: Matrix): Promise<EigenvalueBound> {
  const approximate = await approximateLeast(backend, a);
  if (approximate.status === "failed") return { status: "undecided", reason: approximate.reason };
  const { pair, spare = matrix(a.rows, a.rows) } = approximate;
  const inside = symmetricResidual(a, pair.vector, pair.value);
  const problem = unusable(inside);
  if (problem) return { status: "undecided", reason: problem };
  const { lower, upper } = inside.rayleigh;
  const separated =
    pair.next === undefined ? undefined : await separatedLeast(backend, form, a, pair, pair.next, inside, spare);
  if (separated !== undefined && lower - separated <= TIGHT * Math.abs(lower)) {
    return { status: "proved", lower: separated, upper, method: `Rayleigh quotient separated by ${describe(form)}` };
  }
  const outside = await shiftedCholesky(backend, form, a, 1, within(inside.rayleigh, pair.value));
  const best = Math.max(outside ?? Number.NEGATIVE_INFINITY, separated ?? Number.NEGATIVE_INFINITY);
  if (!(best > Number.NEGATIVE_INFINITY)) {
    return { status: "undecided", reason: "no Cholesky factorisation finished at any shift tried" };
  }
  return { status: "proved", lower: best, upper, method: describe(form) };
}

async function boundGreatest(backend: Backend, form: CholeskyForm, a: Matrix): Promise<EigenvalueBound> {
  const approximate = await approximateGreatest(backend, a);
  if (approximate.status === "failed") return { status: "undecided", reason: approximate.reason };
  const { pair } = approximate;
  const inside = symmetricResidual(a, pair.vector, pair.value);
  const problem = unusable(inside);
  if (problem) return { status: "undecided", reason: problem };
  const lower = inside.rayleigh.lower;
  const goal = addUp(lower, mulUp(Math.abs(lower), TIGHT));
  let best = { upper: inside.frobenius.upper, method: "Frobenius norm" };
  const separated = separatedBound(inside);
  if (separated < best.upper) best = { upper: separated, method: "Rayleigh quotient separated by the Frobenius norm" };
  if (!(best.upper <= goal)) {
    const collatz = collatzFrom(a, pair.vector);
    if (collatz < best.upper) best = { upper: collatz, method: "Collatz–Wielandt quotients of |A|" };
  }
  if (!(best.upper <= goal)) {
    const outside = await shiftedCholesky(backend, form, a, -1, -within(inside.rayleigh, pair.value));
    if (outside !== undefined && -outside < best.upper) best = { upper: -outside, method: describe(form) };
  }
  return { status: "proved", lower, ...best };
}

function within(bounds: Interval, x: number): number {
  return Math.min(Math.max(x, bounds.lower), bounds.upper);
}

function describe(form: CholeskyForm): string {
  return form === "substitution" ? "Cholesky at a shift" : "Cholesky at a shift, residual bounded";
}

function unusable(inside: SymmetricResidual): string | undefined {
  if (!(inside.frobenius.upper < Number.POSITIVE_INFINITY))
    return "the matrix has an entry that is not finite, or its norm overflows";
  const { lower, upper } = inside.rayleigh;
  if (!(lower > Number.NEGATIVE_INFINITY && upper < Number.POSITIVE_INFINITY))
    return "the approximate eigenvector is not usable";
  return undefined;
}

/**
 * Kato–Temple at the upper end: all other eigenvalues lie below b = √(‖A‖_F² − ϱ²), so λ_max ≤ ϱ + δ²/(ϱ − b) when ϱ > b
 * (ϱ the Rayleigh quotient, δ its residual).
 */
function separatedBound(inside: SymmetricResidual): number {
  const { rayleigh, residual, frobenius } = inside;
  if (!(rayleigh.lower > 0)) return Number.POSITIVE_INFINITY;
  const gap = subDown(rayleigh.lower, leg(frobenius, rayleigh));
  if (!(gap > 0)) return Number.POSITIVE_INFINITY;
  const excess = outward.div(outward.square({ lower: 0, upper: residual }), { lower: gap, upper: gap });
  return addUp(rayleigh.upper, excess.upper);
}

/** Where between λ_1 and the estimate of λ_2 the separation is proved; the estimate is from above, so nearer to λ_1. */
const SEPARATION = 0.4;

/**
 * Kato–Temple at the lower end. If A + τvvᵀ ≥ βI then xᵀAx ≥ β‖x‖² for all x ⟂ v, and λ_min(A) ≥ ϱ − δ²/(β − ϱ) when ϱ < β: an error of the
 * factorisation shifts β, not the bound. Undefined when the gap is too small for it, or the factorisation fails. `b` is memory to work in.
 */
async function separatedLeast(
  backend: Backend,
  form: CholeskyForm,
  a: Matrix,
  { value, vector: v }: Approximation,
  next: number,
  { rayleigh, residual, frobenius }: SymmetricResidual,
  b: Matrix,
): Promise<number | undefined> {
  const n = a.rows;
  const gap = next - value;
  let trace = 0;
  for (let i = 0; i < n; i++) trace += a.data[i * n + i];
  // A power of two, so that τv is exact; large enough to lift v out of the way.
  const tau = powerOfTwo(Math.min(900, Math.max(-900, Math.ceil(Math.log2(Math.max(trace / n, 4 * gap))))));
  const beta = value + SEPARATION * gap;
  for (let i = 0; i < n; i++) {
    addMultipleTo(b.data, a.data, i * n, i + 1, tau * v[i], v);
    b.data[i * n + i] -= beta;
  }
  if (!(SEPARATION * gap > 4 * Math.abs(substitutionSlack(b)))) return undefined;
  const outcome = await choleskyBound(backend, b, form, { overwrite: true });
  if (outcome.status === "failed") return undefined;
  // Entries are rounded twice (the product, the sum), the diagonal a third time: in the Frobenius norm.
  const lift = mulUp(tau, squares(v).upper);
  const sizes = addUp(addUp(frobenius.upper, mulUp(2, lift)), mulUp(Math.abs(beta), sqrtUp(n)));
  const rounding = addUp(mulUp(4 * UNIT_ROUNDOFF, sizes), mulUp(4 * n, LEAST_POSITIVE));
  const proved = addDown(beta, -addUp(outcome.slack, rounding));
  const distance = subDown(proved, rayleigh.upper);
  if (!(distance > 0)) return undefined;
  const excess = outward.div(outward.square({ lower: 0, upper: residual }), { lower: distance, upper: distance });
  return subDown(rayleigh.lower, excess.upper);
}

/** out[start + j] = a[start + j] + factor·v[j], j < count. */
function addMultipleTo(
  out: Float64Array,
  a: Float64Array,
  start: number,
  count: number,
  factor: number,
  v: Float64Array,
): void {
  let j = 0;
  for (; j + 3 < count; j += 4) {
    const at = start + j;
    out[at] = a[at] + factor * v[j];
    out[at + 1] = a[at + 1] + factor * v[j + 1];
    out[at + 2] = a[at + 2] + factor * v[j + 2];
    out[at + 3] = a[at + 3] + factor * v[j + 3];
  }
  for (; j < count; j++) out[start + j] = a[start + j] + factor * v[j];
}

/** One step of the power method on |A| from |v| (kept away from 0), then the quotients. */
function collatzFrom(a: Matrix, v: Float64Array): number {
  const start = v.map(Math.abs);
  const floor = 1e-3 * start.reduce((most, x) => Math.max(most, x), 0);
  for (let i = 0; i < start.length; i++) start[i] += floor;
  const x = absoluteProduct(a, start);
  return x.every((value) => value > 0 && value < Number.POSITIVE_INFINITY)
    ? collatzBound(a, x)
    : collatzBound(a, start);
}

/**
 * A lower bound of λ_min(sign·A): B = fl(sign·A − cI), which changes the diagonal alone, so λ_min(sign·A) ≥ c + λ_min(B) − u·max|B_ii|.
 * `estimate` is about λ_min(sign·A); c starts just below it.
 */
async function shiftedCholesky(
  backend: Backend,
  form: CholeskyForm,
  a: Matrix,
  sign: 1 | -1,
  estimate: number,
): Promise<number | undefined> {
  const n = a.rows;
  const b = matrix(n, n, sign === 1 ? a.data.slice() : a.data.map((value) => -value));
  const shiftBy = (c: number) => {
    for (let i = 0; i < n; i++) b.data[i * n + i] = sign * a.data[i * n + i] - c;
  };
  shiftBy(estimate);
  const noise = Math.abs(substitutionSlack(b)) / 16;
  let offset = Math.max(FIRST_OFFSET * Math.abs(estimate), noise);
  for (let attempt = 0; attempt < ATTEMPTS; attempt++, offset *= 10) {
    const c = estimate - offset;
    shiftBy(c);
    const outcome = await choleskyBound(backend, b, form);
    if (outcome.status === "failed") continue;
    let largest = 0;
    for (let i = 0; i < n; i++) largest = Math.max(largest, Math.abs(b.data[i * n + i]));
    return addDown(c, -addUp(outcome.slack, mulUp(UNIT_ROUNDOFF, largest)));
  }
  return undefined;
}
