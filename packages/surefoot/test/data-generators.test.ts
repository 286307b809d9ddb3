import { type Matrix, normals, row } from "@surefoot/linalg";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  datasetHash,
  formatGenerator,
  type GeneratorInput,
  generate,
  loadDataset,
  parseGenerator,
} from "../src/data/index.ts";

const EPS = Number.EPSILON;
const dot = (u: Float64Array, v: Float64Array) => u.reduce((sum, value, j) => sum + value * v[j], 0);
const distance = (u: Float64Array, v: Float64Array) =>
  Math.sqrt(u.reduce((sum, value, j) => sum + (value - v[j]) ** 2, 0));

function pairs(x: Matrix): { i: number; j: number; distance: number }[] {
  return Array.from({ length: x.rows }, (_, i) => i).flatMap((i) =>
    Array.from({ length: i }, (_, j) => ({ i, j, distance: distance(row(x, i), row(x, j)) })),
  );
}

/** |‖v‖² − 1| for v divided by its computed length: d + 3 roundings of a sum of squares, and those of the check itself. */
const unitTolerance = (d: number) => 4 * (d + 4) * EPS;

const onSphere: GeneratorInput[] = [
  { kind: "sphere", n: 7, d: 5 },
  { kind: "orthonormal", n: 7, d: 9 },
  { kind: "basis", n: 4, d: 6 },
  { kind: "colliding-pair", n: 6, d: 4, epsilon: 0.01 },
  { kind: "separated", n: 8, d: 4, delta: 0.6 },
  { kind: "two-clusters", n: 9, d: 5 },
];

describe("generators", () => {
  it.each(onSphere)("$kind puts every row on the unit sphere", (spec) => {
    const { x } = generate(spec);
    for (let i = 0; i < x.rows; i++) {
      expect(Math.abs(dot(row(x, i), row(x, i)) - 1)).toBeLessThanOrEqual(unitTolerance(x.cols));
    }
  });

  it.each(onSphere)("$kind with another seed gives other rows, with the same seed the same bits", (spec) => {
    const [first, again, other] = [generate(spec), generate(spec), generate({ ...spec, seed: 1 })];
    expect(again).toEqual(first);
    if (spec.kind !== "basis") expect(other.x.data).not.toEqual(first.x.data);
  });

  it("gives the same bits on every platform", async () => {
    const specs: GeneratorInput[] = [...onSphere, { kind: "gaussian", n: 5, d: 3, labels: "gaussian" }];
    expect(await Promise.all(specs.map((spec) => datasetHash(generate(spec))))).toMatchInlineSnapshot(`
      [
        "ad1bee7b12ca442c55ba64b6ca9040eb2f9d5e8a414330699b08c2b5f1352c99",
        "271174d950c7472d3873cbba1fdc7b194e420cbf52ecb1f39712ab2f79ef1c89",
        "804dd067ff841c4291299edc5bad1107e85c25b002d66e7e6f750aa626866844",
        "fd303ae0993f56ef161a894d942e263458f7b8156d96540ba460d2fbf0117f70",
        "73ed4334cbc0163c3b9aedc17bc94723efa1a5496208df62d40843ee68ac1d01",
        "7148434fe7a7b8da55255bbc1c7ca8f7ca32b4f87d84c2ae35503f2cd1ea6fcb",
        "29215f5c7553545321a17eb8922e892ad0219503cca9d7a363e776725307b261",
      ]
    `);
  });

  it("gives data a stream of their own: no small-numbered stream of the same seed repeats them", () => {
    const { x } = generate({ kind: "gaussian", n: 3, d: 4 });
    for (let stream = 0; stream < 64; stream++) {
      const weights = normals({ seed: [0, 0], stream, firstRow: 0, rows: 3, cols: 4 });
      expect(weights.data).not.toEqual(x.data);
    }
  });

  it("draws Gaussian rows with mean 0 and variance 1, within 5 standard deviations of the estimates", () => {
    const { x } = generate({ kind: "gaussian", n: 200, d: 200 });
    const count = x.data.length;
    const mean = x.data.reduce((a, b) => a + b) / count;
    const variance = x.data.reduce((a, b) => a + b * b, 0) / count;
    expect(Math.abs(mean)).toBeLessThan(5 / Math.sqrt(count));
    expect(Math.abs(variance - 1)).toBeLessThan(5 * Math.sqrt(2 / count));
  });

  it("makes orthonormal rows orthonormal to rounding, also at d = n", () => {
    const { x } = generate({ kind: "orthonormal", n: 30, d: 30 });
    for (let i = 0; i < 30; i++) {
      for (let j = 0; j < i; j++) expect(Math.abs(dot(row(x, i), row(x, j)))).toBeLessThanOrEqual(30 * 30 * EPS);
    }
  });

  it("makes the basis without any rounding", () => {
    expect(Array.from(generate({ kind: "basis", n: 2, d: 3 }).x.data)).toEqual([1, 0, 0, 0, 1, 0]);
  });

  it("puts the colliding pair at its distance, and no other pair near", () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-9, max: 2, noNaN: true }), fc.integer({ min: 2, max: 40 }), (epsilon, d) => {
        const { x } = generate({ kind: "colliding-pair", n: 3, d, epsilon });
        // Each of the two rows is off by a few roundings per coordinate, relative to 1 and not to ε.
        expect(Math.abs(distance(row(x, 0), row(x, 1)) - epsilon)).toBeLessThanOrEqual(8 * Math.sqrt(d) * EPS);
      }),
      { numRuns: 50 },
    );
    const far = pairs(generate({ kind: "colliding-pair", n: 6, d: 10, epsilon: 1e-6 }).x).filter((p) => p.i > 1);
    expect(Math.min(...far.map((p) => p.distance))).toBeGreaterThan(0.1);
  });

  it("keeps separated points at least δ apart, where the plain sphere does not", () => {
    const closest = (spec: GeneratorInput) => Math.min(...pairs(generate(spec).x).map((p) => p.distance));
    expect(closest({ kind: "sphere", n: 10, d: 3 })).toBeLessThan(0.6);
    // Rounding of the check's own sum of three squares.
    expect(closest({ kind: "separated", n: 10, d: 3, delta: 0.6 })).toBeGreaterThanOrEqual(0.6 * (1 - 8 * EPS));
  });

  it("says when separated points cannot exist, and when they were merely not found", () => {
    const separated = (n: number, d: number, delta: number) => () => generate({ kind: "separated", n, d, delta });
    expect(separated(3, 9, 1.74)).toThrow(/no 3 points .* at most 1\.732 is possible/);
    expect(separated(3, 1, 0.1)).toThrow(/in one dimension there are only two points/);
    expect(separated(10, 2, 0.65)).toThrow(/only \d of 10 points could be placed .* lower delta or n, raise d/);
    expect(separated(2, 1, 2)().x.data.map(Math.abs)).toEqual(new Float64Array([1, 1]));
  });

  it("puts each cluster near its own centre and labels by cluster", () => {
    const { x, y } = generate({ kind: "two-clusters", n: 20, d: 30, distance: 1.4, spread: 0.1 });
    for (const { i, j, distance: gap } of pairs(x)) {
      if (y[i] === y[j]) expect(gap).toBeLessThan(0.5);
      else expect(gap).toBeGreaterThan(1);
    }
  });

  it("draws labels by their law", () => {
    const labels = (law: "sign" | "gaussian" | "uniform") => generate({ kind: "sphere", n: 2000, d: 1, labels: law }).y;
    const mean = (y: Float64Array) => y.reduce((a, b) => a + b) / y.length;
    expect(new Set(labels("sign"))).toEqual(new Set([-1, 1]));
    // 5 standard deviations of a mean of 2000.
    expect(Math.abs(mean(labels("sign")))).toBeLessThan(5 / Math.sqrt(2000));
    expect(Math.abs(mean(labels("gaussian").map((v) => v * v)) - 1)).toBeLessThan(5 * Math.sqrt(2 / 2000));
    expect(labels("uniform").every((v) => v >= -1 && v < 1)).toBe(true);
    expect(Math.abs(mean(labels("uniform").map((v) => v * v)) - 1 / 3)).toBeLessThan(5 * Math.sqrt(4 / 45 / 2000));
  });
});

describe("a generator as text", () => {
  const spec = fc.oneof(
    fc.record({
      kind: fc.constantFrom("sphere" as const, "gaussian" as const),
      n: fc.integer({ min: 2, max: 9 }),
      d: fc.integer({ min: 1, max: 9 }),
      seed: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
      labels: fc.constantFrom("sign" as const, "gaussian" as const, "uniform" as const),
    }),
    fc.record({
      kind: fc.constant("colliding-pair" as const),
      n: fc.integer({ min: 2, max: 9 }),
      d: fc.integer({ min: 2, max: 9 }),
      seed: fc.nat(),
      epsilon: fc.double({ min: 1e-300, max: 2, noNaN: true }),
      labels: fc.constant("sign" as const),
    }),
  );

  it("reads back what it writes", () => {
    fc.assert(
      fc.property(spec, (value) => {
        expect(parseGenerator(formatGenerator(value))).toEqual(value);
      }),
    );
  });

  it("is the source of its dataset, so that the data can be made again", async () => {
    const dataset = await loadDataset("two-clusters:n=6,d=4,seed=3", { normalize: "none" });
    expect(dataset.provenance.source).toBe("two-clusters:n=6,d=4,seed=3,distance=1,spread=0.3,labels=cluster");
    expect(await loadDataset(dataset.provenance.source, { normalize: "none" })).toEqual(dataset);
  });

  it.each([
    [
      "spere:n=4,d=2",
      /no generator "spere"; there are sphere, gaussian, orthonormal, basis, colliding-pair, separated, two-clusters/,
    ],
    ["sphere:n=4,k=2", /sphere has no field "k"; it has n, d, seed, labels/],
    ["sphere:n=4,kind=2", /sphere has no field "kind"/],
    ["sphere:n=4,d=2,n=5", /n is given twice/],
    ["sphere:n=4,d", /"d" is not of the form field=value/],
    ["sphere", /n: a whole number is needed; d: a whole number is needed/],
    ["sphere:n=1,d=3", /n: at least two samples are needed/],
    ["sphere:n=4.5,d=3", /n: a whole number is needed/],
    ["sphere:n=4,d=0", /d: at least one coordinate is needed/],
    ["sphere:n=4,d=3,seed=-1", /seed: /],
    ["sphere:n=4,d=3,labels=cluster", /labels: use one of sign, gaussian, uniform/],
    ["orthonormal:n=4,d=3", /4 orthonormal rows need at least 4 coordinates; set d=4 or more/],
    ["colliding-pair:n=4,d=3", /epsilon: a distance is needed/],
    ["colliding-pair:n=4,d=3,epsilon=0", /epsilon: must be above 0/],
    ["colliding-pair:n=4,d=1,epsilon=0.1", /d: at least two coordinates are needed/],
    ["separated:n=4,d=3,delta=2.1", /delta: unit vectors are at most 2 apart/],
    ["sphere:n=1000000,d=1000000", /1000000 × 1000000 numbers are more than the 268435456 that fit/],
  ])("%s is refused", async (text, message) => {
    await expect(loadDataset(text)).rejects.toThrow(message);
    await expect(loadDataset(text)).rejects.toMatchObject({ name: "SurefootError" });
  });
});
