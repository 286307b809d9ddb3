import { type Backend, createReferenceBackend, type Matrix, matrix } from "@surefoot/linalg";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { choleskyBound, trustOf } from "../../src/interval/cholesky-bound.ts";
import { nextUp } from "../../src/interval/directed.ts";
import { extremeEigenvalues, greatestEigenvalue, leastEigenvalue } from "../../src/interval/extreme-eigenvalues.ts";
import { coarseNorm, spectralNorm } from "../../src/interval/spectral-norm.ts";
import { exact, isPositiveDefinite, minus } from "./exact.ts";
import { BELOW_ONE, brink, hilbert, noise, symmetric, withSpectrum } from "./matrices.ts";

const backend = createReferenceBackend();
afterAll(() => backend.close());

/** A − cI exactly. */
function shifted(a: Matrix, c: number) {
  return Array.from({ length: a.rows }, (_, i) =>
    Array.from({ length: a.rows }, (_, j) => {
      const entry = exact(a.data[Math.max(i, j) * a.rows + Math.min(i, j)]);
      return i === j ? minus(entry, exact(c)) : entry;
    }),
  );
}

/** cI − A exactly. */
function reflected(a: Matrix, c: number) {
  return shifted(a, c).map((row) => row.map((x) => ({ m: -x.m, e: x.e })));
}

async function proved(a: Matrix, which: "least" | "greatest" = "least", on: Backend = backend) {
  const bound = await (which === "least" ? leastEigenvalue(on, a) : greatestEigenvalue(on, a));
  if (bound.status !== "proved") throw new Error(bound.reason);
  return bound;
}

/** Entries of one binary digit or a few, so that singular and nearly singular matrices are common. */
const smallSymmetric = fc
  .tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 0, max: 2 ** 31 - 1 }), fc.integer({ min: 0, max: 4 }))
  .map(([n, seed, kind]) => {
    const draw = noise(seed);
    const x = matrix(n, kind === 0 ? n : Math.max(1, n - (kind === 1 ? 1 : 0)));
    for (let i = 0; i < x.data.length; i++) x.data[i] = kind === 4 ? draw() : Math.round(3 * draw());
    const gram = symmetric(n, (i, j) => {
      let s = 0;
      for (let k = 0; k < x.cols; k++) s += x.data[i * x.cols + k] * x.data[j * x.cols + k];
      return s;
    });
    if (kind === 2) for (let i = 0; i < n; i++) gram.data[i * n + i] -= Math.max(0, draw()) * 2 ** -50;
    if (kind === 3) return symmetric(n, () => Math.round(4 * draw()));
    return gram;
  });

describe("least and greatest eigenvalues", () => {
  test("a proved positive lower bound is never claimed for a matrix that exact elimination finds not positive definite", async () => {
    let positive = 0;
    let indefinite = 0;
    await fc.assert(
      fc.asyncProperty(smallSymmetric, async (a) => {
        const definite = isPositiveDefinite(shifted(a, 0));
        const bound = await proved(a);
        if (bound.lower > 0) expect(definite).toBe(true);
        if (!(bound.upper > 0)) expect(definite).toBe(false);
        if (definite) positive++;
        else indefinite++;
      }),
      { numRuns: 2000 },
    );
    expect(Math.min(positive, indefinite)).toBeGreaterThan(200);
  });

  test("the bounds hold exactly: A − lower·I is semidefinite, A − (upper + ulp)·I is not definite; the same above", async () => {
    await fc.assert(
      fc.asyncProperty(smallSymmetric, async (a) => {
        const { smallest, largest } = await extremeEigenvalues(backend, a);
        if (smallest.status !== "proved" || largest.status !== "proved") throw new Error("undecided");
        expect(
          isPositiveDefinite(shifted(a, smallest.lower - Number.MIN_VALUE - Math.abs(smallest.lower) * 2 ** -52)),
        ).toBe(true);
        expect(isPositiveDefinite(shifted(a, smallest.upper))).toBe(false);
        expect(
          isPositiveDefinite(reflected(a, largest.upper + Number.MIN_VALUE + Math.abs(largest.upper) * 2 ** -52)),
        ).toBe(true);
        expect(isPositiveDefinite(reflected(a, largest.lower))).toBe(false);
      }),
      { numRuns: 1000 },
    );
  });

  test("matrices indefinite or singular by one unit in the last place are never proved positive, the definite one is bounded tightly", async () => {
    expect((await proved(brink(nextUp(1)))).lower).toBeLessThan(0);
    expect((await proved(brink(1))).lower).toBeLessThanOrEqual(0);
    const definite = await proved(brink(BELOW_ONE));
    expect(definite.upper).toBeGreaterThanOrEqual(2 ** -53);
    // λ_min = 2⁻⁵³ is below the a-priori error of a 2 × 2 factorisation of a matrix of norm 2, 10·2⁻⁵³.
    expect(definite.lower).toBeGreaterThan(-20 * 2 ** -53);
  });

  test("Hilbert matrices: positive while λ_min is far above the rounding error, and never above the exact value", async () => {
    // λ_min of the exact Hilbert matrices (mpmath, 50 digits); rounding its entries moves it by less than n·2⁻⁵⁴.
    const known: Record<number, number> = { 3: 0.0026873403557735, 6: 1.0827994845656e-7, 9: 3.4996764029e-12 };
    for (const [n, value] of Object.entries(known)) {
      const bound = await proved(hilbert(Number(n)));
      expect(bound.lower).toBeGreaterThan(0);
      const slack = 32 * Number(n) * 2 ** -53 + 2e-7 * value;
      expect(Math.abs(bound.lower - value)).toBeLessThan(slack);
      expect(Math.abs(bound.upper - value)).toBeLessThan(slack);
    }
    for (const n of [13, 16, 20]) {
      // λ_min is 1e-18 and less: below what the rounded entries and the factorisation can decide.
      const bound = await proved(hilbert(n));
      expect(bound.lower).toBeLessThan(1e-17);
      expect(bound.upper).toBeGreaterThan(-1e-15);
    }
  });

  test("relative slack stays below 1e-6 at λ_min/λ_max = 1e-6", async () => {
    const n = 60;
    const a = withSpectrum(
      Array.from({ length: n }, (_, k) => 10 ** ((-6 * k) / (n - 1))),
      3,
    );
    const bound = await proved(a);
    expect(bound.upper - bound.lower).toBeLessThan(1e-6 * bound.upper);
    const top = await proved(a, "greatest");
    expect(top.upper - top.lower).toBeLessThan(1.1e-6 * top.upper);
  });

  test("large matrices: found by Lanczos, proved by separation, exact at a known spectrum", async () => {
    const n = 150;
    // diag(1, …) plus the reflection of a diagonal: eigenvalues known up to the rounding of the construction.
    const values = Array.from({ length: n }, (_, k) => 10 ** ((-6 * (n - 1 - k)) / (n - 1)));
    const a = withSpectrum(values, 21, 2);
    const rounding = 40 * 2 ** -53;
    const bound = await proved(a);
    expect(bound.method).toContain("separated");
    expect(bound.lower).toBeLessThan(1e-6 + rounding);
    expect(bound.upper).toBeGreaterThan(1e-6 - rounding);
    expect(bound.upper - bound.lower).toBeLessThan(1e-6 * 1e-6);
    const top = await proved(a, "greatest");
    expect(top.lower).toBeLessThan(1 + rounding);
    expect(top.upper).toBeGreaterThan(1 - rounding);
    expect(top.upper - top.lower).toBeLessThan(1.1e-6);
  });

  test("large matrices: a double least eigenvalue cannot be separated and is bounded by the shift alone", async () => {
    const n = 150;
    const values = Array.from({ length: n }, (_, k) => (k < 2 ? 0.25 : 1 + k / n));
    const a = withSpectrum(values, 22, 2);
    const bound = await proved(a);
    expect(bound.method).not.toContain("separated");
    expect(bound.lower).toBeLessThan(0.25 + 1e-13);
    expect(bound.lower).toBeGreaterThan(0.25 * (1 - 1e-6));
    expect(bound.upper).toBeGreaterThan(0.25 - 1e-13);
  });

  test("large indefinite and singular matrices are bounded from both sides", async () => {
    const n = 140;
    for (const least of [-0.5, 0]) {
      const values = Array.from({ length: n }, (_, k) => (k === 0 ? least : 1 + k / n));
      const bound = await proved(withSpectrum(values, 23, 2));
      expect(bound.lower).toBeLessThanOrEqual(least + 1e-13);
      expect(bound.upper).toBeGreaterThanOrEqual(least - 1e-13);
      expect(bound.upper - bound.lower).toBeLessThan(1e-6);
    }
  });

  test("a radius widens both ends by itself", async () => {
    const a = withSpectrum([1, 2, 3], 5);
    const exactBound = await proved(a);
    const wide = await leastEigenvalue(backend, a, { radius: 0.25 });
    if (wide.status !== "proved") throw new Error(wide.reason);
    expect(wide.lower).toBeLessThanOrEqual(exactBound.lower - 0.25);
    expect(wide.upper).toBeGreaterThanOrEqual(exactBound.upper + 0.25);
    expect((await leastEigenvalue(backend, a, { radius: Number.POSITIVE_INFINITY })).status).toBe("undecided");
    expect((await leastEigenvalue(backend, a, { radius: Number.NaN })).status).toBe("undecided");
  });

  test("NaN, ∞ and overflow anywhere in the lower triangle leave the question undecided", async () => {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e200]) {
      for (const [i, j] of [
        [0, 0],
        [3, 1],
        [4, 4],
      ]) {
        const a = symmetric(5, (p, q) => (p === q ? 4 : 1));
        a.data[i * 5 + j] = bad;
        const { smallest, largest } = await extremeEigenvalues(backend, a);
        expect([smallest.status, largest.status]).toEqual(["undecided", "undecided"]);
      }
    }
  });

  test("small and huge matrices are bounded as well as ordinary ones; subnormal ones correctly, if widely", async () => {
    const entries = (scale: number) => symmetric(4, (i, j) => (i === j ? 8 : 1) * scale); // eigenvalues 7 and 11
    const tiny = await proved(entries(2 ** -1040));
    expect(tiny.lower <= 7 * 2 ** -1040 && tiny.upper >= 7 * 2 ** -1040).toBe(true);
    for (const scale of [2 ** -300, 2 ** 300]) {
      const a = entries(scale);
      const bound = await proved(a);
      expect(bound.lower / scale).toBeGreaterThan(6.99);
      expect(bound.upper / scale).toBeLessThan(7.01);
      const top = await proved(a, "greatest");
      expect(top.upper / scale).toBeLessThan(11.01);
      expect(top.lower / scale).toBeGreaterThan(10.99);
    }
  });

  test("what the backend claims is not believed: a lying eigensolver makes bounds wider, never wrong", async () => {
    const a = withSpectrum([0.5, 1, 2, 4], 9);
    for (const factor of [0.5, 1.5, 100, -1]) {
      const liar: Backend = {
        ...backend,
        extremalEigenvalues: async (m, options) => {
          const honest = await backend.extremalEigenvalues(m, options);
          if (honest.status !== "ok" || !honest.smallest || !honest.largest) return honest;
          const lie = (pair: typeof honest.smallest) => ({ ...pair, value: pair.value * factor, residual: 0 });
          return { ...honest, smallest: lie(honest.smallest), largest: lie(honest.largest) };
        },
      };
      const { smallest, largest } = await extremeEigenvalues(liar, a);
      if (smallest.status === "proved") {
        expect(smallest.lower).toBeLessThan(0.5 + 1e-14);
        expect(smallest.upper).toBeGreaterThan(0.5 - 1e-14);
      }
      if (largest.status === "proved") {
        expect(largest.upper).toBeGreaterThan(4 - 1e-14);
        expect(largest.lower).toBeLessThan(4 + 1e-14);
      }
    }
  });
});

describe("both forms of the Cholesky bound", () => {
  test("hold against exact elimination", async () => {
    await fc.assert(
      fc.asyncProperty(smallSymmetric, async (a) => {
        for (const form of ["substitution", "residual"] as const) {
          const bound = await choleskyBound(backend, a, form);
          if (bound.status === "ok") expect(isPositiveDefinite(shifted(a, -bound.slack * (1 + 2 ** -52)))).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });

  test("the residual form sees a factor that is wrong, the substitution form is only for kernels that are known", async () => {
    const a = withSpectrum([1, 2, 3, 4, 5], 2);
    const wrong: Backend = {
      ...backend,
      cholesky: async (m) => {
        const outcome = await backend.cholesky(m);
        if (outcome.status === "ok") outcome.factor.data[10] += 0.5;
        return outcome;
      },
    };
    const seen = await choleskyBound(wrong, a, "residual");
    expect(seen.status === "ok" ? seen.slack : 0).toBeGreaterThan(0.1);
    const foreign: Backend = { ...backend, info: { ...backend.info, name: "native", detail: "Some BLAS" } };
    expect(await trustOf(foreign)).toEqual({ status: "trusted", form: "residual" });
    expect(await trustOf(backend)).toEqual({ status: "trusted", form: "substitution" });
  });

  test("the residual form works over several panels", async () => {
    const n = 300;
    const a = withSpectrum(
      Array.from({ length: n }, (_, k) => 1 + k / n),
      4,
      2,
    );
    const bound = await choleskyBound(backend, a, "residual");
    expect(bound.status === "ok" ? bound.slack : Number.NaN).toBeLessThan(1e-10);
  });
});

describe("spectral norms", () => {
  test("contain the norm of matrices whose singular values are known, to 1e-6", async () => {
    for (const [rows, cols] of [
      [4, 9],
      [9, 4],
      [6, 6],
      [40, 30],
    ]) {
      // Rows of a scaled Hadamard-like ±1 pattern: W = c·(outer product) + d·I-like part has known norm through its Gram matrix.
      const draw = noise(rows * 100 + cols);
      const w = matrix(rows, cols);
      for (let i = 0; i < w.data.length; i++) w.data[i] = draw();
      const bound = await spectralNorm(backend, w);
      if (bound.status !== "proved") throw new Error(bound.reason);
      expect(bound.upper - bound.lower).toBeLessThan(2e-6 * bound.upper);
      const all = await backend.eigenvalues(await backend.syrk(w));
      if (all.status !== "ok") throw new Error(all.status);
      const sigma = Math.sqrt(all.values[rows - 1]);
      expect(bound.lower).toBeLessThanOrEqual(sigma * (1 + 1e-12));
      expect(bound.upper).toBeGreaterThanOrEqual(sigma * (1 - 1e-12));
      expect(coarseNorm(w)).toBeGreaterThanOrEqual(bound.lower);
    }
  });

  test("c²I − WWᵀ is positive definite in exact arithmetic at the upper end and not at the lower", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 2 ** 31 - 1 }), async (seed) => {
        const draw = noise(seed);
        const w = matrix(
          2,
          3,
          Float64Array.from({ length: 6 }, () => Math.round(64 * draw()) / 64),
        );
        const bound = await spectralNorm(backend, w);
        if (bound.status !== "proved") throw new Error(bound.reason);
        // Entries are multiples of 2⁻⁶, so the Gram matrix of six products is exact.
        const gram = await backend.syrk(w);
        const widened = bound.upper * (1 + 2 ** -50) + Number.MIN_VALUE;
        expect(isPositiveDefinite(reflected(gram, widened * widened))).toBe(true);
        const narrowed = bound.lower * (1 - 2 ** -50);
        expect(isPositiveDefinite(reflected(gram, narrowed * narrowed))).toBe(false);
      }),
      { numRuns: 300 },
    );
  });

  test("vectors, empty matrices and non-finite entries", async () => {
    const vector = await spectralNorm(backend, matrix(1, 2, new Float64Array([3, 4])));
    expect(
      vector.status === "proved" && vector.lower <= 5 && 5 <= vector.upper && vector.upper - vector.lower < 1e-13,
    ).toBe(true);
    expect(await spectralNorm(backend, matrix(0, 3))).toMatchObject({ status: "proved", upper: 0 });
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, 1e200]) {
      const w = matrix(3, 3, new Float64Array(9).fill(1));
      w.data[4] = bad;
      expect((await spectralNorm(backend, w)).status).toBe("undecided");
    }
  });
});
