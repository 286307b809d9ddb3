import type { Backend, Matrix } from "@surefoot/linalg";
import { SurefootError } from "../error.ts";
import type { Range } from "../network/ranges.ts";
import { parseSpec } from "../spec/parse.ts";
import { type ArchitectureInput, architectureSpec, type InfiniteKind } from "./architecture-spec.ts";
import type { BlockSource } from "./blocks.ts";
import { fullyConnectedKernel } from "./fully-connected.ts";
import { residualKernel } from "./residual.ts";

/** An architecture at infinite width: what a sample needs by itself, and the kernel of a range of pairs from that. */
export interface InfiniteNetwork<Side> {
  side(x: Matrix): Side;
  block(
    kind: InfiniteKind,
    left: Side,
    right: Side,
    range: Range,
    backend: Backend,
    space?: Float64Array,
  ): Promise<Matrix>;
  /** As `BlockSource.into`. */
  into?(kind: InfiniteKind, left: Side, right: Side, range: Range, backend: Backend, whole: Matrix): Promise<void>;
}

/**
 * The kernel K(x_i, z_j) of an architecture at infinite width (theory/02) as a source of blocks for `evaluate` (blocks.ts); without `z`
 * that of x with itself. x is n × d, z m × d; rows of zeros are allowed. Cost per pair: d multiply-adds, and per layer one dual kernel
 * (NNGP) or two (NTK). Throws `spec` for an architecture that does not fit, `data` for entries that are not finite or shapes that differ.
 */
export function infiniteKernel(
  input: ArchitectureInput,
  kind: InfiniteKind,
  x: Matrix,
  backend: Backend,
  z?: Matrix,
): BlockSource {
  const spec = parseSpec(architectureSpec, input, "architecture");
  checkRows(x, "x");
  if (z !== undefined) checkRows(z, "z");
  if (z !== undefined && z.cols !== x.cols) {
    throw new SurefootError("data", `z has ${z.cols} columns and x ${x.cols}: a kernel needs inputs of one dimension`);
  }
  return spec.kind === "fully-connected"
    ? source(fullyConnectedKernel(spec, x.cols), kind, x, backend, z)
    : source(residualKernel(spec, x.cols), kind, x, backend, z);
}

function source<Side>(
  network: InfiniteNetwork<Side>,
  kind: InfiniteKind,
  x: Matrix,
  backend: Backend,
  z?: Matrix,
): BlockSource {
  const left = network.side(x);
  const right = z === undefined ? left : network.side(z);
  const { into } = network;
  return {
    ...(into ? { into: (range, whole) => into(kind, left, right, range, backend, whole) } : {}),
    rows: x.rows,
    cols: (z ?? x).rows,
    symmetric: z === undefined,
    backend,
    block: (range, space) => network.block(kind, left, right, range, backend, space),
  };
}

/** Throws `data` naming the first entry that is not finite. */
export function checkRows({ cols, data }: Matrix, name: string): void {
  // 0·x is 0 but for what is not finite; two sums do not wait for one another.
  let even = 0;
  let odd = 0;
  for (let k = 0; k + 1 < data.length; k += 2) {
    even += 0 * data[k];
    odd += 0 * data[k + 1];
  }
  if (even + odd === 0 && Number.isFinite(data.at(-1) ?? 0)) return;
  const bad = data.findIndex((value) => !Number.isFinite(value));
  const where = `row ${Math.floor(bad / cols)}, column ${bad % cols}`;
  throw new SurefootError("data", `${name} is ${data[bad]} at ${where}; a kernel needs finite inputs`);
}
