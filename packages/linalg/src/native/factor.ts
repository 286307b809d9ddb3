/** Cholesky by dpotrf and triangular solves by dtrsm and dtrsv; the lower triangle by rows is LAPACK's upper one by columns. */
import { checkSolve, checkSquare } from "../arguments.ts";
import type { CholeskyOutcome, SolveOutcome } from "../backend.ts";
import { type Matrix, matrix } from "../matrix.ts";
import { character, infoOf, integer, type NativeLibrary, real } from "./library.ts";

const RIGHT = character("R");
const UPPER = character("U");
const N = character("N");
const T = character("T");

export async function cholesky(
  library: NativeLibrary,
  a: Matrix,
  { overwrite = false }: { readonly overwrite?: boolean } = {},
): Promise<CholeskyOutcome> {
  const n = checkSquare("Cholesky", a);
  const factor = overwrite ? a : lowerCopy(a);
  if (n === 0) return { status: "ok", factor };
  const info = integer(0);
  await library.call("dpotrf", n ** 3 / 3, [UPPER, integer(n), factor.data, integer(n), info]);
  const failed = infoOf("dpotrf", info);
  const pivot = failed > 0 ? failed - 1 : firstBadDiagonal(factor);
  if (pivot < 0) return { status: "ok", factor };
  return lowerIsFinite(a) ? { status: "not-positive-definite", pivot } : { status: "not-finite" };
}

/**
 * Index of the first diagonal entry that is not finite and positive, −1 if all are. Not every library stops at a NaN pivot, and
 * an infinite a_ii passes for a pivot; a row of L with an entry that is not finite has such a diagonal.
 */
function firstBadDiagonal(l: Matrix): number {
  for (let i = 0; i < l.rows; i++) {
    const d = l.data[i * l.rows + i];
    if (!(d > 0 && d < Number.POSITIVE_INFINITY)) return i;
  }
  return -1;
}

/** A copy of the lower triangle, zeros above. */
export function lowerCopy(a: Matrix): Matrix {
  const n = a.rows;
  const out = matrix(n, n);
  for (let i = 0; i < n; i++) out.data.set(a.data.subarray(i * n, i * n + i + 1), i * n);
  return out;
}

/** Whether every entry on and below the diagonal is finite. */
export function lowerIsFinite(a: Matrix): boolean {
  const n = a.rows;
  let poison = 0; // 0·x is 0 for finite x, NaN otherwise.
  for (let i = 0; i < n; i++) {
    const end = i * n + i;
    for (let index = i * n; index <= end; index++) poison += 0 * a.data[index];
  }
  return poison === 0;
}

/** L·X = B by columns is Xᵀ·U = Bᵀ with U the memory of L; Lᵀ·X = B is Xᵀ·Uᵀ = Bᵀ. */
export async function solveTriangular(
  library: NativeLibrary,
  l: Matrix,
  b: Matrix,
  options: { readonly transpose?: boolean } = {},
): Promise<SolveOutcome> {
  checkSolve(l, b);
  const { rows: n, cols: m } = b;
  for (let i = 0; i < n; i++) if (l.data[i * n + i] === 0) return { status: "singular", pivot: i };
  const solution = matrix(n, m, b.data.slice());
  if (n === 0 || m === 0) return { status: "ok", solution };
  const { transpose = false } = options;
  const triangle = [l.data, integer(n)];
  if (m === 1) {
    // One column is a vector in either order, and dtrsv three times as fast on it: U·x = b is the transposed solve.
    const flag = transpose ? N : T;
    await library.call("dtrsv", n * n, [UPPER, flag, N, integer(n), ...triangle, solution.data, integer(1)]);
  } else {
    const sizes = [integer(m), integer(n), real(1)];
    const flag = transpose ? T : N;
    await library.call("dtrsm", n * n * m, [RIGHT, UPPER, flag, N, ...sizes, ...triangle, solution.data, integer(m)]);
  }
  let poison = 0;
  for (let i = 0; i < solution.data.length; i++) poison += 0 * solution.data[i];
  return poison === 0 ? { status: "ok", solution } : { status: "not-finite" };
}
