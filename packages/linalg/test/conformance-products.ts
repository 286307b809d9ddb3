import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Backend, copy, identity, matrix } from "../src/index.ts";
import { gemm, syrk } from "../src/reference/products.ts";
import {
  type BackendFactory,
  expectMisuse,
  expectSameBits,
  expectSymmetric,
  filled,
  oracle,
  random,
} from "./conformance-tools.ts";

/** Empty, single, odd, around the usual register and cache tiles, and long and thin both ways. */
const SHAPES: readonly (readonly [m: number, n: number, k: number])[] = [
  [0, 0, 0],
  [0, 3, 2],
  [3, 0, 2],
  [3, 2, 0],
  [1, 1, 1],
  [1, 9, 4],
  [7, 1, 5],
  [2, 3, 17],
  [4, 4, 4],
  [5, 6, 7],
  [15, 17, 16],
  [33, 31, 65],
  [64, 64, 64],
  [67, 129, 131],
  [1, 300, 257],
  [300, 1, 257],
  [261, 259, 3],
];

const SCALARS = [0, 1, -0.5] as const;

export function productTests(create: BackendFactory): void {
  describe("products", () => {
    let backend: Backend;
    beforeAll(async () => {
      backend = await create();
    });
    afterAll(() => backend.close());

    for (const [m, n, k] of SHAPES) {
      test(`gemm ${m} × ${n} × ${k} agrees with the reference for all transposes, α and β`, async () => {
        for (const transposeA of [false, true]) {
          for (const transposeB of [false, true]) {
            const a = transposeA ? random(k, m, 1) : random(m, k, 1);
            const b = transposeB ? random(n, k, 2) : random(k, n, 2);
            const check = oracle(a, b, { transposeA, transposeB });
            const before = random(m, n, 3);
            for (const alpha of SCALARS) {
              for (const beta of SCALARS) {
                const out = copy(before);
                const got = await backend.gemm(a, b, { transposeA, transposeB, alpha, beta, out });
                expect(got).toBe(out);
                check(got, { alpha, beta, before });
              }
            }
          }
        }
      });
    }

    test("gemm agrees with the reference where work is blocked and shared between threads", async () => {
      for (const [m, n, k] of [
        [517, 263, 519],
        [130, 1030, 301],
        [1027, 66, 385],
      ]) {
        for (const transposeA of [false, true]) {
          const transposeB = !transposeA;
          const a = transposeA ? random(k, m, 4) : random(m, k, 4);
          const b = transposeB ? random(n, k, 5) : random(k, n, 5);
          const options = { transposeA, transposeB };
          oracle(a, b, options)(await backend.gemm(a, b, options));
        }
      }
    });

    test("gemm of arbitrary shapes agrees with the reference", async () => {
      const size = fc.integer({ min: 0, max: 40 });
      await fc.assert(
        fc.asyncProperty(size, size, size, fc.boolean(), fc.boolean(), fc.nat(), async (m, n, k, ta, tb, seed) => {
          const options = { transposeA: ta, transposeB: tb };
          const a = ta ? random(k, m, seed) : random(m, k, seed);
          const b = tb ? random(n, k, seed + 1) : random(k, n, seed + 1);
          oracle(a, b, options)(await backend.gemm(a, b, options));
        }),
        { numRuns: 40 },
      );
    });

    test("gemm without out gives a new matrix and leaves its arguments alone", async () => {
      const a = random(9, 11, 6);
      const b = random(11, 5, 7);
      const [a0, b0] = [copy(a), copy(b)];
      const got = await backend.gemm(a, b);
      expect([got.rows, got.cols]).toEqual([9, 5]);
      expectSameBits(a.data, a0.data);
      expectSameBits(b.data, b0.data);
    });

    test("a product with the identity is exact", async () => {
      const a = random(37, 37, 8);
      expectSameBits((await backend.gemm(a, identity(37))).data, a.data);
      expectSameBits((await backend.gemm(identity(37), a)).data, a.data);
    });

    test("β = 0 does not read out: NaN and infinity in it do not spread", async () => {
      for (const junk of [Number.NaN, Number.POSITIVE_INFINITY]) {
        for (const n of [3, 70, 300]) {
          const a = random(n, n, 9);
          const out = filled(n, n, junk);
          oracle(a, a)(await backend.gemm(a, a, { beta: 0, out }));
          const square = filled(n, n, junk);
          oracle(a, a, { transposeB: true })(await backend.syrk(a, { beta: 0, out: square }));
        }
      }
    });

    test("α = 0 with β ≠ 0 scales out", async () => {
      const before = random(20, 30, 10);
      const got = await backend.gemm(random(20, 8, 11), random(8, 30, 12), { alpha: 0, beta: 2, out: copy(before) });
      expectSameBits(
        got.data,
        before.data.map((x) => 2 * x),
      );
    });

    test("a NaN or an infinity in an operand reaches exactly its row or column", async () => {
      for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
        const a = random(70, 66, 13);
        a.data[5 * 66 + 7] = bad;
        const got = await backend.gemm(a, random(66, 69, 14));
        for (let i = 0; i < 70; i++) {
          for (let j = 0; j < 69; j++) expect(Number.isFinite(got.data[i * 69 + j])).toBe(i !== 5);
        }
      }
    });

    test("ill-scaled operands keep the bound: 1e-300, 1e300, and products that are subnormal", async () => {
      for (const [left, right] of [
        [1e-300, 1e300],
        [1e300, 1e-300],
        [1e-160, 1e-160],
        [1e-200, 1e-120],
        [1e150, 1e150],
      ]) {
        const a = random(33, 45, 15, left);
        const b = random(45, 35, 16, right);
        oracle(a, b)(await backend.gemm(a, b));
      }
    });

    test("subnormal results are not flushed to zero", async () => {
      const n = 64;
      const a = filled(n, n, 2 ** -530);
      const b = filled(n, n, 2 ** -530);
      expectSameBits((await backend.gemm(a, b)).data, filled(n, n, n * 2 ** -1060).data);
    });

    test("sums of small whole numbers are exact", async () => {
      const n = 150;
      const a = matrix(
        n,
        n,
        Float64Array.from({ length: n * n }, (_, i) => ((i * 7919) % 1021) - 510),
      );
      const b = matrix(
        n,
        n,
        Float64Array.from({ length: n * n }, (_, i) => ((i * 104729) % 997) - 498),
      );
      const plusZero = (x: number) => x + 0;
      expectSameBits((await backend.gemm(a, b)).data.map(plusZero), gemm(a, b).data.map(plusZero));
    });

    for (const [n, k] of [
      [0, 0],
      [0, 4],
      [4, 0],
      [1, 1],
      [3, 8],
      [17, 33],
      [66, 65],
      [131, 40],
      [300, 270],
    ]) {
      test(`syrk of ${n} × ${k} is exactly symmetric and agrees with the reference for all α, β`, async () => {
        for (const transpose of [false, true]) {
          const a = transpose ? random(k, n, 17) : random(n, k, 17);
          const check = oracle(a, a, { transposeA: transpose, transposeB: !transpose });
          const before = syrk(random(n, 3, 18));
          for (const alpha of SCALARS) {
            for (const beta of SCALARS) {
              const out = copy(before);
              const got = await backend.syrk(a, { transpose, alpha, beta, out });
              expect(got).toBe(out);
              expectSymmetric(got);
              check(got, { alpha, beta, before });
            }
          }
        }
      });
    }

    test("syrk reads the lower triangle of out only", async () => {
      const before = syrk(random(70, 3, 19));
      const out = copy(before);
      for (let i = 0; i < 70; i++) out.data.fill(Number.NaN, i * 70 + i + 1, (i + 1) * 70);
      const a = random(70, 20, 20);
      const got = await backend.syrk(a, { beta: 1, out });
      oracle(a, a, { transposeB: true })(got, { beta: 1, before });
    });

    test("the same product twice has the same bits where the backend says it is deterministic", async () => {
      const a = random(270, 260, 21);
      const first = await backend.gemm(a, a, { transposeB: true });
      const second = await backend.gemm(a, a, { transposeB: true });
      if (backend.info.deterministic) expectSameBits(second.data, first.data);
      else oracle(a, a, { transposeB: true })(second);
    });

    test("products started together do not disturb one another", async () => {
      const inputs = Array.from({ length: 6 }, (_, i) => random(120 + 37 * i, 190, 22 + i));
      const together = await Promise.all(inputs.map((a) => backend.gemm(a, a, { transposeB: true })));
      inputs.forEach((a, i) => {
        oracle(a, a, { transposeB: true })(together[i]);
      });
    });

    test("views into one larger buffer are separate operands", async () => {
      const buffer = new Float64Array(3 * 900 + 7);
      const view = (i: number) => matrix(30, 30, buffer.subarray(7 + 900 * i, 7 + 900 * (i + 1)));
      const [a, b, out] = [view(0), view(1), view(2)];
      a.data.set(random(30, 30, 30).data);
      b.data.set(random(30, 30, 31).data);
      await backend.gemm(a, b, { out });
      oracle(copy(a), copy(b))(out);
    });

    test("shapes that do not fit, and out overlapping an operand, are refused", async () => {
      const a = random(3, 4, 32);
      await expectMisuse(backend.gemm(a, a), "shape");
      await expectMisuse(backend.gemm(a, a, { transposeB: true, out: matrix(3, 4) }), "shape");
      await expectMisuse(backend.syrk(a, { out: matrix(4, 4) }), "shape");
      const s = random(4, 4, 33);
      await expectMisuse(backend.gemm(s, random(4, 4, 34), { out: s }), "argument");
      await expectMisuse(backend.gemm(random(4, 4, 34), s, { out: s }), "argument");
      await expectMisuse(backend.syrk(s, { out: s }), "argument");
      const buffer = new Float64Array(40);
      const left = matrix(4, 4, buffer.subarray(0, 16));
      const shifted = matrix(4, 4, buffer.subarray(15, 31));
      await expectMisuse(backend.gemm(left, s, { out: shifted }), "argument");
    });

    test("an inner dimension of zero leaves β·C, and zeros when β = 0", async () => {
      const out = filled(3, 4, Number.NaN);
      await backend.gemm(matrix(3, 0), matrix(0, 4), { out });
      expect(Array.from(out.data, (x) => Math.abs(x))).toEqual(new Array(12).fill(0));
      const kept = filled(3, 4, 5);
      await backend.gemm(matrix(3, 0), matrix(0, 4), { beta: 0.5, out: kept });
      expect(Array.from(kept.data)).toEqual(new Array(12).fill(2.5));
    });
  });
}
