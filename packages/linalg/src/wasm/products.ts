import { checkGemm, checkSyrk } from "../arguments.ts";
import type { GemmOptions, SyrkOptions } from "../backend.ts";
import type { Matrix } from "../matrix.ts";
import type { Arena } from "./arena.ts";
import { load, loadBlock, type Operand, reserve, unload } from "./operand.ts";
import type { Runtime } from "./runtime.ts";

/** Depth of the packed panels in assembly/gemm.ts: products split at its multiples have the same bits. */
const DEPTH = 256;

/** Operands are brought in piece by piece beyond this, so that long inner dimensions do not fill the memory for good. */
const MOST_OPERAND_BYTES = 2 ** 28;

/** How much of the inner dimension of an m × k and a k × n operand to bring in at a time. */
function chunkOf(m: number, n: number): number {
  return DEPTH * Math.max(1, Math.floor(MOST_OPERAND_BYTES / (8 * DEPTH * Math.max(1, m + n))));
}

/**
 * C ← α·op(A)·op(B) + β·C. Cost 2mnk operations and one copy of each operand; `chunk` (a multiple of 256) is how much of the
 * inner dimension is in memory at a time and changes no result.
 */
export async function gemm(
  runtime: Runtime,
  a: Matrix,
  b: Matrix,
  options: GemmOptions = {},
  chunk?: number,
): Promise<Matrix> {
  const { transposeA = false, transposeB = false, alpha = 1 } = options;
  const { m, n, k, out } = checkGemm(a, b, options);
  const beta = options.out ? (options.beta ?? 0) : 0;
  await runtime.exclusive(async (arena) => {
    const c = beta === 0 ? reserve(arena, m, n) : load(arena, out);
    await overChunks(k, chunk ?? chunkOf(m, n), arena, async (start, size) => {
      const left = part(arena, a, !transposeA, start, size);
      const right = a === b && transposeA !== transposeB ? left : part(arena, b, transposeB, start, size);
      const factors = [...view(left, transposeA), ...view(right, transposeB)];
      const args = [m, n, size, alpha, ...factors, start === 0 ? beta : 1, c.address, c.stride, 0];
      await runtime.run("gemm", args, 2 * m * n * size);
    });
    unload(arena, c, out.data);
  });
  return out;
}

/** C ← α·op(A)·op(A)ᵀ + β·C: the lower triangle is computed and mirrored. Cost about n²k operations; `chunk` as for gemm. */
export async function syrk(runtime: Runtime, a: Matrix, options: SyrkOptions = {}, chunk?: number): Promise<Matrix> {
  const { transpose = false, alpha = 1 } = options;
  const { n, k, out } = checkSyrk(a, options);
  const beta = options.out ? (options.beta ?? 0) : 0;
  await runtime.exclusive(async (arena) => {
    const c = beta === 0 ? reserve(arena, n, n) : load(arena, out);
    await overChunks(k, chunk ?? chunkOf(n, 0), arena, async (start, size) => {
      const left = part(arena, a, !transpose, start, size);
      const factors = [...view(left, transpose), ...view(left, !transpose)];
      const args = [n, n, size, alpha, ...factors, start === 0 ? beta : 1, c.address, c.stride, 1];
      await runtime.run("gemm", args, n * n * size);
    });
    await runtime.run("mirror", [n, c.address, c.stride], 8 * n * n);
    unload(arena, c, out.data);
  });
  return out;
}

/** Calls `step` for 0 … k in pieces, at least once; what a step reserves is given back after it. */
async function overChunks(
  k: number,
  chunk: number,
  arena: Arena,
  step: (start: number, size: number) => Promise<void>,
): Promise<void> {
  const mark = arena.mark();
  let start = 0;
  do {
    arena.reset(mark);
    await step(start, Math.min(chunk, k - start));
    start += chunk;
  } while (start < k);
}

/** Columns (or rows) start … start + size − 1 of `a`. */
function part(arena: Arena, a: Matrix, columns: boolean, start: number, size: number): Operand {
  const operand = columns ? reserve(arena, a.rows, size) : reserve(arena, size, a.cols);
  loadBlock(arena, operand, a, columns ? 0 : start, columns ? start : 0);
  return operand;
}

/** Address, row stride and column stride of op(A). */
export function view(a: Operand, transpose: boolean): [number, number, number] {
  return transpose ? [a.address, 1, a.stride] : [a.address, a.stride, 1];
}
