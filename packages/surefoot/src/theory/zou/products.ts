import { type Backend, type Matrix, matrix, normals } from "@surefoot/linalg";
import type { ForwardPass, Network, Weights } from "../../network/network.ts";

/**
 * The products A_i = W_{l2} Σ_{l2−1,i} W_{l2−1} ⋯ Σ_{l1,i} W_{l1} of a deep ReLU network for several samples at once, applied to one vector per
 * sample (a row) without ever forming them. W_l is m_l × m_{l−1}, the paper's W_lᵀ; Σ_{l,i} the pattern of layer l on sample i.
 */
export interface Products {
  readonly samples: number;
  /** Length of the vectors that A_i takes, m_{l1−1}, and gives, m_{l2}. */
  readonly from: number;
  readonly to: number;
  apply(vectors: Matrix): Promise<Matrix>;
  applyTransposed(vectors: Matrix): Promise<Matrix>;
}

/** Layers are counted from 1; `masked`: whether the last factor is Σ_{l2}W_{l2}. The patterns are those of the first `samples` rows. */
export function products(
  { layers }: Network,
  weights: Weights,
  pass: ForwardPass,
  backend: Backend,
  { l1, l2, samples, masked = false }: { l1: number; l2: number; samples: number; masked?: boolean },
): Products {
  const mask = (vectors: Matrix, layer: number) => {
    const z = pass.z[layer - 1].data;
    for (let k = 0; k < vectors.data.length; k++) if (!(z[k] >= 0)) vectors.data[k] = 0;
  };
  const weightOf = (layer: number) => weights[layers[layer - 1].weight];
  return {
    samples,
    from: layers[l1 - 1].cols,
    to: layers[l2 - 1].rows,
    apply: async (vectors) => {
      let v = vectors;
      for (let l = l1; l <= l2; l++) {
        v = await backend.gemm(v, weightOf(l), { transposeB: true });
        if (l < l2 || masked) mask(v, l);
      }
      return v;
    },
    applyTransposed: async (vectors) => {
      let v: Matrix = { ...vectors, data: vectors.data.slice() };
      for (let l = l2; l >= l1; l--) {
        if (l < l2 || masked) mask(v, l);
        v = await backend.gemm(v, weightOf(l));
      }
      return v;
    },
  };
}

/** One product: a plain matrix. */
export function single(a: Matrix, backend: Backend): Products {
  return {
    samples: 1,
    from: a.cols,
    to: a.rows,
    apply: (v) => backend.gemm(v, a, { transposeB: true }),
    applyTransposed: (v) => backend.gemm(v, a),
  };
}

const STREAM = 0x20200000;

/**
 * ‖A_i‖₂ by power iteration on A_iᵀA_i until the largest changes by less than 1e-3, at most 60 rounds: a lower bound that is close. The largest
 * over i.
 */
export async function largestNorm(of: Products): Promise<number> {
  let v = normals({ seed: [7, 0], stream: STREAM, firstRow: 0, rows: of.samples, cols: of.from });
  let found = 0;
  for (let round = 0; round < 60; round++) {
    scaleRows(v);
    const image = await of.apply(v);
    const now = Math.max(...rowNorms(image));
    v = await of.applyTransposed(image);
    const settled = round > 4 && Math.abs(now - found) <= 1e-3 * now;
    found = now;
    if (settled || !(now > 0)) break;
  }
  return found;
}

/**
 * A lower bound of max_i max bᵀA_i a over unit a, b with at most s entries that are not 0, by truncated power iteration from the column of
 * a heavy row (Yuan & Zhang 2013): whatever it returns is attained by some a and b.
 */
export async function sparseForm(of: Products, s: number): Promise<number> {
  let a = normals({ seed: [8, 0], stream: STREAM, firstRow: 0, rows: of.samples, cols: of.from });
  keepLargest(a, s);
  scaleRows(a);
  let best = 0;
  for (let round = 0; round < 12; round++) {
    const b = await of.apply(a);
    keepLargest(b, s);
    best = Math.max(best, ...rowNorms(b));
    scaleRows(b);
    a = await of.applyTransposed(b);
    keepLargest(a, s);
    scaleRows(a);
  }
  return best;
}

/** ‖the s largest entries of each row‖₂: the exact maximum of qᵀa over s-sparse unit a. */
export function topNorms(rows: Matrix, s: number): Float64Array {
  const kept: Matrix = { ...rows, data: rows.data.slice() };
  keepLargest(kept, s);
  return rowNorms(kept);
}

/** Sets all but the s entries of largest absolute value of each row to 0. */
function keepLargest({ rows, cols, data }: Matrix, s: number): void {
  if (s >= cols) return;
  for (let i = 0; i < rows; i++) {
    const row = data.subarray(i * cols, (i + 1) * cols);
    const threshold = row.map(Math.abs).sort()[cols - s];
    let left = s;
    for (const value of row) if (Math.abs(value) > threshold) left--;
    for (let k = 0; k < cols; k++) {
      const size = Math.abs(row[k]);
      if (size < threshold || (size === threshold && left-- <= 0)) row[k] = 0;
    }
  }
}

export function rowNorms({ rows, cols, data }: Matrix): Float64Array {
  return Float64Array.from({ length: rows }, (_, i) => {
    let square = 0;
    for (let k = i * cols; k < (i + 1) * cols; k++) square += data[k] * data[k];
    return Math.sqrt(square);
  });
}

/** Every row to length 1, in place; rows of zeros stay. */
export function scaleRows(a: Matrix): void {
  const norms = rowNorms(a);
  for (let k = 0; k < a.data.length; k++) {
    const norm = norms[Math.floor(k / a.cols)];
    if (norm > 0) a.data[k] /= norm;
  }
}

/** The first rows of a matrix, sharing its memory. */
export function firstRows({ cols, data }: Matrix, rows: number): Matrix {
  return { rows, cols, data: data.subarray(0, rows * cols) };
}

/** The largest entry of A_i for the samples, formed a block of unit vectors at a time. */
export async function largestEntry(of: (samples: number) => Products, samples: number): Promise<number> {
  const one = of(samples);
  let largest = 0;
  // each unit vector for every sample: the rows of one call belong to the samples
  for (let j = 0; j < one.from; j++) {
    const unit = matrix(samples, one.from);
    for (let i = 0; i < samples; i++) unit.data[i * one.from + j] = 1;
    for (const value of (await one.apply(unit)).data) largest = Math.max(largest, Math.abs(value));
  }
  return largest;
}
