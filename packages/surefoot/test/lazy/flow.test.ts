import { createReferenceBackend, matrix } from "@surefoot/linalg";
import { describe, expect, it } from "vitest";
import { generate } from "../../src/data/generate.ts";
import { createGradientFlow } from "../../src/dynamics/lazy/flow.ts";
import { firstRoot, sumOfDecay } from "../../src/dynamics/lazy/flow-root.ts";
import { givenNeurons, seededNeurons } from "../../src/dynamics/lazy/neuron-source.ts";
import { DirectDescent, sphere } from "./direct.ts";

const backend = createReferenceBackend();

const points = (rows: number, cols: number, x: number[], y: number[]) => ({
  x: matrix(rows, cols, Float64Array.from(x)),
  y: Float64Array.from(y),
  provenance: { source: "points", steps: [], sourceRows: y.map((_, i) => i) },
});

describe("the first root of an exponential sum", () => {
  const value = (constant: number, weights: number[], rates: number[], t: number) =>
    constant - weights.reduce((sum, w, q) => sum + w * sumOfDecay(rates[q], t), 0);

  it("is found even where the function only just touches down before a later, wider crossing", () => {
    // f falls fast, rises again, then falls slowly: for some constants the first dip reaches 0, for others only the end does.
    for (const constant of [0.2, 0.3, 0.35, 0.36, 0.37, 0.5]) {
      const weights = Float64Array.of(4, -3.2, 0.2);
      const rates = Float64Array.of(4, 1.5, 0.05);
      const root = firstRoot({ constant, weights }, rates, 1, 100, 1e-13);
      let scanned: number | undefined;
      for (let t = 0; t < 100 && scanned === undefined; t += 1e-4) {
        if (value(constant, [...weights], [...rates], t) <= 0) scanned = t;
      }
      if (scanned === undefined) expect(root).toBeUndefined();
      else {
        expect(root).toBeDefined();
        expect(root! - scanned).toBeLessThanOrEqual(1e-9);
        expect(root! - scanned).toBeGreaterThan(-2e-4);
      }
    }
  });

  it("is not the start where the function leaves 0", () => {
    const root = firstRoot({ constant: 0, weights: Float64Array.of(-2, 1.5) }, Float64Array.of(3, 0.1), 1, 50, 1e-13);
    expect(root).toBeGreaterThan(0.1);
    expect(Math.abs(value(0, [-2, 1.5], [3, 0.1], root!))).toBeLessThan(1e-12);
    expect(firstRoot({ constant: 0, weights: Float64Array.of(-2) }, Float64Array.of(3), 1, 50, 1e-13)).toBeUndefined();
    expect(firstRoot({ constant: 0, weights: Float64Array.of(2) }, Float64Array.of(3), 1, 50, 1e-13)).toBe(0);
  });
});

describe("gradient flow", () => {
  it("passes pairs whose sliding begins or ends with a velocity of 0, without repeating the event at one time", async () => {
    // here one pair stops sliding at t = 2.697 and another begins at t = 3.2146, each with a velocity that rounding decides
    const dataset = generate({ kind: "sphere", n: 10, d: 10, seed: 0, labels: "gaussian" });
    const flow = await createGradientFlow(
      dataset,
      seededNeurons({ width: 100, inputs: 10, seed: 0 }, backend),
      backend,
    );
    expect((await flow.advance(6)).status).toBe("ok");
    expect(flow.state.events).toBeLessThan(100);
    const direct = await DirectDescent.from(dataset, seededNeurons({ width: 100, inputs: 10, seed: 0 }, backend), 1e-3);
    for (let k = 0; k < 6000; k++) direct.step();
    expect(Math.abs(direct.loss / flow.loss - 1)).toBeLessThan(5e-3); // first order in the step
  });

  it("is the limit of gradient descent with small steps, at first order in the step", async () => {
    let events = 0;
    for (const seed of [1, 2, 3]) {
      const dataset = await sphere(backend, seed, 4, 3);
      const source = seededNeurons({ width: 20, inputs: 3, seed }, backend);
      const flow = await createGradientFlow(dataset, source, backend);
      expect((await flow.advance(6)).status).toBe("ok");
      events += flow.state.events;
      const errors = [];
      for (const eta of [4e-3, 1e-3]) {
        const direct = await DirectDescent.from(dataset, source, eta);
        for (let k = 0; k < Math.round(6 / eta); k++) direct.step();
        errors.push(Math.max(...direct.e.map((value, i) => Math.abs(value - flow.state.residual[i]))));
      }
      expect(errors[1]).toBeLessThan(errors[0] / 2.5 + 1e-12);
      expect(errors[1]).toBeLessThan(5e-3);
    }
    expect(events).toBeGreaterThan(20);
  });

  it("slides where descent chatters: a bounded number of events, z = 0 kept", async () => {
    const dataset = points(2, 2, [1, 0, -0.8, 0.6], [-1, 0.4]);
    const source = givenNeurons(matrix(1, 2, Float64Array.of(0.2, 1)), Float64Array.of(1));
    const flow = await createGradientFlow(dataset, source, backend);
    expect((await flow.advance(3)).status).toBe("ok");
    expect(flow.state.events).toBeGreaterThan(0);
    expect(flow.state.events).toBeLessThan(6);
    expect(flow.state.states).toContain(2);
    const c = flow.state.coefficients.data;
    const w = [0.2, 1].map((value, q) => value - c[0] * dataset.x.data[q] - c[1] * dataset.x.data[2 + q]);
    const slid = flow.state.states.indexOf(2);
    const z = w[0] * dataset.x.data[2 * slid] + w[1] * dataset.x.data[2 * slid + 1];
    expect(Math.abs(z)).toBeLessThan(1e-14);
    const flips = [];
    for (const eta of [1e-2, 1e-3]) {
      const direct = await DirectDescent.from(dataset, source, eta);
      let count = 0;
      for (let k = 0; k < Math.round(3 / eta); k++) {
        const before = direct.pattern(0);
        direct.step();
        count += direct.pattern(0).filter((bit, i) => bit !== before[i]).length;
      }
      flips.push(count);
      direct.e.forEach((value, i) => {
        expect(Math.abs(value - flow.state.residual[i])).toBeLessThan(3 * eta);
      });
    }
    expect(flips[1]).toBeGreaterThan(5 * flips[0]);
  });

  it("says where the solution is not unique", async () => {
    // On its kink, and the second sample (on, e > 0) pulls down while the first (e < 0), once on, pulls up harder.
    const torn = points(2, 2, [1, 0, 0.6, 0.8], [1, 0]);
    const source = givenNeurons(matrix(1, 2, Float64Array.of(0, 1)), Float64Array.of(1));
    const flow = await createGradientFlow(torn, source, backend);
    expect(await flow.advance(1)).toEqual({ status: "not-unique", time: 0, neuron: 0, sample: 0 });
    // The same with labels that pull down in any case: it turns off.
    const still = await createGradientFlow(points(2, 2, [1, 0, 0.6, 0.8], [-1, 0]), source, backend);
    expect((await still.advance(1)).status).toBe("ok");
    expect(still.state.states[0]).toBe(0);
    // A single sample on its kink that would have to leave by itself: to stay is a solution, too.
    const alone = givenNeurons(matrix(1, 1, Float64Array.of(0)), Float64Array.of(1));
    const resting = await createGradientFlow(points(1, 1, [1], [1]), alone, backend);
    expect((await resting.advance(1)).status).toBe("not-unique");
  });

  it("does not depend on where it is looked at", async () => {
    const dataset = await sphere(backend, 9, 5, 4);
    const source = seededNeurons({ width: 12, inputs: 4, seed: 4, antisymmetric: true }, backend);
    const one = await createGradientFlow(dataset, source, backend);
    const two = await createGradientFlow(dataset, source, backend);
    await one.advance(8);
    for (let t = 0.5; t <= 8; t += 0.5) {
      const before = two.loss;
      expect((await two.advance(t)).status).toBe("ok");
      expect(two.loss).toBeLessThanOrEqual(before * (1 + 1e-12));
    }
    expect(two.state.events).toBe(one.state.events);
    one.state.residual.forEach((value, i) => {
      expect(Math.abs(value - two.state.residual[i])).toBeLessThan(1e-11);
    });
  });
});
