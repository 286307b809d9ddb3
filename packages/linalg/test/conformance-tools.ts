import { expect } from "vitest";
import { type Backend, LinalgError, type LinalgErrorCode, type Matrix, matrix, normals } from "../src/index.ts";
import { gemm } from "../src/reference/products.ts";

/** Makes a backend of its own for one group of tests; the group closes it. */
export type BackendFactory = () => Promise<Backend>;

/** The unit roundoff of binary64. */
export const U = 2 ** -53;

/** γ_k = ku/(1 − ku) of the contract (backend.ts). */
export const gamma = (k: number): number => (k * U) / (1 - k * U);

/** A rows × cols matrix of standard normals times `scale`, fixed by `seed`. */
export function random(rows: number, cols: number, seed: number, scale = 1): Matrix {
  const out = normals({ seed: [seed, 0x5eed], stream: 0, firstRow: 0, rows, cols });
  for (let i = 0; i < out.data.length; i++) out.data[i] *= scale;
  return out;
}

/** G·Gᵀ/n + shift·I with G an n × n matrix of normals: symmetric positive definite, exactly symmetric, condition about n²/shift at most. */
export function positiveDefinite(n: number, seed: number, shift = 0.5): Matrix {
  const g = random(n, n, seed);
  const out = gemm(g, g, { transposeB: true, alpha: 1 / Math.max(n, 1) });
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) out.data[j * n + i] = out.data[i * n + j];
    out.data[i * n + i] += shift;
  }
  return out;
}

/** A random symmetric (indefinite) matrix. */
export function symmetric(n: number, seed: number, scale = 1): Matrix {
  const out = random(n, n, seed, scale);
  for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) out.data[j * n + i] = out.data[i * n + j];
  return out;
}

/** A lower-triangular matrix with a diagonal away from zero; NaN above the diagonal, where nobody may look. */
export function lowerTriangular(n: number, seed: number, scale = 1): Matrix {
  const out = random(n, n, seed, scale / Math.max(1, Math.sqrt(n)));
  for (let i = 0; i < n; i++) {
    const d = out.data[i * n + i];
    out.data[i * n + i] = d + (d < 0 ? -scale : scale);
  }
  return withUpper(out, Number.NaN);
}

/** A copy with every entry above the diagonal replaced. */
export function withUpper(a: Matrix, value: number): Matrix {
  const out = { ...a, data: a.data.slice() };
  for (let i = 0; i < a.rows; i++) out.data.fill(value, i * a.cols + i + 1, (i + 1) * a.cols);
  return out;
}

export function absolute(a: Matrix): Matrix {
  return { ...a, data: a.data.map(Math.abs) };
}

export function frobenius(a: Matrix): number {
  return Math.hypot(...normChunks(a.data));
}

function normChunks(x: Float64Array): number[] {
  const out: number[] = [];
  for (let i = 0; i < x.length; i += 1024) out.push(Math.hypot(...x.subarray(i, i + 1024)));
  return out;
}

/** Every |got − want| ≤ bound, entry by entry; the message names the first entry that is not. */
export function expectWithin(got: Matrix, want: Matrix, bound: (index: number) => number): void {
  expect([got.rows, got.cols, got.data.length]).toEqual([want.rows, want.cols, want.data.length]);
  for (let i = 0; i < want.data.length; i++) {
    const error = Math.abs(got.data[i] - want.data[i]);
    if (!(error <= bound(i))) {
      expect.fail(
        `entry ${i}: ${got.data[i]}, wanted ${want.data[i]} within ${bound(i)}; error ${error} (${got.rows} × ${got.cols})`,
      );
    }
  }
}

/** The same bits, NaN equal to NaN, −0 different from 0. */
export function expectSameBits(got: Float64Array, want: Float64Array): void {
  expect(got.length).toBe(want.length);
  for (let i = 0; i < want.length; i++) {
    if (!Object.is(got[i], want[i])) expect.fail(`entry ${i}: ${got[i]}, wanted exactly ${want[i]}`);
  }
}

export function expectSymmetric(a: Matrix): void {
  const n = a.rows;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) {
      if (!Object.is(a.data[i * n + j], a.data[j * n + i])) expect.fail(`(${i}, ${j}) differs from its mirror image`);
    }
  }
}

/** The promise rejects with a LinalgError of this code. */
export async function expectMisuse(promise: Promise<unknown>, code: LinalgErrorCode): Promise<void> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(LinalgError);
  expect((error as LinalgError).code).toBe(code);
}

interface ProductOptions {
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
}

/** op(A)·op(B) by the reference with the bound that a backend must keep: made once, asked for many α and β. */
export function oracle(
  a: Matrix,
  b: Matrix,
  options: ProductOptions = {},
): (got: Matrix, scalars?: { readonly alpha?: number; readonly beta?: number; readonly before?: Matrix }) => void {
  const inner = options.transposeA ? a.rows : a.cols;
  const product = gemm(a, b, options);
  const size = gemm(absolute(a), absolute(b), options);
  return (got, { alpha = 1, beta = 0, before } = {}) => {
    const old = (i: number) => (before && beta !== 0 ? beta * before.data[i] : 0);
    const want = { ...product, data: product.data.map((x, i) => alpha * x + old(i)) };
    const tiny = 2 * (inner + 3) * 2 ** -1074 * Math.max(1, Math.abs(alpha));
    // Both sides keep the contract's bound, hence the factor 2; three roundings for α, β and the last sum.
    expectWithin(got, want, (i) => 2 * gamma(inner + 3) * (Math.abs(alpha) * size.data[i] + Math.abs(old(i))) + tiny);
  };
}

export function filled(rows: number, cols: number, value: number): Matrix {
  const out = matrix(rows, cols);
  out.data.fill(value);
  return out;
}
