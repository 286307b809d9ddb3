import { createReferenceBackend } from "@surefoot/linalg";
import { describe, expect, it } from "vitest";
import { seededNeurons } from "../../src/dynamics/lazy/neuron-source.ts";
import { createLazyRun } from "../../src/dynamics/lazy/run.ts";
import { rotateToSpan } from "../../src/dynamics/lazy/span.ts";
import { DirectDescent, sphere } from "./direct.ts";

const backend = createReferenceBackend();

describe("rotating data to their span", () => {
  for (const [n, d, closeness] of [
    [1, 3, 0],
    [6, 40, 0],
    [6, 40, 1e-9],
    [12, 13, 0],
  ]) {
    it(`keeps every inner product and n coordinates (n = ${n}, d = ${d}, a pair at ${closeness})`, async () => {
      const given = await sphere(backend, 3, n, d, closeness);
      const rotated = rotateToSpan(given);
      expect([rotated.x.rows, rotated.x.cols]).toEqual([n, n]);
      expect(rotated.provenance.steps).toContain("rotated to their span");
      const before = await backend.syrk(given.x);
      const after = await backend.syrk(rotated.x);
      // Householder's backward error on rows of length 1: a few d·u each.
      after.data.forEach((g, k) => {
        expect(Math.abs(g - before.data[k])).toBeLessThan(8 * d * n * Number.EPSILON);
      });
      for (let i = 0; i < n; i++) {
        expect(rotated.x.data[i * n + i]).toBeGreaterThanOrEqual(0);
        for (let q = i + 1; q < n; q++) expect(rotated.x.data[i * n + q]).toBe(0);
      }
    });
  }

  it("returns data that fill their space, and keeps a row of zeros", async () => {
    const square = await sphere(backend, 3, 5, 5);
    expect(rotateToSpan(square)).toBe(square);
    const given = await sphere(backend, 3, 4, 9);
    given.x.data.fill(0, 9, 18);
    const rotated = rotateToSpan(given);
    expect([...rotated.x.data.subarray(4, 8)].every((value) => value === 0)).toBe(true);
    expect(rotated.x.data.every(Number.isFinite)).toBe(true);
  });

  it("is a parametrisation for both engines: from the same seed they agree", async () => {
    const dataset = rotateToSpan(await sphere(backend, 5, 6, 50));
    const source = seededNeurons({ width: 300, inputs: 6, seed: 2 }, backend);
    const run = await createLazyRun({ dataset, source, stepSize: 0.8, backend });
    const direct = await DirectDescent.from(dataset, source, 0.8);
    for (let k = 0; k < 30; k++) direct.step();
    await run.step(30);
    expect(Math.abs(run.loss / direct.loss - 1)).toBeLessThan(1e-8);
    expect(run.state.flips).toBeGreaterThan(0);
  });
});
