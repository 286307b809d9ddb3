import { checkGemm, checkSyrk } from "../arguments.ts";
import type { GemmOptions, SyrkOptions } from "../backend.ts";
import type { Matrix } from "../matrix.ts";
import { load, type Operand, reserve, unload } from "./operand.ts";
import type { Runtime } from "./runtime.ts";

/** C ← α·op(A)·op(B) + β·C. Cost 2mnk operations and one copy of each operand. */
export async function gemm(runtime: Runtime, a: Matrix, b: Matrix, options: GemmOptions = {}): Promise<Matrix> {
  const { transposeA = false, transposeB = false, alpha = 1 } = options;
  const { m, n, k, out } = checkGemm(a, b, options);
  const beta = options.out ? (options.beta ?? 0) : 0;
  await runtime.exclusive(async (arena) => {
    const left = load(arena, a);
    const right = a === b ? left : load(arena, b);
    const c = beta === 0 ? reserve(arena, m, n) : load(arena, out);
    const args = [m, n, k, alpha, ...view(left, transposeA), ...view(right, transposeB), beta, c.address, c.stride, 0];
    await runtime.run("gemm", args, 2 * m * n * k);
    unload(arena, c, out.data);
  });
  return out;
}

/** C ← α·op(A)·op(A)ᵀ + β·C: the lower triangle is computed and mirrored. Cost about n²k operations. */
export async function syrk(runtime: Runtime, a: Matrix, options: SyrkOptions = {}): Promise<Matrix> {
  const { transpose = false, alpha = 1 } = options;
  const { n, k, out } = checkSyrk(a, options);
  const beta = options.out ? (options.beta ?? 0) : 0;
  await runtime.exclusive(async (arena) => {
    const left = load(arena, a);
    const c = beta === 0 ? reserve(arena, n, n) : load(arena, out);
    const factors = [...view(left, transpose), ...view(left, !transpose)];
    await runtime.run("gemm", [n, n, k, alpha, ...factors, beta, c.address, c.stride, 1], n * n * k);
    await runtime.run("mirror", [n, c.address, c.stride], 8 * n * n);
    unload(arena, c, out.data);
  });
  return out;
}

/** Address, row stride and column stride of op(A). */
export function view(a: Operand, transpose: boolean): [number, number, number] {
  return transpose ? [a.address, 1, a.stride] : [a.address, a.stride, 1];
}
