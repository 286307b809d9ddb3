/**
 * Dual kernels of all pairs of a block, (u, v) ∼ N(0, [[a, c], [c, b]]): closed forms of erf and GELU, and the sums Σ_k p_k q_k ρ^k of Mehler's
 * formula from Hermite coefficients p of σ under N(0, a) and q under N(0, b). assembly/dual-pairs.ts does the same operations in the same order.
 */
import { productMinusSquare } from "./arc-cosine.ts";
import { atan2 } from "./elementary.ts";
import { LinalgError } from "./error.ts";
import type { Matrix } from "./matrix.ts";

/** E[σσ] and E[σ'σ'] of σ = erf and σ(x) = xΦ(x). */
export type ClosedDual = "erf" | "erf-slope" | "gelu" | "gelu-slope";

/** What `Backend.dualPairs` computes; variances are finite and ≥ 0. */
export type DualPairsRequest =
  | { readonly kind: ClosedDual; readonly rowVariances: Float64Array; readonly colVariances: Float64Array }
  | {
      readonly kind: "series";
      readonly rowVariances: Float64Array;
      readonly colVariances: Float64Array;
      /** Coefficients of every row and column; the shorter ones count as followed by zeros. */
      readonly rowTerms: readonly Float64Array[];
      readonly colTerms: readonly Float64Array[];
    };

/** Numbered as in assembly/dual-pairs.ts. */
export const KINDS: readonly DualPairsRequest["kind"][] = ["series", "erf", "erf-slope", "gelu", "gelu-slope"];

/** max(ab − c², 0) without the cancellation of nearly parallel pairs; a, b ≤ 1e150. */
export function determinant(a: number, c: number, b: number): number {
  return Math.max(productMinusSquare(a, b, c), 0);
}

/**
 * erf (Williams 1997): E[σσ] = (2/π) arcsin(2c/√((1 + 2a)(1 + 2b))), E[σ'σ'] = (4/π)/√((1 + 2a)(1 + 2b) − 4c²), the difference formed from
 * ab − c². GELU by Stein's identity, with D = det(I + Σ) = 1 + a + b + (ab − c²), P = E[φ(u)φ(v)] = 1/(2π√D) and
 * Q = E[Φ(u)Φ(v)] = (π − atan2(√D, c))/2π: E[σσ] = cQ + P·(a(b + ab − c²)/(1 + a) + c²/(1 + b)),
 * E[σ'σ'] = Q + cP·(1/(1 + a) + 1/(1 + b) + 1/D).
 */
export const CLOSED_DUALS: Readonly<Record<ClosedDual, (a: number, c: number, b: number) => number>> = {
  erf: (a, c, b) => (2 / Math.PI) * atan2(2 * c, Math.sqrt(erfGap(a, c, b))),
  "erf-slope": (a, c, b) => 4 / (Math.PI * Math.sqrt(erfGap(a, c, b))),
  gelu: (a, c, b) => {
    const gap = determinant(a, c, b);
    const root = Math.sqrt(1 + a + b + gap);
    return c * both(root, c) + ((a * (b + gap)) / (1 + a) + (c * c) / (1 + b)) / (2 * Math.PI * root);
  },
  "gelu-slope": (a, c, b) => {
    const det = 1 + a + b + determinant(a, c, b);
    const root = Math.sqrt(det);
    return both(root, c) + (c * (1 / (1 + a) + 1 / (1 + b) + 1 / det)) / (2 * Math.PI * root);
  },
};

/** (1 + 2a)(1 + 2b) − 4c² without cancellation. */
function erfGap(a: number, c: number, b: number): number {
  return 1 + 2 * a + 2 * b + 4 * determinant(a, c, b);
}

/** E[Φ(u)Φ(v)]: π − atan2(√D, c) = atan2(√D, −c), so nothing cancels for opposite inputs; 0 − c is no −0. */
function both(root: number, c: number): number {
  return atan2(root, 0 - c) / (2 * Math.PI);
}

/** c/√(ab) within [−1, 1]; 0 for a zero variance. */
export function correlation(a: number, c: number, b: number): number {
  const size = Math.sqrt(a) * Math.sqrt(b);
  if (size === 0) return 0;
  const rho = c / size;
  return rho > 1 ? 1 : Math.max(rho, -1);
}

/** Σ_k p_k q_k ρ^k, even and odd powers apart: two chains that do not wait for one another. */
export function seriesOfPair(p: Float64Array, q: Float64Array, rho: number): number {
  const square = rho * rho;
  let k = Math.min(p.length, q.length) - 1;
  let even = 0;
  let odd = 0;
  if (k % 2 === 0) {
    even = p[k] * q[k];
    k -= 1;
  }
  for (; k >= 1; k -= 2) {
    odd = odd * square + p[k] * q[k];
    even = even * square + p[k - 1] * q[k - 1];
  }
  return even + rho * odd;
}

/** Throws `shape` where sizes differ. */
export function checkDualPairs({ rows, cols }: Matrix, request: DualPairsRequest, out: Float64Array): void {
  const { rowVariances, colVariances } = request;
  const lists = request.kind === "series" ? [request.rowTerms, request.colTerms] : [rowVariances, colVariances];
  const fits = [rowVariances, lists[0]].every(({ length }) => length === rows);
  if (!fits || [colVariances, lists[1]].some(({ length }) => length !== cols)) {
    throw new LinalgError("shape", `variances or coefficients that do not fit a ${rows} × ${cols} matrix`);
  }
  if (out.length !== rows * cols) {
    throw new LinalgError("shape", `out has ${out.length} entries, wanted ${rows} × ${cols}`);
  }
}

/** See `Backend.dualPairs`. */
export function dualPairs({ rows, cols, data }: Matrix, request: DualPairsRequest, out: Float64Array): Float64Array {
  checkDualPairs({ rows, cols, data }, request, out);
  const { rowVariances, colVariances } = request;
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < cols; j++) {
      const [a, c, b] = [rowVariances[i], data[i * cols + j], colVariances[j]];
      out[i * cols + j] =
        request.kind === "series"
          ? seriesOfPair(request.rowTerms[i], request.colTerms[j], correlation(a, c, b))
          : CLOSED_DUALS[request.kind](a, c, b);
    }
  }
  return out;
}
