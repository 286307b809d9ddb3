import { type Backend, type Matrix, matrix } from "@surefoot/linalg";
import { HALF_PI_HIGH } from "../interval/constants.ts";
import { addUp, divUp, mulUp, powerOfTwo, sqrtDown, sqrtUp, subUp } from "../interval/directed.ts";
import { gamma, LEAST_POSITIVE, rowNorms, squares, sumUpper, UNIT_ROUNDOFF } from "../interval/error-bounds.ts";
import { type EigenvalueBound, extremeEigenvalues } from "../interval/extreme-eigenvalues.ts";
import { ANGLE_ERROR, quickAngle } from "../interval/quick.ts";

/** Beyond this |cos θ| the angle is taken from the rows: from the Gram entry it would lose digits as 1/sin θ. */
const NEARLY_PARALLEL = 0.99;

/** Entries of rows outside this range could underflow in products; their radius is NaN. */
const LEAST_NORM = powerOfTwo(-400);
const GREATEST_NORM = powerOfTwo(400);
const PI = 2 * HALF_PI_HIGH;

/** H^∞ of the exact rows of x is within `radius` of `mid`, in the spectral norm and entry by entry. */
export interface HInfinityBall {
  readonly mid: Matrix;
  readonly radius: number;
}

/** λ_min and λ_max of H^∞ for the exact rows of x (finite, none zero): `undecided` with a reason otherwise. */
export async function provedHInfinitySpectrum(
  x: Matrix,
  backend: Backend,
): Promise<{ readonly smallest: EigenvalueBound; readonly largest: EigenvalueBound }> {
  const { mid, radius } = await provedHInfinity(x, backend);
  return extremeEigenvalues(backend, mid, { radius });
}

/**
 * H^∞_ij = (x_i·x_j)(π − θ_ij)/(2π) with a proved distance from the exact matrix. Entry (i, j) is off by at most N_iN_jρ_ij,
 * ρ_ij = γ_d/2 + Δθ_ij/(2π) + 8u, N_i ≥ ‖x_i‖; radius = ‖N_iN_jρ_ij‖_F. Δθ comes from the Gram entry through 1/sin θ, or for nearly
 * (anti)parallel rows from θ = 2 atan2(‖a − b‖, ‖a + b‖) of the normalised rows a, b (docs/proof.md, section 8).
 */
export async function provedHInfinity(x: Matrix, backend: Backend): Promise<HInfinityBall> {
  const n = x.rows;
  const gram = await backend.syrk(x);
  const norms = rowNorms(x);
  const mid = matrix(n, n);
  const dotError = gamma(x.cols + 2);
  // Relative distance of the upper norm from the exact one: enters cosines and normalised rows.
  const normErrors = norms.upper.map((upper, i) =>
    norms.lower[i] > LEAST_NORM && upper < GREATEST_NORM
      ? divUp(subUp(upper, norms.lower[i]), norms.lower[i])
      : Number.NaN,
  );
  const unit = normalised(x, norms.upper);
  const bounds = new Float64Array(n);
  const rowSquares = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      const g = gram.data[i * n + j];
      const known = dotError + normErrors[i] + normErrors[j] + 8 * UNIT_ROUNDOFF;
      const { theta, error } = i === j ? DIAGONAL : angle(g / (norms.upper[i] * norms.upper[j]), known, unit, i, j);
      mid.data[i * n + j] = i === j ? 0.5 * g : (g * (PI - theta)) / (2 * PI);
      mid.data[j * n + i] = mid.data[i * n + j];
      // 1/(2π) < 0.16; an entry off the diagonal counts twice in the Frobenius norm; 1.01 pays for the roundings of this
      // line, 0·known spreads a NaN to the diagonal.
      const rho = 1.01 * (0.5 * dotError + 0.16 * error + 8 * UNIT_ROUNDOFF + 0 * known);
      bounds[j] = rho * norms.upper[j] * (i === j ? 1 : 1.4143);
    }
    const size = squares(bounds, 0, i + 1).upper;
    rowSquares[i] = mulUp(size, mulUp(norms.upper[i], norms.upper[i]));
  }
  const underflow = mulUp(mulUp(n, n), mulUp(x.cols + 8, LEAST_POSITIVE));
  return { mid, radius: addUp(sqrtUp(sumUpper(rowSquares)), underflow) };
}

interface Angle {
  readonly theta: number;
  readonly error: number;
}

const DIAGONAL: Angle = { theta: 0, error: 0 };

/** θ_ij and a bound of its error; `known` bounds the error of the cosine and, four times over, of ‖a ± b‖. */
function angle(cosine: number, known: number, unit: Matrix, i: number, j: number): Angle {
  if (Math.abs(cosine) > NEARLY_PARALLEL) {
    // ∂θ/∂‖a ± b‖ ≤ 1, since ‖a − b‖² + ‖a + b‖² = 4.
    return { theta: angleOfRows(unit, i, j), error: 4 * known + 4 * ANGLE_ERROR };
  }
  const sine = sqrtUp((1 - cosine) * (1 + cosine));
  const far = Math.abs(cosine) + known;
  return {
    theta: quickAngle(sine, cosine),
    error: (1.01 * known) / sqrtDown((1 - far) * (1 + far)) + 2 * ANGLE_ERROR,
  };
}

/** 2 atan2(‖a − b‖, ‖a + b‖) (Kahan). */
function angleOfRows({ cols, data }: Matrix, i: number, j: number): number {
  let minus = 0;
  let plus = 0;
  for (let k = 0; k < cols; k++) {
    const a = data[i * cols + k];
    const b = data[j * cols + k];
    minus += (a - b) * (a - b);
    plus += (a + b) * (a + b);
  }
  return 2 * quickAngle(sqrtUp(minus), sqrtUp(plus));
}

function normalised(x: Matrix, norms: Float64Array): Matrix {
  const out = matrix(x.rows, x.cols);
  for (let i = 0; i < x.rows; i++) {
    for (let k = i * x.cols; k < (i + 1) * x.cols; k++) out.data[k] = x.data[k] / norms[i];
  }
  return out;
}
