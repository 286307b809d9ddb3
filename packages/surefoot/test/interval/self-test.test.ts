import { type Backend, chooseBackend, createReferenceBackend, type Matrix, matrix } from "@surefoot/linalg";
import { describe, expect, test } from "vitest";
import { extremeEigenvalues } from "../../src/interval/extreme-eigenvalues.ts";
import { selfTest } from "../../src/interval/self-test.ts";
import { spectralNorm } from "../../src/interval/spectral-norm.ts";
import { symmetric } from "./matrices.ts";

const reference = createReferenceBackend();

/** A backend whose product is wrong in one way; `native` so that the large shapes are tried too. */
function withProduct(gemm: Backend["gemm"]): Backend {
  return { ...reference, info: { ...reference.info, name: "native", detail: "a test" }, gemm };
}

function flushed(x: Float64Array): Float64Array {
  return x.map((value) => (Math.abs(value) < 2 ** -1022 ? 0 : value));
}

/** One level of Strassen's recursion on even square products above `crossover`. */
async function strassen(a: Matrix, b: Matrix, crossover: number): Promise<Matrix> {
  const n = a.rows;
  if (n % 2 === 1 || a.cols !== n || b.cols !== n || n <= crossover) return reference.gemm(a, b);
  const h = n / 2;
  const quarter = (x: Matrix, p: number, q: number) => {
    const out = matrix(h, h);
    for (let i = 0; i < h; i++) {
      out.data.set(x.data.subarray((p * h + i) * n + q * h, (p * h + i) * n + q * h + h), i * h);
    }
    return out;
  };
  const sum = (x: Matrix, y: Matrix, sign = 1) =>
    matrix(
      h,
      h,
      x.data.map((value, i) => value + sign * y.data[i]),
    );
  const [a11, a12, a21, a22] = [quarter(a, 0, 0), quarter(a, 0, 1), quarter(a, 1, 0), quarter(a, 1, 1)];
  const [b11, b12, b21, b22] = [quarter(b, 0, 0), quarter(b, 0, 1), quarter(b, 1, 0), quarter(b, 1, 1)];
  const [m1, m2, m3, m4, m5, m6, m7] = await Promise.all([
    reference.gemm(sum(a11, a22), sum(b11, b22)),
    reference.gemm(sum(a21, a22), b11),
    reference.gemm(a11, sum(b12, b22, -1)),
    reference.gemm(a22, sum(b21, b11, -1)),
    reference.gemm(sum(a11, a12), b22),
    reference.gemm(sum(a21, a11, -1), sum(b11, b12)),
    reference.gemm(sum(a12, a22, -1), sum(b21, b22)),
  ]);
  const out = matrix(n, n);
  const parts = [
    [sum(sum(m1, m4), sum(m7, m5, -1)), sum(m3, m5)],
    [sum(m2, m4), sum(sum(m1, m3), sum(m6, m2, -1))],
  ];
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      const part = parts[i < h ? 0 : 1][j < h ? 0 : 1];
      out.data[i * n + j] = part.data[(i % h) * h + (j % h)];
    }
  }
  return out;
}

describe("the self-test before any proof", () => {
  test("passes on the reference backend, whose Cholesky substitutes", async () => {
    expect(await selfTest(reference)).toEqual({ status: "passed", substitutes: true });
  });

  test("passes on the WebAssembly backend, and on the native one where there is one", async () => {
    const names = ["wasm", "native"] as const;
    for (const name of names) {
      const found = await chooseBackend(name).catch(() => undefined);
      if (name === "wasm") expect(found).toBeDefined();
      if (!found) continue; // a machine without OpenBLAS or Accelerate: `surefoot doctor` says so
      expect(await selfTest(found.backend)).toMatchObject({ status: "passed" });
      const a = symmetric(200, (i, j) => (i === j ? 2 : 1 / (1 + i + j)));
      const { smallest, largest } = await extremeEigenvalues(found.backend, a);
      expect(smallest).toMatchObject({ status: "proved" });
      expect(largest).toMatchObject({ status: "proved" });
      await found.backend.close();
    }
  });

  test("finds products that flush subnormal results, or subnormal inputs, to zero", async () => {
    const results = withProduct(async (a, b, options) => {
      const c = await reference.gemm(a, b, options);
      return matrix(c.rows, c.cols, flushed(c.data));
    });
    const inputs = withProduct((a, b, options) =>
      reference.gemm(matrix(a.rows, a.cols, flushed(a.data)), matrix(b.rows, b.cols, flushed(b.data)), options),
    );
    for (const backend of [results, inputs]) {
      const outcome = await selfTest(backend);
      expect(outcome).toMatchObject({ status: "failed", reason: expect.stringContaining("subnormal") });
    }
  });

  test("finds one thread of several that flushes to zero", async () => {
    const backend = withProduct(async (a, b, options) => {
      const c = await reference.gemm(a, b, options);
      if (c.rows > 256) c.data.set(flushed(c.data.subarray((c.rows >> 1) * c.cols)), (c.rows >> 1) * c.cols);
      return c;
    });
    expect((await selfTest(backend)).status).toBe("failed");
  });

  test.each([40, 300])("finds a Strassen-like product used above order %i", async (crossover) => {
    const outcome = await selfTest(withProduct((a, b) => strassen(a, b, crossover)));
    expect(outcome).toMatchObject({ status: "failed", reason: expect.stringContaining("Strassen") });
  });

  test("finds a Cholesky that multiplies by inverted diagonal blocks, which is then held to its residual", async () => {
    const backend: Backend = { ...reference, cholesky: async (a) => ({ status: "ok", factor: blockedCholesky(a, 8) }) };
    expect(await selfTest(backend)).toEqual({ status: "passed", substitutes: false });
    const bound = await extremeEigenvalues(
      backend,
      symmetric(20, (i, j) => (i === j ? 3 : 1 / (1 + i + j))),
    );
    expect(bound.smallest).toMatchObject({ status: "proved", method: expect.stringContaining("residual") });
  });

  test("after a failure nothing is proved", async () => {
    const broken = withProduct(async (a, b, options) => {
      const c = await reference.gemm(a, b, options);
      return matrix(c.rows, c.cols, flushed(c.data));
    });
    const a = symmetric(3, (i, j) => (i === j ? 2 : 1));
    const { smallest, largest } = await extremeEigenvalues(broken, a);
    expect(smallest).toMatchObject({ status: "undecided", reason: expect.stringContaining("subnormal") });
    expect(largest.status).toBe("undecided");
    // The coarse norm needs no backend, so it stays; nothing finer is claimed.
    expect(await spectralNorm(broken, a)).toMatchObject({ status: "proved", lower: 0 });
  });
});

/** Right-looking Cholesky whose panels are multiplied by the explicit inverse of the diagonal block. */
function blockedCholesky(a: Matrix, size: number): Matrix {
  const n = a.rows;
  const w = a.data.slice();
  const l = matrix(n, n);
  for (let k0 = 0; k0 < n; k0 += size) {
    const k1 = Math.min(k0 + size, n);
    for (let i = k0; i < k1; i++) {
      for (let j = k0; j <= i; j++) {
        let s = w[i * n + j];
        for (let k = k0; k < j; k++) s -= l.data[i * n + k] * l.data[j * n + k];
        l.data[i * n + j] = i === j ? Math.sqrt(s) : s / l.data[j * n + j];
      }
    }
    const inverse = new Float64Array((k1 - k0) ** 2);
    const b = k1 - k0;
    for (let c = 0; c < b; c++) {
      for (let i = c; i < b; i++) {
        let s = i === c ? 1 : 0;
        for (let k = c; k < i; k++) s -= l.data[(k0 + i) * n + k0 + k] * inverse[k * b + c];
        inverse[i * b + c] = s / l.data[(k0 + i) * n + k0 + i];
      }
    }
    for (let i = k1; i < n; i++) {
      for (let j = 0; j < b; j++) {
        let s = 0;
        for (let k = 0; k <= j; k++) s += w[i * n + k0 + k] * inverse[j * b + k];
        l.data[i * n + k0 + j] = s;
      }
    }
    for (let i = k1; i < n; i++) {
      for (let j = k1; j <= i; j++) {
        for (let k = k0; k < k1; k++) w[i * n + j] -= l.data[i * n + k] * l.data[j * n + k];
      }
    }
  }
  return l;
}
