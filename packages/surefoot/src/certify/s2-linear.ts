import { type Matrix, matrix } from "@surefoot/linalg";
import type { Arithmetic, Interval } from "../interval/arithmetic.ts";
import type { VectorBall } from "./evidence.ts";
import { binaryUnit, type MidpointKernel, raise, UNDERFLOW, unitRoundoff } from "./s2-kernel.ts";

/** Sums over the linear prediction e_lin(k) = (I − ηM)^k e₀, all from above. */
export interface LinearSums {
  /** P_lin = η Σ_k ‖e_lin(k)‖₂. */
  readonly path: number;
  /** V_j = η Σ_k |e_lin,j(k)|. */
  readonly perSample: Float64Array;
  /** How many of the k were simulated, before the tail. */
  readonly steps: number;
  /** Covers all k: each from its own time up to the next, the last one for ever. */
  readonly grid: readonly GridPoint[];
  /** ≥ η Σ_k ‖computed − exact e_lin(k)‖ over the simulated k: what S of the grid may be off by. */
  readonly error: number;
}

export interface GridPoint {
  /** S_j = η Σ_{s<k} e_lin,j(s), as computed. */
  readonly reached: Float64Array;
  /** ≥ the sum of η|e_lin,j| from here to the next grid point. */
  readonly ahead: Float64Array;
}

/** Grid times grow by this factor. */
const GROWTH = 1.15;

/** Stop when the tail is this share of what has been summed, or when the work is spent. */
const TAIL = 1e-3;
const WORK = 1e9;
/** Steps much shorter than 1/λ_max are taken b at a time, bηλ_max ≤ BLOCK. */
const BLOCK = 0.1;

/**
 * Simulates e_lin with at most `work` multiplications, in blocks of b steps e ← T e, T = (I − ηM)^b, and adds the tail ‖e_lin(K)‖/λ.
 *
 * Inside a block the second differences of e_lin are at most (ηλ_max)²‖e‖, so it stays within i(b − i)/2 times that of the line between the
 * ends, and Σ_i |e_j(t + i)| ≤ ½(b + 1)|e_j(t)| + ½(b − 1)|e_j(t + b)| + b(b² − 1)/12·(ηλ_max)²‖e(t)‖; the same for norms. With rounding errors f
 * the computed sequence differs from the exact one by at most Σ f/λ in the sums, as ‖I − ηM‖ ≤ 1 − ηλ.
 */
export function linearSums(
  residual: VectorBall,
  { kernel, spectrum }: MidpointKernel,
  step: Interval,
  arithmetic: Arithmetic,
  work = WORK,
): LinearSums {
  const n = residual.mid.length;
  const lambda = spectrum.lambdaMin.value.lower;
  const eta = step.upper;
  const largest = spectrum.lambdaMax.value.upper + kernel.radius;
  const squarings = Math.max(0, Math.floor(Math.log2(BLOCK / (eta * largest))));
  const { transfer, doubt: perStep } = transferMatrix(kernel.mid, kernel.radius, largest, step, squarings, arithmetic);
  const block = 2 ** squarings;
  const bend = ((block * (block * block - 1)) / 12) * (eta * largest) ** 2;
  const [near, far] = [(block + 1) / 2, (block - 1) / 2];

  const unit = binaryUnit(residual.mid); // everything below is in this unit, so that no square of an entry of e₀ under- or overflows
  const sums = new Float64Array(n);
  const signed = new Float64Array(n); // S
  const grid: { reached: Float64Array; before: Float64Array }[] = [];
  let e = residual.mid.map((value) => value / unit);
  let next = new Float64Array(n);
  let path = 0;
  let bent = 0;
  let doubt = residual.radius / unit + n * UNDERFLOW;
  let norm = normOf(e);
  let steps = 0;
  let nextGrid = 0;
  const limit = Math.max(100, Math.floor(work / (n * n)));
  while (steps < limit && norm / lambda > TAIL * eta * path) {
    if (steps >= nextGrid) {
      grid.push({ reached: signed.map((sum) => eta * sum), before: sums.slice() });
      nextGrid = Math.max(steps + 1, steps * GROWTH);
    }
    apply(transfer, e, next);
    const nextNorm = normOf(next);
    path += near * norm + far * nextNorm + bend * norm;
    bent += bend * norm;
    for (let i = 0; i < n; i++) {
      sums[i] += near * Math.abs(e[i]) + far * Math.abs(next[i]) + bend * norm;
      signed[i] += near * e[i] + far * next[i];
    }
    doubt += perStep * norm;
    [e, next] = [next, e];
    norm = nextNorm;
    steps++;
  }
  grid.push({ reached: signed.map((sum) => eta * sum), before: sums.slice() });
  const roundings = n + 4 * steps + 40;
  const tail = raise((norm + doubt) / lambda, roundings, arithmetic);
  const above = (sum: number) => raise((eta * sum + tail) * unit, roundings, arithmetic);
  const error = (eta * bent + doubt / lambda + 8 * (steps + 8) * unitRoundoff(arithmetic) * eta * path) * unit;
  return {
    path: above(path),
    perSample: sums.map(above),
    steps: steps * block,
    grid: grid.map(({ reached, before }, k) => ({
      reached: reached.map((sum) => sum * unit),
      // sums grow: the difference of two is off by the roundings of the later one
      ahead: sums.map((last, i) => {
        const later = k + 1 < grid.length ? grid[k + 1].before[i] : last;
        return above(later - before[i] + 8 * (steps + 8) * unitRoundoff(arithmetic) * last);
      }),
    })),
    error: raise(error, roundings, arithmetic),
  };
}

/** T = (I − ηM)^(2^squarings) and a bound of the error of one application, relative to ‖e‖ (0 in floating point). */
function transferMatrix(
  mid: Matrix,
  radius: number,
  largest: number,
  step: Interval,
  squarings: number,
  arithmetic: Arithmetic,
): { transfer: Matrix; doubt: number } {
  const n = mid.rows;
  const u = unitRoundoff(arithmetic);
  const eta = step.upper;
  let transfer = matrix(
    n,
    n,
    mid.data.map((value, k) => (k % (n + 1) === 0 ? 1 : 0) - eta * value),
  );
  // entries: two roundings of at most 1 + η|M_ij|; ‖|A|‖₂ ≤ √n‖A‖₂
  let error = 4 * u * (1 + eta * Math.sqrt(n) * largest) + eta * radius + (eta - step.lower) * largest;
  for (let k = 0; k < squarings; k++) {
    transfer = square(transfer);
    error = 2 * error + error * error + 2 * (n + 2) * u * n * (1 + error) ** 2;
  }
  return { transfer, doubt: error + 2 * (n + 4) * u * Math.sqrt(n) * (1 + error) };
}

function square(a: Matrix): Matrix {
  const n = a.rows;
  const out = matrix(n, n);
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < n; k++) {
      const factor = a.data[i * n + k];
      for (let j = 0; j < n; j++) out.data[i * n + j] += factor * a.data[k * n + j];
    }
  }
  return out;
}

function apply({ rows, data }: Matrix, e: Float64Array, out: Float64Array): void {
  for (let i = 0; i < rows; i++) {
    let sum = 0;
    const offset = i * rows;
    for (let j = 0; j < rows; j++) sum += data[offset + j] * e[j];
    out[i] = sum;
  }
}

function normOf(v: Float64Array): number {
  let sum = 0;
  for (const x of v) sum += x * x;
  return Math.sqrt(sum);
}
