/**
 * Approximate extreme eigenpairs for the shifts of a proof, faster than a full reduction to tridiagonal form. Nothing here is proved or
 * trusted: a poor pair only costs a wider bound or another factorisation.
 */
import { type Backend, type Eigenpair, type Matrix, matrix } from "@surefoot/linalg";

/** Below this order the backend's own solver is quicker. */
const DIRECT_ORDER = 128;
const STEPS = 160;
/** Stop when the Ritz value moves by less than SETTLED, relatively, in CHECK_EVERY steps. */
const CHECK_EVERY = 4;
const SETTLED = 2e-7;
/** Inverse iterations after Lanczos, at most. */
const SMOOTHING_STEPS = 3;
/** Stop when a bound by separation would lose less than this, relatively: about a proof's own rounding at n = 2 000 and λ_max/λ_min = 10⁶. */
const LOSS = 2e-7;

type Apply = (x: Float64Array) => Promise<Float64Array | undefined>;

export interface Approximation extends Pick<Eigenpair, "value" | "vector"> {
  /** The eigenvalue next to it, where the method shows one. */
  readonly next?: number;
}

export type ApproximatePair =
  /** `spare`: memory of the matrix's size that nobody needs. */
  | { readonly status: "ok"; readonly pair: Approximation; readonly spare?: Matrix }
  | { readonly status: "failed"; readonly reason: string };

/** λ_min by Lanczos on A⁻¹ = L⁻ᵀL⁻¹ (one Cholesky), or by the backend's solver when A is small or has no Cholesky factor. */
export async function approximateLeast(backend: Backend, a: Matrix): Promise<ApproximatePair> {
  const n = a.rows;
  if (n <= DIRECT_ORDER) return direct(backend, a, "smallest");
  const factored = await backend.cholesky(a);
  if (factored.status !== "ok") return direct(backend, a, "smallest");
  const l = factored.factor;
  const invert: Apply = async (x) => {
    const half = await backend.solveTriangular(l, matrix(n, 1, x));
    if (half.status !== "ok") return undefined;
    const whole = await backend.solveTriangular(l, half.solution, { transpose: true });
    return whole.status === "ok" ? whole.solution.data : undefined;
  };
  /** λ_1 and λ_2 of A near 1/μ and 1/μ_2, and a vector whose residual with A is δ: what Kato and Temple's δ²/(λ_2 − λ_1) is of λ_1. */
  const loss = (mu: number, next: number, delta: number) => (delta * delta * mu) / (0.4 * (1 / next - 1 / mu));
  const pair = await lanczos(backend, n, invert, 1, ({ value, next, rest }) => {
    // one inverse iteration turns a Ritz vector of residual ρ with A⁻¹ into one of residual ρ/μ² with A
    return next !== undefined && next > 0 && loss(value, next, rest / value / value) <= LOSS;
  });
  if (!pair || !(pair.value > 0)) return direct(backend, a, "smallest");
  // A Ritz vector of A⁻¹ holds traces of eigenvectors that A magnifies: inverse iteration damps each by λ_1/λ_j.
  let { value, vector } = pair;
  for (let step = 0; step < SMOOTHING_STEPS; step++) {
    const next = await invert(vector);
    if (!next) return direct(backend, a, "smallest");
    value = product(next, vector);
    const length = Math.sqrt(product(next, next));
    const smooth = next.map((x) => x / length);
    // A·smooth = vector/length
    const delta = Math.sqrt(smooth.reduce((sum, x, i) => sum + (vector[i] / length - x / value) ** 2, 0));
    vector = smooth;
    if (pair.next !== undefined && pair.next > 0 && loss(value, pair.next, delta) <= LOSS) break;
  }
  const next = pair.next !== undefined && pair.next > 0 ? { next: 1 / pair.next } : {};
  return { status: "ok", pair: { value: 1 / value, vector, ...next }, spare: l };
}

/** λ_max by Lanczos on A, or by the backend's solver when A is small. */
export async function approximateGreatest(backend: Backend, a: Matrix): Promise<ApproximatePair> {
  const n = a.rows;
  if (n <= DIRECT_ORDER) return direct(backend, a, "largest");
  const pair = await lanczos(backend, n, async (x) => symmetricProduct(a, x));
  return pair ? { status: "ok", pair } : direct(backend, a, "largest");
}

async function direct(backend: Backend, a: Matrix, which: "smallest" | "largest"): Promise<ApproximatePair> {
  const outcome = await backend.extremalEigenvalues(a, { which });
  if (outcome.status === "not-finite")
    return { status: "failed", reason: "the matrix has an entry that is not finite" };
  const pair = outcome[which];
  return pair ? { status: "ok", pair } : { status: "failed", reason: "the eigensolver did not converge" };
}

/** The largest Ritz values, and the residual of the first as the recurrence gives it. */
interface Ritz {
  readonly value: number;
  readonly next: number | undefined;
  readonly rest: number;
}

/**
 * The largest eigenvalue of a symmetric operator, by Lanczos with full reorthogonalisation, until it has settled or `done`; undefined when a number
 * is not finite.
 */
async function lanczos(
  backend: Backend,
  n: number,
  apply: Apply,
  checkEvery = CHECK_EVERY,
  done: (ritz: Ritz) => boolean = () => false,
): Promise<Approximation | undefined> {
  const basis: Float64Array[] = [normalised(start(n))];
  const diagonal: number[] = [];
  const beside: number[] = [];
  const seen: number[] = [];
  for (let k = 0; ; k++) {
    const w = (await apply(basis[k]))?.slice();
    if (!w) return undefined;
    diagonal.push(product(w, basis[k]));
    for (let pass = 0; pass < 2; pass++) for (const v of basis) subtract(w, product(w, v), v);
    const length = Math.sqrt(product(w, w));
    if (!Number.isFinite(length) || !Number.isFinite(diagonal[k])) return undefined;
    const exhausted = k + 1 === Math.min(STEPS, n) || length <= 1e-14 * Math.abs(diagonal[0]);
    if (exhausted || k % checkEvery === checkEvery - 1) {
      const ritz = await topOfTridiagonal(backend, diagonal, beside);
      if (!ritz) return undefined;
      const rest = length * Math.abs(ritz.weights[k]);
      const settled = Math.abs(ritz.value - (seen[k - CHECK_EVERY] ?? Number.NaN)) <= SETTLED * Math.abs(ritz.value);
      if (exhausted || settled || done({ ...ritz, rest })) {
        const vector = new Float64Array(n);
        ritz.weights.forEach((weight, i) => {
          subtract(vector, -weight, basis[i]);
        });
        return {
          value: ritz.value,
          vector: normalised(vector),
          ...(ritz.next === undefined ? {} : { next: ritz.next }),
        };
      }
      seen[k] = ritz.value;
    }
    beside.push(length);
    basis.push(w.map((x) => x / length));
  }
}

async function topOfTridiagonal(backend: Backend, diagonal: readonly number[], beside: readonly number[]) {
  const k = diagonal.length;
  const t = matrix(k, k);
  for (let i = 0; i < k; i++) {
    t.data[i * k + i] = diagonal[i];
    if (i > 0) t.data[i * k + i - 1] = t.data[(i - 1) * k + i] = beside[i - 1];
  }
  const all = await backend.eigenvalues(t, { vectors: true });
  if (all.status !== "ok" || !all.vectors) return undefined;
  return {
    value: all.values[k - 1],
    next: k > 1 ? all.values[k - 2] : undefined,
    weights: all.vectors.data.subarray((k - 1) * k, k * k),
  };
}

/** Ax from the lower triangle, four rows at a time: each entry is read once and serves twice. */
function symmetricProduct(a: Matrix, x: Float64Array): Float64Array {
  const n = a.rows;
  const out = new Float64Array(n);
  let i = 0;
  for (; i + 3 < n; i += 4) {
    const [x0, x1, x2, x3] = [x[i], x[i + 1], x[i + 2], x[i + 3]];
    let s0 = 0;
    let s1 = 0;
    let s2 = 0;
    let s3 = 0;
    const start = i * n;
    for (let j = 0; j < i; j++) {
      const a0 = a.data[start + j];
      const a1 = a.data[start + n + j];
      const a2 = a.data[start + 2 * n + j];
      const a3 = a.data[start + 3 * n + j];
      const xj = x[j];
      s0 += a0 * xj;
      s1 += a1 * xj;
      s2 += a2 * xj;
      s3 += a3 * xj;
      out[j] += a0 * x0 + a1 * x1 + (a2 * x2 + a3 * x3);
    }
    out[i] += s0;
    out[i + 1] += s1;
    out[i + 2] += s2;
    out[i + 3] += s3;
    addTriangle(a, x, out, i, i + 4);
  }
  for (let k = i; k < n; k++) {
    let s = 0;
    for (let j = 0; j < i; j++) {
      s += a.data[k * n + j] * x[j];
      out[j] += a.data[k * n + j] * x[k];
    }
    out[k] += s;
  }
  addTriangle(a, x, out, i, n);
  return out;
}

/** The part of Ax that comes from the symmetric block of rows and columns from … to. */
function addTriangle(a: Matrix, x: Float64Array, out: Float64Array, from: number, to: number): void {
  for (let i = from; i < to; i++) {
    out[i] += a.data[i * a.cols + i] * x[i];
    for (let j = from; j < i; j++) {
      out[i] += a.data[i * a.cols + j] * x[j];
      out[j] += a.data[i * a.cols + j] * x[i];
    }
  }
}

/** A fixed vector without structure, so that results are reproducible. */
function start(n: number): Float64Array {
  let state = 1;
  return Float64Array.from({ length: n }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32 - 0.5;
  });
}

function product(x: Float64Array, y: Float64Array): number {
  let s = 0;
  for (let i = 0; i < x.length; i++) s += x[i] * y[i];
  return s;
}

function subtract(x: Float64Array, factor: number, y: Float64Array): void {
  for (let i = 0; i < x.length; i++) x[i] -= factor * y[i];
}

function normalised(x: Float64Array): Float64Array {
  const length = Math.sqrt(product(x, x));
  return x.map((value) => value / length);
}
