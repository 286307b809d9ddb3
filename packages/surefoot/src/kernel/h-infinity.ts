import type { Backend, Matrix } from "@surefoot/linalg";
import { type Range, rowsOf } from "../network/ranges.ts";
import { type BlockSource, kernelMatrix } from "./blocks.ts";
import { inSpace, squaredLengths } from "./gram.ts";
import { checkRows } from "./infinite.ts";

/** Beyond this |cos θ| the angle is taken from the rows themselves: from the Gram entry it would lose digits as 1/sin θ. */
const NEARLY_PARALLEL = 0.99;

/**
 * H^∞_ij = (x_i·x_j)(π − θ_ij)/(2π), the infinite-width kernel of the two-layer ReLU network whose first layer is trained (Du et al. 2018;
 * theory/01), for the rows of x (n × d); a row of zeros has zeros. Angles near 0 and π are taken from the rows, so that an entry is off
 * by no more than a few units in the last place of |x_i||x_j|/2 however close a pair is. Cost n²d/2 multiply-adds.
 */
export function hInfinity(x: Matrix, backend: Backend): Promise<Matrix> {
  return kernelMatrix(hInfinityBlocks(x, backend));
}

/** H^∞(x_i, z_j) block by block (blocks.ts); without `z` of x with itself. */
export function hInfinityBlocks(x: Matrix, backend: Backend, z: Matrix = x): BlockSource {
  checkRows(x, "x");
  checkRows(z, "z");
  const left = squaredLengths(x);
  const right = z === x ? left : squaredLengths(z);
  return {
    rows: x.rows,
    cols: z.rows,
    symmetric: z === x,
    block: (range, space) => block(x, z, left, right, range, backend, space),
  };
}

async function block(
  x: Matrix,
  z: Matrix,
  left: Float64Array,
  right: Float64Array,
  { i0, i1, j0, j1 }: Range,
  backend: Backend,
  space?: Float64Array,
): Promise<Matrix> {
  const diagonal = x === z && i0 === j0;
  const out = inSpace(i1 - i0, j1 - j0, space);
  if (diagonal) await backend.syrk(rowsOf(x, i0, i1), { out });
  else await backend.gemm(rowsOf(x, i0, i1), rowsOf(z, j0, j1), { transposeB: true, out });
  const [rowVariances, colVariances] = [left.subarray(i0, i1), right.subarray(j0, j1)];
  const near: { readonly k: number; readonly value: number }[] = [];
  const colRoots = colVariances.map(Math.sqrt);
  for (let i = i0, k = 0; i < i1; i++) {
    const bound = NEARLY_PARALLEL * Math.sqrt(left[i]);
    for (let j = j0; j < j1; j++, k++) {
      const product = out.data[k];
      if (Math.abs(product) <= bound * colRoots[j - j0]) continue;
      const same = x === z && i === j;
      const value = same ? 0.5 * left[i] : product * shareOfAngle(x, i, left[i], z, j, right[j]);
      near.push({ k, value });
    }
  }
  const layer = { slope: 0, weight: 1, bias: 0, squaredRows: [rowVariances], squaredCols: [colVariances] };
  await backend.piecewiseLinear(out, { ...layer, part: "top" });
  for (const { k, value } of near) out.data[k] = value;
  return out;
}

/** (π − θ)/(2π), θ = 2·atan2(‖a − b‖, ‖a + b‖) for the unit vectors a, b along rows i of x and j of z (Kahan). */
function shareOfAngle(x: Matrix, i: number, squareI: number, z: Matrix, j: number, squareJ: number): number {
  const inverseI = 1 / Math.sqrt(squareI);
  const inverseJ = 1 / Math.sqrt(squareJ);
  let minus = 0;
  let plus = 0;
  for (let k = 0; k < x.cols; k++) {
    const a = x.data[i * x.cols + k] * inverseI;
    const b = z.data[j * z.cols + k] * inverseJ;
    minus += (a - b) * (a - b);
    plus += (a + b) * (a + b);
  }
  // π − θ = 2·atan2(‖a + b‖, ‖a − b‖): no difference of nearly equal numbers on either side.
  return Math.atan2(Math.sqrt(plus), Math.sqrt(minus)) / Math.PI;
}
