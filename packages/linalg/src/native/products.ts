/**
 * Products by dgemm and dsyrk. BLAS is column-major: the memory of a row-major matrix is its transpose there. So C = op(A)·op(B)
 * is asked for as Cᵀ = op(B)ᵀ·op(A)ᵀ, each operand with the flag it already has, and nothing is copied.
 */
import { checkGemm, checkSyrk } from "../arguments.ts";
import type { GemmOptions, SyrkOptions } from "../backend.ts";
import type { Matrix } from "../matrix.ts";
import { character, integer, type NativeLibrary, real } from "./library.ts";

const N = character("N");
const T = character("T");
/** Upper in columns is lower in rows. */
const UPPER = character("U");

export async function gemm(library: NativeLibrary, a: Matrix, b: Matrix, options: GemmOptions = {}): Promise<Matrix> {
  const { m, n, k, out } = checkGemm(a, b, options);
  const { alpha = 1, beta = 0 } = options;
  if (m === 0 || n === 0) return out;
  if (k === 0) return scale(out, beta);
  const args = [
    options.transposeB ? T : N,
    options.transposeA ? T : N,
    integer(n),
    integer(m),
    integer(k),
    real(alpha),
    b.data,
    integer(b.cols),
    a.data,
    integer(a.cols),
    real(beta),
    out.data,
    integer(n),
  ];
  await library.call("dgemm", 2 * m * n * k, args, options.alone);
  return out;
}

export async function syrk(library: NativeLibrary, a: Matrix, options: SyrkOptions = {}): Promise<Matrix> {
  const { n, k, out } = checkSyrk(a, options);
  const { alpha = 1, beta = 0 } = options;
  if (n === 0) return out;
  if (k === 0) scale(out, beta);
  else {
    const args = [
      UPPER,
      options.transpose ? N : T,
      integer(n),
      integer(k),
      real(alpha),
      a.data,
      integer(a.cols),
      real(beta),
      out.data,
      integer(n),
    ];
    await library.call("dsyrk", n * n * k, args, options.alone);
  }
  return mirrorLower(out);
}

function scale(out: Matrix, beta: number): Matrix {
  if (beta === 0) out.data.fill(0);
  else for (let i = 0; i < out.data.length; i++) out.data[i] *= beta;
  return out;
}

const TILE = 64;
/** Entries mirrored between two turns of the event loop: a few milliseconds. */
const TURN = 2 ** 20;

/** Copies the lower triangle onto the upper one in cache-sized tiles; lets the event loop run now and then. */
async function mirrorLower(a: Matrix): Promise<Matrix> {
  const { rows: n, data } = a;
  let moved = 0;
  for (let i0 = 0; i0 < n; i0 += TILE) {
    const i1 = Math.min(i0 + TILE, n);
    for (let j0 = 0; j0 <= i0; j0 += TILE) mirrorTile(data, n, i0, i1, j0);
    moved += i1 * TILE;
    if (moved < TURN) continue;
    moved = 0;
    await new Promise((resolve) => setTimeout(resolve));
  }
  return a;
}

function mirrorTile(data: Float64Array, n: number, i0: number, i1: number, j0: number): void {
  for (let i = i0; i < i1; i++) {
    const j1 = Math.min(j0 + TILE, i);
    for (let j = j0; j < j1; j++) data[j * n + i] = data[i * n + j];
  }
}
