import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Backend, type BitMasks, createReferenceBackend, type ElementwiseFunction, matrix } from "../src/index.ts";
import { maskCounts } from "../src/reference/products.ts";
import {
  type BackendFactory,
  expectMisuse,
  expectSameBits,
  expectSymmetric,
  expectWithin,
  filled,
  gamma,
  random,
} from "./conformance-tools.ts";

const FUNCTIONS: readonly ElementwiseFunction[] = ["exp", "log", "tanh", "sigmoid", "softplus", "erf", "normal-cdf"];

/** Where elementary functions have their seams: zeros of both signs, subnormals, thresholds of overflow and of small arguments. */
const SPECIAL = [
  0,
  -0,
  1,
  -1,
  0.5,
  -0.5,
  2 ** -1074,
  -(2 ** -1074),
  2 ** -1022,
  2 ** -30,
  1e-8,
  -1e-8,
  0.34657359027997264,
  0.5493061443340549,
  0.84375,
  1.25,
  2.857,
  6,
  19.0625,
  20,
  22,
  27.3,
  36.7,
  -36.7,
  -37.6,
  -38.5,
  700,
  709.782712893384,
  709.7827128933841,
  710,
  -708.4,
  -744.44,
  -745.1332191019412,
  -745.2,
  -746,
  1e300,
  -1e300,
  Number.MAX_VALUE,
  -Number.MAX_VALUE,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  Number.NaN,
];

/** Random masks; the bits beyond `bits` are zero, words beyond those needed too. */
function masks(rows: number, bits: number, seed: number, extraWords = 0): BitMasks {
  const wordsPerRow = Math.ceil(bits / 32) + extraWords;
  const words = new Uint32Array(rows * wordsPerRow);
  const values = random(rows, bits, seed).data;
  for (let i = 0; i < rows; i++) {
    for (let r = 0; r < bits; r++) if (values[i * bits + r] > 0) words[i * wordsPerRow + (r >>> 5)] |= 1 << (r & 31);
  }
  return { rows, bits, wordsPerRow, words };
}

export function kernelTests(create: BackendFactory): void {
  describe("kernels in bulk", () => {
    const reference = createReferenceBackend();
    let backend: Backend;
    beforeAll(async () => {
      backend = await create();
    });
    afterAll(() => backend.close());

    for (const [rows, bits, extra] of [
      [0, 0, 0],
      [0, 40, 0],
      [3, 0, 0],
      [1, 1, 0],
      [2, 31, 0],
      [5, 32, 1],
      [4, 33, 0],
      [7, 64, 0],
      [9, 127, 3],
      [33, 129, 0],
      [66, 1000, 0],
      [131, 515, 2],
    ]) {
      test(`mask counts of ${rows} rows of ${bits} bits are exact, with ${extra} spare words a row`, async () => {
        const input = masks(rows, bits, 80, extra);
        const got = await backend.maskCounts(input);
        expect([got.rows, got.cols]).toEqual([rows, rows]);
        expectSameBits(got.data, maskCounts(input).data);
      });

      test(`weighted mask counts of ${rows} rows of ${bits} bits round like an inner product`, async () => {
        const input = masks(rows, bits, 81, extra);
        const weights = random(1, bits, 82).data;
        const got = await backend.maskCounts(input, { weights });
        const size = maskCounts(input, weights.map(Math.abs));
        expectSymmetric(got);
        expectWithin(got, maskCounts(input, weights), (i) => 2 * gamma(bits) * size.data[i]);
      });
    }

    test("whole-number weights give exact counts, also where all bits are set", async () => {
      const input = masks(40, 300, 83);
      const weights = Float64Array.from({ length: 300 }, (_, r) => (r % 7) - 3);
      const plusZero = (x: number) => x + 0;
      const got = await backend.maskCounts(input, { weights });
      expectSameBits(got.data.map(plusZero), maskCounts(input, weights).data.map(plusZero));
      const all: BitMasks = {
        rows: 5,
        bits: 70_000,
        wordsPerRow: 2188,
        words: new Uint32Array(5 * 2188).fill(0xffffffff),
      };
      for (let i = 0; i < 5; i++) all.words[i * 2188 + 2187] = 0xffff;
      expectSameBits((await backend.maskCounts(all)).data, filled(5, 5, 70_000).data);
    });

    test("arbitrary masks are counted exactly", async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.integer({ min: 1, max: 20 }),
          fc.integer({ min: 1, max: 200 }),
          fc.nat(),
          async (n, bits, seed) => {
            const input = masks(n, bits, seed);
            expectSameBits((await backend.maskCounts(input)).data, maskCounts(input).data);
          },
        ),
        { numRuns: 30 },
      );
    });

    test("masks and weights that do not fit are refused", async () => {
      const good = masks(3, 40, 84);
      await expectMisuse(backend.maskCounts({ ...good, rows: 4 }), "shape");
      await expectMisuse(backend.maskCounts({ ...good, bits: 65 }), "shape");
      await expectMisuse(backend.maskCounts(good, { weights: new Float64Array(39) }), "shape");
    });

    for (const f of FUNCTIONS) {
      test(`${f} has the bits of the reference, specials and lengths around the vector width included`, async () => {
        const special = Float64Array.from(SPECIAL);
        expectSameBits(await backend.elementwise(f, special), await reference.elementwise(f, special));
        for (const length of [0, 1, 2, 3, 5, 1001, 20_011]) {
          for (const scale of [1e-3, 1, 12, 300]) {
            const x = random(1, length, 85, scale).data;
            expectSameBits(await backend.elementwise(f, x), await reference.elementwise(f, x));
          }
        }
      });

      test(`${f} of arbitrary doubles has the bits of the reference`, async () => {
        await fc.assert(
          fc.asyncProperty(fc.float64Array({ maxLength: 60 }), async (x) => {
            expectSameBits(await backend.elementwise(f, x), await reference.elementwise(f, x));
          }),
          { numRuns: 60 },
        );
      });
    }

    test("elementwise writes to out, which may be its argument, and refuses another length", async () => {
      const x = random(1, 777, 86).data;
      const want = await reference.elementwise("exp", x);
      const out = new Float64Array(777);
      expect(await backend.elementwise("exp", x, out)).toBe(out);
      expectSameBits(out, want);
      const inPlace = x.slice();
      expect(await backend.elementwise("exp", inPlace, inPlace)).toBe(inPlace);
      expectSameBits(inPlace, want);
      await expectMisuse(backend.elementwise("exp", x, new Float64Array(776)), "shape");
    });

    test("normals have the bits of the reference, whatever the window", async () => {
      for (const [rows, cols, firstRow] of [
        [0, 0, 0],
        [0, 5, 0],
        [5, 0, 0],
        [1, 1, 0],
        [3, 2, 7],
        [4, 7, 2 ** 32 - 2],
        [5, 33, 2 ** 53 - 6],
        [130, 67, 1000],
      ]) {
        for (const seed of [[0, 0] as const, [0xffffffff, 0x12345678] as const]) {
          const request = { seed, stream: 0xfffffffe, firstRow, rows, cols };
          const got = await backend.normals(request);
          expect([got.rows, got.cols]).toEqual([rows, cols]);
          expectSameBits(got.data, (await reference.normals(request)).data);
        }
      }
    });

    test("normals write to out and refuse an out of another shape or a request out of range", async () => {
      const request = { seed: [1, 2] as const, stream: 3, firstRow: 4, rows: 5, cols: 6 };
      const out = matrix(5, 6);
      expect(await backend.normals(request, out)).toBe(out);
      expectSameBits(out.data, (await reference.normals(request)).data);
      await expectMisuse(backend.normals(request, matrix(6, 5)), "shape");
      await expectMisuse(backend.normals({ ...request, stream: -1 }), "argument");
      await expectMisuse(backend.normals({ ...request, firstRow: 0.5 }), "argument");
      await expectMisuse(backend.normals({ ...request, seed: [2 ** 32, 0] }), "argument");
    });
  });
}
