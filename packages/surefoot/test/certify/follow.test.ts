import { readFileSync } from "node:fs";
import { createReferenceBackend, fromRows, type Matrix, matrix } from "@surefoot/linalg";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { innerStep } from "../../src/certify/certify.ts";
import { certifyFollowing, commonContraction } from "../../src/certify/certify-following.ts";
import type { FollowedDescent } from "../../src/certify/follow.ts";
import { reluFollower } from "../../src/certify/follow-relu.ts";
import { smoothFollower } from "../../src/certify/follow-smooth.ts";
import { provedMeasurer } from "../../src/certify/measure-proved.ts";
import type { Dataset } from "../../src/data/dataset.ts";
import { preciseProduct } from "../../src/interval/precise-product.ts";
import type { Weights } from "../../src/network/network.ts";
import { resolveNetwork } from "../../src/network/resolve.ts";
import { networkSpec } from "../../src/spec/network.ts";
import { certifyHere, descend, residualFloor, setting } from "./setting.ts";

const backend = createReferenceBackend();
afterAll(() => backend.close());
const measurer = provedMeasurer(backend);

type Pair = [high: number, low: number];

interface Case {
  name: string;
  activation: "tanh" | "gelu" | "relu";
  widths: number[];
  biases: boolean;
  x: number[][];
  y: number[];
  W: number[][][];
  b: number[][] | null;
  loss: "sum" | "mean";
  stepSize: number;
  iterates: { step: number; W: Pair[][][]; b: Pair[][] | null }[];
}

const cases: Case[] = JSON.parse(readFileSync(new URL("golden/follow-mpmath.json", import.meta.url), "utf8"));

function descentOf(c: Case): FollowedDescent {
  const spec = {
    kind: "fully-connected" as const,
    widths: c.widths,
    activation: c.activation,
    scaling: "standard" as const,
    biases: c.biases,
    frozen: c.activation === "relu" ? ["W2"] : [],
  };
  const network = resolveNetwork(networkSpec.parse(spec), c.x[0].length);
  const weights: Record<string, Matrix> = {};
  for (const [l, w] of c.W.entries()) {
    weights[`W${l + 1}`] = fromRows(w);
    if (c.b) weights[`b${l + 1}`] = fromRows(c.b[l].map((v) => [v]));
  }
  const provenance = { kind: "generated" } as unknown as Dataset["provenance"];
  const dataset: Dataset = { x: fromRows(c.x), y: Float64Array.from(c.y), provenance };
  const stepSize = innerStep({ stepSize: c.stepSize, loss: c.loss, dataset }, measurer);
  return { network, weights, dataset, stepSize, backend, measurer };
}

function distanceTo(weights: Weights, { W, b }: Case["iterates"][number]): number {
  let squares = 0;
  const add = (tensor: Matrix, pairs: Pair[]) =>
    pairs.forEach(([high, low], k) => {
      squares += (tensor.data[k] - high - low) ** 2;
    });
  W.forEach((w, l) => {
    add(weights[`W${l + 1}`], w.flat());
  });
  b?.forEach((v, l) => {
    add(weights[`b${l + 1}`], v);
  });
  return Math.sqrt(squares);
}

describe("the proved distance of a followed run", () => {
  test.each(cases)("holds against 60 digits: $name", async (c) => {
    const follower = c.activation === "relu" ? reluFollower(descentOf(c)) : smoothFollower(descentOf(c));
    let distance = 0;
    let spent = true;
    let held = 0;
    for (let k = 1; k <= c.iterates[c.iterates.length - 1].step; k++) {
      if (spent && typeof (await follower.ask(distance)) === "string") break; // the errors have outgrown the network
      const next = await follower.advance(distance);
      if (typeof next === "string") throw new Error(next);
      ({ distance, spent } = next);
      const golden = c.iterates.find(({ step }) => step === k);
      if (!golden) continue;
      const off = distanceTo(follower.here(), golden);
      expect(off).toBeLessThanOrEqual(distance);
      expect(off).toBeGreaterThan(0); // the comparison sees the rounding
      if (k === 1) expect(distance).toBeLessThan(1e-12); // and the bound is of its order
      held++;
    }
    expect(held).toBeGreaterThanOrEqual(2);
  });

  test("of a perturbed start is seen: a run from other weights leaves it", async () => {
    const [c] = cases;
    const descent = descentOf(c);
    const moved = {
      ...descent.weights,
      W1: { ...descent.weights.W1, data: descent.weights.W1.data.map((v) => v + 1e-12) },
    };
    const follower = smoothFollower({ ...descent, weights: moved });
    await follower.ask(0);
    const next = await follower.advance(0);
    if (typeof next === "string") throw new Error(next);
    expect(distanceTo(follower.here(), c.iterates[0])).toBeGreaterThan(next.distance);
  });
});

const SETTINGS = [
  {
    name: "tanh",
    spec: { kind: "fully-connected", widths: [64], activation: "tanh" },
    data: { kind: "sphere", n: 5, d: 8, labels: "gaussian" },
  },
  {
    name: "two hidden layers, biases",
    spec: { kind: "fully-connected", widths: [24, 24], activation: "softplus", biases: true },
    data: { kind: "sphere", n: 4, d: 6, labels: "gaussian" },
  },
  {
    name: "two-layer relu",
    spec: { kind: "two-layer-relu", width: 512 },
    data: { kind: "sphere", n: 5, d: 10, labels: "gaussian" },
  },
  {
    name: "residual",
    spec: { kind: "residual", depth: 2, width: 32, activation: "tanh" },
    data: { kind: "sphere", n: 4, d: 6, labels: "gaussian" },
  },
] as const;

describe("certifyFollowing", () => {
  test.each(SETTINGS)("$name: certifies what S1 and S2 do not, and runs obey", async ({ spec, data }) => {
    const at = await setting(spec, data, { kind: "gaussian" });
    expect((await certifyHere(at)).verdict).toBe("undecided");
    const seen: number[] = [];
    const outcome = await certifyFollowing({ ...at, backend, steps: 600, onProgress: ({ step }) => seen.push(step) });
    expect(outcome.reasons).toEqual([]);
    expect(outcome.verdict).toBe("certified");
    expect(outcome.warrant).toBe("proved");
    expect(outcome.followed?.steps).toBeGreaterThan(0);
    expect(outcome.followed?.steps).toBe(seen[seen.length - 1]);
    expect(outcome.form).toContain("followed");
    const { stepSize, ratePerStep, radius, residualNorm } = outcome;
    if (stepSize === null || ratePerStep === null || radius === null || residualNorm === null) throw new Error("null");
    expect(ratePerStep).toBeLessThan(1);
    const start = at.weights;
    await descend(at, stepSize, 2 * (outcome.followed?.steps ?? 0) + 50, (state, k) => {
      const floor = residualFloor(state.pass.outputs, at.dataset, 100, 10);
      expect(Math.sqrt(2 * state.loss)).toBeLessThanOrEqual(
        Math.sqrt(ratePerStep) ** k * residualNorm * (1 + 1e-9) + floor,
      );
      let squares = 0;
      for (const [name, tensor] of Object.entries(state.weights)) {
        for (let j = 0; j < tensor.data.length; j++) squares += (tensor.data[j] - start[name].data[j]) ** 2;
      }
      expect(Math.sqrt(squares)).toBeLessThanOrEqual(radius * (1 + 1e-9));
      return true;
    });
  });

  test("converts the step of the mean loss", async () => {
    const at = await setting(SETTINGS[0].spec, SETTINGS[0].data, { kind: "gaussian" });
    const sum = await certifyFollowing({ ...at, backend, steps: 400, stepSize: 0.04 });
    const mean = await certifyFollowing({ ...at, backend, steps: 400, stepSize: 0.1, loss: "mean" }); // c = 2/5
    expect(mean.verdict).toBe("certified");
    expect(mean.followed?.steps).toBe(sum.followed?.steps);
    expect(mean.stepSize).toBe(0.1);
  });

  test("gives up honestly: too few steps, an interruption, a step size that diverges", async () => {
    const at = await setting(SETTINGS[0].spec, SETTINGS[0].data, { kind: "gaussian" });
    const few = await certifyFollowing({ ...at, backend, steps: 2 });
    expect(few).toMatchObject({ verdict: "undecided", followed: { steps: 2 } });
    expect(few.statement).toContain("2 steps were allowed");
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 30); // heard only if the event loop is kept free
    const stopped = await certifyFollowing({ ...at, backend, steps: 1e6, stepSize: 1e-4, signal: controller.signal });
    expect(stopped).toMatchObject({ verdict: "undecided" });
    expect(stopped.reasons[0]).toContain("interrupted");
    const wild = await certifyFollowing({ ...at, backend, steps: 100, stepSize: 10 });
    expect(wild.verdict).toBe("undecided");
    expect(wild.ratePerStep).toBeNull();
  });

  test("never certifies labels that contradict each other", async () => {
    const at = await setting(SETTINGS[0].spec, SETTINGS[0].data, { kind: "gaussian" });
    const x = { ...at.dataset.x, data: at.dataset.x.data.slice() };
    x.data.copyWithin(0, x.cols, 2 * x.cols); // two equal inputs
    const planted = { ...at, dataset: { ...at.dataset, x } };
    expect((await certifyFollowing({ ...planted, backend, steps: 50 })).verdict).toBe("impossible");
    x.data[0] += 1e-9; // and nearly equal ones
    expect((await certifyFollowing({ ...planted, backend, steps: 50 })).verdict).toBe("undecided");
  });

  test("names what it cannot follow", async () => {
    const relu = { kind: "fully-connected", widths: [8, 8], activation: "relu" } as const;
    const at = await setting(relu, SETTINGS[0].data, { kind: "gaussian" });
    await expect(certifyFollowing({ ...at, backend, steps: 5 })).rejects.toThrow(/cannot be followed.*Lipschitz/);
    const smooth = await setting(SETTINGS[0].spec, SETTINGS[0].data, { kind: "gaussian" });
    await expect(certifyFollowing({ ...smooth, backend, steps: 1.5 })).rejects.toThrow(/whole number/);
  });
});

test("the common factor covers every step and the rest", () => {
  const around = (x: number) => ({ lower: x, upper: x });
  expect(commonContraction([4, 1, 0.9].map(around), 0.25)).toBeGreaterThanOrEqual(Math.sqrt(0.9 / 4));
  expect(commonContraction([4, 1, 0.9].map(around), 0.25)).toBeLessThan(Math.sqrt(0.9 / 4) + 1e-9);
  expect(commonContraction([4, 2].map(around), 0.75)).toBe(0.75);
  expect(commonContraction([4, 4].map(around), 0.5)).toBeUndefined();
});

describe("precise products", () => {
  /** Of a double: sign·mantissa·2^exponent as a whole number of 2^−1074. */
  const whole = (x: number): bigint => {
    const bits = new DataView(new Float64Array([x]).buffer).getBigUint64(0, true);
    const exponent = Number((bits >> 52n) & 2047n);
    const fraction = bits & ((1n << 52n) - 1n);
    const size = exponent === 0 ? fraction : (fraction + (1n << 52n)) << BigInt(exponent - 1);
    return bits >> 63n ? -size : size;
  };
  const entry = fc
    .tuple(
      fc.double({ min: 0.1, max: 1, noNaN: true }).chain((x) => fc.constantFrom(x, -x, 0)),
      fc.integer({ min: -40, max: 40 }),
    )
    .map(([m, e]) => m * 2 ** e);

  test("are off by no more than they say", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 9 }),
        fc.array(entry, { minLength: 45, maxLength: 45 }),
        async (k, values) => {
          const a = matrix(2, k, Float64Array.from(values.slice(0, 2 * k)));
          const b = matrix(3, k, Float64Array.from(values.slice(18, 18 + 3 * k)));
          const found = await preciseProduct(a, b, true, backend);
          if (!found) throw new Error("out of range");
          for (let i = 0; i < 2; i++) {
            let squares = 0;
            for (let j = 0; j < 3; j++) {
              let exact = 0n; // in units of 2^−2148
              for (let l = 0; l < k; l++) exact += whole(a.data[i * k + l]) * whole(b.data[j * k + l]);
              const off = (whole(found.product.data[3 * i + j]) << 1074n) - exact;
              squares += (Number(off >> 1600n) * 2 ** (1600 - 2148)) ** 2;
            }
            expect(Math.sqrt(squares)).toBeLessThanOrEqual(found.errors[i]);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  test("are as good as a rounding where plain ones are not, and refuse what leaves the range", async () => {
    const k = 4096;
    const a = matrix(
      1,
      k,
      Float64Array.from({ length: k }, (_, i) => Math.sin(i)),
    );
    const found = await preciseProduct(a, a, true, backend);
    expect(found?.errors[0]).toBeLessThan(4 * 2 ** -53 * 2048);
    const huge = matrix(1, 1, Float64Array.of(1e200));
    expect(await preciseProduct(huge, huge, true, backend)).toBeUndefined();
    expect(await preciseProduct(matrix(1, 1, Float64Array.of(Number.NaN)), a, true, backend)).toBeUndefined();
  });
});
