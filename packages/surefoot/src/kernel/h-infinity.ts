import type { Backend, Matrix } from "@surefoot/linalg";
import type { Range } from "../network/ranges.ts";
import { type BlockSource, kernelMatrix } from "./blocks.ts";
import { type Rows, squaredLengths } from "./gram.ts";
import { checkRows } from "./infinite.ts";
import { apart, inside, type Layers, type NearValue, piecewiseBlock, type Target } from "./piecewise-block.ts";
import { createScratch } from "./scratch.ts";

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
  const left = { x, squares: squaredLengths(x) };
  const right = z === x ? left : { x: z, squares: squaredLengths(z) };
  const scratch = createScratch();
  const put = (range: Range, target: Target) => {
    const squaredRows = [left.squares.subarray(range.i0, range.i1)];
    const squaredCols = [right.squares.subarray(range.j0, range.j1)];
    const layers: Layers = { part: "top", slope: 0, weight: 1, bias: 0, squaredRows, squaredCols };
    // From the Gram entry the angle of a nearly parallel pair would lose digits as 1/sin θ: it is taken from the rows themselves.
    const near: NearValue = (i, j, product) =>
      left === right && i === j ? 0.5 * left.squares[i] : product * shareOfAngle(left, i, right, j);
    return piecewiseBlock([left, right], range, layers, backend, scratch, target, near);
  };
  return {
    backend,
    rows: x.rows,
    cols: z.rows,
    symmetric: z === x,
    block: async (range, space) => {
      const { block, target } = apart(range, space);
      await put(range, target);
      return block;
    },
    into: (range, whole) => put(range, inside(whole, range, z === x)),
  };
}

/** (π − θ)/(2π), θ = 2·atan2(‖a − b‖, ‖a + b‖) for the unit vectors a, b along rows i of x and j of z (Kahan). */
function shareOfAngle({ x, squares }: Rows, i: number, { x: z, squares: others }: Rows, j: number): number {
  const inverseI = 1 / Math.sqrt(squares[i]);
  const inverseJ = 1 / Math.sqrt(others[j]);
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
