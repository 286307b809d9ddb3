import { fromRows } from "@surefoot/linalg";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { equalProducts, toUnits } from "../../src/certify/exact.ts";
import type { Dataset } from "../../src/data/dataset.ts";
import type { NetworkInput } from "../../src/spec/network.ts";
import { certifyHere, setting } from "./setting.ts";

function dataset(x: readonly (readonly number[])[], y: readonly number[], sourceRows: readonly number[] = []): Dataset {
  return { x: fromRows(x), y: Float64Array.from(y), provenance: { source: "rows.csv", steps: [], sourceRows } };
}

const RELU: NetworkInput = { kind: "two-layer-relu", width: 40 };
const LEAKY: NetworkInput = { kind: "fully-connected", widths: [8, 8], activation: { kind: "leaky-relu", slope: 0.1 } };
const TANH: NetworkInput = { kind: "fully-connected", widths: [8], activation: "tanh" };
const FROZEN_TANH: NetworkInput = {
  kind: "fully-connected",
  widths: [4],
  activation: "tanh",
  scaling: "standard",
  frozen: ["W2"],
};

async function verdictOf(spec: NetworkInput, data: Dataset) {
  return certifyHere(await setting(spec, data, { kind: "gaussian" }));
}

describe("impossible is said in the four proved cases and in no other", () => {
  it("(i) equal inputs with different labels, for every network; rows named as in the file", async () => {
    for (const spec of [RELU, LEAKY, TANH, FROZEN_TANH]) {
      const x = [
        [1, 0.25],
        [0.5, 2],
        [1, 0.25],
      ];
      const outcome = await verdictOf(spec, dataset(x, [0.1, 0.2, 0.3], [4, 7, 9]));
      expect(outcome).toMatchObject({ verdict: "impossible", theorem: null, rows: [0, 2], warrant: "proved" });
      expect(outcome.statement).toMatch(/row 4 of rows\.csv.*row 9 of rows\.csv/);
      expect((await verdictOf(spec, dataset(x, [0.1, 0.2, 0.1]))).verdict).toBe("undecided");
      x[2][0] = 1 + Number.EPSILON;
      expect((await verdictOf(spec, dataset(x, [0.1, 0.2, 0.3]))).verdict).not.toBe("impossible");
    }
  });

  it("(i) takes 0 and −0 for equal, zero rows too", async () => {
    const x = [
      [0, 1],
      [-0, 1],
    ];
    expect((await verdictOf(TANH, dataset(x, [0, 0.5]))).rows).toEqual([0, 1]);
    const zeros = [
      [1, 1],
      [0, 0],
      [0, -0],
    ];
    const biased: NetworkInput = { kind: "fully-connected", widths: [8], activation: "tanh", biases: true };
    expect((await verdictOf(biased, dataset(zeros, [0, 0.5, 0.25]))).rows).toEqual([1, 2]);
    expect((await verdictOf(biased, dataset(zeros, [0, 0.5, 0.5]))).verdict).not.toBe("impossible");
  });

  it("(i) names equal inputs with equal labels as the reason for an undecided verdict", async () => {
    const x = [
      [1, 0.25],
      [0.5, 2],
      [1, 0.25],
    ];
    for (const spec of [RELU, TANH]) {
      const outcome = await verdictOf(spec, dataset(x, [0.1, 0.2, 0.1], [4, 7, 9]));
      expect(outcome).toMatchObject({ verdict: "undecided", obstacle: { kind: "singular" } });
      expect(outcome.advice.join()).toMatch(/rows 4 and 9 are equal inputs/);
    }
  });

  it("(ii) x_j = c·x_i exactly with y_j ≠ c·y_i, for homogeneous activations without biases only", async () => {
    const x = [
      [0.1, 0.7, -0.3],
      [1, 2, 3],
      [0.2, 1.4, -0.6],
    ];
    for (const spec of [RELU, LEAKY]) {
      expect(await verdictOf(spec, dataset(x, [0.3, 1, 0.5]))).toMatchObject({ verdict: "impossible", rows: [0, 2] });
      expect((await verdictOf(spec, dataset(x, [0.3, 1, 0.6]))).verdict).toBe("undecided");
      // 0.3·2 = 0.6 on doubles; one unit in the last place is a contradiction again
      expect((await verdictOf(spec, dataset(x, [0.3, 1, 0.6 * (1 + 2 ** -52)]))).verdict).toBe("impossible");
    }
    const biased = { ...LEAKY, biases: true } as NetworkInput;
    for (const spec of [TANH, biased])
      expect((await verdictOf(spec, dataset(x, [0.3, 1, 0.5]))).verdict).not.toBe("impossible");
  });

  it("(ii) one ulp beside the ray, or c < 0, is no contradiction", async () => {
    const beside = [
      [0.1, 0.7],
      [0.2, 1.4 * (1 + 2 ** -52)],
    ];
    const opposite = [
      [0.1, 0.7],
      [-0.2, -1.4],
    ];
    for (const x of [beside, opposite])
      expect((await verdictOf(LEAKY, dataset(x, [1, -1]))).verdict).not.toBe("impossible");
  });

  it("(ii) is exact for factors that are not doubles: x_j = x_i/3 holds on paper but not on these doubles", async () => {
    const third = [
      [0.3, 0.9],
      [0.3 / 3, 0.9 / 3],
    ];
    const exact = equalProducts(third[1][1], third[0][0], third[0][1], third[1][0]);
    const verdict = (await verdictOf(LEAKY, dataset(third, [1, -1]))).verdict;
    expect(verdict === "impossible").toBe(exact);
    // 3·x is exact here, so this pair is on one ray though c = 3/7 is no double
    const rays = [
      [3, 6],
      [7, 14],
    ];
    expect((await verdictOf(LEAKY, dataset(rays, [3, 7]))).verdict).not.toBe("impossible");
    expect((await verdictOf(LEAKY, dataset(rays, [3, 7.000000000000001]))).verdict).toBe("impossible");
  });

  it("(iii) the zero input with a label other than 0, without biases", async () => {
    const x = [
      [1, 2],
      [0, 0],
    ];
    for (const spec of [RELU, TANH, LEAKY]) {
      expect(await verdictOf(spec, dataset(x, [0.1, 0.2]))).toMatchObject({ verdict: "impossible", rows: [1] });
      expect((await verdictOf(spec, dataset(x, [0.1, 0]))).verdict).not.toBe("impossible");
    }
    const biased: NetworkInput = { kind: "fully-connected", widths: [8], activation: "tanh", biases: true };
    expect((await verdictOf(biased, dataset(x, [0.1, 0.2]))).verdict).not.toBe("impossible");
  });

  it("(iv) a label out of reach of a frozen output layer over a bounded activation, exactly at the boundary", async () => {
    const x = [
      [1, 0],
      [0, 1],
    ];
    const at = await setting(FROZEN_TANH, dataset(x, [0, 0]), { kind: "gaussian" });
    const weights = { ...at.weights, W2: { rows: 1, cols: 4, data: Float64Array.of(0.1, -0.2, 0.3, 0.4) } };
    const reach = (y: number) => certifyHere({ ...at, weights, dataset: dataset(x, [0, y]) });
    // 0.1 + 0.2 + 0.3 + 0.4 over the exact doubles is 1 + 5.55e-17·k: above 1, below the next double
    const exact = [0.1, 0.2, 0.3, 0.4].reduce((sum, v) => sum + toUnits(v), 0n);
    expect(exact > toUnits(1)).toBe(true);
    expect((await reach(1)).verdict).not.toBe("impossible");
    expect(await reach(-(1 + Number.EPSILON))).toMatchObject({ verdict: "impossible", rows: [1] });
    expect(await reach(5)).toMatchObject({ verdict: "impossible" });
    const trained: NetworkInput = { ...FROZEN_TANH, frozen: [] } as NetworkInput;
    const free = await setting(trained, dataset(x, [0, 5]), { kind: "gaussian" });
    expect((await certifyHere({ ...free, weights })).verdict).not.toBe("impossible");
    const softplus = await setting({ ...FROZEN_TANH, activation: "softplus" } as NetworkInput, dataset(x, [0, 5]), {
      kind: "gaussian",
    });
    expect((await certifyHere({ ...softplus, weights })).verdict).not.toBe("impossible");
  });

  it("finds a planted contradiction among many rows, wherever it is", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 29 }),
        fc.integer({ min: 0, max: 29 }),
        fc.integer({ min: 1, max: 40 }),
        async (i, j, scale) => {
          if (i === j) return;
          const { dataset: base } = await setting(
            RELU,
            { kind: "gaussian", n: 30, d: 5, seed: scale },
            { kind: "gaussian" },
          );
          const x = { ...base.x, data: base.x.data.slice() };
          for (let k = 0; k < 5; k++) {
            x.data[i * 5 + k] = Math.round(1000 * x.data[i * 5 + k]); // so that multiples are exact
            x.data[j * 5 + k] = scale * x.data[i * 5 + k];
          }
          const y = base.y.slice();
          y[j] = scale * y[i] + 0.5;
          const outcome = await verdictOf(RELU, { ...base, x, y });
          expect(outcome).toMatchObject({ verdict: "impossible", rows: [Math.min(i, j), Math.max(i, j)] });
          y[j] = scale * y[i];
          expect((await verdictOf(RELU, { ...base, x, y })).verdict).not.toBe("impossible");
        },
      ),
      { seed: 21, numRuns: 40 },
    );
  });
});

describe("exact comparison of products", () => {
  it("agrees with rational arithmetic on doubles of all sizes, subnormals and overflow included", () => {
    const any = fc.double({ noNaN: true, noDefaultInfinity: true });
    fc.assert(
      fc.property(any, any, any, any, (a, b, c, d) => {
        expect(equalProducts(a, b, c, d)).toBe(toUnits(a) * toUnits(b) === toUnits(c) * toUnits(d));
        expect(equalProducts(a, b, b, a)).toBe(true);
      }),
      { seed: 22, numRuns: 2000 },
    );
  });

  it("writes every double as a multiple of 2⁻¹⁰⁷⁴", () => {
    expect(toUnits(Number.MIN_VALUE)).toBe(1n);
    expect(toUnits(-0)).toBe(0n);
    expect(toUnits(1)).toBe(1n << 1074n);
    expect(toUnits(-1.5)).toBe(-3n << 1073n);
    expect(toUnits(2 ** -1022)).toBe(1n << 52n);
  });
});
