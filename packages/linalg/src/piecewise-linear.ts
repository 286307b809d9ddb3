/**
 * Kernels of σ(x) = max(x, 0) + slope·min(x, 0) layer after layer, from the arc-cosine kernels κ₀, κ₁ of arc-cosine.ts:
 *
 *   S ← w·(slope·S + (1 − slope)²κ₁) + β,   Θ ← Θ·w·(slope + (1 − slope)²κ₀) + S.
 *
 * One angle serves both kernels, and a row stays in the cache through all layers. Near orthogonal pairs slope + (1 − slope)²κ₀ is
 * ¼(1 + slope)² + (1 − slope)² arcsin(ρ)/2π, which does not cancel for |x|.
 *
 * For −½ ≤ ρ ≤ 31/32 the correlation ρ itself, rounded three times, determines both kernels to a few u, and its arcsine costs a polynomial
 * (and a root above ½). Outside, the angle comes from error-free products as in arc-cosine.ts. assembly/piecewise-linear.ts does the same
 * operations in the same order.
 */
import { angleOf, INVERSE_TWO_PI, scaledLengths } from "./arc-cosine.ts";
import { arcSineOfHalf } from "./elementary.ts";
import { LinalgError } from "./error.ts";
import type { Matrix } from "./matrix.ts";

/** What `Backend.piecewiseLinear` leaves in place of the covariances. */
export type PiecewiseLinearPart =
  /** S after the last layer. */
  | "covariance"
  /** Θ after the last layer, Θ = S before the first. */
  | "tangent"
  /** (S − β)·w·(slope + (1 − slope)²κ₀), S before the last layer: what the weights of the last layer alone contribute. */
  | "top"
  /** S after the last layer, and slope + (1 − slope)²κ₀ of the last one in `derivatives`. */
  | "both";

export const PARTS: readonly PiecewiseLinearPart[] = ["covariance", "tangent", "top", "both"];

/** Layers of one width of variances each: squared lengths of the rows and of the columns before every layer. */
export interface PiecewiseLinearRequest {
  readonly part: PiecewiseLinearPart;
  /** 0 is the ReLU, −1 the absolute value. */
  readonly slope: number;
  /** w and β; 1 and 0 give the plain dual kernels. */
  readonly weight: number;
  readonly bias: number;
  readonly squaredRows: readonly Float64Array[];
  readonly squaredCols: readonly Float64Array[];
  /** Where "both" puts the derivatives, as many as covariances. */
  readonly derivatives?: Float64Array;
  /** Before the first layer every entry g becomes gain·g + shift; 1 and 0 when absent. */
  readonly gain?: number;
  readonly shift?: number;
  readonly watch?: Watch;
  /** Where the result goes, instead of in place, and where besides it goes transposed: entry (i, j) to row j, column i. */
  readonly out?: Place;
  readonly mirror?: Place;
}

/** A block inside a larger row-major matrix: entry (i, j) is data[offset + i·stride + j]. */
export interface Place {
  readonly data: Float64Array;
  readonly offset: number;
  readonly stride: number;
}

/** Finds the rows that have nearly parallel pairs, whose inner products a caller may want to form with more care. */
export interface Watch {
  /** |x_i| and |z_j|, of the vectors whose inner products the entries are. */
  readonly rowLengths: Float64Array;
  readonly colLengths: Float64Array;
  /** Per row: 1 where |g_ij| > bound·|x_i||z_j| for some j. Others are left as they are. */
  readonly rows: Uint8Array;
  readonly bound: number;
}

/** The columns j of the entries of row i that `watch` looks for. */
export function nearColumns({ rowLengths, colLengths, bound }: Watch, i: number, row: Float64Array): number[] {
  const limit = bound * rowLengths[i];
  const found: number[] = [];
  for (let j = 0; j < row.length; j++) if (Math.abs(row[j]) > limit * colLengths[j]) found.push(j);
  return found;
}

/** Throws `shape` where sizes differ and `argument` where a part needs what is not there. */
export function checkPiecewiseLinear({ rows, cols, data }: Matrix, request: PiecewiseLinearRequest): void {
  const { squaredRows, squaredCols, derivatives, part, out, mirror, watch } = request;
  const layers = squaredRows.length;
  if (layers === 0 || squaredCols.length !== layers) {
    throw new LinalgError(
      "shape",
      `squared lengths of ${layers} layers for the rows, ${squaredCols.length} for the columns`,
    );
  }
  if (squaredRows.some(({ length }) => length !== rows) || squaredCols.some(({ length }) => length !== cols)) {
    throw new LinalgError("shape", `squared lengths that do not fit a ${rows} × ${cols} matrix`);
  }
  if (out) checkPlace("out", out, rows, cols);
  if (mirror) checkPlace("mirror", mirror, cols, rows);
  if (watch && (watch.rowLengths.length !== rows || watch.colLengths.length !== cols || watch.rows.length !== rows)) {
    throw new LinalgError("shape", `lengths to watch that do not fit a ${rows} × ${cols} matrix`);
  }
  if (part === "both" && derivatives?.length !== data.length) {
    throw new LinalgError(
      "shape",
      `part "both" needs ${data.length} derivatives, not ${derivatives?.length ?? "none"}`,
    );
  }
}

function checkPlace(name: string, { data, offset, stride }: Place, rows: number, cols: number): void {
  if (rows === 0 || cols === 0) return;
  if (offset < 0 || stride < cols || offset + (rows - 1) * stride + cols > data.length) {
    throw new LinalgError(
      "shape",
      `${name} has no room for ${rows} × ${cols} entries from ${offset} on, ${stride} apart`,
    );
  }
}

/** What a layer needs of the vectors of one side. */
export interface Lengths {
  /** As `scaledLengths` gives them. */
  readonly scales: Float64Array;
  readonly squared: Float64Array;
  readonly lengths: Float64Array;
  /** Reciprocals of the lengths; NaN for a vector of zeros and for what is no squared length. */
  readonly inverses: Float64Array;
}

export function lengthsOf(squares: Float64Array): Lengths {
  const lengths = squares.map(Math.sqrt);
  const inverses = squares.map((square, i) =>
    square > 0 && square < Number.POSITIVE_INFINITY ? 1 / lengths[i] : Number.NaN,
  );
  return { ...scaledLengths(squares), lengths, inverses };
}

/** See `Backend.piecewiseLinear`. */
export function piecewiseLinear(covariances: Matrix, request: PiecewiseLinearRequest): Matrix {
  checkPiecewiseLinear(covariances, request);
  const { rows, cols, data } = covariances;
  const { part, derivatives, watch, mirror } = request;
  const out = request.out ?? { data, offset: 0, stride: cols };
  const through = piecewiseLinearLayers(request);
  for (let i = 0; i < rows; i++) {
    const row = data.subarray(i * cols, (i + 1) * cols);
    if (watch && nearColumns(watch, i, row).length > 0) watch.rows[i] = 1;
    for (let j = 0; j < cols; j++) {
      const { value, derivative } = through(i, j, row[j]);
      out.data[out.offset + i * out.stride + j] = value;
      if (mirror) mirror.data[mirror.offset + j * mirror.stride + i] = value;
      if (part === "both" && derivatives) derivatives[i * cols + j] = derivative;
    }
  }
  return covariances;
}

/** What `piecewiseLinear` makes of the entry (i, j) with inner product g, and the last derivative. */
export function piecewiseLinearLayers(
  request: PiecewiseLinearRequest,
): (i: number, j: number, g: number) => { readonly value: number; readonly derivative: number } {
  const { part, slope, weight, bias, gain = 1, shift = 0 } = request;
  const layers = request.squaredRows.map((squares, h) => ({
    left: lengthsOf(squares),
    right: lengthsOf(request.squaredCols[h]),
  }));
  return (i, j, g) => {
    let s = gain * g + shift;
    let theta = s;
    let before = s;
    let dual = { value: 0, derivative: 0 };
    for (const { left, right } of layers) {
      before = s;
      dual = pairOf(slope, s, left, i, right, j);
      s = weight * dual.value + bias;
      theta = theta * (weight * dual.derivative) + s;
    }
    const top = (before - bias) * (weight * dual.derivative);
    return { value: part === "tangent" ? theta : part === "top" ? top : s, derivative: dual.derivative };
  };
}

const LOWEST = -0.5;
const HIGHEST = 0.96875;

function pairOf(slope: number, s: number, left: Lengths, i: number, right: Lengths, j: number) {
  const rho = s * left.inverses[i] * right.inverses[j];
  return rho >= LOWEST && rho <= HIGHEST
    ? byCorrelation(slope, s, rho, left.lengths[i], right.lengths[j])
    : byProducts(slope, s, left, i, right, j);
}

function byCorrelation(slope: number, s: number, rho: number, lengthA: number, lengthB: number) {
  const square = (1 - slope) * (1 - slope);
  const m = Math.abs(rho);
  const far = m > 0.5;
  // arcsin m = π/2 − 2 arcsin √((1 − m)/2).
  const z = far ? 0.5 - 0.5 * m : m * m;
  const root = far ? Math.sqrt(z) : m;
  const arc = arcSineOfHalf(root, z);
  const other = Math.sqrt(1 - z);
  const sine = far ? 2 * (root * other) : other;
  const rest = (far ? sine - 2 * (m * arc) : sine + m * arc) * INVERSE_TWO_PI;
  const kappa = (far ? 0.5 * m : 0.25 * rho) + rest;
  const turned = arc * INVERSE_TWO_PI;
  return {
    value: slope * s + square * (kappa * lengthA * lengthB),
    derivative: far
      ? slope + square * (0.5 - 2 * turned)
      : 0.25 * (1 + slope) * (1 + slope) + square * (rho < 0 ? -turned : turned),
  };
}

function byProducts(slope: number, s: number, left: Lengths, i: number, right: Lengths, j: number) {
  const [scaleA, scaleB] = [left.scales[i], right.scales[j]];
  const square = (1 - slope) * (1 - slope);
  const g = s * scaleA * scaleB;
  const { r, h, deficit, flat, steep, angle } = angleOf(g, left.squared[i], right.squared[j]);
  const turned = flat * INVERSE_TWO_PI;
  const kappa = 0.5 * Math.max(g, 0) + (steep ? r - angle * h : h * deficit) * INVERSE_TWO_PI;
  return {
    value: slope * s + square * (kappa * (1 / scaleA) * (1 / scaleB)),
    derivative: steep
      ? 0.25 * (1 + slope) * (1 + slope) + square * (g < 0 ? -turned : turned)
      : slope + square * (g < 0 ? turned : 0.5 - turned),
  };
}

/** E[σσ] and E[σ'σ'] of one pair with variances a, b and covariance c. */
export function piecewiseLinearPair(slope: number, a: number, c: number, b: number) {
  return pairOf(slope, c, lengthsOf(Float64Array.of(a)), 0, lengthsOf(Float64Array.of(b)), 0);
}
