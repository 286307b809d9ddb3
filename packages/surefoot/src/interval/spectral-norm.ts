import type { Backend, Matrix } from "@surefoot/linalg";
import { mulUp, sqrtDown, sqrtUp } from "./directed.ts";
import { frobenius, gramError, schurBound } from "./error-bounds.ts";
import { type EigenvalueBound, greatestEigenvalue } from "./extreme-eigenvalues.ts";

/**
 * ‖W‖₂ of an m × d matrix (exact entries), two-sided: λ_max of the smaller of WWᵀ and WᵀW, whose rounding is a radius. Relative
 * width about 1e-6; when nothing better is proved the upper end is min(‖W‖_F, √(‖W‖₁‖W‖_∞)). A non-finite entry gives `undecided`.
 */
export async function spectralNorm(backend: Backend, w: Matrix): Promise<EigenvalueBound> {
  const coarse = coarseNorm(w);
  if (!(coarse < Number.POSITIVE_INFINITY))
    return { status: "undecided", reason: "an entry is not finite, or the norm overflows" };
  if (w.rows === 0 || w.cols === 0) return { status: "proved", lower: 0, upper: 0, method: "empty" };
  const wide = w.rows <= w.cols;
  const frobeniusNorm = frobenius(w);
  if (Math.min(w.rows, w.cols) === 1)
    return { status: "proved", ...frobeniusNorm, method: "Frobenius norm of a vector" };
  const gram = await backend.syrk(w, { transpose: !wide });
  const [n, k] = wide ? [w.rows, w.cols] : [w.cols, w.rows];
  const radius = gramError(k, mulUp(frobeniusNorm.upper, frobeniusNorm.upper), n);
  const bound = await greatestEigenvalue(backend, gram, { radius });
  if (bound.status !== "proved")
    return { status: "proved", lower: 0, upper: coarse, method: `norm bound (${bound.reason})` };
  return {
    status: "proved",
    lower: bound.lower > 0 ? sqrtDown(bound.lower) : 0,
    upper: Math.min(sqrtUp(bound.upper), coarse),
    method: `${bound.method} of the Gram matrix`,
  };
}

/** min(‖W‖_F, √(‖W‖₁‖W‖_∞)) from above: needs no factorisation. NaN or ∞ when an entry is not finite. */
export function coarseNorm(w: Matrix): number {
  return Math.min(frobenius(w).upper, schurBound(w));
}
