import { checkExtremal, checkSquare } from "../arguments.ts";
import type { EigenOutcome, Eigenpair, ExtremalOptions, ExtremalOutcome } from "../backend.ts";
import { type Matrix, matrix } from "../matrix.ts";

const SWEEPS = 60;

/** Cyclic Jacobi (Golub & Van Loan, 8.5): slow and very accurate. */
export function eigenvalues(a: Matrix, vectors = false): EigenOutcome {
  const n = checkSquare("eigenvalues", a);
  const scale = largest(a);
  if (!Number.isFinite(scale)) return { status: "not-finite" };
  const s = new Float64Array(n * n);
  const v = vectors ? new Float64Array(n * n) : undefined;
  if (v) for (let i = 0; i < n; i++) v[i * n + i] = 1;
  const unit = scale === 0 ? 1 : 2 ** Math.floor(Math.log2(scale));
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) s[i * n + j] = s[j * n + i] = a.data[i * n + j] / unit;
  }
  for (let sweep = 0; ; sweep++) {
    const rotations = jacobiSweep(s, v, n);
    if (rotations === 0) break;
    if (sweep === SWEEPS) return { status: "no-convergence", index: rotations };
  }
  const order = Array.from({ length: n }, (_, i) => i).sort((p, q) => s[p * n + p] - s[q * n + q]);
  const values = Float64Array.from(order, (i) => s[i * n + i] * unit);
  if (!v) return { status: "ok", values };
  const out = matrix(n, n);
  order.forEach((from, to) => {
    out.data.set(v.subarray(from * n, (from + 1) * n), to * n);
  });
  return { status: "ok", values, vectors: out };
}

/** λ_min and λ_max from all eigenvalues. */
export function extremalEigenvalues(a: Matrix, options: ExtremalOptions = {}): ExtremalOutcome {
  checkExtremal(a);
  const all = eigenvalues(a, true);
  if (all.status === "not-finite") return all;
  if (all.status === "no-convergence") return { status: "no-convergence" };
  const { values, vectors } = all;
  const { which = "both" } = options;
  const pair = (k: number) => eigenpair(a, values[k], vectors!.data.slice(k * a.rows, (k + 1) * a.rows));
  return {
    status: "ok",
    ...(which !== "largest" ? { smallest: pair(0) } : {}),
    ...(which !== "smallest" ? { largest: pair(a.rows - 1) } : {}),
    method: "all eigenvalues",
  };
}

function eigenpair(a: Matrix, value: number, vector: Float64Array): Eigenpair {
  const n = a.rows;
  const residual = vector.map((x) => -value * x);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) residual[i] += (j <= i ? a.data[i * n + j] : a.data[j * n + i]) * vector[j];
  }
  return { value, vector, residual: Math.hypot(...residual) }; // hypot, since squares of 1e±300 leave the range
}

/** Rotates every off-diagonal pair that is not negligible to zero; returns how many there were. */
function jacobiSweep(s: Float64Array, v: Float64Array | undefined, n: number): number {
  let rotations = 0;
  for (let p = 0; p < n - 1; p++) {
    for (let q = p + 1; q < n; q++) {
      const off = s[p * n + q];
      const threshold = Number.EPSILON * 0.25 * Math.sqrt(Math.abs(s[p * n + p])) * Math.sqrt(Math.abs(s[q * n + q]));
      if (Math.abs(off) <= Math.max(threshold, 1e-18 / n)) continue;
      rotations++;
      const theta = (s[q * n + q] - s[p * n + p]) / (2 * off);
      const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
      const c = 1 / Math.sqrt(t * t + 1);
      const sine = t * c;
      rotate(s, n, p, q, c, sine);
      s[p * n + q] = s[q * n + p] = 0;
      if (!v) continue;
      for (let k = 0; k < n; k++) {
        const vp = v[p * n + k];
        const vq = v[q * n + k];
        v[p * n + k] = c * vp - sine * vq;
        v[q * n + k] = sine * vp + c * vq;
      }
    }
  }
  return rotations;
}

function rotate(s: Float64Array, n: number, p: number, q: number, c: number, sine: number): void {
  const pp = s[p * n + p];
  const qq = s[q * n + q];
  const pq = s[p * n + q];
  for (let k = 0; k < n; k++) {
    const kp = s[k * n + p];
    const kq = s[k * n + q];
    s[k * n + p] = s[p * n + k] = c * kp - sine * kq;
    s[k * n + q] = s[q * n + k] = sine * kp + c * kq;
  }
  s[p * n + p] = c * c * pp - 2 * c * sine * pq + sine * sine * qq;
  s[q * n + q] = sine * sine * pp + 2 * c * sine * pq + c * c * qq;
}

function largest(a: Matrix): number {
  let max = 0;
  for (let i = 0; i < a.rows; i++) {
    for (let j = 0; j <= i; j++) {
      const size = Math.abs(a.data[i * a.cols + j]);
      if (!Number.isFinite(size)) return Number.POSITIVE_INFINITY;
      if (size > max) max = size;
    }
  }
  return max;
}
