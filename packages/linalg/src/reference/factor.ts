import { checkSolve, checkSquare } from "../arguments.ts";
import type { CholeskyOutcome, SolveOutcome } from "../backend.ts";
import { type Matrix, matrix } from "../matrix.ts";

/** Textbook Cholesky, row by row (Golub & Van Loan, 4.2). Reads the lower triangle. */
export function cholesky(a: Matrix): CholeskyOutcome {
  const n = checkSquare("Cholesky", a);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) if (!Number.isFinite(a.data[i * n + j])) return { status: "not-finite" };
  }
  const factor = matrix(n, n);
  const l = factor.data;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = a.data[i * n + j];
      for (let k = 0; k < j; k++) sum -= l[i * n + k] * l[j * n + k];
      if (j < i) l[i * n + j] = sum / l[j * n + j];
      else if (sum > 0) l[i * n + i] = Math.sqrt(sum);
      else return { status: "not-positive-definite", pivot: i };
    }
  }
  return { status: "ok", factor };
}

/** Forward (L·X = B) or backward (Lᵀ·X = B) substitution. */
export function solveTriangular(l: Matrix, b: Matrix, transposed = false): SolveOutcome {
  checkSolve(l, b);
  const n = l.rows;
  for (let i = 0; i < n; i++) if (l.data[i * n + i] === 0) return { status: "singular", pivot: i };
  const m = b.cols;
  const solution = { rows: n, cols: m, data: b.data.slice() };
  const x = solution.data;
  for (let step = 0; step < n; step++) {
    const i = transposed ? n - 1 - step : step;
    for (let done = 0; done < step; done++) {
      const k = transposed ? n - 1 - done : done;
      const value = transposed ? l.data[k * n + i] : l.data[i * n + k];
      for (let j = 0; j < m; j++) x[i * m + j] -= value * x[k * m + j];
    }
    for (let j = 0; j < m; j++) x[i * m + j] /= l.data[i * n + i];
  }
  return x.every(Number.isFinite) ? { status: "ok", solution } : { status: "not-finite" };
}
