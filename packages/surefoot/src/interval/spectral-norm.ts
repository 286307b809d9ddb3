import type { Backend, Matrix } from "@surefoot/linalg";
import { addUp, mulUp, powerOfTwo, sqrtDown, sqrtUp } from "./directed.ts";
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

/** How often `powersNorm` squares: it exceeds the norm by a factor of at most m^(1/64). */
const SQUARINGS = 5;

/**
 * ‖W‖₂ from above by products alone, several times quicker than `spectralNorm` and at most m^(1/64) times too large (m the smaller side; 9 % for
 * 256): ‖A‖₂² = ‖AAᵀ‖₂, again and again, the last matrix by its Frobenius norm, the rounding of each product added.
 */
export async function powersNorm(backend: Backend, w: Matrix): Promise<number> {
  const coarse = coarseNorm(w);
  const size = frobenius(w).upper;
  if (!(size > 2 ** -300 && size < 2 ** 300) || Math.min(w.rows, w.cols) === 1) return coarse;
  let unit = 1;
  while (unit > size) unit /= 2;
  while (unit < size / 2) unit *= 2;
  let a: Matrix = { ...w, data: w.data.map((x) => x / unit) }; // a power of two: exact, or smaller than what follows adds
  const errors: number[] = [];
  for (let k = 0; k < SQUARINGS; k++) {
    const wide = a.rows <= a.cols;
    const f = frobenius(a).upper;
    errors.push(gramError(wide ? a.cols : a.rows, mulUp(f, f), wide ? a.rows : a.cols));
    a = await backend.syrk(a, { transpose: !wide });
  }
  let bound = frobenius(a).upper;
  for (const error of errors.reverse()) bound = sqrtUp(addUp(bound, error));
  return Math.min(mulUp(unit, addUp(bound, SUBNORMAL)), coarse);
}

/** More than what division by the unit can have taken from a norm: √(entries) times 2⁻¹⁰⁷⁴, for fewer than 2⁶⁰ entries. */
const SUBNORMAL = powerOfTwo(-1044);

/** min(‖W‖_F, √(‖W‖₁‖W‖_∞)) from above: needs no factorisation. NaN or ∞ when an entry is not finite. */
export function coarseNorm(w: Matrix): number {
  return Math.min(frobenius(w).upper, schurBound(w));
}
