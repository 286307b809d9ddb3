/** Symmetric eigenvalues: all by dsyevd (tridiagonal reduction, then QR, or divide and conquer with vectors), the ends by dsyevr. */
import { checkExtremal, checkSquare } from "../arguments.ts";
import type { EigenOutcome, Eigenpair, ExtremalOptions, ExtremalOutcome } from "../backend.ts";
import { type Matrix, matrix } from "../matrix.ts";
import { lowerCopy, lowerIsFinite } from "./factor.ts";
import { character, infoOf, integer, type NativeLibrary, real, written } from "./library.ts";

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
  const { reals, integers } = workspace(library, "dsyevd", (w) => [...head, ...w, info]);
  await library.call("dsyevd", reductionFlops(n) * (vectors ? 3 : 1), [...head, ...reals, ...integers, info]);
  const failed = infoOf("dsyevd", info);
  if (failed > 0) return { status: "no-convergence", index: failed - 1 };
  // LAPACK returns eigenvectors as columns: by rows, row k belongs to values[k].
  return { status: "ok", values, ...(vectors ? { vectors: work } : {}) };
}

type Sized<T extends Float64Array | BigInt64Array> = readonly [memory: T, length: BigInt64Array];

/** Asks the routine for the memory it wants (lengths −1), and allocates it; integers get 64 bits, which suits both kinds of library. */
function workspace(
  library: NativeLibrary,
  routine: "dsyevd" | "dsyevr",
  args: (
    work: [Float64Array, BigInt64Array, BigInt64Array, BigInt64Array],
  ) => (Float64Array | BigInt64Array | Uint8Array)[],
): { reals: Sized<Float64Array>; integers: Sized<BigInt64Array> } {
  const realCell = real(0);
  const integerCell = integer(0);
  library.callNow(routine, args([realCell, integer(-1), integerCell, integer(-1)]));
  const realCount = Math.max(1, realCell[0]);
  const integerCount = Math.max(1, written(integerCell));
  return {
    reals: [new Float64Array(realCount), integer(realCount)],
    integers: [new BigInt64Array(integerCount), integer(integerCount)],
  };
}

export async function extremalEigenvalues(
  library: NativeLibrary,
  a: Matrix,
  options: ExtremalOptions = {},
): Promise<ExtremalOutcome> {
  const n = checkExtremal(a);
  const { which = "both" } = options;
  if (!lowerIsFinite(a)) return { status: "not-finite" };
  const smallest = which === "largest" ? undefined : await nthEigenpair(library, a, 1);
  const largest = which === "smallest" ? undefined : await nthEigenpair(library, a, n);
  const found = { ...(smallest ? { smallest } : {}), ...(largest ? { largest } : {}) };
  if ((which !== "largest" && !smallest) || (which !== "smallest" && !largest)) {
    return { status: "no-convergence", ...found };
  }
  return { status: "ok", ...found, method: "tridiagonal reduction, selected eigenvalues (dsyevr)" };
}

/** The k-th eigenvalue from below (1-based) with its vector, undefined when LAPACK gives up. */
async function nthEigenpair(library: NativeLibrary, a: Matrix, k: number): Promise<Eigenpair | undefined> {
  const n = a.rows;
  const work = lowerCopy(a);
  const vector = new Float64Array(n);
  const values = new Float64Array(n);
  const [found, info] = [integer(0), integer(0)];
  const support = new BigInt64Array(2 * n);
  const head = [character("V"), character("I"), UPPER, integer(n), work.data, integer(n), real(0), real(0), integer(k)];
  const rest = [integer(k), real(0), found, values, vector, integer(n), support];
  const { reals, integers } = workspace(library, "dsyevr", (w) => [...head, ...rest, ...w, info]);
  await library.call("dsyevr", reductionFlops(n), [...head, ...rest, ...reals, ...integers, info]);
  if (infoOf("dsyevr", info) > 0 || written(found) !== 1) return undefined;
  return { value: values[0], vector, residual: residual(a, values[0], vector) };
}

/** ‖Av − value·v‖₂ from the lower triangle. */
function residual(a: Matrix, value: number, vector: Float64Array): number {
  const n = a.rows;
  const r = vector.map((x) => -value * x);
  for (let i = 0; i < n; i++) {
    let sum = a.data[i * n + i] * vector[i];
    for (let j = 0; j < i; j++) {
      const entry = a.data[i * n + j];
      sum += entry * vector[j];
      r[j] += entry * vector[i];
    }
    r[i] += sum;
  }
  return Math.sqrt(r.reduce((total, x) => total + x * x, 0));
}
