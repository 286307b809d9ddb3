import { createReferenceBackend } from "@surefoot/linalg";
import { describe, expect, it } from "vitest";
import { seededNeurons } from "../../src/dynamics/lazy/neuron-source.ts";
import { createLazyRun } from "../../src/dynamics/lazy/run.ts";
import { DirectDescent, sphere } from "./direct.ts";

const backend = createReferenceBackend();

/** Sums of a few thousand terms of size 1 on both sides. */
const ROUNDING = 1e-11;

describe("probes", () => {
  for (const [n, how] of [
    [7, "by sign pattern for few samples"],
    [20, "neuron by neuron for more"],
  ] as const) {
    it(`measure what direct descent measures in weight space, single neurons ${how}`, async () => {
      const [d, m, stepSize] = [9, 4000, 0.8];
      const dataset = await sphere(backend, 12, n, d);
      const source = seededNeurons({ width: m, inputs: d, seed: 3 }, backend);
      const run = await createLazyRun({ dataset, source, stepSize, backend, horizon: 40 });
      expect(run.stepper.watch.neurons.length).toBeLessThan(m);
      const direct = await DirectDescent.from(dataset, source, stepSize);
      const start = { w: direct.w.slice(), patterns: Array.from({ length: m }, (_, r) => direct.pattern(r)) };
      const before = await run.probe({ neurons: true });
      expect([before.flips, before.kernelDrift, before.kernelDriftSpectral, before.weightDrift]).toEqual([0, 0, 0, 0]);
      expect(before.neurons?.max).toBe(0);
      for (let k = 0; k < 40; k++) direct.step();
      await run.step(40);
      const probe = await run.probe({ neurons: true });

      const drifts = Array.from({ length: m }, (_, r) => {
        let square = 0;
        for (let q = r * d; q < (r + 1) * d; q++) square += (direct.w[q] - start.w[q]) ** 2;
        return Math.sqrt(square);
      });
      const max = Math.max(...drifts);
      expect(Math.abs(probe.neurons!.max - max)).toBeLessThan(ROUNDING);
      expect(Math.abs(drifts[probe.neurons!.neuron] - max)).toBeLessThan(ROUNDING);
      expect(Math.abs(probe.neurons!.mean - drifts.reduce((s, v) => s + v, 0) / m)).toBeLessThan(ROUNDING);
      expect(Math.abs(probe.weightDrift - Math.hypot(...drifts))).toBeLessThan(ROUNDING);

      const patterns = Array.from({ length: m }, (_, r) => direct.pattern(r));
      const changed = patterns.reduce((s, bits, r) => s + bits.filter((b, i) => b !== start.patterns[r][i]).length, 0);
      expect(changed).toBeGreaterThan(20);
      expect(probe.flips).toBe(changed / (n * m));
      const h = (bits: readonly Uint8Array[], i: number, j: number) => {
        let g = 0;
        for (let q = 0; q < d; q++) g += dataset.x.data[i * d + q] * dataset.x.data[j * d + q];
        return (g * bits.filter((s) => s[i] === 1 && s[j] === 1).length) / m;
      };
      let square = 0;
      for (let i = 0; i < n; i++) {
        for (let j = 0; j < n; j++) square += (h(patterns, i, j) - h(start.patterns, i, j)) ** 2;
      }
      expect(Math.abs(probe.kernelDrift - Math.sqrt(square))).toBeLessThan(ROUNDING);
      expect(probe.kernelDriftSpectral).toBeLessThanOrEqual(probe.kernelDrift * (1 + ROUNDING));
      expect(probe.kernelDriftSpectral).toBeGreaterThanOrEqual(probe.kernelDrift / Math.sqrt(n));
      const kernel = { rows: n, cols: n, data: new Float64Array(n * n) };
      for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) kernel.data[i * n + j] = h(patterns, i, j);
      const values = await backend.eigenvalues(kernel);
      if (values.status !== "ok") throw new Error(values.status);
      expect(Math.abs(probe.lambdaMin! - values.values[0])).toBeLessThan(ROUNDING);
      expect(Math.abs(probe.lambdaMax! - values.values[n - 1])).toBeLessThan(ROUNDING);
    });
  }
});
