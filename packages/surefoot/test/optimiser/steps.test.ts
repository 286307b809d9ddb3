import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { initDescent, stepDescent } from "../../src/dynamics/gradient-descent.ts";
import { batchAt } from "../../src/dynamics/optimiser/batch.ts";
import { createOptimiser, type OptimiserState } from "../../src/dynamics/optimiser/optimiser.ts";
import { ruleOf } from "../../src/dynamics/optimiser/rules.ts";
import { stepSizeAt } from "../../src/dynamics/optimiser/schedule.ts";
import type { TrainingProblem } from "../../src/dynamics/problem.ts";
import type { Weights } from "../../src/network/network.ts";
import { type OptimiserInput, optimiserFromText, optimiserSpec, scheduleFromText } from "../../src/spec/optimiser.ts";
import { setting } from "./support.ts";

interface Golden {
  readonly matrix: number[][];
  readonly vector: number[];
  readonly start: number[];
  readonly cases: { readonly spec: OptimiserInput; readonly stepSize: number; readonly path: number[][] }[];
}
const golden: Golden = JSON.parse(readFileSync(new URL("../golden/optimisers-numpy.json", import.meta.url), "utf8"));

async function iterates(
  problem: TrainingProblem,
  weights: Weights,
  spec: OptimiserInput,
  steps: number,
  stepSize = 0.1,
) {
  const optimiser = createOptimiser(problem, optimiserSpec.parse(spec), stepSize);
  let state: OptimiserState = await optimiser.init(weights);
  for (let k = 0; k < steps; k++) state = await optimiser.step(state);
  return state;
}

describe("optimisers", () => {
  it.each(golden.cases)("$spec.kind moves as PyTorch's formulas say", ({ spec, stepSize, path }) => {
    const parsed = optimiserSpec.parse(spec);
    if (parsed.kind === "gradient-flow") throw new Error("no step of its own");
    const rule = ruleOf(parsed);
    const theta = Float64Array.from(golden.start);
    const memory = rule.memory.map(() => new Float64Array(3));
    path.forEach((expected, k) => {
      const g = theta.map((t, i) =>
        golden.matrix[i].reduce((sum, a, j) => sum + a * theta[j], t ** 3 - golden.vector[i]),
      );
      rule.update(theta, g, memory, stepSize, k);
      theta.forEach((t, i) => {
        expect(t).toBeCloseTo(expected[i], 13);
      });
    });
  });

  it("are gradient descent where momentum is 0, the schedule stands still, or the batch holds every sample", async () => {
    const { problem, weights } = await setting();
    let plain = await initDescent(problem, weights);
    for (let k = 0; k < 6; k++) plain = await stepDescent(problem, plain, 0.1);
    const same: OptimiserInput[] = [
      { kind: "momentum", momentum: 0 },
      { kind: "nesterov", momentum: 0 },
      { kind: "gradient-descent", batch: { size: 8 } },
      { kind: "gradient-descent", batch: { size: 100, sampling: "epochs" } },
      { kind: "gradient-descent", schedule: { kind: "list", factors: [1] } },
    ];
    for (const spec of same) {
      const state = await iterates(problem, weights, spec, 6);
      expect(state.loss).toBeCloseTo(plain.loss, 13);
      state.weights.W1.data.forEach((w, i) => {
        expect(w).toBeCloseTo(plain.weights.W1.data[i], 13);
      });
    }
  });

  it("move by the mean gradient: over all batches of one sample the steps add up to that of all samples", async () => {
    const { problem, weights, dataset } = await setting({ loss: "logistic" });
    const n = dataset.y.length;
    const whole = await stepDescent(problem, await initDescent(problem, weights), 0.1);
    const sum = new Float64Array(weights.W1.data.length);
    const seen = new Set<number>();
    for (let k = 0; k < n; k++) {
      const spec = optimiserSpec.parse({ kind: "gradient-descent", batch: { size: 1, sampling: "epochs", seed: 3 } });
      const optimiser = createOptimiser(problem, spec, 0.1);
      const state = await optimiser.step(await optimiser.init(weights, { step: k, memory: {} }));
      for (const i of batchAt({ size: 1, sampling: "epochs", seed: 3 }, n, k)) seen.add(i);
      state.weights.W1.data.forEach((w, i) => {
        sum[i] += (w - weights.W1.data[i]) / n;
      });
    }
    expect(seen.size).toBe(n);
    sum.forEach((moved, i) => {
      expect(moved).toBeCloseTo(whole.weights.W1.data[i] - weights.W1.data[i], 13);
    });
  });

  it("go on to the same bits from what they leave", async () => {
    const { problem, weights } = await setting();
    const specs: OptimiserInput[] = [
      { kind: "momentum", batch: { size: 3 } },
      { kind: "nesterov", schedule: { kind: "cosine", steps: 7 } },
      { kind: "rmsprop", batch: { size: 3, sampling: "epochs" } },
      { kind: "adam", schedule: { kind: "step-decay", every: 2, factor: 0.5 } },
      { kind: "gradient-flow" },
    ];
    for (const input of specs) {
      const spec = optimiserSpec.parse(input);
      const one = createOptimiser(problem, spec, 0.05);
      let state = await one.init(weights);
      for (let k = 0; k < 4; k++) state = await one.step(state);
      const left = structuredClone({ step: state.step, memory: state.memory(), weights: state.weights });
      for (let k = 0; k < 4; k++) state = await one.step(state);
      const two = createOptimiser(problem, spec, 0.05);
      let again = await two.init(left.weights, left);
      for (let k = 0; k < 4; k++) again = await two.step(again);
      expect(again.weights).toEqual(state.weights);
      expect(again.memory()).toEqual(state.memory());
      expect(again.columns).toEqual(state.columns);
    }
  });

  it("refuse to go on without their state", async () => {
    const { problem, weights } = await setting();
    for (const kind of ["momentum", "adam", "gradient-flow"] as const) {
      const optimiser = createOptimiser(problem, optimiserSpec.parse({ kind }), 0.1);
      await expect(optimiser.init(weights, { step: 3, memory: {} })).rejects.toThrow(/state.*cannot go on/);
    }
  });
});

describe("batches", () => {
  it("hold different samples, the asked number of them, and are the same whenever they are asked for", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 40 }), fc.nat(1e6), (n, size, k) => {
        const batch = batchAt({ size, seed: 5, sampling: "independent" }, n, k);
        expect(new Set(batch).size).toBe(Math.min(size, n));
        expect([...batch]).toEqual([...batch].sort((a, b) => a - b));
        expect(batch.every((i) => i >= 0 && i < n)).toBe(true);
        expect(batchAt({ size, seed: 5, sampling: "independent" }, n, k)).toEqual(batch);
      }),
      { numRuns: 60, seed: 1 },
    );
  });

  it("pass over every sample once where they are epochs", () => {
    const counts = new Int32Array(12);
    for (let k = 0; k < 12; k++) for (const i of batchAt({ size: 3, seed: 1, sampling: "epochs" }, 12, k)) counts[i]++;
    expect([...counts]).toEqual(Array(12).fill(3));
  });

  it("take every sample equally often in the long run", () => {
    const counts = new Float64Array(10);
    for (let k = 0; k < 4000; k++)
      for (const i of batchAt({ size: 3, seed: 2, sampling: "independent" }, 10, k)) counts[i]++;
    // 4000 draws of probability 0.3: deviation 29, five of them
    for (const count of counts) expect(Math.abs(count - 1200)).toBeLessThan(145);
  });
});

describe("schedules", () => {
  it("scale the step size as they say", () => {
    const at = (text: string, k: number) => stepSizeAt(scheduleFromText(text), 2, k);
    expect([0, 9, 10, 25].map((k) => at("step-decay:10:0.5", k))).toEqual([2, 2, 1, 0.5]);
    expect([0, 50, 100, 500].map((k) => at("cosine:100:0.1", k))).toEqual([2, expect.closeTo(1.1, 14), 0.2, 0.2]);
    expect(at("inverse-time:0.5", 6)).toBe(0.5);
    expect([0, 1, 2, 9].map((k) => at("list:1,0.5,0.25", k))).toEqual([2, 1, 0.5, 0.5]);
    expect(at("constant", 1e6)).toBe(2);
  });
});

describe("optimisers in words", () => {
  it("are read from a shorthand or JSON", () => {
    expect(optimiserFromText("sgd:32")).toMatchObject({ kind: "gradient-descent", batch: { size: 32, seed: 0 } });
    expect(optimiserFromText("momentum:0.5")).toMatchObject({ kind: "momentum", momentum: 0.5 });
    expect(optimiserFromText('{"kind":"adam","beta2":0.99}')).toMatchObject({ beta1: 0.9, beta2: 0.99, epsilon: 1e-8 });
    expect(optimiserFromText("gradient-flow:1e-8")).toMatchObject({ tolerance: 1e-8 });
  });

  it("are refused with what to write instead", () => {
    expect(() => optimiserFromText("adamw")).toThrow(
      /unknown optimiser "adamw"; use one of gradient-descent, sgd:BATCH/,
    );
    expect(() => optimiserFromText("sgd")).toThrow(/write sgd:BATCH/);
    expect(() => optimiserFromText("adam:3")).toThrow(/write adam/);
    expect(() => optimiserFromText("momentum:1")).toThrow(/momentum/);
    expect(() => optimiserFromText("sgd:1.5")).toThrow(/batch.size/);
    expect(() => scheduleFromText("cosine")).toThrow(/write cosine:STEPS\[:FLOOR\]/);
    expect(() => scheduleFromText("list:1,x")).toThrow(/factors/);
    expect(() => scheduleFromText("warmup:3")).toThrow(/unknown schedule/);
  });
});
