/** All eigenvalues of a symmetric matrix by dsyevd: tridiagonal reduction, then QR, or divide and conquer with vectors. */
import { checkSquare } from "../arguments.ts";
import type { EigenOutcome } from "../backend.ts";
import { type Matrix, matrix } from "../matrix.ts";
import { lowerCopy, lowerIsFinite } from "./factor.ts";
import { type Argument, character, infoOf, integer, type NativeLibrary, real, written } from "./library.ts";

const UPPER = character("U");

/** Operations, counted double: half of the reduction waits for memory, not for multipliers. */
const reductionFlops = (n: number) => (8 / 3) * n ** 3;

export async function eigenvalues(
  library: NativeLibrary,
  a: Matrix,
  options: { readonly vectors?: boolean } = {},
): Promise<EigenOutcome> {
  const n = checkSquare("eigenvalues", a);
  const { vectors = false } = options;
  const values = new Float64Array(n);
  if (n === 0) return { status: "ok", values, ...(vectors ? { vectors: matrix(0, 0) } : {}) };
  if (!lowerIsFinite(a)) return { status: "not-finite" };
  const work = lowerCopy(a);
  const info = integer(0);
  const head = [character(vectors ? "V" : "N"), UPPER, integer(n), work.data, integer(n), values];
  const { reals, integers } = workspace(library, (w) => [...head, ...w, info]);
  await library.call("dsyevd", reductionFlops(n) * (vectors ? 3 : 1), [...head, ...reals, ...integers, info]);
  const failed = infoOf("dsyevd", info);
  if (failed > 0) return { status: "no-convergence", index: failed - 1 };
  // LAPACK returns eigenvectors as columns: by rows, row k belongs to values[k].
  return { status: "ok", values, ...(vectors ? { vectors: work } : {}) };
}

type Sized<T extends Float64Array | BigInt64Array> = readonly [memory: T, length: BigInt64Array];

/** Asks dsyevd for the memory it wants (lengths −1), and allocates it; integers get 64 bits, which suits both kinds of library. */
function workspace(
  library: NativeLibrary,
  args: (work: readonly Argument[]) => readonly Argument[],
): { reals: Sized<Float64Array>; integers: Sized<BigInt64Array> } {
  const [realCell, integerCell] = [real(0), integer(0)];
  library.callNow("dsyevd", args([realCell, integer(-1), integerCell, integer(-1)]));
  const realCount = Math.max(1, realCell[0]);
  const integerCount = Math.max(1, written(integerCell));
  return {
    reals: [new Float64Array(realCount), integer(realCount)],
    integers: [new BigInt64Array(integerCount), integer(integerCount)],
  };
}
