/**
 * Lower bounds for the least eigenvalue of a symmetric matrix B from one floating-point Cholesky factorisation.
 * See docs/proof.md, section 6, for both forms and for which backend is trusted with which.
 */
import { type Backend, type Matrix, matrix } from "@surefoot/linalg";
import { addUp, divUp, mulUp, sqrtUp } from "./directed.ts";
import { gamma, LEAST_POSITIVE, squares, sumUpper, UNIT_ROUNDOFF } from "./error-bounds.ts";
import { selfTest } from "./self-test.ts";

export type CholeskyForm =
  /** A factor by substitution obeys an a-priori bound in terms of B's diagonal (Rump 2006). */
  | "substitution"
  /** ‖B − LLᵀ‖ is bounded after the fact: valid for any L from anywhere, one more product. */
  | "residual";

export type Trust =
  | { readonly status: "trusted"; readonly form: CholeskyForm }
  | { readonly status: "untrusted"; readonly reason: string };

/** Which form a proof may use with this backend, after the self-test. Kernels whose source is not known get the residual form. */
export async function trustOf(backend: Backend): Promise<Trust> {
  const test = await selfTest(backend);
  if (test.status === "failed") return { status: "untrusted", reason: test.reason };
  const known = backend.info.name !== "native" || backend.info.detail.startsWith("OpenBLAS");
  return { status: "trusted", form: known && test.substitutes ? "substitution" : "residual" };
}

export type CholeskyBound =
  /** λ_min(B) ≥ −slack for the symmetric matrix in B's lower triangle. */
  { readonly status: "ok"; readonly slack: number } | { readonly status: "failed" };

/** Factorises B (lower triangle) and says how negative its least eigenvalue can still be. `overwrite`: B is not needed any more. */
export async function choleskyBound(
  backend: Backend,
  b: Matrix,
  form: CholeskyForm,
  { overwrite = false }: { readonly overwrite?: boolean } = {},
): Promise<CholeskyBound> {
  const aPriori = form === "substitution" ? substitutionSlack(b) : undefined;
  const outcome = await backend.cholesky(b, { overwrite: overwrite && aPriori !== undefined });
  if (outcome.status !== "ok") return { status: "failed" };
  const l = outcome.factor;
  const n = b.rows;
  // Written so that NaN and ∞ fail; a NaN or ∞ anywhere in L has reached a pivot by the last row.
  for (let i = 0; i < n; i++)
    if (!(l.data[i * n + i] > 0 && l.data[i * n + i] < Number.POSITIVE_INFINITY)) return { status: "failed" };
  const slack = aPriori ?? (await residualSlack(backend, b, l));
  return slack < Number.POSITIVE_INFINITY ? { status: "ok", slack } : { status: "failed" };
}

/** Σ_i α_i B_ii + underflow, α_i = γ/(1 − γ) with γ = γ_{i+4} for 0-based i: what a completed factorisation by substitution leaves. */
export function substitutionSlack(b: Matrix): number {
  const n = b.rows;
  const terms = new Float64Array(n);
  let largest = 1;
  for (let i = 0; i < n; i++) {
    const diagonal = b.data[i * n + i];
    const g = gamma(i + 4);
    terms[i] = mulUp(divUp(g, 1 - g), diagonal);
    largest = Math.max(largest, diagonal);
  }
  return addUp(sumUpper(terms), mulUp(4 * n, mulUp(addUp(n + 2, largest), LEAST_POSITIVE)));
}

const PANEL = 256;

/** ‖B − LLᵀ‖₂ from above: the computed difference in the Frobenius norm plus Σ_i γ_{i+1}‖l_i‖² for the product's own rounding. */
async function residualSlack(backend: Backend, b: Matrix, l: Matrix): Promise<number> {
  const n = b.rows;
  let diagonalSquares = 0;
  let offSquares = 0;
  for (let j0 = 0; j0 < n; j0 += PANEL) {
    const j1 = Math.min(j0 + PANEL, n);
    const width = j1 - j0;
    // Columns j0 … j1 of LLᵀ from row j0 on: only the first j1 columns of L contribute.
    const product = (await backend.gemm(block(l, j0, n, j1), block(l, j0, j1, j1), { transposeB: true })).data;
    const diagonal = new Float64Array(width);
    for (let i = j0; i < n; i++) {
      const start = (i - j0) * width;
      for (let k = 0; k < width; k++) {
        product[start + k] = j0 + k < i ? b.data[i * n + j0 + k] - product[start + k] : product[start + k];
      }
      if (i < j1) {
        diagonal[i - j0] = b.data[i * n + i] - product[start + i - j0];
        product.fill(0, start + i - j0, start + width);
      }
    }
    diagonalSquares = addUp(diagonalSquares, squares(diagonal).upper);
    offSquares = addUp(offSquares, squares(product).upper);
  }
  // Each difference is itself rounded once: (1 + u) on its size.
  const difference = mulUp(sqrtUp(addUp(diagonalSquares, mulUp(2, offSquares))), addUp(1, UNIT_ROUNDOFF));
  const rows = new Float64Array(n);
  for (let i = 0; i < n; i++) rows[i] = mulUp(gamma(i + 1), squares(l.data, i * n, i + 1).upper);
  return addUp(addUp(difference, sumUpper(rows)), mulUp(n, n * LEAST_POSITIVE));
}

/** Rows from … to, first `cols` columns, as a matrix of its own. */
function block(a: Matrix, from: number, to: number, cols: number): Matrix {
  const out = matrix(to - from, cols);
  for (let i = from; i < to; i++) out.data.set(a.data.subarray(i * a.cols, i * a.cols + cols), (i - from) * cols);
  return out;
}
