import type { BitMasks, GemmOptions, SyrkOptions } from "../backend.ts";
import { LinalgError } from "../error.ts";
import { type Matrix, matrix, transpose } from "../matrix.ts";

/** C ← α·op(A)·op(B) + β·C with plain loops; the inner one runs along rows of both operands. */
export function gemm(a: Matrix, b: Matrix, options: GemmOptions = {}): Matrix {
  const { alpha = 1, beta = 0 } = options;
  const left = options.transposeA ? transpose(a) : a;
  const right = options.transposeB ? transpose(b) : b;
  if (left.cols !== right.rows) {
    throw new LinalgError("shape", `product of ${left.rows} × ${left.cols} and ${right.rows} × ${right.cols}`);
  }
  const n = right.cols;
  const out = options.out ?? matrix(left.rows, n);
  if (out.rows !== left.rows || out.cols !== n) {
    throw new LinalgError("shape", `out is ${out.rows} × ${out.cols}, the product ${left.rows} × ${n}`);
  }
  const line = new Float64Array(n);
  for (let i = 0; i < left.rows; i++) {
    line.fill(0);
    for (let k = 0; k < left.cols; k++) {
      const value = left.data[i * left.cols + k];
      const offset = k * n;
      for (let j = 0; j < n; j++) line[j] += value * right.data[offset + j];
    }
    const offset = i * n;
    if (beta === 0) for (let j = 0; j < n; j++) out.data[offset + j] = alpha * line[j];
    else for (let j = 0; j < n; j++) out.data[offset + j] = alpha * line[j] + beta * out.data[offset + j];
  }
  return out;
}

/** C ← α·op(A)·op(A)ᵀ + β·C. */
export function syrk(a: Matrix, options: SyrkOptions = {}): Matrix {
  const { transpose: transposed = false, alpha = 1, beta = 0 } = options;
  return mirrorLower(
    gemm(a, a, {
      transposeA: transposed,
      transposeB: !transposed,
      alpha,
      beta,
      ...(options.out ? { out: options.out } : {}),
    }),
  );
}

/** Copies the lower triangle onto the upper one, in place. */
export function mirrorLower(a: Matrix): Matrix {
  const n = a.rows;
  for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) a.data[j * n + i] = a.data[i * n + j];
  return a;
}

/** C_ij = Σ_r weight_r over the bits set in both rows; without weights the exact count. */
export function maskCounts(masks: BitMasks, weights?: Float64Array): Matrix {
  const { rows, bits, wordsPerRow, words } = masks;
  if (words.length !== rows * wordsPerRow || wordsPerRow * 32 < bits) {
    throw new LinalgError(
      "shape",
      `${rows} masks of ${bits} bits do not fit ${words.length} words of ${wordsPerRow} a row`,
    );
  }
  if (weights && weights.length !== bits) {
    throw new LinalgError("shape", `${weights.length} weights for masks of ${bits} bits`);
  }
  const out = matrix(rows, rows);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let r = 0; r < bits; r++) {
        const word = words[i * wordsPerRow + (r >>> 5)] & words[j * wordsPerRow + (r >>> 5)];
        if ((word >>> (r & 31)) & 1) sum += weights ? weights[r] : 1;
      }
      out.data[i * rows + j] = sum;
      out.data[j * rows + i] = sum;
    }
  }
  return out;
}
