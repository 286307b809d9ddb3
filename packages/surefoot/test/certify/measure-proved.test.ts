import { readFileSync } from "node:fs";
import { type Backend, createReferenceBackend, fromRows, type Matrix, matrix } from "@surefoot/linalg";
import { afterAll, describe, expect, test } from "vitest";
import { encloseActivation } from "../../src/certify/activation-enclosure.ts";
import { certify } from "../../src/certify/certify.ts";
import type { Measured, Point } from "../../src/certify/evidence.ts";
import { floatMeasurer } from "../../src/certify/measure.ts";
import { provedMeasurer } from "../../src/certify/measure-proved.ts";
import { type Interval, negate, point } from "../../src/interval/arithmetic.ts";
import { PI } from "../../src/interval/constants.ts";
import { erf, normalCdf, outward, sigmoid, softplusShifted, tanh } from "../../src/interval/outward.ts";
import type { Network } from "../../src/network/network.ts";
import { resolveNetwork } from "../../src/network/resolve.ts";
import type { ActivationSpec } from "../../src/spec/activation.ts";
import { networkSpec } from "../../src/spec/network.ts";
import { setting } from "./setting.ts";

const backend = createReferenceBackend();
afterAll(() => backend.close());
const prover = provedMeasurer(backend);

type Around = [below: number, above: number];

interface GoldenLayer {
  weightNorm: Around;
  inputBounds: Around[];
  gradientBounds: Around[];
  backpropagatedBounds?: Around[];
  stackedInputNorm: Around;
  stackedGradientNorm: Around;
}

interface Golden {
  activation: ActivationSpec;
  widths: number[];
  biases: boolean;
  scales: number[];
  trains: [boolean, boolean][];
  x: number[][];
  y: number[];
  W: number[][][];
  b: (number[][] | null)[];
  exact: {
    z: Around[];
    residualNorm: Around;
    gram: Around[][];
    hadamardNorm: Around;
    inputNorm: Around;
    featureBounds: Around[];
    magnitudes: Around[][];
    lambdaMin: Around;
    lambdaMax: Around;
    layers: GoldenLayer[];
  };
}

interface ResidualGolden {
  kind: "residual" | "convolutional-residual";
  activation: "tanh" | "gelu" | "swish";
  depth: number;
  inputs: number;
  pixels: number;
  filter: number;
  width: number;
  frozen: string[];
  gains: number[];
  x: number[][];
  y: number[];
  W: number[][][];
  exact: Pick<Golden["exact"], "residualNorm" | "lambdaMin" | "lambdaMax" | "hadamardNorm" | "layers">;
}

const residual = (
  JSON.parse(readFileSync(new URL("golden/residual-evidence.json", import.meta.url), "utf8")) as ResidualGolden[]
).map((g) => [`${g.kind} ${g.activation}, depth ${g.depth}, ${g.pixels} pixels`, g] as const);

/** The golden network with its own gains. */
function residualPointOf(g: ResidualGolden): Point {
  const { kind, activation, depth, width, frozen, pixels, filter } = g;
  const convolution = kind === "residual" ? {} : { pixels, filter };
  const spec = networkSpec.parse({ kind, activation, depth, width, frozen, ...convolution });
  const resolved = resolveNetwork(spec, g.inputs);
  const network = {
    ...resolved,
    layers: resolved.layers.map((layer, l) => (l < depth ? { ...layer, gain: g.gains[l] } : layer)),
  };
  return {
    network,
    weights: Object.fromEntries(g.W.map((w, l) => [`W${l + 1}`, fromRows(w)])),
    dataset: {
      x: fromRows(g.x),
      y: Float64Array.from(g.y),
      provenance: { source: "golden", steps: [], sourceRows: [0, 1, 2, 3] },
    },
  };
}

const golden: Golden[] = JSON.parse(readFileSync(new URL("golden/evidence.json", import.meta.url), "utf8"));
const nameOf = ({ activation }: Golden) => (typeof activation === "string" ? activation : activation.kind);
const smooth = golden.filter((g) => nameOf(g) !== "relu").map((g) => [`${nameOf(g)}, ${g.widths}`, g] as const);
const relu = golden.filter((g) => nameOf(g) === "relu").map((g, i) => [`relu ${i}`, g] as const);

/** The golden network with its own scales: resolved by hand, so that no constant of this library enters. */
function pointOf(g: Golden): Point {
  const sizes = [g.x[0].length, ...g.widths, 1];
  const layers = g.W.map((_, l) => ({
    weight: `W${l + 1}`,
    ...(g.biases ? { bias: `b${l + 1}` } : {}),
    rows: sizes[l + 1],
    cols: sizes[l],
    scale: g.scales[l],
    trainsWeight: g.trains[l][0],
    trainsBias: g.trains[l][1],
  }));
  const parameters = layers.reduce(
    (sum, l) => sum + (l.trainsWeight ? l.rows * l.cols : 0) + (l.trainsBias ? l.rows : 0),
    0,
  );
  const network: Network = {
    spec: {
      kind: "fully-connected",
      widths: g.widths,
      activation: g.activation,
      scaling: "standard",
      biases: g.biases,
      frozen: [],
    },
    inputs: sizes[0],
    activation: g.activation,
    layers,
    parameters,
  };
  const weights: Record<string, Matrix> = {};
  g.W.forEach((w, l) => {
    weights[`W${l + 1}`] = fromRows(w);
    const b = g.b[l];
    if (b) weights[`b${l + 1}`] = fromRows(b);
  });
  return {
    network,
    weights,
    dataset: {
      x: fromRows(g.x),
      y: Float64Array.from(g.y),
      provenance: { source: "golden", steps: [], sourceRows: [0, 1, 2, 3] },
    },
  };
}

/** Relative width that a bound may have: rounding errors of these sizes are far below it, a spectral norm is proved to 1e-6. */
const TIGHT = 2e-6;

function expectContains({ value, warrant }: Measured, [below, above]: Around) {
  expect(warrant).toBe("proved");
  expect(value.lower).toBeLessThanOrEqual(below);
  expect(value.upper).toBeGreaterThanOrEqual(above);
}

/** Errors are relative to the larger rows: a saturated sample's small gradient carries them too. */
const ABSOLUTE = 1e-11;

function expectUpper(bound: number, [, above]: Around, slack = TIGHT) {
  expect(bound).toBeGreaterThanOrEqual(above);
  expect(bound).toBeLessThanOrEqual(above * (1 + slack) + ABSOLUTE);
}

describe("proved evidence", () => {
  test.each(smooth)("of a smooth network holds the values at 60 digits, tightly: %s", async (_, g) => {
    const measured = await prover.smooth(pointOf(g));
    if (measured.status !== "ok") throw new Error(measured.reason);
    const { evidence } = measured;
    const { exact } = g;
    expectContains(evidence.residualNorm, exact.residualNorm);
    expect(evidence.residualNorm.value.upper - evidence.residualNorm.value.lower).toBeLessThan(
      1e-11 * exact.residualNorm[1],
    );
    expectContains(evidence.kernel.lambdaMin, exact.lambdaMin);
    expectContains(evidence.kernel.lambdaMax, exact.lambdaMax);
    const { lower, upper } = evidence.kernel.lambdaMin.value;
    expect(upper - lower).toBeLessThan(1e-6 * exact.lambdaMin[1] + 2e-11 * exact.lambdaMax[1]);
    expectUpper(evidence.kernel.lambdaMax.value.upper, exact.lambdaMax);
    expectUpper(evidence.hadamardNorm ?? Number.NaN, exact.hadamardNorm);
    // With two layers the stacked norms are Frobenius norms: right, but not tight.
    const stackedSlack = g.widths.length > 1 ? TIGHT : 1;
    evidence.layers.forEach((layer, l) => {
      const want = exact.layers[l];
      expectUpper(layer.weightNorm, want.weightNorm);
      layer.inputBounds.forEach((bound, i) => {
        expectUpper(bound, want.inputBounds[i], 1e-12);
      });
      layer.gradientBounds.forEach((bound, i) => {
        expectUpper(bound, want.gradientBounds[i], 1e-12);
      });
      layer.backpropagatedBounds?.forEach((bound, i) => {
        expectUpper(bound, want.backpropagatedBounds?.[i] ?? [Number.NaN, Number.NaN], 1e-12);
      });
      expectUpper(layer.stackedInputNorm, want.stackedInputNorm, stackedSlack);
      expectUpper(layer.stackedGradientNorm, want.stackedGradientNorm, stackedSlack);
    });
    if (g.widths.length === 1) {
      expectUpper(evidence.twoLayer?.inputNorm ?? Number.NaN, exact.inputNorm);
      evidence.twoLayer?.featureBounds.forEach((bound, r) => {
        expectUpper(bound, exact.featureBounds[r], 1e-12);
      });
    } else expect(evidence.twoLayer).toBeUndefined();
  });

  test.each(residual)("of a residual network holds the values at 50 digits, tightly: %s", async (_, g) => {
    const at = residualPointOf(g);
    const measured = await prover.smooth(at);
    if (measured.status !== "ok") throw new Error(measured.reason);
    const { evidence } = measured;
    expectContains(evidence.residualNorm, g.exact.residualNorm);
    expectContains(evidence.kernel.lambdaMin, g.exact.lambdaMin);
    expectContains(evidence.kernel.lambdaMax, g.exact.lambdaMax);
    const { lower, upper } = evidence.kernel.lambdaMin.value;
    expect(upper - lower).toBeLessThan(1e-6 * g.exact.lambdaMin[1] + 1e-10 * g.exact.lambdaMax[1]);
    // of the trained part of layer 1: nothing reads it where W1 is frozen
    if (!g.frozen.includes("W1")) expectUpper(evidence.hadamardNorm ?? Number.NaN, g.exact.hadamardNorm);
    expect(evidence.layers).toHaveLength(g.exact.layers.length);
    evidence.layers.forEach((layer, l) => {
      const want = g.exact.layers[l];
      expectUpper(layer.weightNorm, want.weightNorm);
      expectUpper(layer.stackedInputNorm, want.stackedInputNorm);
      expectUpper(layer.stackedGradientNorm, want.stackedGradientNorm);
      for (const name of ["inputBounds", "gradientBounds", "backpropagatedBounds"] as const) {
        want[name]?.forEach((value, i) => {
          expectUpper(layer[name]?.[i] ?? Number.NaN, value, 1e-11);
        });
      }
    });
    expect(evidence.twoLayer).toBeUndefined();
  });

  test.each(relu)("of a ReLU network holds margins, Gram matrix and residual: %s", async (_, g) => {
    const measured = await prover.relu(pointOf(g));
    if (measured.status !== "ok") throw new Error(measured.reason);
    const { evidence } = measured;
    const { gram, magnitudes, residual } = evidence;
    const n = g.y.length;
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        const [below, above] = g.exact.gram[i][j];
        expect(gram.mid.data[i * n + j] - gram.radius).toBeLessThanOrEqual(below);
        expect(gram.mid.data[i * n + j] + gram.radius).toBeGreaterThanOrEqual(above);
      }
      for (let r = 0; r < evidence.width; r++) {
        const [below] = g.exact.magnitudes[i][r];
        expect(magnitudes.data[i * evidence.width + r]).toBeLessThanOrEqual(below);
        expect(magnitudes.data[i * evidence.width + r]).toBeGreaterThan(below - 1e-14);
      }
      const exactResidual = g.exact.z[i][0] - g.y[i];
      expect(Math.abs(residual.mid[i] - exactResidual)).toBeLessThanOrEqual(
        residual.radius + 4e-16 * (1 + Math.abs(exactResidual)),
      );
    }
    expect(gram.radius).toBeLessThan(1e-13 * n);
    expect(residual.radius).toBeLessThan(1e-13 * n);
    expect(evidence.uncertain.words.every((word) => word === 0)).toBe(true);
  });

  test("a pre-activation within its rounding error is an uncertain pair; exact zeros and clear signs are not", async () => {
    const g = relu[0][1];
    const at = pointOf(g);
    const w = at.weights.W1.data.slice();
    const [x0, x1, x2] = g.x[0];
    // w_0·x_0 cancels up to rounding; w_1 = 0 gives z = 0 exactly.
    w.set([x1, -x0, 0], 0);
    w.set([0, 0, 0], 3);
    w.set([x0 * x2 * (1 + 2 ** -52), 0, -x0 * x0], 6);
    const measured = await prover.relu({ ...at, weights: { ...at.weights, W1: matrix(6, 3, w) } });
    if (measured.status !== "ok") throw new Error(measured.reason);
    const { uncertain, magnitudes, pattern } = measured.evidence;
    const bit = (words: Uint32Array, i: number, r: number) =>
      (words[i * uncertain.wordsPerRow + (r >>> 5)] >>> (r & 31)) & 1;
    expect(bit(uncertain.words, 0, 0)).toBe(1);
    expect(bit(uncertain.words, 0, 2)).toBe(1);
    expect(magnitudes.data[0]).toBe(0);
    expect([0, 1, 2, 3].map((i) => [bit(uncertain.words, i, 1), bit(pattern.words, i, 1)])).toEqual(
      Array(4).fill([0, 1]),
    );
    expect(bit(uncertain.words, 1, 0)).toBe(0);
  });

  test("agrees with the floating-point measurement at a real size, and stale passes or kernels are not used", async () => {
    const at = await setting(
      { kind: "fully-connected", widths: [40, 30], activation: "gelu", biases: true },
      { kind: "sphere", n: 12, d: 9, labels: "gaussian" },
      { kind: "gaussian" },
    );
    const float = await floatMeasurer(backend).smooth(at);
    const proved = await prover.smooth({ ...at, kernel: matrix(12, 12) });
    if (float.status !== "ok" || proved.status !== "ok") throw new Error("not measured");
    const [f, p] = [float.evidence, proved.evidence];
    const near = (m: Measured, value: number) => {
      expect(m.value.lower).toBeLessThan(value * (1 + 1e-6));
      expect(m.value.upper).toBeGreaterThan(value * (1 - 1e-6));
      expect(m.value.upper - m.value.lower).toBeLessThan(2e-6 * value);
    };
    near(p.kernel.lambdaMin, f.kernel.lambdaMin.value.lower);
    near(p.kernel.lambdaMax, f.kernel.lambdaMax.value.lower);
    near(p.residualNorm, f.residualNorm.value.lower);
    p.layers.forEach((layer, l) => {
      expect(layer.weightNorm).toBeGreaterThanOrEqual(f.layers[l].weightNorm * (1 - 1e-13));
      expect(layer.stackedGradientNorm).toBeLessThan(f.layers[l].stackedGradientNorm * (1 + TIGHT));
    });
  });

  test("counts with unit weights are exact, others carry a radius that holds", async () => {
    const masks = { rows: 2, bits: 40, wordsPerRow: 2, words: Uint32Array.from([0xffffffff, 0xff, 0x0f0f0f0f, 0x0f]) };
    const unit = await prover.weightedCounts(masks, new Float64Array(40).fill(-1));
    expect(unit.radius).toBe(0);
    expect([...unit.mid.data]).toEqual([40, 20, 20, 20]);
    const third = await prover.weightedCounts(masks, new Float64Array(40).fill(1 / 3));
    // (1/3)² of the double 1/3, times 40, exactly: 40·m²·2⁻¹⁰⁸ with m = 6004799503160661.
    const exactCount = Number((40n * 6004799503160661n ** 2n) / 2n ** 56n) * 2 ** -52;
    expect(Math.abs(third.mid.data[0] - exactCount)).toBeLessThanOrEqual(third.radius);
    expect(third.radius).toBeGreaterThan(0);
    expect(third.radius).toBeLessThan(1e-12);
  });

  test("fails with a reason on NaN, and on a backend that fails the self-test", async () => {
    const at = pointOf(smooth[0][1]);
    const poisoned = at.dataset.y.slice();
    poisoned[1] = Number.NaN;
    expect((await prover.smooth({ ...at, dataset: { ...at.dataset, y: poisoned } })).status).toBe("failed");
    const w = at.weights.W1.data.slice();
    w[0] = Number.POSITIVE_INFINITY;
    expect((await prover.smooth({ ...at, weights: { ...at.weights, W1: matrix(6, 3, w) } })).status).toBe("failed");
    const flushing: Backend = {
      ...backend,
      gemm: async (...args) => {
        const c = await backend.gemm(...args);
        return matrix(
          c.rows,
          c.cols,
          c.data.map((v) => (Math.abs(v) < 2 ** -1022 ? 0 : v)),
        );
      },
    };
    const refused = await provedMeasurer(flushing).smooth(at);
    expect(refused).toMatchObject({ status: "failed", reason: expect.stringContaining("subnormal") });
  });

  test("certify proves what floating point certifies with room to spare, and says so", async () => {
    const at = await setting(
      { kind: "fully-connected", widths: [2000], activation: "tanh", frozen: ["W2"] },
      { kind: "sphere", n: 5, d: 20, labels: "gaussian" },
      { kind: "gaussian" },
    );
    const outcome = await certify({ ...at, backend, mode: "proved" });
    const float = await certify({ ...at, backend, mode: "float" });
    expect(float.verdict).toBe("certified");
    expect(outcome.verdict).toBe("certified");
    expect(outcome.warrant).toBe("proved");
    // Both read norms from above, each tight to about 1e-6, found by different methods.
    expect(Math.abs((outcome.margin ?? 0) / (float.margin ?? 1) - 1)).toBeLessThan(1e-5);
  });
});

describe("activations of whole matrices", () => {
  const { add, div, exp, mul, square, sub } = outward;
  const one = point(1);
  const constant = (x: number) => point(x);
  const gaussian = (x: number) => exp(negate(square(point(x))));
  const density = (x: number) =>
    div(exp(negate(mul(point(0.5), square(point(x))))), outward.sqrt(mul(constant(2), PI)));
  /** σ and σ' by rigorous interval arithmetic, written a second time. */
  const enclosures: Record<string, (x: number) => { value: Interval; slope: Interval }> = {
    tanh: (x) => ({ value: tanh(point(x)), slope: sub(one, square(tanh(point(x)))) }),
    sigmoid: (x) => {
      const s = sigmoid(point(x));
      return { value: sub(s, point(0.5)), slope: mul(s, sub(one, s)) };
    },
    softplus: (x) => ({ value: softplusShifted(point(x)), slope: sigmoid(point(x)) }),
    erf: (x) => ({ value: erf(point(x)), slope: mul(div(constant(2), outward.sqrt(PI)), gaussian(x)) }),
    gelu: (x) => ({
      value: mul(point(x), normalCdf(point(x))),
      slope: add(normalCdf(point(x)), mul(point(x), density(x))),
    }),
    swish: (x) => {
      const s = sigmoid(point(x));
      return { value: mul(point(x), s), slope: mul(s, add(one, mul(point(x), sub(one, s)))) };
    },
    "smooth-leaky-relu": (x) => {
      const rest = sub(one, point(0.3));
      return {
        value: add(mul(point(0.3), point(x)), mul(rest, softplusShifted(point(x)))),
        slope: add(point(0.3), mul(rest, sigmoid(point(x)))),
      };
    },
  };
  const distance = (x: number, { lower, upper }: Interval) => Math.max(0, lower - x, x - upper);

  test.each(Object.keys(enclosures))(
    "%s lies within its stated errors, with room to spare, at every size of input",
    (kind) => {
      const spec = kind === "smooth-leaky-relu" ? ({ kind, slope: 0.3 } as const) : (kind as ActivationSpec);
      for (const reach of [1e-300, 1e-8, 0.35, 2, 7, 40, 800]) {
        const z = Float64Array.from({ length: 801 }, (_, k) => ((k - 400) / 400) * reach);
        const value = new Float64Array(z.length);
        const slope = new Float64Array(z.length);
        const errors = encloseActivation(spec, z, value, slope);
        if (!errors) throw new Error("no enclosure");
        let worstValue = 0;
        let worstSlope = 0;
        z.forEach((x, k) => {
          const exact = enclosures[kind](x);
          worstValue = Math.max(worstValue, distance(value[k], exact.value));
          worstSlope = Math.max(worstSlope, distance(slope[k], exact.slope));
        });
        expect(worstValue).toBeLessThanOrEqual(errors.valueError / 4);
        expect(worstSlope).toBeLessThanOrEqual(errors.slopeError / 4);
        const largest = value.reduce((a, b) => Math.max(a, Math.abs(b)), 1);
        expect(errors.valueError).toBeLessThan(2 ** -43 * (reach + largest));
        expect(errors.slopeError).toBeLessThan(2 ** -43 * (1 + reach));
      }
    },
  );

  test("piecewise linear activations have no Lipschitz derivative to bound; NaN spoils the errors", () => {
    const out = new Float64Array(1);
    expect(encloseActivation("relu", new Float64Array(1), out, out)).toBeUndefined();
    for (const kind of ["tanh", "softplus", "gelu", "swish", "erf", "sigmoid"] as const) {
      expect(encloseActivation(kind, new Float64Array([Number.NaN]), out, out)?.valueError).toBeNaN();
    }
  });
});
