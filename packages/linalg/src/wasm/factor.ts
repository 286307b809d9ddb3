import type { CholeskyOutcome, SolveOutcome } from "../backend.ts";
import { LinalgError } from "../error.ts";
import { type Matrix, matrix } from "../matrix.ts";
import type { Arena } from "./arena.ts";
import { load, loadLower, type Operand, unload, unloadLower } from "./operand.ts";
import type { Runtime } from "./runtime.ts";

/**
 * A = L·Lᵀ by substitution (assembly/substitute.ts: pivots' square roots and true divisions, no inverses), so that
 * |A − LLᵀ| ≤ γ_{n+1}|L||Lᵀ| entry by entry when it succeeds (Higham, theorem 10.3). Cost n³/3 operations.
 */
export async function cholesky(runtime: Runtime, a: Matrix): Promise<CholeskyOutcome> {
  const n = a.rows;
  if (a.cols !== n) throw new LinalgError("shape", `Cholesky of a ${n} × ${a.cols} matrix`);
  return runtime.exclusive(async (arena) => {
    const operand = loadLower(arena, a);
    if (await hasNonFinite(runtime, arena, operand, true)) return { status: "not-finite" };
    const pivot = await factorInPlace(runtime, arena, operand);
    if (pivot >= 0) return { status: "not-positive-definite", pivot };
    const factor = matrix(n, n);
    unloadLower(arena, operand, factor.data);
    return { status: "ok", factor };
  });
}

/** Overwrites the lower triangle of a finite operand by its Cholesky factor; returns −1 or the first pivot that is not > 0. */
export async function factorInPlace(runtime: Runtime, arena: Arena, a: Operand): Promise<number> {
  const n = a.rows;
  const status = arena.bytes(4);
  await runtime.run("cholesky", [n, a.address, a.stride, status], n ** 3 / 3);
  return arena.view32(status, 1)[0];
}

/** X with L·X = B, or Lᵀ·X = B: forward or backward substitution in blocks, with true divisions. Cost n²m operations. */
export async function solveTriangular(
  runtime: Runtime,
  l: Matrix,
  b: Matrix,
  options: { readonly transpose?: boolean } = {},
): Promise<SolveOutcome> {
  const n = l.rows;
  if (l.cols !== n || b.rows !== n) {
    throw new LinalgError("shape", `triangular solve of ${n} × ${l.cols} with ${b.rows} × ${b.cols}`);
  }
  for (let i = 0; i < n; i++) if (l.data[i * n + i] === 0) return { status: "singular", pivot: i };
  return runtime.exclusive(async (arena) => {
    const triangle = loadLower(arena, l);
    const x = load(arena, b);
    await solveInPlace(runtime, triangle, x, options.transpose ?? false);
    if (await hasNonFinite(runtime, arena, x, false)) return { status: "not-finite" };
    const solution = matrix(n, b.cols);
    unload(arena, x, solution.data);
    return { status: "ok", solution };
  });
}

/** X ← op(L)⁻¹·X. Lᵀ is lower triangular when rows and columns are counted from the end. */
export async function solveInPlace(runtime: Runtime, l: Operand, x: Operand, transpose: boolean): Promise<void> {
  const n = l.rows;
  const lastL = l.address + 8 * (n - 1) * (l.stride + 1);
  const lastX = x.address + 8 * (n - 1) * x.stride;
  const args = transpose
    ? [n, lastL, -1, -l.stride, x.cols, lastX, -x.stride]
    : [n, l.address, l.stride, 1, x.cols, x.address, x.stride];
  await runtime.run("solveLeft", args, n * n * x.cols);
}

async function hasNonFinite(runtime: Runtime, arena: Arena, a: Operand, lower: boolean): Promise<boolean> {
  const found = arena.view32(arena.bytes(4), 1);
  found[0] = 0;
  const args = [a.rows, a.cols, a.address, a.stride, lower ? 1 : 0, found.byteOffset];
  await runtime.run("findNonFinite", args, a.rows * a.cols);
  return found[0] !== 0;
}
