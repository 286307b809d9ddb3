import { checkExtremal } from "../arguments.ts";
import type { ExtremalOptions, ExtremalOutcome } from "../backend.ts";
import { type ExtremalPrimitives, extremalEigenvalues as search } from "../extremal.ts";
import type { Matrix } from "../matrix.ts";
import { lowerScale } from "../scale.ts";
import type { Arena } from "./arena.ts";
import { eigenvaluesInPlace, loadScaledLower } from "./eigen.ts";
import { factorInPlace } from "./factor.ts";
import { reserve } from "./operand.ts";
import type { Runtime } from "./runtime.ts";

/** λ_min and λ_max by src/extremal.ts; the matrix and one factor stay in the kernels' memory meanwhile. */
export async function extremalEigenvalues(
  runtime: Runtime,
  a: Matrix,
  options: ExtremalOptions = {},
): Promise<ExtremalOutcome> {
  checkExtremal(a);
  const unit = lowerScale(a);
  if (unit === undefined) return { status: "not-finite" };
  return runtime.exclusive((arena) => search(primitives(runtime, arena, a, unit), options));
}

function primitives(runtime: Runtime, arena: Arena, a: Matrix, unit: number): ExtremalPrimitives {
  const n = a.rows;
  const operand = loadScaledLower(arena, a, unit);
  const factor = reserve(arena, n, n);
  const space = arena.doubles(runtime.kernels.productSpace(n));
  const [x, y] = [arena.doubles(n + 8), arena.doubles(n + 8)];
  const put = (vector: Float64Array) => {
    const view = arena.view(x, n + 8);
    view.fill(0, n);
    view.set(vector);
  };
  return {
    n,
    unit,
    multiply: async (vector) => {
      put(vector);
      await runtime.run("symmetricProduct", [n, operand.address, operand.stride, x, y, space], 2 * n * n);
      return arena.view(y, n).slice();
    },
    factor: async (sign, shift) => {
      const { address, stride } = factor;
      const copy = [n, operand.address, operand.stride, address, stride, sign, shift];
      await runtime.run("shiftedCopy", copy, 8 * n * n);
      return (await factorInPlace(runtime, arena, factor)).status === "ok";
    },
    solve: async (vector) => {
      put(vector);
      await runtime.run("choleskySolve", [n, factor.address, factor.stride, x], 2 * n * n);
      return arena.view(x, n).slice();
    },
    all: async () => {
      const copy = loadScaledLower(arena, a, unit);
      return eigenvaluesInPlace(runtime, arena, copy, n, 1, true);
    },
  };
}
