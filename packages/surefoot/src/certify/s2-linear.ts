import type { Arithmetic, Interval } from "../interval/arithmetic.ts";
import type { VectorBall } from "./evidence.ts";
import { type MidpointKernel, raise, unitRoundoff } from "./s2-kernel.ts";

/** Sums over the linear prediction e_lin(k) = (I − ηM)^k e₀, all from above. */
export interface LinearSums {
  /** P_lin = η Σ_k ‖e_lin(k)‖₂. */
  readonly path: number;
  /** V_j = η Σ_k |e_lin,j(k)|. */
  readonly perSample: Float64Array;
  /** Steps simulated; the tail behind them is bounded by ‖e_lin(K)‖/λ. */
  readonly steps: number;
}

/** Stop when the tail is this share of what has been summed, or when the work is spent. */
const TAIL = 1e-3;
const WORK = 1e9;

/**
 * Simulates e_lin with at most `work` multiplications and adds the tail. ‖I − ηM‖ ≤ 1 − ηλ, so with a rounding error of at most f_k in step k the computed sequence is
 * within Σ f_k of the exact one in the sense that the η-sums differ by at most Σ f_k/λ.
 */
export function linearSums(
  residual: VectorBall,
  { kernel, spectrum }: MidpointKernel,
  step: Interval,
  arithmetic: Arithmetic,
  work = WORK,
): LinearSums {
  const n = residual.mid.length;
  const { data } = kernel.mid;
  const u = unitRoundoff(arithmetic);
  const lambda = spectrum.lambdaMin.value.lower;
  const largest = spectrum.lambdaMax.value.upper;
  // one step rounds like n + 3 operations on (|e| + η|M||e|), ‖|M|‖ ≤ √n‖M‖, and carries the doubt about M
  const eta = step.upper;
  const norm1 = largest + kernel.radius;
  const perStep = 2 * (n + 6) * u * (1 + eta * Math.sqrt(n) * norm1) + eta * kernel.radius + (eta - step.lower) * norm1;
  const sums = new Float64Array(n);
  let e = residual.mid.slice();
  let next = new Float64Array(n);
  let path = 0;
  let doubt = residual.radius;
  let norm = normOf(e);
  let steps = 0;
  const limit = Math.max(100, Math.floor(work / (n * n)));
  while (steps < limit && norm / lambda > TAIL * eta * path) {
    path += norm;
    doubt += perStep * norm;
    for (let i = 0; i < n; i++) {
      sums[i] += Math.abs(e[i]);
      let push = 0;
      const offset = i * n;
      for (let j = 0; j < n; j++) push += data[offset + j] * e[j];
      next[i] = e[i] - eta * push;
    }
    [e, next] = [next, e];
    norm = normOf(e);
    steps++;
  }
  const tail = raise((norm + doubt) / lambda, n + steps + 20, arithmetic);
  return {
    path: raise(eta * path + tail, n + steps + 20, arithmetic),
    perSample: sums.map((sum) => raise(eta * sum + tail, n + steps + 20, arithmetic)),
    steps,
  };
}

function normOf(v: Float64Array): number {
  let sum = 0;
  for (const x of v) sum += x * x;
  return Math.sqrt(sum);
}
