import { createReferenceBackend, matrix } from "@surefoot/linalg";
import { describe, expect, it } from "vitest";
import { lazyNeuron } from "../../src/dynamics/lazy/neuron.ts";
import { givenNeurons, seededNeurons } from "../../src/dynamics/lazy/neuron-source.ts";
import { createLazyRun, type LazyRun, resumeLazyRun } from "../../src/dynamics/lazy/run.ts";
import { SurefootError } from "../../src/error.ts";
import { DirectDescent, largestEigenvalue, sphere } from "./direct.ts";
import { WideDescent } from "./double-double.ts";

const backend = createReferenceBackend();

const bitsOf = ({ state }: LazyRun) => [
  ...state.residual,
  ...state.sums,
  state.flips,
  state.nearTies,
  state.firstNearTie,
  state.step,
];

describe("against 32 digits", () => {
  it("keeps eleven digits of the loss down to 1e-8 as long as no sign was decided within rounding of its kink", async () => {
    let checked = 0;
    for (const seed of [1, 2, 3]) {
      const dataset = await sphere(backend, seed, 5, 6);
      const source = seededNeurons({ width: 40, inputs: 6, seed }, backend);
      const { w, a } = await source.block(0, 40);
      const stepSize = 0.8;
      const run = await createLazyRun({ dataset, source, stepSize, backend });
      const wide = new WideDescent(dataset, w, a, stepSize);
      for (let k = 0; k < 150 && wide.closest > 1e-13 && wide.loss >= 1e-8; k++) {
        expect(Math.abs(run.loss - wide.loss)).toBeLessThanOrEqual(1e-11 * wide.loss);
        checked++;
        wide.step();
        await run.step();
      }
    }
    expect(checked).toBeGreaterThan(60);
  });
});

describe("the same bits", () => {
  const options = async () => ({
    dataset: await sphere(backend, 7, 10, 5),
    width: 3000,
    seed: 11,
    stepSize: 0.7,
    backend,
  });

  it("whatever the reach the run starts with: a short watch list is made longer before a clock passes it", async () => {
    const long = await createLazyRun({ ...(await options()), horizon: 400 });
    const short = await createLazyRun({ ...(await options()), horizon: 1 });
    expect(short.stepper.watch.slots.length).toBeLessThan(long.stepper.watch.slots.length / 2);
    const before = short.stepper;
    await long.step(200);
    await short.step(200);
    expect(short.stepper).not.toBe(before);
    expect(long.state.flips).toBeGreaterThan(100);
    expect(bitsOf(short)).toEqual(bitsOf(long));
  });

  it("after stopping and resuming from a checkpoint, as often as one likes", async () => {
    const whole = await createLazyRun(await options());
    await whole.step(120);
    let run = await createLazyRun(await options());
    for (let part = 0; part < 4; part++) {
      await run.step(30);
      run = await resumeLazyRun(await options(), structuredClone(run.checkpoint()));
    }
    expect(bitsOf(run)).toEqual(bitsOf(whole));
    expect([...run.stepper.tangent.h]).toEqual([...whole.stepper.tangent.h]);
    await whole.step(50);
    await run.step(50);
    expect(bitsOf(run)).toEqual(bitsOf(whole));
  });

  it("and a checkpoint of another problem is refused", async () => {
    const run = await createLazyRun(await options());
    const other = { ...(await options()), stepSize: 0.6 };
    await expect(resumeLazyRun(other, run.checkpoint())).rejects.toThrow(/another problem/);
    const cut = run.checkpoint();
    const arrays = { ...cut.arrays, sums: cut.arrays.sums.slice(1) };
    await expect(resumeLazyRun(await options(), { ...cut, arrays })).rejects.toThrow(/"sums" has 9 entries/);
  });
});

describe("counts", () => {
  it("stay those of the patterns, integers for a = ±1, through every flip", async () => {
    const dataset = await sphere(backend, 3, 8, 3);
    const source = seededNeurons({ width: 50, inputs: 3, seed: 5 }, backend);
    const run = await createLazyRun({ dataset, source, stepSize: 1.2, backend });
    await run.step(300);
    expect(run.state.flips).toBeGreaterThan(50);
    const patterns = await Promise.all(Array.from({ length: 50 }, (_, r) => run.pattern(r)));
    for (let i = 0; i < 8; i++) {
      for (let j = 0; j < 8; j++) {
        const both = patterns.filter((bits) => bits[i] === 1 && bits[j] === 1).length;
        expect(run.stepper.tangent.counts[i * 8 + j]).toBe(both);
      }
    }
  });

  it("carry the squares of general output weights", async () => {
    const dataset = await sphere(backend, 4, 6, 4);
    const w = await backend.normals({ seed: [9, 0], stream: 1, firstRow: 0, rows: 30, cols: 4 });
    const a = (await backend.normals({ seed: [9, 0], stream: 2, firstRow: 0, rows: 30, cols: 1 })).data;
    const source = givenNeurons(w, a);
    const run = await createLazyRun({ dataset, source, stepSize: 0.5, backend });
    const direct = await DirectDescent.from(dataset, source, 0.5);
    for (let k = 0; k < 80 && !direct.hasNearTie(); k++) {
      direct.step();
      await run.step();
      expect(Math.abs(run.loss - direct.loss)).toBeLessThanOrEqual(1e-10 * direct.loss + 1e-14);
    }
    expect(run.state.flips).toBeGreaterThan(5);
    expect(run.state.step).toBe(80);
  });
});

describe("weights on demand", () => {
  it("are those of direct descent", async () => {
    const dataset = await sphere(backend, 21, 7, 5);
    const source = seededNeurons({ width: 64, inputs: 5, seed: 8 }, backend);
    const run = await createLazyRun({ dataset, source, stepSize: 0.6, backend });
    const direct = await DirectDescent.from(dataset, source, 0.6);
    for (let k = 0; k < 40; k++) direct.step();
    await run.step(40);
    expect(run.state.flips).toBeGreaterThan(10);
    const checkpoint = structuredClone(run.checkpoint());
    for (let r = 0; r < 64; r++) {
      const { w, a } = await run.neuron(r);
      expect(a).toBe(direct.a[r]);
      // The same without a run.
      expect(await lazyNeuron({ dataset, source, stepSize: 0.6, backend }, checkpoint, r)).toEqual(await run.neuron(r));
      w.forEach((value, q) => {
        // 40 steps of a few operations each on entries below 4.
        expect(Math.abs(value - direct.w[r * 5 + q])).toBeLessThan(40 * 16 * Number.EPSILON * 4);
      });
    }
  });
});

describe("chattering", () => {
  it("is followed flip by flip, with one ledger entry to a pair however often it flips", async () => {
    // One neuron between two samples that pull it in opposite directions across the kink of the first.
    const x = matrix(2, 2, Float64Array.of(1, 0, -0.8, 0.6));
    const dataset = {
      x,
      y: Float64Array.of(-1, 0.4),
      provenance: { source: "two points", steps: [], sourceRows: [0, 1] },
    };
    const source = givenNeurons(matrix(1, 2, Float64Array.of(0.2, 1)), Float64Array.of(1));
    const run = await createLazyRun({ dataset, source, stepSize: 0.01, backend });
    const direct = await DirectDescent.from(dataset, source, 0.01);
    let flips = 0;
    let before = direct.pattern(0);
    for (let k = 0; k < 3000; k++) {
      direct.step();
      const now = direct.pattern(0);
      flips += now.filter((bit, i) => bit !== before[i]).length;
      before = now;
    }
    await run.step(3000);
    expect(flips).toBeGreaterThan(50);
    expect(run.state.flips).toBe(flips);
    expect(run.stepper.ledger.pairs).toBeLessThanOrEqual(2);
    expect(run.loss).toBeCloseTo(direct.loss, 10);
  });
});

describe("outcomes", () => {
  it("descent beyond 2/λ_max diverges and says so; below it does not", async () => {
    const dataset = await sphere(backend, 2, 6, 6);
    const pilot = await createLazyRun({ dataset, width: 400, seed: 1, stepSize: 1, backend });
    const largest = largestEigenvalue(pilot.stepper.tangent.h, 6);
    const fast = await createLazyRun({ dataset, width: 400, seed: 1, stepSize: 40 / largest, backend });
    expect((await fast.step(20000)).status).toBe("diverged");
    const slow = await createLazyRun({ dataset, width: 400, seed: 1, stepSize: 1.5 / largest, backend });
    const before = slow.loss;
    expect((await slow.step(200)).status).toBe("ok");
    expect(slow.loss).toBeLessThan(before / 100);
  });

  it("a run that does not fit is refused with a width that does", async () => {
    const dataset = await sphere(backend, 2, 10, 10);
    const common = { dataset, seed: 1, stepSize: 1, backend };
    const limit = 17e6;
    const refusal = await createLazyRun({ ...common, width: 2 ** 40, memoryLimit: limit }).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(refusal).toBeInstanceOf(SurefootError);
    const width = Number(/largest width that fits is (\d+)/.exec((refusal as Error).message)?.[1]);
    expect(width).toBeGreaterThan(1000);
    const plans: number[] = [];
    const run = await createLazyRun({
      ...common,
      width,
      memoryLimit: limit * 1.02,
      onPlan: (plan) => plans.push(plan.bytes, plan.watchedPairs),
    });
    expect(plans[0]).toBeLessThanOrEqual(limit * 1.02);
    expect(run.stepper.watch.slots.length).toBeLessThanOrEqual(plans[1]);
  });

  it("freezing is noted: when no sum changes any more, patterns cannot", async () => {
    const dataset = await sphere(backend, 5, 3, 5);
    const run = await createLazyRun({ dataset, width: 500, seed: 1, stepSize: 1.5, backend });
    await run.step(5000);
    expect(run.state.frozenAt).toBeGreaterThan(50);
    const flips = run.state.flips;
    await run.step(2000);
    expect(run.state.flips).toBe(flips);
  });

  it("aborting between steps leaves a state that can be saved and continued", async () => {
    const dataset = await sphere(backend, 6, 10, 10);
    const options = { dataset, width: 2000, seed: 1, stepSize: 0.5, backend };
    const run = await createLazyRun(options);
    const stop = new AbortController();
    const work = run.step(10_000_000, { signal: stop.signal, onProgress: () => stop.abort(new Error("enough")) });
    await expect(work).rejects.toThrow("enough");
    const at = run.state.step;
    expect(at).toBeGreaterThan(0);
    const whole = await createLazyRun(options);
    await whole.step(at);
    expect(bitsOf(await resumeLazyRun(options, run.checkpoint()))).toEqual(bitsOf(whole));
  });
});

describe("misuse", () => {
  it("names what is wrong", async () => {
    const dataset = await sphere(backend, 6, 3, 4);
    const options = { dataset, width: 10, seed: 1, stepSize: 0.5, backend };
    await expect(createLazyRun({ ...options, stepSize: -1 })).rejects.toThrow(/stepSize/);
    await expect(createLazyRun({ ...options, width: 1.5 })).rejects.toThrow(/width/);
    await expect(createLazyRun({ ...options, width: 11, antisymmetric: true })).rejects.toThrow(/even/);
    await expect(createLazyRun({ ...options, seed: -1 })).rejects.toThrow(/seed/);
    const nan = { ...dataset, y: Float64Array.of(1, Number.NaN, 2) };
    await expect(createLazyRun({ ...options, dataset: nan })).rejects.toThrow(/sample 1 .*not finite/);
    const wrong = givenNeurons(matrix(2, 3), Float64Array.of(1, -1));
    await expect(createLazyRun({ dataset, source: wrong, stepSize: 1, backend })).rejects.toThrow(/3 inputs/);
    expect(() => givenNeurons(matrix(2, 3), Float64Array.of(1, 0))).toThrow(/a\[1\] is 0/);
    const run = await createLazyRun(options);
    await expect(run.neuron(10)).rejects.toThrow(/0 to 9/);
    const { source } = run.problem;
    await expect(lazyNeuron({ ...options, source }, run.checkpoint(), 10)).rejects.toThrow(/0 to 9/);
    const other = { ...options, source, stepSize: 0.4 };
    await expect(lazyNeuron(other, run.checkpoint(), 1)).rejects.toThrow(/another problem/);
  });
});
