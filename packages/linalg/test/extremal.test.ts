import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ExtremalPrimitives, extremalEigenvalues } from "../src/extremal.ts";
import { type Backend, chooseBackend, copy, createReferenceBackend, type Matrix, matrix } from "../src/index.ts";
import { findNativeLibrary } from "../src/native/backend.ts";
import { gemm } from "../src/reference/products.ts";
import { createWasmBackend } from "../src/wasm/backend.ts";
import { type BackendFactory, random, U } from "./conformance-tools.ts";

/**
 * QᵀDQ with a known spectrum D (ascending) and Q a product of three Householder reflections; its rounding moves eigenvalues by about
 * 20·n·u·max|D|, and the computed ends by as much again.
 */
function withSpectrum(spectrum: readonly number[], seed: number): Matrix {
  const n = spectrum.length;
  let a = matrix(n, n);
  for (let i = 0; i < n; i++) a.data[i * n + i] = spectrum[i];
  for (let k = 0; k < 3; k++) {
    const v = random(n, 1, seed + k).data;
    const square = v.reduce((sum, x) => sum + x * x, 0);
    const h = matrix(n, n);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) h.data[i * n + j] = (i === j ? 1 : 0) - (2 * v[i] * v[j]) / square;
    }
    a = gemm(gemm(h, a), h);
  }
  for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) a.data[j * n + i] = a.data[i * n + j];
  return a;
}

const n = 230;
const range = (f: (k: number) => number) => Array.from({ length: n }, (_, k) => f(k)).sort((a, b) => a - b);

const SPECTRA: readonly (readonly [string, readonly number[], RegExp])[] = [
  ["well separated ends", range((k) => 1 + k), /smallest: shift-and-invert.*confirmed by Cholesky/],
  ["a bottom of 150 eigenvalues within 1e-4 of each other", range((k) => (k < 150 ? 0.1 + k * 1e-6 : k)), /confirmed/],
  ["a multiple smallest and a multiple largest eigenvalue", range((k) => (k < 7 ? 2 : k > 220 ? 90 : 40)), /confirmed/],
  ["a singular matrix with a null space of dimension 40", range((k) => (k < 40 ? 0 : k)), /confirmed/],
  ["an indefinite matrix", range((k) => k - 100.5), /confirmed/],
  ["a negative definite matrix", range((k) => -1 - k * k), /confirmed/],
  ["one eigenvalue far below a cluster", range((k) => (k === 0 ? -1e-3 : 5 + k * 1e-9)), /confirmed/],
  ["condition number 1e14", range((k) => 10 ** ((14 * k) / (n - 1) - 14)), /confirmed/],
  ["a multiple of the identity", range(() => -3), /./],
];

const native = await findNativeLibrary();
const BACKENDS: readonly (readonly [string, BackendFactory])[] = [
  ["wasm", () => createWasmBackend({ threads: 2 })],
  ...(native.library ? [["native", async () => (await chooseBackend("native")).backend] as const] : []),
];

describe.each(BACKENDS)("extremal eigenvalues without the others: %s", (_name, create) => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await create();
  });
  afterAll(() => backend.close());

  test.each(SPECTRA)("%s: both ends are found and confirmed", async (_, spectrum, method) => {
    const outcome = await backend.extremalEigenvalues(withSpectrum(spectrum, 300));
    if (outcome.status !== "ok" || !outcome.smallest || !outcome.largest) expect.fail(outcome.status);
    const size = Math.max(Math.abs(spectrum[0]), Math.abs(spectrum[n - 1]));
    const tolerance = 40 * n * U * size + 1e-13 * size;
    expect(Math.abs(outcome.smallest.value - spectrum[0])).toBeLessThanOrEqual(tolerance);
    expect(Math.abs(outcome.largest.value - spectrum[n - 1])).toBeLessThanOrEqual(tolerance);
    expect(outcome.smallest.residual).toBeLessThanOrEqual(tolerance);
    expect(outcome.largest.residual).toBeLessThanOrEqual(tolerance);
    expect(outcome.method).toMatch(method);
  });

  test.each([1e-300, 1e300])("entries of size %f are found at the same accuracy", async (scale) => {
    const a = withSpectrum(
      range((k) => 1 + k / 100),
      310,
    );
    const plain = await backend.extremalEigenvalues(a);
    const big = copy(a);
    for (let i = 0; i < big.data.length; i++) big.data[i] *= scale;
    const outcome = await backend.extremalEigenvalues(big);
    if (outcome.status !== "ok" || plain.status !== "ok") expect.fail("no result");
    for (const end of ["smallest", "largest"] as const) {
      const tolerance = 40 * n * U * 4;
      expect(Math.abs(outcome[end]!.value / scale - plain[end]!.value)).toBeLessThanOrEqual(tolerance);
    }
  });

  test("a zero matrix of an order beyond the small ones has the ends 0", async () => {
    const outcome = await backend.extremalEigenvalues(matrix(200, 200));
    if (outcome.status !== "ok") expect.fail(outcome.status);
    expect([Math.abs(outcome.smallest!.value), Math.abs(outcome.largest!.value)]).toEqual([0, 0]);
  });

  test("a tolerance that no arithmetic reaches leads to all eigenvalues, and the method says so", async () => {
    const a = withSpectrum(
      range((k) => 1 + k),
      320,
    );
    const outcome = await backend.extremalEigenvalues(a, { which: "smallest", tolerance: 1e-30 });
    if (outcome.status !== "ok") expect.fail(outcome.status);
    expect(outcome.method).toBe("all eigenvalues");
    const want = await createReferenceBackend().extremalEigenvalues(a, { which: "smallest" });
    if (want.status !== "ok") expect.fail(want.status);
    expect(Math.abs(outcome.smallest!.value - want.smallest!.value)).toBeLessThanOrEqual(40 * n * U * n);
  });
});

test("the bits do not depend on the number of threads in deterministic mode", async () => {
  const a = withSpectrum(
    range((k) => 1 + k * k),
    330,
  );
  const results = [];
  for (const threads of [1, 2, 3]) {
    const fixed = await createWasmBackend({ threads, deterministic: true });
    const values = await fixed.eigenvalues(a, { vectors: true });
    const ends = await fixed.extremalEigenvalues(a);
    await fixed.close();
    results.push({ values, ends });
  }
  expect(results[1]).toEqual(results[0]);
  expect(results[2]).toEqual(results[0]);
});

/** A diagonal matrix, factored and solved exactly; `shifts` records what was factored and whether it went. */
function diagonalPrimitives(d: readonly number[]) {
  const shifts: [shift: number, definite: boolean][] = [];
  let factored: readonly number[] = [];
  const primitives: ExtremalPrimitives = {
    n: d.length,
    unit: 1,
    multiply: async (x) => x.map((value, i) => value * d[i]),
    factor: async (sign, shift) => {
      factored = d.map((value) => sign * value - shift);
      const definite = factored.every((pivot) => pivot > 0);
      shifts.push([shift, definite]);
      return definite;
    },
    solve: async (x) => x.map((value, i) => value / factored[i]),
    all: async () => expect.fail("all eigenvalues were asked for"),
  };
  return { primitives, shifts };
}

describe("how many factorisations the smallest eigenvalue takes", () => {
  const tail = Array.from({ length: 400 }, (_, k) => 0.03 + k * k * 1e-4);

  test("two where it stands apart: the last shift finds and confirms it", async () => {
    const { primitives, shifts } = diagonalPrimitives([0.02, ...tail]);
    const outcome = await extremalEigenvalues(primitives, { which: "smallest" });
    if (outcome.status !== "ok" || !outcome.smallest) expect.fail(outcome.status);
    expect(Math.abs(outcome.smallest.value - 0.02)).toBeLessThanOrEqual(1e-13 * 16);
    expect(shifts).toHaveLength(2);
    expect(shifts[1]).toEqual([expect.closeTo(0.02, 10), true]);
    expect(shifts[1][0]).toBeLessThan(0.02);
  });

  test.each([1e-4, 1e-6, 1e-8, 1e-10, 1e-12])("a neighbour %f above does not get in its place", async (distance) => {
    const { primitives, shifts } = diagonalPrimitives([0.02 + distance, ...tail, 0.02]);
    const outcome = await extremalEigenvalues(primitives, { which: "smallest" });
    if (outcome.status !== "ok" || !outcome.smallest) expect.fail(outcome.status);
    expect(Math.abs(outcome.smallest.value - 0.02)).toBeLessThanOrEqual(1e-13 * 16);
    expect(shifts.some(([shift, definite]) => definite && shift > 0.02 - 1e-11)).toBe(true);
  });
});
