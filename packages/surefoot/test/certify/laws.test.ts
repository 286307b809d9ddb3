import { type Matrix, matrix } from "@surefoot/linalg";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ReluEvidence } from "../../src/certify/evidence.ts";
import { floatMeasurer } from "../../src/certify/measure.ts";
import { certifyS2 } from "../../src/certify/s2.ts";
import { certifyS2Midpoint } from "../../src/certify/s2-midpoint.ts";
import type { Dataset } from "../../src/data/dataset.ts";
import type { Weights } from "../../src/network/network.ts";
import type { NetworkInput } from "../../src/spec/network.ts";
import { backend, certifyHere, type Setting, setting, withResidual } from "./setting.ts";

const measurer = floatMeasurer(backend);

function pick(a: Matrix, rows: readonly number[]): Matrix {
  const out = matrix(rows.length, a.cols);
  rows.forEach((from, to) => {
    out.data.set(a.data.subarray(from * a.cols, (from + 1) * a.cols), to * a.cols);
  });
  return out;
}

function samples(dataset: Dataset, rows: readonly number[]): Dataset {
  return { ...dataset, x: pick(dataset.x, rows), y: Float64Array.from(rows, (i) => dataset.y[i]) };
}

/** Neurons of the first hidden layer in another order: the same function. */
function neurons(weights: Weights, order: readonly number[]): Weights {
  const columns = { ...weights.W2, data: weights.W2.data.slice() };
  for (let i = 0; i < columns.rows; i++) {
    order.forEach((from, to) => {
      columns.data[i * columns.cols + to] = weights.W2.data[i * columns.cols + from];
    });
  }
  return {
    ...weights,
    W1: pick(weights.W1, order),
    W2: columns,
    ...(weights.b1 ? { b1: pick(weights.b1, order) } : {}),
  };
}

async function reluEvidence(at: Setting): Promise<ReluEvidence> {
  const measured = await measurer.relu(at);
  if (measured.status === "failed") throw new Error(measured.reason);
  return measured.evidence;
}

const NETWORKS: readonly NetworkInput[] = [
  { kind: "fully-connected", widths: [8], activation: "tanh", frozen: ["W2"] },
  { kind: "fully-connected", widths: [10], activation: "gelu", biases: true },
  { kind: "fully-connected", widths: [6, 6], activation: "softplus" },
  { kind: "two-layer-relu", width: 60 },
];

const start = fc.record({
  spec: fc.constantFrom(...NETWORKS),
  n: fc.integer({ min: 3, max: 6 }),
  d: fc.integer({ min: 4, max: 8 }),
  seed: fc.integer({ min: 0, max: 10_000 }),
});

async function drawn({
  spec,
  n,
  d,
  seed,
}: {
  spec: NetworkInput;
  n: number;
  d: number;
  seed: number;
}): Promise<Setting> {
  const at = await setting(spec, { kind: "sphere", n, d, seed, labels: "gaussian" }, { kind: "gaussian" }, seed);
  return spec.kind === "two-layer-relu" ? withResidual(at, 0.02) : at;
}

function shuffled(length: number, seed: number): number[] {
  return Array.from({ length }, (_, i) => i).sort((a, b) => Math.sin(seed + 13 * a) - Math.sin(seed + 13 * b));
}

describe("laws of a certificate", () => {
  it("permuting samples or neurons gives the same verdict and the same numbers up to rounding", async () => {
    await fc.assert(
      fc.asyncProperty(start, async (drawing) => {
        const at = await drawn(drawing);
        const first = await certifyHere(at);
        const n = at.dataset.y.length;
        const others = [
          await certifyHere({ ...at, dataset: samples(at.dataset, shuffled(n, drawing.seed)) }),
          await certifyHere({ ...at, weights: neurons(at.weights, shuffled(at.weights.W1.rows, drawing.seed)) }),
        ];
        for (const other of others) {
          expect(other.verdict).toBe(first.verdict);
          for (const field of ["margin", "stepSize", "radius", "lambdaMax", "residualNorm", "kappa"] as const) {
            const [a, b] = [first[field], other[field]];
            if (a === null || b === null) expect(b).toBe(a);
            // λ_min carries an absolute error of about n·u·λ_max; the other numbers inherit it relative to λ_min
            else
              expect(Math.abs(a - b) / Math.abs(a)).toBeLessThan(1e-13 * (first.lambdaMax! / first.lambdaMin!) + 1e-10);
          }
        }
      }),
      { seed: 31, numRuns: 40 },
    );
  });

  it("dropping samples never lowers S1's margin", async () => {
    let compared = 0;
    await fc.assert(
      fc.asyncProperty(start, fc.integer({ min: 0, max: 5 }), async (drawing, drop) => {
        if (drawing.spec.kind === "two-layer-relu") return;
        const at = await drawn(drawing);
        const rows = Array.from({ length: drawing.n }, (_, i) => i).filter((i) => i !== drop % drawing.n);
        const [whole, part] = [await certifyHere(at), await certifyHere({ ...at, dataset: samples(at.dataset, rows) })];
        if (!(whole.margin! > 0)) return;
        compared++;
        // 1 %: the cells of the quadrature differ between the two
        expect(part.margin!).toBeGreaterThanOrEqual(whole.margin! * 0.99);
      }),
      { seed: 32, numRuns: 60 },
    );
    expect(compared).toBeGreaterThan(25);
  });

  it("dropping samples never lowers the margin of S2's midpoint form when every breakpoint is searched", async () => {
    let compared = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 3, max: 5 }),
        fc.integer({ min: 0, max: 10_000 }),
        fc.double({ min: -3, max: 0, noNaN: true }),
        async (n, seed, scale) => {
          const source = { kind: "sphere", n, d: 6, seed, labels: "gaussian" } as const;
          const drawing = await setting({ kind: "two-layer-relu", width: 50 }, source, { kind: "gaussian" }, seed);
          const at = await withResidual(drawing, 10 ** scale);
          const evidence = await reluEvidence(at);
          const whole = await certifyS2Midpoint(evidence, measurer);
          if (!(whole.margin > 0)) return;
          const rows = Array.from({ length: n - 1 }, (_, i) => i);
          const part = await certifyS2Midpoint(
            await reluEvidence({ ...at, dataset: samples(at.dataset, rows) }),
            measurer,
          );
          compared++;
          expect(part.margin).toBeGreaterThanOrEqual(whole.margin * (1 - 1e-9));
        },
      ),
      { seed: 33, numRuns: 40 },
    );
    expect(compared).toBeGreaterThan(20);
  });

  it("scaling inputs by c and the first layer by 1/c changes nothing of S2 but the distances", async () => {
    const at = await drawn({ spec: NETWORKS[3], n: 4, d: 6, seed: 5 });
    const first = await certifyHere(at);
    expect(first.verdict).toBe("certified");
    const x = { ...at.dataset.x, data: at.dataset.x.data.map((v) => 4 * v) };
    const W1 = { ...at.weights.W1, data: at.weights.W1.data.map((v) => v / 4) };
    const scaled = await certifyHere({ ...at, dataset: { ...at.dataset, x }, weights: { ...at.weights, W1 } });
    expect(scaled.verdict).toBe("certified");
    expect(scaled.stepSize!).toBeCloseTo(first.stepSize! / 16, 12);
    expect(scaled.radius!).toBeCloseTo(first.radius! / 4, 12);
    expect(scaled.ratePerStep!).toBeCloseTo(first.ratePerStep!, 12);
  });
});

describe("planted violations are never certified", () => {
  it("a duplicate input with another label", async () => {
    for (const spec of NETWORKS) {
      const at = await drawn({ spec, n: 4, d: 5, seed: 3 });
      const dataset = samples(at.dataset, [0, 1, 2, 3, 1]);
      dataset.y[4] += 1e-9;
      expect((await certifyHere({ ...at, dataset })).verdict).toBe("impossible");
    }
  });

  it("a duplicate input with the same label, however small the residual is", async () => {
    for (const spec of NETWORKS) {
      const at = await drawn({ spec, n: 4, d: 5, seed: 3 });
      const dataset = samples(at.dataset, [0, 1, 2, 3, 1]);
      for (const norm of [1, 1e-8, 1e-14]) {
        const close = await withResidual({ ...at, dataset }, norm);
        close.dataset.y[4] = close.dataset.y[1];
        expect((await certifyHere(close)).verdict).toBe("undecided");
      }
    }
  });

  it("labels far away", async () => {
    for (const spec of NETWORKS) {
      const at = await drawn({ spec, n: 4, d: 5, seed: 3 });
      const { verdict } = await certifyHere(await withResidual(at, 1e9));
      // tanh over a frozen output layer cannot even represent them
      expect(verdict).toBe(spec === NETWORKS[0] ? "impossible" : "undecided");
    }
  });

  it("pairs on their kink: z = 0 exactly counts as able to flip, and is reported", async () => {
    const at = await setting({ kind: "two-layer-relu", width: 6 }, { kind: "basis", n: 4, d: 4 }, { kind: "gaussian" });
    const W1 = { ...at.weights.W1, data: at.weights.W1.data.slice() };
    for (let r = 0; r < 6; r++) W1.data[r * 4] = r < 3 ? 0 : W1.data[r * 4];
    const stuck = await withResidual({ ...at, weights: { ...at.weights, W1 } }, 1e-12);
    const evidence = await reluEvidence(stuck);
    const outcome = await certifyS2(evidence, measurer);
    expect(outcome.pairsOnKink).toBe(3);
    for (let r = 3; r < 6; r++) W1.data[r * 4] = -1; // sample 0 now lives on undecided neurons alone
    const hopeless = await withResidual({ ...at, weights: { ...at.weights, W1 } }, 1e-12);
    const undecided = await certifyHere(hopeless);
    expect(undecided.verdict).toBe("undecided");
    expect(undecided.advice.join()).toMatch(/sit on the kink/);
  });
});
