/** Lanczos iteration for the largest eigenvalue of a symmetric operator, and the small vector operations that go with it. */

export interface Ritz {
  /** The largest Ritz value, its vector of length 1, and the residual ‖Op(v) − value·v‖ as the recurrence gives it. */
  readonly value: number;
  readonly vector: Float64Array;
  readonly rest: number;
}

/** Steps between two looks at the Ritz values. */
const LOOK = 3;

/**
 * At most `steps` applications of `apply`, ended when `done(value, rest)` holds or the Krylov space is exhausted. Every new vector is
 * orthogonalised twice against all before ("twice is enough", Kahan and Parlett).
 */
export async function lanczos(
  apply: (x: Float64Array) => Promise<Float64Array>,
  start: Float64Array,
  steps: number,
  done: (value: number, rest: number) => boolean,
): Promise<Ritz> {
  const basis = [scaled(start)];
  const diagonal: number[] = [];
  const off: number[] = [];
  for (let k = 0; ; k++) {
    const next = await apply(basis[k]);
    const before = norm(next);
    diagonal.push(inner(next, basis[k]));
    for (let pass = 0; pass < 2; pass++) for (const q of basis) addMultiple(next, -inner(next, q), q);
    const beta = norm(next);
    const last = k + 1 >= Math.min(steps, start.length) || !(beta > 1e-14 * before);
    if (last || k % LOOK === LOOK - 1) {
      const { value, vector } = largestRitz(diagonal, off);
      const rest = beta * Math.abs(vector[k]);
      if (last || done(value, rest)) return { value, rest, vector: combine(basis, vector) };
    }
    off.push(beta);
    basis.push(next.map((x) => x / beta));
  }
}

/** Number of eigenvalues of the tridiagonal matrix below x (Sturm sequence). */
function countBelow(diagonal: readonly number[], off: readonly number[], x: number): number {
  let count = 0;
  let pivot = 1;
  for (let i = 0; i < diagonal.length; i++) {
    pivot = diagonal[i] - x - (i > 0 ? (off[i - 1] * off[i - 1]) / pivot : 0);
    if (pivot === 0) pivot = Number.MIN_VALUE;
    if (pivot < 0) count++;
  }
  return count;
}

/** Largest eigenvalue by bisection; its vector by inverse iteration from just above, where elimination needs no pivoting. */
function largestRitz(diagonal: readonly number[], off: readonly number[]): { value: number; vector: Float64Array } {
  const n = diagonal.length;
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < n; i++) {
    const radius = (i > 0 ? off[i - 1] : 0) + (i < n - 1 ? off[i] : 0);
    low = Math.min(low, diagonal[i] - radius);
    high = Math.max(high, diagonal[i] + radius);
  }
  const size = Math.max(Math.abs(low), Math.abs(high), Number.MIN_VALUE);
  high += 4 * Number.EPSILON * size;
  for (let step = 0; step < 80 && high - low > 2 * Number.EPSILON * size; step++) {
    const middle = low + 0.5 * (high - low);
    if (countBelow(diagonal, off, middle) === n) high = middle;
    else low = middle;
  }
  let vector = new Float64Array(n).fill(1);
  for (let pass = 0; pass < 3; pass++) vector = solveShifted(diagonal, off, high, vector);
  return { value: high, vector };
}

/** A multiple, of length 1, of (shift − T)⁻¹·b for a shift above the spectrum of T. */
function solveShifted(
  diagonal: readonly number[],
  off: readonly number[],
  shift: number,
  b: Float64Array,
): Float64Array<ArrayBuffer> {
  const n = diagonal.length;
  const x = Float64Array.from(b);
  const pivots = new Float64Array(n);
  const least = Number.EPSILON * Number.EPSILON * Math.max(Math.abs(shift), Number.MIN_VALUE);
  for (let i = 0; i < n; i++) {
    const ratio = i > 0 ? off[i - 1] / pivots[i - 1] : 0;
    pivots[i] = Math.max(shift - diagonal[i] - (i > 0 ? ratio * off[i - 1] : 0), least);
    if (i > 0) x[i] += ratio * x[i - 1];
  }
  for (let i = n - 1; i >= 0; i--) x[i] = (x[i] + (i < n - 1 ? off[i] * x[i + 1] : 0)) / pivots[i];
  return scaled(x);
}

function combine(basis: readonly Float64Array[], weights: Float64Array): Float64Array {
  const sum = new Float64Array(basis[0].length);
  weights.forEach((weight, k) => {
    addMultiple(sum, weight, basis[k]);
  });
  return scaled(sum);
}

function addMultiple(target: Float64Array, factor: number, x: Float64Array): void {
  for (let i = 0; i < target.length; i++) target[i] += factor * x[i];
}

export function inner(x: Float64Array, y: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += x[i] * y[i];
  return sum;
}

export function norm(x: Float64Array): number {
  let largest = 0;
  for (const value of x) largest = Math.max(largest, Math.abs(value));
  if (!(largest > 0) || !Number.isFinite(largest)) return largest;
  let sum = 0;
  for (const value of x) sum += (value / largest) * (value / largest);
  return largest * Math.sqrt(sum);
}

/** x to length 1; zero stays zero. */
export function scaled(x: Float64Array): Float64Array<ArrayBuffer> {
  const length = norm(x);
  return Float64Array.from(x, (value) => (length > 0 ? value / length : value));
}
