import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Backend, createReferenceBackend, type Matrix, matrix, row } from "../src/index.ts";
import { gemm } from "../src/reference/products.ts";
import { type BackendFactory, expectMisuse, expectSameBits, filled, random } from "./conformance-tools.ts";

/** Kernels of infinite width: arc-cosine, piecewise-linear through all layers, dual kernels in closed form and by series. */
export function widthTests(create: BackendFactory): void {
  describe("kernels of infinite width", () => {
    const reference = createReferenceBackend();
    let backend: Backend;
    beforeAll(async () => {
      backend = await create();
    });
    afterAll(() => backend.close());

    test("arc-cosine kernels have the bits of the reference: any angle, near parallel, antiparallel, zero and ill-scaled rows", async () => {
      for (const [n, m, d] of [
        [0, 3, 2],
        [3, 0, 2],
        [1, 1, 1],
        [5, 7, 3],
        [67, 131, 9],
      ]) {
        const [x, y] = [random(n, d, 87), random(m, d, 88)];
        if (n > 4 && m > 4) {
          // Equal, opposite, nearly parallel, zero, tiny and huge rows, and one that is not finite.
          y.data.set(x.data.subarray(0, d), 0);
          y.data.set(
            x.data.subarray(d, 2 * d).map((v) => -v),
            d,
          );
          y.data.set(
            x.data.subarray(2 * d, 3 * d).map((v, i) => v * (1 + i * 1e-9)),
            2 * d,
          );
          y.data.fill(0, 3 * d, 4 * d);
          for (let i = 0; i < d; i++) {
            x.data[3 * d + i] *= 1e-150;
            y.data[4 * d + i] *= 1e150;
          }
          x.data[4 * d] = Number.NaN;
        }
        const gram = gemm(x, y, { transposeB: true });
        const squares = (a: Matrix) =>
          Float64Array.from({ length: a.rows }, (_, i) => row(a, i).reduce((sum, v) => sum + v * v, 0));
        for (const degree of [0, 1] as const) {
          const got = await backend.arcCosine(degree, gram, squares(x), squares(y));
          const want = await reference.arcCosine(degree, gram, squares(x), squares(y));
          expect([got.rows, got.cols]).toEqual([n, m]);
          expectSameBits(got.data, want.data);
          const out = filled(n, m, 7);
          expect(await backend.arcCosine(degree, gram, squares(x), squares(y), out)).toBe(out);
          expectSameBits(out.data, want.data);
        }
      }
    });

    test("arc-cosine kernels refuse lengths and an out that do not fit", async () => {
      const gram = random(3, 4, 89);
      const [three, four] = [new Float64Array(3), new Float64Array(4)];
      await expectMisuse(backend.arcCosine(0, gram, four, four), "shape");
      await expectMisuse(backend.arcCosine(1, gram, three, three), "shape");
      await expectMisuse(backend.arcCosine(1, gram, three, four, matrix(4, 3)), "shape");
    });

    test("arc-cosine kernels have the bits of the reference, ill-scaled and degenerate inputs included", async () => {
      for (const [rows, cols, scale] of [
        [0, 0, 1],
        [1, 1, 1],
        [3, 5, 1],
        [33, 1, 1e150],
        [40, 41, 1e-150],
        [2, 20_011, 1],
        [150, 151, 1],
      ]) {
        const x = random(rows, 3, 87, scale);
        const y = random(cols, 3, 88, scale);
        if (rows > 2 && cols > 1) {
          x.data.fill(0, 3, 6);
          y.data.set(x.data.subarray(0, 3));
          y.data.set(
            x.data.subarray(0, 3).map((v) => -v),
            3,
          );
        }
        const gram = await reference.gemm(x, y, { transposeB: true });
        const squares = (m: typeof x) => {
          return Float64Array.from({ length: m.rows }, (_, i) =>
            m.data.subarray(3 * i, 3 * i + 3).reduce((sum, v) => sum + v * v, 0),
          );
        };
        const [a, b] = [squares(x), squares(y)];
        if (rows > 2) gram.data[2] = Number.NaN;
        for (const degree of [0, 1] as const) {
          const want = await reference.arcCosine(degree, gram, a, b);
          expectSameBits((await backend.arcCosine(degree, gram, a, b)).data, want.data);
          const out = matrix(rows, cols);
          expect(await backend.arcCosine(degree, gram, a, b, out)).toBe(out);
          expectSameBits(out.data, want.data);
        }
        await expectMisuse(backend.arcCosine(0, gram, new Float64Array(rows + 1), b), "shape");
        await expectMisuse(backend.arcCosine(1, gram, a, b, matrix(rows + 1, cols)), "shape");
      }
    });

    test("piecewise-linear kernels have the bits of the reference through all layers, ill-scaled and degenerate inputs included", async () => {
      for (const [rows, cols, scale, layers] of [
        [0, 0, 1, 1],
        [1, 1, 1, 3],
        [33, 1, 1e150, 1],
        [40, 41, 1e-150, 2],
        [150, 151, 1, 3],
      ]) {
        const x = random(rows, 3, 87, scale);
        const y = random(cols, 3, 88, scale);
        if (rows > 2 && cols > 1) {
          x.data.fill(0, 3, 6);
          y.data.set(x.data.subarray(0, 3));
        }
        const gram = await reference.gemm(x, y, { transposeB: true });
        if (rows > 2) gram.data[2] = Number.NaN;
        const squares = ({ rows: n, data }: Matrix) =>
          Float64Array.from({ length: n }, (_, i) => data[3 * i] ** 2 + data[3 * i + 1] ** 2 + data[3 * i + 2] ** 2);
        const lengths = (z: Matrix) => new Array<Float64Array>(layers).fill(squares(z));
        for (const part of ["covariance", "tangent", "top", "both"] as const) {
          for (const slope of [0, 0.1, -1]) {
            const run = async (on: Backend) => {
              const target = matrix(rows, cols, gram.data.slice());
              const derivatives = new Float64Array(rows * cols);
              const [squaredRows, squaredCols] = [lengths(x), lengths(y)];
              const request = { part, slope, weight: 0.9, bias: 0.25, squaredRows, squaredCols, derivatives };
              expect(await on.piecewiseLinear(target, request)).toBe(target);
              return [target.data, derivatives];
            };
            const [got, want] = [await run(backend), await run(reference)];
            expectSameBits(got[0], want[0]);
            expectSameBits(got[1], want[1]);
          }
        }
      }
    });

    test("dual kernels in closed form and by series have the bits of the reference, degenerate pairs included", async () => {
      for (const [rows, cols, terms] of [
        [0, 3, 2],
        [1, 1, 1],
        [5, 8, 7],
        [31, 17, 40],
        [200, 301, 12],
      ]) {
        const rowVariances = random(1, rows, 93).data.map((x) => x * x);
        const colVariances = random(1, cols, 94).data.map((x) => 4 * x * x);
        if (rows > 4) rowVariances[2] = 0;
        if (cols > 4) colVariances[3] = 0;
        const covariances = random(rows, cols, 95);
        for (let k = 0; k < rows * cols; k++) {
          const size = Math.sqrt(rowVariances[Math.floor(k / cols)]) * Math.sqrt(colVariances[k % cols]);
          // Parallel and opposite pairs, and some that rounding has taken too far.
          covariances.data[k] =
            k % 5 === 0 ? size : k % 7 === 0 ? -1.0000000000000004 * size : covariances.data[k] * size;
        }
        if (rows > 4) covariances.data[cols + 1] = Number.NaN;
        const lists = (n: number, seed: number) =>
          Array.from({ length: n }, (_, i) => random(1, terms + (i % 3), seed + i).data);
        const series = { kind: "series", rowTerms: lists(rows, 200), colTerms: lists(cols, 600) } as const;
        for (const kernel of [
          series,
          ...(["erf", "erf-slope", "gelu", "gelu-slope"] as const).map((kind) => ({ kind })),
        ]) {
          const request = { ...kernel, rowVariances, colVariances };
          const before = covariances.data.slice();
          const out = new Float64Array(rows * cols);
          expect(await backend.dualPairs(covariances, request, out)).toBe(out);
          expectSameBits(out, await reference.dualPairs(covariances, request, new Float64Array(rows * cols)));
          expectSameBits(covariances.data, before);
        }
      }
    });

    test("dual kernels refuse variances, coefficients and an out that do not fit", async () => {
      const c = random(3, 4, 96);
      const [three, four] = [new Float64Array(3).fill(1), new Float64Array(4).fill(1)];
      const right = { kind: "erf", rowVariances: three, colVariances: four } as const;
      await backend.dualPairs(c, right, new Float64Array(12));
      await expectMisuse(backend.dualPairs(c, right, new Float64Array(11)), "shape");
      await expectMisuse(backend.dualPairs(c, { ...right, rowVariances: four }, new Float64Array(12)), "shape");
      const series = { ...right, kind: "series", rowTerms: [three], colTerms: [four] } as const;
      await expectMisuse(backend.dualPairs(c, series, new Float64Array(12)), "shape");
    });

    test("piecewise-linear kernels go to their place and its transpose, and say which rows have nearly parallel pairs", async () => {
      for (const [rows, cols] of [
        [1, 1],
        [5, 8],
        [31, 17],
        [150, 301],
      ]) {
        const [x, y] = [random(rows, 4, 90), random(cols, 4, 91)];
        y.data.set(x.data.subarray(0, 4), 0);
        y.data.set(
          x.data.subarray(4 * (rows - 1)).map((value) => -2 * value),
          4 * (cols - 1),
        );
        const squares = (z: Matrix) =>
          Float64Array.from({ length: z.rows }, (_, i) => row(z, i).reduce((sum, v) => sum + v * v, 0));
        const gram = await reference.gemm(x, y, { transposeB: true });
        const run = async (on: Backend, place: boolean) => {
          const target = matrix(rows, cols, gram.data.slice());
          const whole = filled(rows + cols, rows + cols, 7);
          const stride = rows + cols;
          const watch = {
            rowLengths: squares(x).map(Math.sqrt),
            colLengths: squares(y).map(Math.sqrt),
            rows: new Uint8Array(rows),
            bound: 0.99,
          };
          await on.piecewiseLinear(target, {
            ...{ part: "tangent", slope: 0.1, weight: 0.9, bias: 0.25, gain: 0.7, shift: 0.25, watch },
            squaredRows: [squares(x).map((a) => 0.7 * a + 0.25)],
            squaredCols: [squares(y).map((a) => 0.7 * a + 0.25)],
            ...(place
              ? {
                  out: { data: whole.data, offset: rows, stride },
                  mirror: { data: whole.data, offset: rows * stride, stride },
                }
              : {}),
          });
          return { target: target.data, whole, near: watch.rows };
        };
        const [inPlace, placed, want] = [
          await run(backend, false),
          await run(backend, true),
          await run(reference, true),
        ];
        expectSameBits(placed.target, gram.data);
        expectSameBits(placed.whole.data, want.whole.data);
        for (let i = 0; i < rows; i++) {
          for (let j = 0; j < cols; j++) {
            expect(placed.whole.data[i * (rows + cols) + rows + j]).toBe(inPlace.target[i * cols + j]);
            expect(placed.whole.data[(rows + j) * (rows + cols) + i]).toBe(inPlace.target[i * cols + j]);
          }
        }
        expect(placed.near).toEqual(want.near);
        expect([placed.near[0], placed.near[rows - 1]]).toEqual([1, 1]);
        if (rows > 100) expect(placed.near.reduce((sum, mark) => sum + mark, 0)).toBeLessThan(rows);
      }
    });

    test("a place or a watch that does not fit is refused", async () => {
      const gram = random(3, 4, 92);
      const [three, four] = [new Float64Array(3).fill(1), new Float64Array(4).fill(1)];
      const layer = { part: "top", slope: 0, weight: 1, bias: 0, squaredRows: [three], squaredCols: [four] } as const;
      const out = { data: new Float64Array(12), offset: 0, stride: 4 };
      await backend.piecewiseLinear(gram, { ...layer, out });
      await expectMisuse(backend.piecewiseLinear(gram, { ...layer, out: { ...out, offset: 1 } }), "shape");
      await expectMisuse(backend.piecewiseLinear(gram, { ...layer, mirror: out }), "shape");
      const watch = { rowLengths: three, colLengths: three, rows: new Uint8Array(3), bound: 1 };
      await expectMisuse(backend.piecewiseLinear(gram, { ...layer, watch }), "shape");
    });

    test("a large matrix from the backend is zero and of its shape", () => {
      for (const [rows, cols] of [
        [0, 3],
        [2, 5],
        [1500, 1600],
      ]) {
        const out = backend.allocate(rows, cols);
        expect([out.rows, out.cols, out.data.length]).toEqual([rows, cols, rows * cols]);
        expect(out.data.every((value) => value === 0)).toBe(true);
        out.data.fill(1);
      }
    });

    test("piecewise-linear kernels refuse lengths and derivatives that do not fit", async () => {
      const gram = random(3, 4, 89);
      const [three, four] = [new Float64Array(3), new Float64Array(4)];
      const right = { part: "top", slope: 0, weight: 1, bias: 0, squaredRows: [three], squaredCols: [four] } as const;
      await backend.piecewiseLinear(gram, right);
      await expectMisuse(backend.piecewiseLinear(gram, { ...right, squaredRows: [four] }), "shape");
      await expectMisuse(backend.piecewiseLinear(gram, { ...right, squaredCols: [] }), "shape");
      await expectMisuse(backend.piecewiseLinear(gram, { ...right, squaredRows: [], squaredCols: [] }), "shape");
      await expectMisuse(backend.piecewiseLinear(gram, { ...right, part: "both" }), "shape");
      await expectMisuse(backend.piecewiseLinear(gram, { ...right, part: "both", derivatives: three }), "shape");
    });
  });
}
