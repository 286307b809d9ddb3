/**
 * λ_min and λ_max of a symmetric matrix without the rest of the spectrum.
 *
 * Lanczos with full reorthogonalisation (Golub & Van Loan, 10.3) on A for the end that it reaches easily, on (A − σ)⁻¹ from a Cholesky
 * factor otherwise, with σ moved closer when the spectrum is clustered there. Stops by the residual ‖Av − θv‖, which puts *an* eigenvalue
 * near θ; that none lies below is then confirmed by the Cholesky factorisation of A − (θ − δ). What cannot be confirmed is
 * thrown away and all eigenvalues are computed: the outcome's `method` says which it was.
 */
import type { EigenOutcome, Eigenpair, ExtremalOptions, ExtremalOutcome } from "./backend.ts";
import { inner, lanczos, norm, scaled } from "./lanczos.ts";
import { normals } from "./random.ts";

/** What a backend must be able to do with its matrix A, of entries at most about 1 (the true matrix is A·unit). */
export interface ExtremalPrimitives {
  readonly n: number;
  readonly unit: number;
  /** A·x. */
  multiply(x: Float64Array): Promise<Float64Array>;
  /** Factors sign·A − shift by Cholesky; whether it is positive definite. A factor replaces the one before; a failure leaves none. */
  factor(sign: 1 | -1, shift: number): Promise<boolean>;
  /** (sign·A − shift)⁻¹·x with the last factor. */
  solve(x: Float64Array): Promise<Float64Array>;
  /** All eigenvalues of A, with vectors. */
  all(): Promise<EigenOutcome>;
}

/** Up to this order all eigenvalues cost no more than an iteration. */
const SMALL = 128;

const UNIT_ROUNDOFF = 2 ** -53;

/** Steps of Lanczos to learn the size of A, on A itself, and between two shifts; shifts before giving up. */
const SCALE_STEPS = 6;
const PLAIN_STEPS = 48;
const SHIFTED_STEPS = 26;
const SHIFTS = 5;

/** An eigenpair of sign·A and the δ of its confirmation. */
interface Confirmed {
  readonly pair: Eigenpair;
  readonly how: string;
}

export async function extremalEigenvalues(
  primitives: ExtremalPrimitives,
  options: ExtremalOptions = {},
): Promise<ExtremalOutcome> {
  const { which = "both", tolerance = 1e-13 } = options;
  if (primitives.n <= SMALL) return fromAll(primitives, which);
  const size = await roughSize(primitives);
  if (size === 0) return fromAll(primitives, which);
  const largest = which === "smallest" ? undefined : await lowest(primitives, -1, size, tolerance);
  if (which !== "smallest" && !largest) return fromAll(primitives, which);
  const smallest = which === "largest" ? undefined : await lowest(primitives, 1, size, tolerance);
  if (which !== "largest" && !smallest) return fromAll(primitives, which);
  const { unit } = primitives;
  const parts = [...(smallest ? [`smallest: ${smallest.how}`] : []), ...(largest ? [`largest: ${largest.how}`] : [])];
  return {
    status: "ok",
    ...(smallest ? { smallest: inUnits(smallest.pair, unit, 1) } : {}),
    ...(largest ? { largest: inUnits(largest.pair, unit, -1) } : {}),
    method: parts.join("; "),
  };
}

function inUnits({ value, vector, residual }: Eigenpair, unit: number, sign: 1 | -1): Eigenpair {
  return { value: sign * value * unit, vector, residual: residual * unit };
}

async function fromAll(
  primitives: ExtremalPrimitives,
  which: "smallest" | "largest" | "both",
): Promise<ExtremalOutcome> {
  const { n, unit } = primitives;
  const outcome = await primitives.all();
  if (outcome.status === "not-finite") return outcome;
  if (outcome.status === "no-convergence" || !outcome.vectors) return { status: "no-convergence" };
  const { values, vectors } = outcome;
  const pair = async (k: number) => {
    const vector = vectors.data.slice(k * n, (k + 1) * n);
    return inUnits({ value: values[k], vector, residual: await residual(primitives, 1, values[k], vector) }, unit, 1);
  };
  return {
    status: "ok",
    ...(which !== "largest" ? { smallest: await pair(0) } : {}),
    ...(which !== "smallest" ? { largest: await pair(n - 1) } : {}),
    method: "all eigenvalues",
  };
}

async function residual(
  primitives: ExtremalPrimitives,
  sign: 1 | -1,
  value: number,
  vector: Float64Array,
): Promise<number> {
  const product = await primitives.multiply(vector);
  for (let i = 0; i < product.length; i++) product[i] -= sign * value * vector[i];
  return norm(product);
}

/** A start that is no eigenvector's enemy: normals of a fixed seed. */
function start(n: number): Float64Array {
  return normals({ seed: [0x4c616e63, 0x7a6f73], stream: 0, firstRow: 0, rows: n, cols: 1 }).data;
}

/** A lower bound of max|λ|, mostly within a factor of two. */
async function roughSize(primitives: ExtremalPrimitives): Promise<number> {
  const run = await lanczos(primitives.multiply, start(primitives.n), SCALE_STEPS, () => false);
  const other = norm(await primitives.multiply(run.vector));
  return Math.max(Math.abs(run.value), other);
}

/** The smallest eigenvalue of sign·A; undefined when it cannot be had and confirmed this way. */
async function lowest(
  primitives: ExtremalPrimitives,
  sign: 1 | -1,
  size: number,
  tolerance: number,
): Promise<Confirmed | undefined> {
  const { n } = primitives;
  const rounding = 8 * Math.sqrt(n) * UNIT_ROUNDOFF * size;
  let vector = start(n);
  let shift = sign === 1 ? await firstFactor(primitives, [0, -4 * rounding]) : undefined;
  if (shift === undefined) {
    const negative = async (x: Float64Array) => {
      const product = await primitives.multiply(x);
      return sign === 1 ? product.map((y) => -y) : product;
    };
    const run = await lanczos(
      negative,
      vector,
      PLAIN_STEPS,
      (value, rest) => rest <= 0.5 * tolerance * Math.max(size, Math.abs(value)),
    );
    vector = run.vector;
    const value = -run.value;
    const rest = await residual(primitives, sign, value, vector);
    if (rest <= tolerance * Math.max(size, Math.abs(value))) {
      const found = await confirm(primitives, sign, { value, vector, residual: rest }, rounding, "Lanczos");
      if (found) return found;
    }
    const gap = Math.max(4 * run.rest, 16 * rounding);
    shift = await firstFactor(primitives, [value - gap, value - 8 * gap, value - 64 * gap], sign);
  }
  if (shift === undefined) return undefined;
  return shiftAndInvert(primitives, sign, size, tolerance, rounding, vector, shift);
}

/** The first of the shifts below the spectrum of sign·A; it stays factored. */
async function firstFactor(
  primitives: ExtremalPrimitives,
  shifts: readonly number[],
  sign: 1 | -1 = 1,
): Promise<number | undefined> {
  for (const shift of shifts) if (await primitives.factor(sign, shift)) return shift;
  return undefined;
}

async function shiftAndInvert(
  primitives: ExtremalPrimitives,
  sign: 1 | -1,
  size: number,
  tolerance: number,
  rounding: number,
  first: Float64Array,
  firstShift: number,
): Promise<Confirmed | undefined> {
  let vector = first;
  let shift = firstShift;
  const goal = 0.25 * tolerance * size;
  /** Whether the Rayleigh quotient, off by ρ²/g, is below the rounding of a factorisation, if the next eigenvalue is g ≥ gap/1000 away. */
  const ready = (rest: number, gap: number) => rest * rest <= 2.5e-4 * rounding * gap;
  let last = false;
  for (let round = 0; round < SHIFTS; round++) {
    if (!last) {
      // After one more inverse step the Ritz vector of value μ and residual ρ has the residual ρ/μ² with A.
      const done = (mu: number, rho: number) => rho <= goal * mu * mu || ready(rho / mu / mu, 1 / mu);
      const run = await lanczos(primitives.solve, vector, SHIFTED_STEPS, done);
      if (!(run.value > 0)) return undefined;
      vector = run.vector;
    }
    vector = scaled(await primitives.solve(vector));
    const product = await primitives.multiply(vector);
    const value = sign * inner(product, vector);
    for (let i = 0; i < product.length; i++) product[i] -= sign * value * vector[i];
    const rest = norm(product);
    if (!Number.isFinite(rest)) return undefined;
    if (rest <= tolerance * Math.max(size, Math.abs(value))) {
      const how = round === 0 ? "shift-and-invert Lanczos" : `shift-and-invert Lanczos with ${round + 1} shifts`;
      return confirm(primitives, sign, { value, vector, residual: rest }, rounding, how, shift);
    }
    const gap = value - shift;
    // A shift just below the value confirms it at the same time, and one inverse step there is enough.
    const tight = value - 0.75 * rounding;
    const tried = tight > shift && ready(rest, gap);
    last = tried && (await primitives.factor(sign, tight));
    if (last) {
      shift = tight;
      continue;
    }
    const closer = Math.max(gap / 64, 2 * rest, 4 * rounding);
    if (!(closer < gap / 2) && !tried) continue;
    const moved = await firstFactor(primitives, [value - closer, value - gap / 4, shift], sign);
    if (moved === undefined) return undefined;
    shift = moved;
  }
  return undefined;
}

/** Cholesky of sign·A − (θ − δ): it exists only if no eigenvalue lies below θ − δ, up to its rounding, which δ exceeds. */
async function confirm(
  primitives: ExtremalPrimitives,
  sign: 1 | -1,
  pair: Eigenpair,
  rounding: number,
  how: string,
  factored = Number.NEGATIVE_INFINITY,
): Promise<Confirmed | undefined> {
  for (const delta of [2 * pair.residual + rounding, 2 * pair.residual + 16 * rounding]) {
    if (factored >= pair.value - delta || (await primitives.factor(sign, pair.value - delta))) {
      const bound = (delta * primitives.unit).toExponential(1);
      return { pair, how: `${how}, confirmed by Cholesky to ${bound}` };
    }
  }
  return undefined;
}
