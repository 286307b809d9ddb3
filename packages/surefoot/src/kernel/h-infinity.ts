import { type Backend, type Matrix, matrix } from "@surefoot/linalg";

/** Beyond this |cos θ| the angle is taken from the rows themselves: from the Gram entry it would lose digits as 1/sin θ. */
const NEARLY_PARALLEL = 0.99;

/**
 * H^∞_ij = (x_i·x_j)(π − θ_ij)/(2π), the infinite-width kernel of the two-layer ReLU network whose first layer is trained (Du et al. 2018;
 * theory/01), for the rows of x (n × d, none zero). Angles near 0 and π are taken from the rows, so that an entry is off by no more
 * than a few units in the last place of |x_i||x_j|/2 however close a pair is. Cost n²d/2 multiply-adds.
 */
export async function hInfinity(x: Matrix, backend: Backend, gram?: Matrix): Promise<Matrix> {
  const n = x.rows;
  const g = gram ?? (await backend.syrk(x));
  const squares = Float64Array.from({ length: n }, (_, i) => g.data[i * n + i]);
  const shares = await backend.arcCosine(0, g, squares, squares);
  const out = matrix(n, n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      const product = g.data[i * n + j];
      const near = Math.abs(product) > NEARLY_PARALLEL * Math.sqrt(squares[i]) * Math.sqrt(squares[j]);
      const share = i === j ? 0.5 : near ? shareOfAngle(x, i, j, squares) : shares.data[i * n + j];
      out.data[i * n + j] = product * share;
      out.data[j * n + i] = product * share;
    }
  }
  return out;
}

/** (π − θ)/(2π), θ = 2·atan2(‖a − b‖, ‖a + b‖) for the unit vectors a, b along rows i, j (Kahan). */
function shareOfAngle(x: Matrix, i: number, j: number, squares: Float64Array): number {
  const inverseI = 1 / Math.sqrt(squares[i]);
  const inverseJ = 1 / Math.sqrt(squares[j]);
  let minus = 0;
  let plus = 0;
  for (let k = 0; k < x.cols; k++) {
    const a = x.data[i * x.cols + k] * inverseI;
    const b = x.data[j * x.cols + k] * inverseJ;
    minus += (a - b) * (a - b);
    plus += (a + b) * (a + b);
  }
  // π − θ = 2·atan2(‖a + b‖, ‖a − b‖): no difference of nearly equal numbers on either side.
  return Math.atan2(Math.sqrt(plus), Math.sqrt(minus)) / Math.PI;
}
