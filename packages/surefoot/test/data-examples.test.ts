import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { datasetHash, loadDataset } from "../src/data/index.ts";

const example = (name: string) => fileURLToPath(new URL(`../../../examples/data/${name}`, import.meta.url));

describe("the data of the examples", () => {
  it("holds 100 images of each MNIST digit, in turn, as bytes", async () => {
    const { x, y, provenance } = await loadDataset(example("mnist-1000.npz"), { normalize: "none" });
    expect([x.rows, x.cols]).toEqual([1000, 784]);
    expect(Array.from(y)).toEqual(Array.from({ length: 1000 }, (_, i) => i % 10));
    expect(x.data.every((pixel) => Number.isInteger(pixel) && pixel >= 0 && pixel <= 255)).toBe(true);
    expect(x.data.reduce((a, b) => Math.max(a, b))).toBe(255);
    expect(provenance).toMatchObject({ source: "mnist-1000.npz", steps: [] });
  });

  it("has no two equal digits, so that zero loss is never ruled out by a repeated image", async () => {
    const { x } = await loadDataset(example("mnist-1000.npz"));
    const rows = Array.from({ length: x.rows }, (_, i) => x.data.subarray(i * x.cols, (i + 1) * x.cols).join());
    expect(new Set(rows).size).toBe(1000);
  });

  it("makes the opening problem: digits 0 against 1, 100 samples, centred, unit rows", async () => {
    const options = { classes: ["0", "1"], samples: 100, normalize: "center,unit-rows" } as const;
    const dataset = await loadDataset(example("mnist-1000.npz"), options);
    expect([dataset.x.rows, dataset.x.cols]).toEqual([100, 784]);
    expect(new Set(dataset.y)).toEqual(new Set([-1, 1]));
    expect(dataset.provenance.steps).toEqual(["classes 0,1 → −1,+1", "100 samples, seed 0", "center", "unit-rows"]);
    dataset.provenance.sourceRows.forEach((row, i) => {
      expect(row % 10).toBe(dataset.y[i] === -1 ? 0 : 1);
    });
    expect(await datasetHash(dataset)).toBe("ceb820c038ca2719fc34e64331a0a7d061660fb03888ced3e7dd9b4e94673adb");
  });

  it("reads Iris with its species as classes", async () => {
    const options = { classes: ["setosa", "virginica"], normalize: "none" } as const;
    const { x, y, provenance } = await loadDataset(example("iris.csv"), options);
    expect([x.rows, x.cols]).toEqual([100, 4]);
    expect(Array.from(x.data.subarray(0, 4))).toEqual([5.1, 3.5, 1.4, 0.2]);
    expect(Array.from(y)).toEqual(Array.from({ length: 100 }, (_, i) => (i < 50 ? -1 : 1)));
    expect(provenance.sourceRows[50]).toBe(100);
  });
});
