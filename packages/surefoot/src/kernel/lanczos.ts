import { type Backend, type Eigenpair, matrix } from "@surefoot/linalg";

export interface LanczosOptions {
  /** Products at most; that many vectors of length n are kept. Default 300. */
  readonly maxSteps?: number;
  /** Stop when both residuals are ≤ tolerance·λ_max. Default 1e-10. */
  readonly tolerance?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (step: number) => void;
}

/**
 * The ends of the spectrum as far as products find them. Each `residual` is ‖Kv − value·v‖ from a product of its own, so that an
 * eigenvalue of K lies within it of `value`; besides, λ_min ≤ smallest.value and largest.value ≤ λ_max (Rayleigh quotients), up to the rounding
 * of a product. `no-convergence`: a residual is above the tolerance; the bounds hold all the same.
 */
export type LanczosOutcome =
  | {
      readonly status: "ok" | "no-convergence";
      readonly smallest: Eigenpair;
      readonly largest: Eigenpair;
      readonly steps: number;
    }
  | { readonly status: "not-finite" };

/** How often the small matrix is looked at. */
const STRIDE = 10;

/**
 * Extreme eigenvalues of a symmetric n × n matrix (n ≥ 1) known by its products alone: Lanczos with full reorthogonalisation (Parlett, The
 * Symmetric Eigenvalue Problem, ch. 13). For a kernel that fits in memory `Backend.extremalEigenvalues` is faster and surer.
 */
export async function extremalByProducts(
  times: (v: Float64Array) => Promise<Float64Array>,
  n: number,
  backend: Backend,
  options: LanczosOptions = {},
): Promise<LanczosOutcome> {
  const { tolerance = 1e-10 } = options;
  const maxSteps = Math.min(n, options.maxSteps ?? 300);
  const basis = [unit((await backend.normals({ seed: [1, 0], stream: 0, firstRow: 0, rows: 1, cols: n })).data)];
  const alpha: number[] = [];
  const beta: number[] = [];
  for (;;) {
    options.signal?.throwIfAborted();
    const q = basis[alpha.length];
    const w = await times(q);
    if (!w.every(Number.isFinite)) return { status: "not-finite" };
    alpha.push(dot(q, w));
    // Twice is enough (Kahan, Parlett).
    for (let pass = 0; pass < 2; pass++) for (const v of basis) axpy(-dot(v, w), v, w);
    const next = Math.sqrt(dot(w, w));
    const steps = alpha.length;
    options.onProgress?.(steps);
    const scale = Math.max(...alpha.map(Math.abs), ...beta);
    const exhausted = steps === maxSteps || next <= 4 * Number.EPSILON * scale;
    if (exhausted || steps % STRIDE === 0) {
      const small = await ritz(alpha, beta, backend);
      const limit = tolerance * Math.max(Math.abs(small.values[0]), Math.abs(small.values[steps - 1]));
      const estimate = (k: number) => next * Math.abs(small.vectors[k * steps + steps - 1]);
      if (exhausted || (estimate(0) <= limit && estimate(steps - 1) <= limit)) {
        const smallest = await pair(0, small, basis, times);
        const largest = await pair(steps - 1, small, basis, times);
        const ok = Math.max(smallest.residual, largest.residual) <= limit;
        return { status: ok ? "ok" : "no-convergence", smallest, largest, steps };
      }
    }
    beta.push(next);
    basis.push(w.map((value) => value / next));
  }
}

async function ritz(alpha: readonly number[], beta: readonly number[], backend: Backend) {
  const k = alpha.length;
  const t = matrix(k, k);
  for (let i = 0; i < k; i++) {
    t.data[i * k + i] = alpha[i];
    if (i > 0) t.data[i * k + i - 1] = t.data[(i - 1) * k + i] = beta[i - 1];
  }
  const all = await backend.eigenvalues(t, { vectors: true });
  if (all.status !== "ok" || all.vectors === undefined)
    throw new Error(`a ${k} × ${k} tridiagonal matrix: ${all.status}`);
  return { values: all.values, vectors: all.vectors.data };
}

async function pair(
  index: number,
  { values, vectors }: { values: Float64Array; vectors: Float64Array },
  basis: readonly Float64Array[],
  times: (v: Float64Array) => Promise<Float64Array>,
): Promise<Eigenpair> {
  const k = values.length;
  const sum = new Float64Array(basis[0].length);
  for (let s = 0; s < k; s++) axpy(vectors[index * k + s], basis[s], sum);
  const vector = unit(sum);
  const image = await times(vector);
  const value = dot(vector, image);
  axpy(-value, vector, image);
  return { value, vector, residual: Math.sqrt(dot(image, image)) };
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

function axpy(factor: number, x: Float64Array, y: Float64Array): void {
  for (let i = 0; i < x.length; i++) y[i] += factor * x[i];
}

function unit(x: Float64Array): Float64Array {
  const length = Math.sqrt(dot(x, x));
  return x.map((value) => value / length);
}
