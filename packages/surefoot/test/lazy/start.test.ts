import { createNeuronScanner, createReferenceBackend } from "@surefoot/linalg";
import { afterAll, describe, expect, it } from "vitest";
import { seededNeurons } from "../../src/dynamics/lazy/neuron-source.ts";
import { createLazyRun, resumeLazyRun } from "../../src/dynamics/lazy/run.ts";
import { startPass } from "../../src/dynamics/lazy/start.ts";
import { sphere } from "./direct.ts";

const backend = createReferenceBackend();
const scanner = await createNeuronScanner({ threads: 2, deterministic: true });
afterAll(() => scanner.close());

describe("the start pass", () => {
  for (const antisymmetric of [false, true]) {
    for (const [n, d, width] of [
      [6, 5, 200_000],
      [40, 30, 40_000],
    ]) {
      it(`finds the same with the scanner as with the backend (n = ${n}, antisymmetric ${antisymmetric})`, async () => {
        const dataset = await sphere(backend, 8, n, d);
        const source = seededNeurons({ width, inputs: d, seed: 9, antisymmetric }, backend);
        const reach = new Float64Array(n).fill(3);
        const plain = await startPass(dataset.x, source, reach, { backend }, {});
        const fast = await startPass(dataset.x, source, reach, { backend, scanner }, {});
        expect(fast.counts).toEqual(plain.counts);
        expect(fast.census).toEqual(plain.census);
        for (const name of ["neurons", "outputs", "patterns", "offsets", "slots"] as const) {
          expect(fast.watch[name]).toEqual(plain.watch[name]);
        }
        expect(fast.watch.slots.length).toBeGreaterThan(1000);
        fast.watch.zeta.forEach((value, k) => {
          // Products of d terms below 5, added in another order, times √m.
          expect(Math.abs(value - plain.watch.zeta[k])).toBeLessThan(25 * d * Number.EPSILON * Math.sqrt(width));
        });
        fast.outputs.forEach((value, i) => {
          expect(Math.abs(value - plain.outputs[i])).toBeLessThan(Math.sqrt(width) * 100 * Number.EPSILON);
        });
      });
    }
  }

  it("with the scanner, too, makes runs that resume and widen their watch to the same bits", async () => {
    const dataset = await sphere(backend, 7, 10, 5);
    const options = { dataset, width: 30_000, seed: 11, stepSize: 0.7, backend, scanner };
    const whole = await createLazyRun({ ...options, horizon: 400 });
    await whole.step(100);
    const short = await createLazyRun({ ...options, horizon: 1 });
    await short.step(60);
    const resumed = await resumeLazyRun(options, short.checkpoint());
    await resumed.step(40);
    expect([...resumed.state.residual]).toEqual([...whole.state.residual]);
    expect(resumed.state.flips).toBe(whole.state.flips);
    expect(whole.state.flips).toBeGreaterThan(300);
  });
});
