import { chooseBackend, createReferenceBackend, type Matrix, matrix } from "@surefoot/linalg";
import { describe, expect, it } from "vitest";
import {
  type BlockSource,
  evaluate,
  extremalByProducts,
  hInfinity,
  hInfinityBlocks,
  infiniteKernel,
  kernelMatrix,
  TILE,
} from "../../src/kernel/index.ts";

const reference = createReferenceBackend();

async function points(n: number, d: number): Promise<Matrix> {
  return reference.normals({ seed: [5, 0], stream: 0, firstRow: 0, rows: n, cols: d });
}

const DEEP = { kind: "fully-connected", depth: 3, activation: "relu" } as const;

describe("kernels in blocks", () => {
  it("are computed in tiles of one grid, those of a symmetric kernel once, and are exactly symmetric", async () => {
    const { backend } = await chooseBackend("wasm", { threads: 2 });
    try {
      const x = await points(TILE + 70, 12);
      const whole = await kernelMatrix(infiniteKernel(DEEP, "ntk", x, backend));
      const tiles: number[] = [];
      await evaluate(infiniteKernel(DEEP, "ntk", x, backend), {
        write: ({ i0, j0 }, block) => {
          tiles.push(i0 / TILE, j0 / TILE);
          for (let i = 0; i < block.rows; i++) {
            for (let j = 0; j < (i0 === j0 ? i + 1 : block.cols); j++) {
              expect(block.data[i * block.cols + j]).toBe(whole.data[(i0 + i) * whole.cols + j0 + j]);
            }
          }
        },
      });
      expect(tiles, "each tile on or below the diagonal once").toEqual([0, 0, 1, 0, 1, 1]);
      for (let i = 0; i < whole.rows; i++) {
        for (let j = 0; j < i; j++) expect(whole.data[j * whole.cols + i]).toBe(whole.data[i * whole.cols + j]);
      }
    } finally {
      await backend.close();
    }
  });

  it("of test points are those of the joint set, to the rounding of an inner product", async () => {
    const x = await points(9, 5);
    const z = { rows: 4, cols: 5, data: x.data.slice(25) };
    for (const make of [
      (a: Matrix, b?: Matrix) => infiniteKernel(DEEP, "ntk", a, reference, b),
      (a: Matrix, b?: Matrix) => infiniteKernel({ ...DEEP, weightStd: 1.3, biasStd: 0.2 }, "k-top", a, reference, b),
      (a: Matrix, b?: Matrix) =>
        infiniteKernel({ kind: "residual", depth: 2, activation: "swish" }, "ntk", a, reference, b),
      (a: Matrix, b?: Matrix) => hInfinityBlocks(a, reference, b),
    ]) {
      const whole = await kernelMatrix(make(x));
      const cross = await kernelMatrix(make(x, z));
      for (let i = 0; i < 9; i++) {
        for (let j = 0; j < 4; j++) {
          const expected = whole.data[i * 9 + 5 + j];
          // Equal rows: the correlation is 1 in one and within 4u of 1 in the other, an angle of 3e-8 at most.
          const tolerance = i === 5 + j ? 1e-7 : 1e-14;
          expect(Math.abs(cross.data[i * 4 + j] - expected)).toBeLessThan(tolerance * Math.max(...whole.data));
        }
      }
    }
  });

  it("take rows of zeros, equal rows and opposite rows: finite entries, and equal rows give equal columns", async () => {
    const x = matrix(4, 3);
    x.data.set([0, 0, 0, 1, 2, 2, 1, 2, 2, -1, -2, -2]);
    for (const activation of ["relu", "tanh", "erf", "gelu", "abs", "cos"] as const) {
      for (const kind of ["nngp", "ntk", "k-top"] as const) {
        const k = await kernelMatrix(
          infiniteKernel({ kind: "fully-connected", depth: 3, activation }, kind, x, reference),
        );
        expect(k.data.every(Number.isFinite)).toBe(true);
        for (let i = 0; i < 4; i++) expect(k.data[4 * i + 1], `${activation} ${kind}`).toBe(k.data[4 * i + 2]);
      }
    }
    const h = await hInfinity(x, reference);
    expect([...h.data.slice(0, 4)]).toEqual([0, 0, 0, 0]);
    expect(h.data[6]).toBe(h.data[5]);
    expect(Math.abs(h.data[7])).toBe(0);
  });

  it("stop at a signal and report progress up to 1", async () => {
    const x = await points(TILE + 1, 2);
    const control = new AbortController();
    const seen: number[] = [];
    const run = kernelMatrix(hInfinityBlocks(x, reference), {
      signal: control.signal,
      onProgress: (done) => {
        seen.push(done);
        control.abort(new Error("enough"));
      },
    });
    await expect(run).rejects.toThrow("enough");
    expect(seen.length).toBe(1);
    await kernelMatrix(hInfinityBlocks(x, reference), { onProgress: (done) => seen.push(done) });
    expect(seen.slice(1).length).toBe(3);
    expect(seen.at(-1)).toBe(1);
  });

  it("refuse what is not finite, inputs of another dimension, and pixels that do not divide the inputs", async () => {
    const x = await points(3, 4);
    const bad = { ...x, data: x.data.map((value, k) => (k === 6 ? Number.NaN : value)) };
    expect(() => infiniteKernel(DEEP, "ntk", bad, reference)).toThrow(/x is NaN at row 1, column 2/);
    expect(() => infiniteKernel(DEEP, "ntk", x, reference, matrix(2, 5))).toThrow(/5 columns and x 4/);
    const conv = { kind: "convolutional-residual", depth: 2, activation: "relu", pixels: 3 } as const;
    expect(() => infiniteKernel(conv, "ntk", x, reference)).toThrow(
      /4 inputs are no whole number of channels of 3 pixels/,
    );
    expect(() => infiniteKernel({ ...DEEP, depth: 0 }, "ntk", x, reference)).toThrow(/architecture: depth/);
  });

  it("of one residual layer and of one fully connected layer are the same", async () => {
    const inputs = await points(5, 4);
    for (const kind of ["nngp", "ntk", "k-top"] as const) {
      const a = await kernelMatrix(
        infiniteKernel({ kind: "residual", depth: 1, activation: "tanh" }, kind, inputs, reference),
      );
      const b = await kernelMatrix(infiniteKernel({ ...DEEP, depth: 1, activation: "tanh" }, kind, inputs, reference));
      // A handful of roundings in another order.
      a.data.forEach((value, k) => {
        expect(Math.abs(value - b.data[k])).toBeLessThan(1e-15 * Math.max(...b.data.map(Math.abs)) * 8);
      });
    }
  });
});

describe("extreme eigenvalues by products", () => {
  function diagonal(values: readonly number[]) {
    return async (v: Float64Array) => v.map((value, i) => value * values[i]);
  }

  it("are those of the matrix within the residual, from both ends", async () => {
    const source: BlockSource = infiniteKernel(DEEP, "ntk", await points(60, 5), reference);
    const k = await kernelMatrix(source);
    const exact = await reference.eigenvalues(k);
    if (exact.status !== "ok") throw new Error(exact.status);
    const times = async (v: Float64Array) => (await reference.gemm(k, { rows: 60, cols: 1, data: v })).data;
    const found = await extremalByProducts(times, 60, reference);
    if (found.status !== "ok") throw new Error(found.status);
    const rounding = 60 * 2 ** -52 * exact.values[59];
    expect(Math.abs(found.smallest.value - exact.values[0])).toBeLessThanOrEqual(found.smallest.residual + rounding);
    expect(Math.abs(found.largest.value - exact.values[59])).toBeLessThanOrEqual(found.largest.residual + rounding);
  });

  it("say when they did not converge, with bounds that hold all the same", async () => {
    const values = Array.from({ length: 400 }, (_, i) => (i + 1) ** 2 / 400);
    const found = await extremalByProducts(diagonal(values), 400, reference, { maxSteps: 12 });
    if (found.status !== "no-convergence") throw new Error(found.status);
    expect(found.steps).toBe(12);
    expect(found.smallest.value).toBeGreaterThanOrEqual(values[0]);
    expect(found.largest.value).toBeLessThanOrEqual(values[399]);
    expect(values.some((value) => Math.abs(value - found.smallest.value) <= found.smallest.residual)).toBe(true);
  });

  it("end early on an invariant space, take n = 1, and report a NaN", async () => {
    const identity = await extremalByProducts(diagonal(Array.from({ length: 50 }, () => 3)), 50, reference);
    if (identity.status === "not-finite") throw new Error(identity.status);
    expect(identity.steps).toBe(1);
    expect(identity.largest.value).toBeCloseTo(3, 13);
    const one = await extremalByProducts(diagonal([-2]), 1, reference);
    expect(one).toMatchObject({ status: "ok", smallest: { value: -2 }, largest: { value: -2 } });
    expect(await extremalByProducts(diagonal([1, Number.NaN]), 2, reference)).toEqual({ status: "not-finite" });
  });
});
