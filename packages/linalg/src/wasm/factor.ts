import { checkSolve, checkSquare } from "../arguments.ts";
import type { CholeskyOutcome, SolveOutcome } from "../backend.ts";
import { type Matrix, matrix } from "../matrix.ts";
import type { Arena } from "./arena.ts";
import { load, loadLower, type Operand, unload, unloadLower } from "./operand.ts";
import type { Runtime } from "./runtime.ts";

/**
 * A = L·Lᵀ by substitution (assembly/substitute.ts: pivots' square roots and true divisions, no inverses), so that
 * |A − LLᵀ| ≤ γ_{n+1}|L||Lᵀ| entry by entry when it succeeds (Higham, theorem 10.3). Cost n³/3 operations.
 */
export async function cholesky(runtime: Runtime, a: Matrix): Promise<CholeskyOutcome> {
  const n = checkSquare("Cholesky", a);
  return runtime.exclusive(async (arena) => {
    const operand = loadLower(arena, a);
    const outcome = await factorInPlace(runtime, arena, operand);
    if (outcome.status !== "ok") return outcome;
    const factor = matrix(n, n);
    unloadLower(arena, operand, factor.data);
    return { status: "ok", factor };
  });
}

/** Overwrites the lower triangle of an operand by its Cholesky factor. */
export async function factorInPlace(
  runtime: Runtime,
  arena: Arena,
  a: Operand,
): Promise<Exclude<CholeskyOutcome, { status: "ok" }> | { readonly status: "ok" }> {
  const n = a.rows;
  const address = arena.bytes(8);
  await runtime.run("cholesky", [n, a.address, a.stride, address], n ** 3 / 3);
  const [pivot, nonFinite] = arena.view32(address, 2);
  if (nonFinite) return { status: "not-finite" };
  return pivot < 0 ? { status: "ok" } : { status: "not-positive-definite", pivot };
}

/** X with L·X = B, or Lᵀ·X = B: forward or backward substitution in blocks, with true divisions. Cost n²m operations. */
export async function solveTriangular(
  runtime: Runtime,
  l: Matrix,
  b: Matrix,
  options: { readonly transpose?: boolean } = {},
): Promise<SolveOutcome> {
  checkSolve(l, b);
  const n = l.rows;
  for (let i = 0; i < n; i++) if (l.data[i * n + i] === 0) return { status: "singular", pivot: i };
  return runtime.exclusive(async (arena) => {
    const triangle = loadLower(arena, l);
    const x = load(arena, b);
    await solveInPlace(runtime, triangle, x, options.transpose ?? false);
    if (await hasNonFinite(runtime, arena, x)) return { status: "not-finite" };
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

async function hasNonFinite(runtime: Runtime, arena: Arena, a: Operand): Promise<boolean> {
  const found = arena.view32(arena.bytes(4), 1);
  found[0] = 0;
  await runtime.run("findNonFinite", [a.rows, a.cols, a.address, a.stride, 0, found.byteOffset], a.rows * a.cols);
  return found[0] !== 0;
}
