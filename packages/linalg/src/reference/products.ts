import { checkGemm, checkMasks, checkSyrk } from "../arguments.ts";
import type { BitMasks, GemmOptions, SyrkOptions } from "../backend.ts";
import { type Matrix, matrix, transpose } from "../matrix.ts";

/** C ← α·op(A)·op(B) + β·C with plain loops; the inner one runs along rows of both operands. */
export function gemm(a: Matrix, b: Matrix, options: GemmOptions = {}): Matrix {
  const { alpha = 1, beta = 0 } = options;
  const { m, n, k: inner, out } = checkGemm(a, b, options);
  const left = options.transposeA ? transpose(a) : a;
  const right = options.transposeB ? transpose(b) : b;
  const line = new Float64Array(n);
  for (let i = 0; i < m; i++) {
    line.fill(0);
    for (let k = 0; k < inner; k++) {
      const value = left.data[i * inner + k];
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
  const { out } = checkSyrk(a, options);
  return mirrorLower(gemm(a, a, { transposeA: transposed, transposeB: !transposed, alpha, beta, out }));
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
  checkMasks(masks, weights);
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
