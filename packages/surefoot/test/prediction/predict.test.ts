import { readFileSync } from "node:fs";
import { createReferenceBackend, fromRows, identity, type Matrix, matrix } from "@surefoot/linalg";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Dynamics,
  modeOf,
  predictEnsemble,
  predictMean,
  stepSizeLimit,
  type TrainKernel,
  trainKernel,
} from "../../src/dynamics/prediction/index.ts";
import {
  type ArchitectureInput,
  empiricalKernel,
  type InfiniteKind,
  infiniteKernel,
  kernelMatrix,
  networkFeatures,
  type TangentFeatures,
} from "../../src/kernel/index.ts";
import { initialise } from "../../src/network/initialise.ts";
import { resolveNetwork } from "../../src/network/resolve.ts";

const backend = createReferenceBackend();

async function diagonalised(
  kernel: Matrix,
  ridge = 0,
  units: "kernel" | "mean-diagonal" = "kernel",
): Promise<TrainKernel> {
  const found = await trainKernel(kernel, backend, { value: ridge, units });
  if (found.status !== "ok") throw new Error(found.status);
  return found;
}

interface Case {
  architecture: ArchitectureInput;
  reg: number;
  time: number | null;
  method: "ntk" | "nngp";
  mean: number[];
  covariance: number[];
}

describe("ensembles of infinitely wide networks", () => {
  const golden = JSON.parse(readFileSync(new URL("../golden/predict-neural-tangents.json", import.meta.url), "utf8"));
  const { n, m, d } = golden as { n: number; m: number; d: number };
  const x: Matrix = { rows: n, cols: d, data: Float64Array.from(golden.x) };
  const z: Matrix = { rows: m, cols: d, data: Float64Array.from(golden.z) };

  it("are predicted as by neural-tangents, in mean and covariance, to 1e-10", async () => {
    expect(golden.cases.length).toBeGreaterThanOrEqual(32);
    for (const { architecture, reg, time, method, mean, covariance } of golden.cases as Case[]) {
      const kernel = (kind: InfiniteKind, a: Matrix, b?: Matrix) =>
        kernelMatrix(infiniteKernel(architecture, kind, a, backend, b));
      const train = await diagonalised(await kernel(method, x), reg, "mean-diagonal");
      const found = await predictEnsemble(
        {
          train,
          method,
          // The peer's loss is half the mean: its time counts 1/n.
          dynamics: { kind: "flow", time: time === null ? Number.POSITIVE_INFINITY : time / n },
          y: Float64Array.from(golden.y),
          cross: await kernel(method, z, x),
          nngp: { train: await kernel("nngp", x), cross: await kernel("nngp", z, x), test: await kernel("nngp", z) },
        },
        backend,
      );
      if (found.status !== "ok" || found.covariance === undefined) throw new Error(found.status);
      const name = JSON.stringify([architecture, reg, time, method]);
      found.mean.forEach((value, i) => {
        expect(Math.abs(value - mean[i]), name).toBeLessThan(1e-10 * Math.max(...mean.map(Math.abs)));
      });
      const scale = Math.max(...covariance.map(Math.abs));
      found.covariance.data.forEach((value, k) => {
        expect(Math.abs(value - covariance[k]), name).toBeLessThan(1e-10 * Math.max(1, scale));
      });
    }
  });

  it("fit the labels at t = ∞ and are the untrained ensemble at t = 0", async () => {
    const kernel = await kernelMatrix(
      infiniteKernel({ kind: "fully-connected", depth: 2, activation: "erf" }, "ntk", x, backend),
    );
    const nngp = await kernelMatrix(
      infiniteKernel({ kind: "fully-connected", depth: 2, activation: "erf" }, "nngp", x, backend),
    );
    const train = await diagonalised(kernel);
    const y = Float64Array.from(golden.y);
    const request = { train, y, cross: kernel, nngp: { train: nngp, cross: nngp, test: nngp }, method: "ntk" as const };
    const end = await predictEnsemble(
      { ...request, dynamics: { kind: "flow", time: Number.POSITIVE_INFINITY } },
      backend,
    );
    const start = await predictEnsemble({ ...request, dynamics: { kind: "flow", time: 0 } }, backend);
    if (end.status !== "ok" || start.status !== "ok") throw new Error("not ok");
    // n·κ roundings.
    const tolerance = (n * 2 ** -50 * train.values[n - 1]) / train.values[0];
    for (let i = 0; i < n; i++) {
      expect(Math.abs(end.mean[i] - y[i])).toBeLessThan(tolerance);
      expect(Math.abs(end.covariance?.data[i * n + i] ?? 1)).toBeLessThan(tolerance * 10);
      expect(start.mean[i]).toBe(0);
    }
    expect(start.covariance?.data).toEqual(nngp.data);
  });
});

describe("closed forms", () => {
  const lambda = fc.double({ min: 1e-12, max: 3, noNaN: true });

  it("are what the steps give, for gradient descent and momentum, and no step changes nothing", () => {
    fc.assert(
      fc.property(
        lambda,
        fc.double({ min: 0.01, max: 0.6, noNaN: true }),
        fc.double({ min: 0, max: 0.95, noNaN: true }),
        fc.nat(200),
        (l, eta, mu, k) => {
          for (const dynamics of [
            { kind: "gradient-descent", stepSize: eta, steps: k },
            { kind: "momentum", stepSize: eta, momentum: mu, steps: k },
          ] as const satisfies Dynamics[]) {
            // θ − θ_0 = α per unit of the kernel's eigenvector, e = 1 − λα.
            let alpha = 0;
            let velocity = 0;
            for (let step = 0; step < k; step++) {
              velocity = (dynamics.kind === "momentum" ? mu : 0) * velocity + eta * (1 - l * alpha);
              alpha += velocity;
            }
            const { residual, gain } = modeOf(dynamics, l);
            // k steps of some roundings; one of them passes through powers of the map before and after it, each up to 1/(1 − μ) large.
            const tolerance = 16 * (k + 1) * 2 ** -53;
            expect(Math.abs(gain - alpha)).toBeLessThanOrEqual((tolerance * Math.max(1, eta * k)) / (1 - mu) ** 2);
            expect(Math.abs(residual - (1 - l * alpha))).toBeLessThanOrEqual(
              (tolerance * Math.max(1, l * eta * k)) / (1 - mu) ** 2,
            );
          }
        },
      ),
    );
  });

  it("keep the gain of eigenvalues near and at zero", () => {
    for (const dynamics of [
      { kind: "flow", time: 50 },
      { kind: "gradient-descent", stepSize: 0.5, steps: 100 },
    ] as const) {
      expect(modeOf(dynamics, 0)).toEqual({ residual: 1, gain: 50 });
      // g = t − λt²/2 + …
      expect(Math.abs(modeOf(dynamics, 1e-18).gain - 50)).toBeLessThan(1e-13);
    }
    expect(modeOf({ kind: "momentum", stepSize: 0.5, momentum: 0.5, steps: 2 }, 0).gain).toBe(0.5 + 0.75);
  });

  it("are linear in time where the flow is: r(s + t) = r(s)r(t)", () => {
    fc.assert(
      fc.property(
        lambda,
        fc.double({ min: 0, max: 5, noNaN: true }),
        fc.double({ min: 0, max: 5, noNaN: true }),
        (l, s, t) => {
          const [a, b, c] = [s, t, s + t].map((time) => modeOf({ kind: "flow", time }, l).residual);
          expect(Math.abs(a * b - c)).toBeLessThanOrEqual(64 * 2 ** -53 * c);
        },
      ),
    );
  });
});

describe("the largest stable step size", () => {
  const kernel = fromRows([
    [2, 0.5, 0],
    [0.5, 1, 0.2],
    [0, 0.2, 0.7],
  ]);
  const y = Float64Array.of(1, -1, 0.5);

  /** ‖u_k − y‖ by steps of the linear model in function space. */
  function residualAfter(stepSize: number, momentum: number, steps: number): number {
    const u = [0, 0, 0];
    const v = [0, 0, 0];
    for (let k = 0; k < steps; k++) {
      const e = u.map((value, i) => value - y[i]);
      for (let i = 0; i < 3; i++) {
        v[i] *= momentum;
        for (let j = 0; j < 3; j++) v[i] -= stepSize * kernel.data[3 * i + j] * e[j];
      }
      for (let i = 0; i < 3; i++) u[i] += v[i];
    }
    return Math.hypot(...u.map((value, i) => value - y[i]));
  }

  it.each([0, 0.5])(
    "is met from both sides: below it training converges, above it diverges (momentum %s)",
    async (momentum) => {
      const train = await diagonalised(kernel);
      const lambdaMax = train.values[2];
      const kind = momentum > 0 ? "momentum" : "gradient-descent";
      const limit = stepSizeLimit({ kind, stepSize: 1, momentum, steps: 1 }, lambdaMax);
      expect(limit).toBeCloseTo((2 + 2 * momentum) / lambdaMax, 13);
      const at = (stepSize: number, steps: number) =>
        predictMean({ train, dynamics: { kind, stepSize, momentum, steps }, y, cross: kernel }, backend);
      const steps = 2000;
      const [below, above] = [0.99 * limit, 1.01 * limit];
      expect(residualAfter(below, momentum, steps)).toBeLessThan(1e-6);
      expect(residualAfter(above, momentum, steps)).toBeGreaterThan(1e6);
      const good = await at(below, Number.POSITIVE_INFINITY);
      if (good.status !== "ok") throw new Error(good.status);
      good.mean.forEach((value, i) => {
        expect(Math.abs(value - y[i])).toBeLessThan(1e-13);
      });
      const bad = await at(above, Number.POSITIVE_INFINITY);
      expect(bad.status).toBe("diverges");
      expect(bad.spectrum.stepSizeLimit).toBe(limit);
      const grown = await at(above, steps);
      if (grown.status !== "ok") throw new Error(grown.status);
      const size = Math.hypot(...grown.mean.map((value, i) => value - y[i]));
      // 2000 steps of a growing mode: a relative error of 2000 roundings.
      expect(Math.abs(size / residualAfter(above, momentum, steps) - 1)).toBeLessThan(1e-9);
      const far = await at(above, 10_000_000);
      expect(far.status).toBe("diverges");
    },
  );
});

describe("kernels that are not positive definite", () => {
  const y = Float64Array.of(1, -1);

  it("with equal inputs are singular at t = ∞ and fine at any finite time, or with a ridge", async () => {
    const kernel = fromRows([
      [1, 1],
      [1, 1],
    ]);
    const at = async (time: number, ridge = 0) =>
      predictMean(
        { train: await diagonalised(kernel, ridge), dynamics: { kind: "flow", time }, y, cross: kernel },
        backend,
      );
    const limit = await at(Number.POSITIVE_INFINITY);
    expect(limit).toMatchObject({ status: "singular", spectrum: { undetermined: 1 } });
    expect("advice" in limit && limit.advice).toMatch(/add a ridge or ask for a finite time/);
    expect((await at(1000)).status).toBe("ok");
    expect((await at(Number.POSITIVE_INFINITY, 0.1)).status).toBe("ok");
  });

  it("report negative eigenvalues and let them act: nothing is clipped", async () => {
    const kernel = fromRows([
      [1, 2],
      [2, 1],
    ]);
    const train = await diagonalised(kernel);
    const found = await predictMean({ train, dynamics: { kind: "flow", time: 2 }, y, cross: kernel }, backend);
    if (found.status !== "ok") throw new Error(found.status);
    expect(found.spectrum).toMatchObject({ negative: 1 });
    expect(found.spectrum.lambdaMin).toBeCloseTo(-1, 14);
    // y is the eigenvector of −1: u = (1 − e²)y.
    expect(Math.abs(found.mean[0] - (1 - Math.exp(2)))).toBeLessThan(1e-13);
    const limit = await predictMean(
      { train, dynamics: { kind: "flow", time: Number.POSITIVE_INFINITY }, y, cross: kernel },
      backend,
    );
    expect(limit).toMatchObject({ status: "diverges" });
    expect("advice" in limit && limit.advice).toMatch(/λ_min = -[\d.]+ is negative.*add a ridge above/);
  });

  it("are refused when they hold a NaN, are not square, or do not fit the labels", async () => {
    const bad = fromRows([
      [1, Number.NaN],
      [Number.NaN, 1],
    ]);
    expect(await trainKernel(bad, backend)).toMatchObject({ status: "not-finite" });
    await expect(trainKernel(matrix(2, 3), backend)).rejects.toThrow(/square/);
    await expect(trainKernel(identity(2), backend, { value: -1, units: "kernel" })).rejects.toThrow(/ridge -1/);
    const train = await diagonalised(identity(2));
    const flow: Dynamics = { kind: "flow", time: 1 };
    await expect(
      predictMean({ train, dynamics: flow, y: new Float64Array(3), cross: identity(2) }, backend),
    ).rejects.toThrow(/y: 3/);
    for (const dynamics of [
      { kind: "flow", time: -1 },
      { kind: "gradient-descent", stepSize: 0, steps: 1 },
      { kind: "gradient-descent", stepSize: 1, steps: 1.5 },
      { kind: "momentum", stepSize: 1, steps: 1, momentum: 1 },
    ] as const) {
      await expect(predictMean({ train, dynamics, y, cross: identity(2) }, backend)).rejects.toThrow(/give a/);
    }
  });
});

describe("the linearised network", () => {
  it("moves as its parameters do under gradient descent with weight decay towards the start, at training and test points", async () => {
    const network = resolveNetwork(
      { kind: "fully-connected", widths: [6, 5], activation: "tanh", scaling: "ntk", biases: true, frozen: [] },
      3,
    );
    const weights = await initialise(network, { kind: "gaussian" }, 11, backend);
    const draw = (rows: number, stream: number) =>
      backend.normals({ seed: [2, 0], stream, firstRow: 0, rows, cols: 3 });
    const train = await networkFeatures(network, weights, await draw(5, 0), backend);
    const test = await networkFeatures(network, weights, await draw(3, 1), backend);
    const y = Float64Array.of(1, -1, 0.5, 0, 2);
    const [jacobian, testJacobian] = [jacobianOf(train), jacobianOf(test)];
    const ridge = 0.05;
    const [stepSize, steps] = [0.03, 40];
    const delta = new Float64Array(jacobian[0].length);
    for (let k = 0; k < steps; k++) {
      const e = jacobian.map((row, i) => train.outputs[i] + row.reduce((sum, g, p) => sum + g * delta[p], 0) - y[i]);
      for (let p = 0; p < delta.length; p++) {
        delta[p] -= stepSize * (e.reduce((sum, value, i) => sum + value * jacobian[i][p], 0) + ridge * delta[p]);
      }
    }
    const expected = testJacobian.map((row, i) => test.outputs[i] + row.reduce((sum, g, p) => sum + g * delta[p], 0));
    const found = await predictMean(
      {
        train: await diagonalised(await kernelMatrix(empiricalKernel(train, backend)), ridge),
        dynamics: { kind: "gradient-descent", stepSize, steps },
        y,
        cross: await kernelMatrix(empiricalKernel(test, backend, train)),
        initial: { train: train.outputs, test: test.outputs },
      },
      backend,
    );
    if (found.status !== "ok") throw new Error(found.status);
    found.mean.forEach((value, i) => {
      // 40 steps of some hundred roundings.
      expect(Math.abs(value - expected[i])).toBeLessThan(1e-11);
    });
  });

  /** Rows of outer products, tensor by tensor. */
  function jacobianOf({ samples, tensors }: TangentFeatures): number[][] {
    return Array.from({ length: samples }, (_, i) =>
      tensors.flatMap(({ h, g }) => {
        const hs = h ? [...h.data.slice(i * h.cols, (i + 1) * h.cols)] : [1];
        const gs = g ? [...g.data.slice(i * g.cols, (i + 1) * g.cols)] : [1];
        return gs.flatMap((a) => hs.map((b) => a * b));
      }),
    );
  }
});
