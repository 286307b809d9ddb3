import {
  type Backend,
  type Matrix,
  nearColumns,
  type PiecewiseLinearRequest,
  type Place,
  piecewiseLinearLayers,
} from "@surefoot/linalg";
import type { Range } from "../network/ranges.ts";
import { inSpace, nearProduct, products, type Rows, watchOf } from "./gram.ts";
import type { Scratch } from "./scratch.ts";

/** What is asked of the layers, but for what follows from the range. */
export type Layers = Omit<PiecewiseLinearRequest, "watch" | "out" | "mirror" | "derivatives"> & {
  readonly part: "covariance" | "tangent" | "top";
};

/** The value of a nearly parallel pair; `product` is its inner product as a backend rounds it. */
export type NearValue = (i: number, j: number, product: number) => number;

/** Where a block goes: to a place of its own, and for pairs on both sides of the diagonal to the transposed place as well. */
export interface Target {
  readonly out: Place;
  readonly mirror?: Place;
}

/** A block by itself, in `space` if there is room. */
export function apart(range: Range, space?: Float64Array): { readonly block: Matrix; readonly target: Target } {
  const block = inSpace(range.i1 - range.i0, range.j1 - range.j0, space);
  return { block, target: { out: { data: block.data, offset: 0, stride: block.cols } } };
}

/** The place of a range in the whole matrix, and of its transpose if that is another. */
export function inside({ data, cols }: Matrix, { i0, j0 }: Range, symmetric: boolean): Target {
  const out = { data, offset: i0 * cols + j0, stride: cols };
  return symmetric && i0 !== j0 ? { out, mirror: { data, offset: j0 * cols + i0, stride: cols } } : { out };
}

/**
 * The layers of a range of pairs. All work is the backend's but for the nearly parallel pairs, whose values come from `near`, or if that is
 * absent from the same layers and the inner product that the difference of the rows gives (gram.ts).
 */
export async function piecewiseBlock(
  [left, right]: readonly [Rows, Rows],
  range: Range,
  layers: Layers,
  backend: Backend,
  scratch: Scratch,
  { out, mirror }: Target,
  near?: NearValue,
): Promise<void> {
  const { i0, i1, j0, j1 } = range;
  const raw = scratch.take((i1 - i0) * (j1 - j0));
  const gram = await products(left.x, right.x, range, backend, raw);
  const watch = watchOf(left, right, range);
  await backend.piecewiseLinear(gram, { ...layers, watch, out, ...(mirror ? { mirror } : {}) });
  let through: ReturnType<typeof piecewiseLinearLayers> | undefined;
  for (let row = 0; row < gram.rows; row++) {
    if (watch.rows[row] === 0) continue;
    const entries = raw.subarray(row * gram.cols, (row + 1) * gram.cols);
    for (const col of nearColumns(watch, row, entries)) {
      const [i, j] = [i0 + row, j0 + col];
      through ??= piecewiseLinearLayers(layers);
      const value = near
        ? near(i, j, entries[col])
        : through(row, col, nearProduct(left, right, i, j, entries[col])).value;
      out.data[out.offset + row * out.stride + col] = value;
      if (mirror) mirror.data[mirror.offset + col * mirror.stride + row] = value;
    }
  }
  scratch.give(raw);
}
