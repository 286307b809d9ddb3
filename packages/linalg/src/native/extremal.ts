import { checkExtremal } from "../arguments.ts";
import type { ExtremalOptions, ExtremalOutcome } from "../backend.ts";
import { type ExtremalPrimitives, extremalEigenvalues as search } from "../extremal.ts";
import { type Matrix, matrix } from "../matrix.ts";
import { lowerScale } from "../scale.ts";
import { eigenvalues } from "./eigen.ts";
import { character, infoOf, integer, type NativeLibrary, real } from "./library.ts";

/** The lower triangle by rows is the upper one by columns, and the memory of L is U = Lᵀ. */
const UPPER = character("U");
const N = character("N");
const T = character("T");

/** λ_min and λ_max by src/extremal.ts, on dsymv, dpotrf and dtrsv. Holds a factor as large as the matrix meanwhile. */
export async function extremalEigenvalues(
  library: NativeLibrary,
  a: Matrix,
  options: ExtremalOptions = {},
): Promise<ExtremalOutcome> {
  checkExtremal(a);
  const unit = lowerScale(a);
  if (unit === undefined) return { status: "not-finite" };
  // Squares and sums of moderate entries neither overflow nor underflow: no scaled copy is needed.
  const moderate = unit > 2 ** -100 && unit < 2 ** 100;
  return search(moderate ? primitives(library, a, 1) : primitives(library, lowerDivided(a, unit), unit), options);
}

/** The lower triangle of A/unit, for a power of two; zeros above. */
function lowerDivided(a: Matrix, unit: number): Matrix {
  const n = a.rows;
  const out = matrix(n, n);
  for (let i = 0; i < n; i++) for (let k = i * n; k <= i * n + i; k++) out.data[k] = a.data[k] / unit;
  return out;
}

/** On the lower triangle of `scaled`, which is the matrix divided by `unit`. */
function primitives(library: NativeLibrary, scaled: Matrix, unit: number): ExtremalPrimitives {
  const n = scaled.rows;
  const order = integer(n);
  const one = integer(1);
  const factor = new Float64Array(n * n);
  const solveWith = (flag: Uint8Array, x: Float64Array) =>
    library.call("dtrsv", n * n, [UPPER, flag, N, order, factor, order, x, one]);
  return {
    n,
    unit,
    multiply: async (x) => {
      const y = new Float64Array(n);
      await library.call("dsymv", 2 * n * n, [UPPER, order, real(1), scaled.data, order, x, one, real(0), y, one]);
      return y;
    },
    factor: async (sign, shift) => {
      for (let i = 0; i < n; i++) {
        const end = i * n + i;
        if (sign === 1) factor.set(scaled.data.subarray(i * n, end), i * n);
        else for (let k = i * n; k < end; k++) factor[k] = -scaled.data[k];
        factor[end] = sign * scaled.data[end] - shift;
      }
      const info = integer(0);
      await library.call("dpotrf", n ** 3 / 3, [UPPER, order, factor, order, info]);
      return infoOf("dpotrf", info) === 0;
    },
    solve: async (x) => {
      const y = x.slice();
      await solveWith(T, y);
      await solveWith(N, y);
      return y;
    },
    all: () => eigenvalues(library, scaled, { vectors: true }),
  };
}
