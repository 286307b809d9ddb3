import { type Matrix, matrix } from "@surefoot/linalg";
import { nextDown } from "../../src/interval/directed.ts";

/** Deterministic noise in [−1, 1). */
export function noise(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) >>> 0;
    return ((state ^ (state >>> 13)) >>> 0) / 2 ** 31 - 1;
  };
}

export function symmetric(n: number, entry: (i: number, j: number) => number): Matrix {
  const out = matrix(n, n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      out.data[i * n + j] = entry(i, j);
      out.data[j * n + i] = out.data[i * n + j];
    }
  }
  return out;
}

export function hilbert(n: number): Matrix {
  return symmetric(n, (i, j) => 1 / (i + j + 1));
}

/** [[1, a], [a, 1]] with a = 1 or a one ulp away from it: eigenvalues 1 − a and 1 + a exactly. */
export function brink(a: number): Matrix {
  return symmetric(2, (i, j) => (i === j ? 1 : a));
}

export const BELOW_ONE = nextDown(1);

/** QDQᵀ with Q a product of `reflections` Householder reflections: eigenvalues about those of D. */
export function withSpectrum(values: readonly number[], seed: number, reflections = 3): Matrix {
  const n = values.length;
  const draw = noise(seed);
  let a = symmetric(n, (i, j) => (i === j ? values[i] : 0));
  for (let k = 0; k < reflections; k++) {
    const v = Float64Array.from({ length: n }, draw);
    const squared = v.reduce((s, x) => s + x * x, 0);
    const av = v.map((_, i) => v.reduce((s, x, j) => s + a.data[i * n + j] * x, 0));
    const vav = av.reduce((s, x, i) => s + x * v[i], 0);
    const current = a;
    a = symmetric(
      n,
      (i, j) =>
        current.data[i * n + j] -
        (2 / squared) * (v[i] * av[j] + av[i] * v[j]) +
        ((4 * vav) / (squared * squared)) * v[i] * v[j],
    );
  }
  return a;
}
