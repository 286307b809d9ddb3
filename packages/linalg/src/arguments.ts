/** Checks of arguments that every backend shares: what is refused, with which code, is part of the contract. */
import type { BitMasks, GemmOptions, SyrkOptions } from "./backend.ts";
import { LinalgError } from "./error.ts";
import { type Matrix, matrix } from "./matrix.ts";

export interface ProductShape {
  /** Rows and columns of op(A)·op(B), and the length of its inner products. */
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly out: Matrix;
}

/** The dimensions of a gemm and its out, made when absent. Throws `shape`, or `argument` when out overlaps an operand. */
export function checkGemm(a: Matrix, b: Matrix, options: GemmOptions = {}): ProductShape {
  const [m, k] = options.transposeA ? [a.cols, a.rows] : [a.rows, a.cols];
  const [inner, n] = options.transposeB ? [b.cols, b.rows] : [b.rows, b.cols];
  if (k !== inner) throw new LinalgError("shape", `product of ${m} × ${k} and ${inner} × ${n}`);
  return { m, n, k, out: checkOut("the product", m, n, options.out, [a, b]) };
}

/** The dimensions of a syrk and its out, made when absent. Throws `shape`, or `argument` when out overlaps A. */
export function checkSyrk(a: Matrix, options: SyrkOptions = {}): ProductShape {
  const [n, k] = options.transpose ? [a.cols, a.rows] : [a.rows, a.cols];
  return { m: n, n, k, out: checkOut("the product", n, n, options.out, [a]) };
}

/** `out`, or a new matrix; it must have the shape of the result and share no memory with `operands`. */
function checkOut(
  what: string,
  rows: number,
  cols: number,
  out: Matrix | undefined,
  operands: readonly Matrix[],
): Matrix {
  if (!out) return matrix(rows, cols);
  if (out.rows !== rows || out.cols !== cols) {
    throw new LinalgError("shape", `out is ${out.rows} × ${out.cols}, ${what} ${rows} × ${cols}`);
  }
  for (const operand of operands) {
    if (overlap(out.data, operand.data)) {
      throw new LinalgError(
        "argument",
        "out shares memory with an operand: pass another out, or a copy of the operand",
      );
    }
  }
  return out;
}

function overlap(x: Float64Array, y: Float64Array): boolean {
  return (
    x.buffer === y.buffer &&
    x.byteOffset < y.byteOffset + y.byteLength &&
    y.byteOffset < x.byteOffset + x.byteLength &&
    x.length > 0 &&
    y.length > 0
  );
}

/** Throws `shape` unless `a` is square; `what` begins the message. */
export function checkSquare(what: string, a: Matrix): number {
  if (a.cols !== a.rows) throw new LinalgError("shape", `${what} of a ${a.rows} × ${a.cols} matrix`);
  return a.rows;
}

/** As checkSquare, and throws `argument` for an empty matrix, which has no extremal eigenvalues. */
export function checkExtremal(a: Matrix): number {
  const n = checkSquare("eigenvalues", a);
  if (n === 0) throw new LinalgError("argument", "an empty matrix has no eigenvalues");
  return n;
}

export function checkSolve(l: Matrix, b: Matrix): void {
  if (l.cols !== l.rows || b.rows !== l.rows) {
    throw new LinalgError("shape", `triangular solve of ${l.rows} × ${l.cols} with ${b.rows} × ${b.cols}`);
  }
}

export function checkMasks({ rows, bits, wordsPerRow, words }: BitMasks, weights?: Float64Array): void {
  if (words.length !== rows * wordsPerRow || wordsPerRow * 32 < bits) {
    throw new LinalgError(
      "shape",
      `${rows} masks of ${bits} bits do not fit ${words.length} words of ${wordsPerRow} a row`,
    );
  }
  if (weights && weights.length !== bits) {
    throw new LinalgError("shape", `${weights.length} weights for masks of ${bits} bits`);
  }
}

/** `out`, or a new array; it must have the length of x, and may be x. */
export function checkElementwise(x: Float64Array, out: Float64Array | undefined): Float64Array {
  if (!out) return new Float64Array(x.length);
  if (out.length !== x.length) throw new LinalgError("shape", `out has ${out.length} entries, x ${x.length}`);
  return out;
}

/** What a closed backend says. */
export function closedError(name: string): LinalgError {
  return new LinalgError("closed", `this ${name} backend has been closed; make another one`);
}
