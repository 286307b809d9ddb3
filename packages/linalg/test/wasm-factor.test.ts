import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Matrix, matrix, transpose } from "../src/matrix.ts";
import { normals } from "../src/random.ts";
import { gemm, syrk } from "../src/reference/products.ts";
import { cholesky, solveTriangular } from "../src/wasm/factor.ts";
import { Runtime } from "../src/wasm/runtime.ts";

const U = 2 ** -53;
const gamma = (k: number) => (k * U) / (1 - k * U);

function gaussian(rows: number, cols: number, stream: number): Matrix {
  return normals({ seed: [23, 5], stream, firstRow: 0, rows, cols });
}

/** G·Gᵀ/n + shift·I. */
function definite(n: number, shift: number, scale = 1): Matrix {
  const a = syrk(gaussian(n, n, n), { alpha: scale / n });
  for (let i = 0; i < n; i++) a.data[i * n + i] += shift * scale;
  return a;
}

const absolute = (a: Matrix) => matrix(a.rows, a.cols, a.data.map(Math.abs));

/** |A − LLᵀ| ≤ (γ_{n+1} + γ_n)|L||Lᵀ|: backward error of the factorisation and of this check's product. */
function expectFactor(a: Matrix, l: Matrix): void {
  const n = a.rows;
  const product = gemm(l, l, { transposeB: true });
  const size = gemm(absolute(l), absolute(l), { transposeB: true });
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      const error = Math.abs(a.data[i * n + j] - product.data[i * n + j]);
      const bound = (gamma(n + 1) + gamma(n)) * size.data[i * n + j] * (1 + 2 * gamma(n));
      if (!(error <= bound)) expect.fail(`(${i}, ${j}): |A − LLᵀ| = ${error} > ${bound}`);
    }
    for (let j = i + 1; j < n; j++) expect(l.data[i * n + j]).toBe(0);
  }
}

async function factorOf(runtime: Runtime, a: Matrix): Promise<Matrix> {
  const outcome = await cholesky(runtime, a);
  if (outcome.status !== "ok") return expect.fail(JSON.stringify(outcome));
  return outcome.factor;
}

describe.each([
  { threads: 1, tile: 6 },
  { threads: 2, tile: 4 },
] as const)("$threads threads, $tile × 4 tile", (options) => {
  let runtime: Runtime;
  beforeAll(async () => {
    runtime = await Runtime.start(options);
  });
  afterAll(() => runtime.close());

  test.each([0, 1, 2, 3, 4, 5, 63, 64, 65, 127, 129, 200, 321])(
    "the factor of order %i reproduces A within the backward error bound",
    async (n) => {
      const a = definite(n, 0.01);
      const kept = a.data.slice();
      expectFactor(a, await factorOf(runtime, a));
      expect(a.data).toEqual(kept);
    },
  );

  test.each([1e-300, 1e300])("so does that of a matrix scaled by %d", async (scale) => {
    const a = definite(90, 0.1, scale);
    expectFactor(a, await factorOf(runtime, a));
  });

  test("the upper triangle is not read", async () => {
    const a = definite(70, 0.1);
    const want = await factorOf(runtime, a);
    for (let i = 0; i < 70; i++) for (let j = i + 1; j < 70; j++) a.data[i * 70 + j] = Number.NaN;
    expect(await factorOf(runtime, a)).toEqual(want);
  });

  // One pivot turned negative in every part of the recursion: first and last of a leaf, inside, in the last, odd leaf.
  test.each([0, 3, 63, 64, 65, 130, 191, 192, 200])("a negative pivot %i is named", async (pivot) => {
    const a = definite(201, 1);
    a.data[pivot * 201 + pivot] = -1;
    expect(await cholesky(runtime, a)).toEqual({ status: "not-positive-definite", pivot });
  });

  test("a zero pivot is not positive", async () => {
    expect(await cholesky(runtime, matrix(3, 3))).toEqual({ status: "not-positive-definite", pivot: 0 });
    const ones = matrix(2, 2, Float64Array.of(1, 1, 1, 1));
    expect(await cholesky(runtime, ones)).toEqual({ status: "not-positive-definite", pivot: 1 });
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    "%d in any corner of the lower triangle is not-finite",
    async (bad) => {
      for (const [i, j] of [
        [0, 0],
        [149, 0],
        [149, 149],
        [75, 74],
      ]) {
        const a = definite(150, 1);
        a.data[i * 150 + j] = bad;
        expect(await cholesky(runtime, a)).toEqual({ status: "not-finite" });
      }
    },
  );

  test.each([
    [1, 1],
    [5, 3],
    [64, 1],
    [65, 66],
    [200, 7],
    [321, 50],
  ])("triangular systems of order %i with %i right-hand sides have a small residual", async (n, m) => {
    const l = await factorOf(runtime, definite(n, 0.01));
    for (let i = 0; i < n; i++) for (let j = i + 1; j < n; j++) l.data[i * n + j] = Number.NaN; // must not be read
    const clean = matrix(
      n,
      n,
      l.data.map((x) => (Number.isNaN(x) ? 0 : x)),
    );
    const b = gaussian(n, m, 31);
    for (const transposed of [false, true]) {
      const outcome = await solveTriangular(runtime, l, b, { transpose: transposed });
      if (outcome.status !== "ok") return expect.fail(outcome.status);
      const x = outcome.solution;
      const t = transposed ? transpose(clean) : clean;
      const product = gemm(t, x);
      const size = gemm(absolute(t), absolute(x));
      for (let i = 0; i < n * m; i++) {
        // |b − Tx| ≤ (γ_n + γ_n)|T||x|: Higham, theorem 8.5, and the product formed here.
        const bound = 2 * gamma(n + 1) * size.data[i] * (1 + 2 * gamma(n));
        if (!(Math.abs(product.data[i] - b.data[i]) <= bound)) expect.fail(`entry ${i}, transposed: ${transposed}`);
      }
    }
  });

  test("a zero on the diagonal is named, an overflow is not-finite", async () => {
    const l = matrix(70, 70);
    for (let i = 0; i < 70; i++) l.data[i * 71] = 1;
    const b = gaussian(70, 2, 40);
    l.data[66 * 71] = 0;
    expect(await solveTriangular(runtime, l, b)).toEqual({ status: "singular", pivot: 66 });
    l.data[66 * 71] = 1e-310;
    b.data.fill(1);
    expect(await solveTriangular(runtime, l, b)).toEqual({ status: "not-finite" });
  });

  test("an entry of the solution is divided by the diagonal, not multiplied by its inverse", async () => {
    // 1/d is not representable for any of these: multiplying by the inverse would round twice, or overflow (1e-310).
    const diagonal = [3, 7, 49, 1e-310, 10];
    const l = matrix(5, 5);
    for (let i = 0; i < 5; i++) l.data[i * 6] = diagonal[i];
    const b = matrix(5, 1, Float64Array.of(5, 5, 49 * 0.1, 1e-310, 3));
    const outcome = await solveTriangular(runtime, l, b);
    expect(outcome).toMatchObject({ status: "ok", solution: { data: b.data.map((x, i) => x / diagonal[i]) } });
  });
});

test("deterministic factorisations have the same bits with any number of threads and either tile", async () => {
  const a = definite(333, 0.01);
  const b = gaussian(333, 37, 50);
  const results: unknown[] = [];
  for (const options of [
    { threads: 1, tile: 4 },
    { threads: 2, tile: 6 },
  ] as const) {
    const runtime = await Runtime.start({ ...options, deterministic: true });
    const l = await factorOf(runtime, a);
    results.push([l, await solveTriangular(runtime, l, b), await solveTriangular(runtime, l, b, { transpose: true })]);
    await runtime.close();
  }
  expect(results[1]).toEqual(results[0]);
});
