import { fileURLToPath } from "node:url";
import { createReferenceBackend, matrix } from "@surefoot/linalg";
import { describe, expect, it } from "vitest";
import { type Dataset, loadDataset } from "../../src/data/index.ts";
import { seededNeurons } from "../../src/dynamics/lazy/neuron-source.ts";
import { createLazyRun } from "../../src/dynamics/lazy/run.ts";
import { DirectDescent, largestEigenvalue } from "./direct.ts";
import { WideDescent } from "./double-double.ts";

const backend = createReferenceBackend();
const FILE = fileURLToPath(new URL("../../../../examples/data/mnist-1000.npz", import.meta.url));

/** Handwritten zeros and ones; the last sample is the first one turned by the angle `closeness` towards the second. */
async function digits(samples: number, closeness: number): Promise<Dataset> {
  const dataset = await loadDataset(FILE, { classes: ["0", "1"], samples, normalize: "unit-rows" });
  const { rows, cols, data } = dataset.x;
  const x = matrix(rows, cols, data.slice());
  const last = x.data.subarray((rows - 1) * cols);
  for (let q = 0; q < cols; q++) last[q] = Math.cos(closeness) * data[q] + Math.sin(closeness) * data[cols + q];
  const norm = Math.sqrt(last.reduce((sum, value) => sum + value * value, 0));
  for (let q = 0; q < cols; q++) last[q] /= norm;
  return { ...dataset, x };
}

async function largestOf(dataset: Dataset, width: number, seed: number): Promise<number> {
  const probe = await createLazyRun({ dataset, width, seed, stepSize: 1, backend, horizon: 1 });
  return largestEigenvalue(probe.stepper.tangent.h, dataset.y.length);
}

describe("on handwritten digits", () => {
  for (const [step, closeness] of [
    [1.9, 1e-2],
    [1, 1e-6],
    [0.3, 1e-4],
  ]) {
    it(`η = ${step}/λ_max, a pair at an angle of ${closeness}: patterns and losses are those of direct descent`, async () => {
      const dataset = await digits(14, closeness);
      const [width, seed] = [60, 5];
      const stepSize = step / (await largestOf(dataset, width, seed));
      const source = seededNeurons({ width, inputs: dataset.x.cols, seed }, backend);
      const run = await createLazyRun({ dataset, source, stepSize, backend, horizon: 40 });
      const direct = await DirectDescent.from(dataset, source, stepSize);
      let compared = 0;
      let decided = true;
      for (let k = 0; k < 80 && direct.loss > 1e-9; k++) {
        decided &&= !direct.hasNearTie();
        if (decided) {
          for (let r = 0; r < width; r++) expect([...(await run.pattern(r))]).toEqual([...direct.pattern(r)]);
        }
        expect(Math.abs(run.loss - direct.loss)).toBeLessThanOrEqual(1e-8 * direct.loss);
        compared++;
        direct.step();
        await run.step();
      }
      expect(compared).toBeGreaterThan(30);
      expect(run.state.flips).toBeGreaterThan(20);
    });
  }

  it("keeps eleven digits of the loss against 32 digits", async () => {
    const dataset = await digits(5, 1e-3);
    const [width, seed] = [24, 2];
    const stepSize = 1.5 / (await largestOf(dataset, width, seed));
    const source = seededNeurons({ width, inputs: dataset.x.cols, seed }, backend);
    const { w, a } = await source.block(0, width);
    const run = await createLazyRun({ dataset, source, stepSize, backend });
    const wide = new WideDescent(dataset, w, a, stepSize);
    let checked = 0;
    for (let k = 0; k < 40 && wide.closest > 1e-13 && wide.loss >= 1e-8; k++) {
      expect(Math.abs(run.loss - wide.loss)).toBeLessThanOrEqual(1e-11 * wide.loss);
      checked++;
      wide.step();
      await run.step();
    }
    expect(checked).toBeGreaterThan(20);
    expect(run.state.flips).toBeGreaterThan(0);
  });
});
