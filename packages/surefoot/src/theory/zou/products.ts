import { type Backend, type Matrix, matrix, normals } from "@surefoot/linalg";
import type { ForwardPass, Network, Weights } from "../../network/network.ts";

/**
 * Products A_{c,i} = W_{l2} Σ_{l2−1,i} W_{l2−1} ⋯ Σ_{l1,i} W_{l1} of a deep ReLU network, for several chains c = (l1, l2) and samples i at once, applied
 * to one vector each without ever being formed: `vectors[c]` has one row per sample. W_l is m_l × m_{l−1}, the paper's W_lᵀ; Σ_{l,i} the pattern of
 * layer l on sample i. Every W_l is read once for all chains.
 */
export interface Products {
  readonly samples: number;
  /** By chain: the length of the vectors that A_{c,i} takes, m_{l1−1}. */
  readonly from: readonly number[];
  apply(vectors: readonly Matrix[]): Promise<Matrix[]>;
  applyTransposed(vectors: readonly Matrix[]): Promise<Matrix[]>;
}

/** Which products: layers are counted from 1; the patterns are those of the first `samples` rows. */
export interface Chains {
  readonly pairs: readonly (readonly [l1: number, l2: number])[];
  readonly samples: number;
  /** Whether the last factor is Σ_{l2}W_{l2}. */
  readonly masked?: boolean;
}

export function products(
  { layers }: Network,
  weights: Weights,
  pass: ForwardPass,
  backend: Backend,
  { pairs, samples, masked = false }: Chains,
): Products {
  const mask = (vectors: Matrix, layer: number) => {
    const z = pass.z[layer - 1].data;
    for (let k = 0; k < vectors.data.length; k++) if (!(z[k] >= 0)) vectors.data[k] = 0;
  };
  const reaches = pairs.map(([, l2]) => (masked ? l2 : l2 - 1));
  const [bottom, top] = [Math.min(...pairs.map(([l1]) => l1)), Math.max(...pairs.map(([, l2]) => l2))];

  /** One layer for all the chains that it belongs to. */
  async function through(layer: number, vectors: Matrix[], transposeB: boolean): Promise<void> {
    const chains = pairs.flatMap(([l1, l2], c) => (l1 <= layer && layer <= l2 ? [c] : []));
    if (chains.length === 0) return;
    if (!transposeB) for (const c of chains) if (layer <= reaches[c]) mask(vectors[c], layer);
    const stacked = stack(chains.map((c) => vectors[c]));
    const image = await backend.gemm(stacked, weights[layers[layer - 1].weight], { transposeB });
    chains.forEach((c, k) => {
      const size = samples * image.cols;
      vectors[c] = { rows: samples, cols: image.cols, data: image.data.subarray(k * size, (k + 1) * size) };
      if (transposeB && layer <= reaches[c]) mask(vectors[c], layer);
    });
  }

  return {
    samples,
    from: pairs.map(([l1]) => layers[l1 - 1].cols),
    apply: async (vectors) => {
      const now = [...vectors];
      for (let layer = bottom; layer <= top; layer++) await through(layer, now, true);
      return now;
    },
    applyTransposed: async (vectors) => {
      const now = vectors.map((each): Matrix => ({ ...each, data: each.data.slice() }));
      for (let layer = top; layer >= bottom; layer--) await through(layer, now, false);
      return now;
    },
  };
}

/** One product: a plain matrix. */
export function single(a: Matrix, backend: Backend): Products {
  return {
    samples: 1,
    from: [a.cols],
    apply: async ([v]) => [await backend.gemm(v, a, { transposeB: true })],
    applyTransposed: async ([v]) => [await backend.gemm(v, a)],
  };
}

/** Matrices with equal columns, one below the other. */
function stack(parts: readonly Matrix[]): Matrix {
  if (parts.length === 1) return parts[0];
  const { cols } = parts[0];
  const whole = matrix(
    parts.reduce((sum, { rows }) => sum + rows, 0),
    cols,
  );
  let offset = 0;
  for (const { data } of parts) {
    whole.data.set(data, offset);
    offset += data.length;
  }
  return whole;
}

const STREAM = 0x20200000;

function randomRows(of: Products, seed: number): Matrix[] {
  const draw = { seed: [seed, 0] as const, stream: STREAM, firstRow: 0, rows: of.samples };
  return of.from.map((cols) => normals({ ...draw, cols }));
}

/** Steps of Lanczos bidiagonalisation at most, and between two looks at what they have found. */
export const NORM_STEPS = 24;
const LOOK = 4;
const SETTLED = 1e-4;

/** What the bidiagonalisation of one chain has come to; α and β by step, one entry per sample. */
interface Bidiagonal {
  right: Matrix;
  left: Matrix | undefined;
  readonly alpha: Float64Array[];
  readonly beta: Float64Array[];
}

/**
 * By chain, the largest ‖A_{c,i}‖₂ over i, by Lanczos bidiagonalisation (Golub & Kahan 1965) of all products at once, until none changes by more
 * than 1e-4 in four steps, 24 at most: a lower bound up to rounding, and close. `rest` is called before every step and may throw.
 */
export async function largestNorms(
  of: Products,
  backend: Backend,
  rest: () => Promise<void> = idle,
): Promise<readonly number[]> {
  const states = randomRows(of, 7).map((right): Bidiagonal => {
    scaleRows(right);
    return { right, left: undefined, alpha: [], beta: [] };
  });
  let found: readonly number[] = states.map(() => 0);
  for (let step = 1; ; step++) {
    await rest();
    const up = await of.apply(states.map(({ right }) => right));
    states.forEach((state, c) => {
      if (state.left) subtractRows(up[c], state.beta[step - 2], state.left);
      state.alpha.push(normalised(up[c], state.alpha[0]));
      state.left = up[c];
    });
    const last = step === NORM_STEPS || states.every(({ alpha }) => alpha[step - 1].every((value) => value === 0));
    if (last || step % LOOK === 0) {
      const now = await Promise.all(states.map((state) => largestSingular(state, backend)));
      if (last || now.every((value, c) => value - found[c] <= SETTLED * value)) return now;
      found = now;
    }
    const down = await of.applyTransposed(up);
    states.forEach((state, c) => {
      subtractRows(down[c], state.alpha[step - 1], state.right);
      state.beta.push(normalised(down[c], state.alpha[0]));
      state.right = down[c];
    });
  }
}

/** ‖A‖₂ of a plain matrix, as `largestNorms` finds it. */
export async function normOf(a: Matrix, backend: Backend, rest?: () => Promise<void>): Promise<number> {
  const [norm] = await largestNorms(single(a, backend), backend, rest);
  return norm;
}

const idle = async () => {};

/** The norms of the rows, which are scaled to length 1; a row that is rounding beside `size` is exhausted and set to 0. */
function normalised(rows: Matrix, size?: Float64Array): Float64Array {
  const norms = rowNorms(rows).map((norm, i) => (norm <= 1e-12 * (size?.[i] ?? 0) ? 0 : norm));
  for (let k = 0; k < rows.data.length; k++) {
    const norm = norms[Math.floor(k / rows.cols)];
    rows.data[k] = norm > 0 ? rows.data[k] / norm : 0;
  }
  return norms;
}

/** a_i ← a_i − factor_i·b_i for every row. */
function subtractRows(a: Matrix, factors: Float64Array, b: Matrix): void {
  for (let k = 0; k < a.data.length; k++) a.data[k] -= factors[Math.floor(k / a.cols)] * b.data[k];
}

/** The largest singular value of the upper bidiagonal matrices that the steps have left, one for each sample. */
async function largestSingular({ alpha, beta }: Bidiagonal, backend: Backend): Promise<number> {
  const steps = alpha.length;
  let largest = 0;
  for (let i = 0; i < alpha[0].length; i++) {
    const square = matrix(steps, steps);
    for (let k = 0; k < steps; k++) {
      const before = k > 0 ? beta[k - 1][i] : 0;
      square.data[k * steps + k] = alpha[k][i] ** 2 + before ** 2;
      if (k > 0) square.data[k * steps + k - 1] = square.data[(k - 1) * steps + k] = alpha[k - 1][i] * before;
    }
    const ends = await backend.eigenvalues(square);
    if (ends.status !== "ok") return Number.NaN;
    largest = Math.max(largest, ends.values[steps - 1]);
  }
  return Math.sqrt(largest);
}

/** Rounds of truncated power iteration. */
export const SPARSE_ROUNDS = 12;

/**
 * By chain, a lower bound of max_i max bᵀA_{c,i}a over unit a, b with at most s entries that are not 0, by truncated power iteration from a random
 * vector (Yuan & Zhang 2013): whatever it returns is attained by some a and b.
 */
export async function sparseForms(
  of: Products,
  s: number,
  rest: () => Promise<void> = idle,
): Promise<readonly number[]> {
  const sparse = (vectors: readonly Matrix[]) => {
    for (const each of vectors) {
      keepLargest(each, s);
      scaleRows(each);
    }
  };
  let a = randomRows(of, 8);
  sparse(a);
  const best = a.map(() => 0);
  for (let round = 0; round < SPARSE_ROUNDS; round++) {
    await rest();
    const b = await of.apply(a);
    b.forEach((each, c) => {
      keepLargest(each, s);
      best[c] = Math.max(best[c], ...rowNorms(each));
    });
    sparse(b);
    a = await of.applyTransposed(b);
    sparse(a);
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

/** The largest entry of the A_i of one chain, formed a unit vector at a time. */
export async function largestEntry(of: Products, rest: () => Promise<void> = idle): Promise<number> {
  const [from] = of.from;
  let largest = 0;
  // each unit vector for every sample: the rows of one call belong to the samples
  for (let j = 0; j < from; j++) {
    await rest();
    const unit = matrix(of.samples, from);
    for (let i = 0; i < of.samples; i++) unit.data[i * from + j] = 1;
    const [image] = await of.apply([unit]);
    for (const value of image.data) largest = Math.max(largest, Math.abs(value));
  }
  return largest;
}
