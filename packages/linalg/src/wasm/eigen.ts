import { checkSquare } from "../arguments.ts";
import type { EigenOutcome } from "../backend.ts";
import { type Matrix, matrix } from "../matrix.ts";
import { lowerScale } from "../scale.ts";
import type { Arena } from "./arena.ts";
import { type Operand, reserve } from "./operand.ts";
import type { Runtime } from "./runtime.ts";

/**
 * All eigenvalues: blocked Householder reduction (4n³/3 operations), implicit QL (about 30n²); with vectors another 4n³/3 for Q and 3n³ for the
 * rotations. Backward stable: each value is within c·n·u·‖A‖ of an eigenvalue, vectors are orthonormal to c·n·u. The matrix is scaled
 * by a power of two, so no size of entries overflows.
 */
export async function eigenvalues(
  runtime: Runtime,
  a: Matrix,
  options: { readonly vectors?: boolean } = {},
): Promise<EigenOutcome> {
  const n = checkSquare("eigenvalues", a);
  const { vectors = false } = options;
  if (n === 0) return { status: "ok", values: new Float64Array(0), ...(vectors ? { vectors: matrix(0, 0) } : {}) };
  const unit = lowerScale(a);
  if (unit === undefined) return { status: "not-finite" };
  return runtime.exclusive(async (arena) => {
    const operand = loadScaledLower(arena, a, unit);
    return eigenvaluesInPlace(runtime, arena, operand, n, unit, vectors);
  });
}

/** As `eigenvalues` for `operand`·unit, which has four rows of zeros below its n and is overwritten. */
export async function eigenvaluesInPlace(
  runtime: Runtime,
  arena: Arena,
  operand: Operand,
  n: number,
  unit: number,
  vectors: boolean,
): Promise<EigenOutcome> {
  const { kernels, threads } = runtime;
  const [d, e, tau] = [arena.doubles(n + 1), arena.doubles(n + 1), arena.doubles(n + 1)];
  const space = kernels.tridiagonalSpace(n, threads);
  const workspace = arena.doubles(space);
  arena.view(workspace, space).fill(0);
  const flops = (8 / 3) * n ** 3; // half of them wait for memory: counted double
  const reduction = [n, operand.address, operand.stride, d, e, tau, vectors ? 1 : 0, workspace];
  await runtime.run("tridiagonalise", reduction, flops);
  const status = arena.bytes(4);
  let z: Operand | undefined;
  if (vectors) {
    z = reserve(arena, n, n + 16);
    const scratch = arena.doubles(kernels.reflectorSpace(n));
    const { address, stride } = z;
    await runtime.run("formTranspose", [n, operand.address, operand.stride, tau, address, stride, scratch], flops);
    const rotations = arena.bytes(kernels.rotationSpace(n));
    const state = arena.view32(rotations, 16).fill(0);
    while (state[3] === 0) {
      await runtime.run("collectRotations", [n, d, e, status, rotations], 100 * n * n);
      await runtime.run("applyRotations", [n, address, stride, rotations], 2 * flops);
    }
  } else {
    await runtime.run("tridiagonalValues", [n, d, e, status], 100 * n * n);
  }
  const failed = arena.view32(status, 1)[0];
  if (failed >= 0) return { status: "no-convergence", index: failed };
  const raw = arena.view(d, n);
  const order = Array.from({ length: n }, (_, i) => i).sort((p, q) => raw[p] - raw[q]);
  const values = Float64Array.from(order, (i) => raw[i] * unit);
  if (!z) return { status: "ok", values };
  const out = matrix(n, n);
  const rows = arena.view(z.address, n * z.stride);
  order.forEach((from, to) => {
    out.data.set(rows.subarray(from * z.stride, from * z.stride + n), to * n);
  });
  return { status: "ok", values, vectors: out };
}

/** The lower triangle of A/unit with four rows of zeros below, as the reduction wants it. */
export function loadScaledLower(arena: Arena, a: Matrix, unit: number): Operand {
  const n = a.rows;
  const operand = reserve(arena, n + 4, n + 4);
  const { address, stride } = operand;
  const view = arena.view(address, (n + 4) * stride);
  for (let i = 0; i < n; i++) view.set(a.data.subarray(i * n, i * n + i + 1), i * stride);
  view.fill(0, n * stride);
  if (unit !== 1) scaleLower(view, stride, n, unit);
  return operand;
}

/** Divides by `unit`: in two steps where its inverse would overflow. */
function scaleLower(view: Float64Array, stride: number, n: number, unit: number): void {
  const first = unit < 2 ** -1000 ? 2 ** 500 : 1;
  const second = 1 / (unit * first);
  for (let i = 0; i < n; i++) for (let k = i * stride; k <= i * stride + i; k++) view[k] = view[k] * first * second;
}
