import { matrix, row } from "@surefoot/linalg";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  appendConstant,
  type Dataset,
  datasetFrom,
  datasetHash,
  generate,
  normalize,
  prepare,
  randomizeLabels,
  type Samples,
  samplesFrom,
  selectClasses,
  subsample,
} from "../src/data/index.ts";

const EPS = Number.EPSILON;

/** n rows (i, i²) with labels i mod classes: a row tells where it came from. */
function numbered(n: number, classes = 3): Dataset {
  const x = matrix(n, 2);
  for (let i = 0; i < n; i++) x.data.set([i, i * i], 2 * i);
  return datasetFrom(
    x,
    Array.from({ length: n }, (_, i) => i % classes),
    "numbered",
  );
}

const named = (labels: string[]): Samples =>
  samplesFrom(
    matrix(
      labels.length,
      1,
      Float64Array.from(labels, (_, i) => i),
    ),
    labels,
    "pets",
  );

const length = (v: Float64Array) => Math.hypot(...v);

describe("selectClasses", () => {
  it("makes two classes −1 and +1 in the order they are named, and keeps the order of the rows", () => {
    const { x, y, provenance } = selectClasses(numbered(7), ["2", "0"]);
    expect(Array.from(y)).toEqual([1, -1, 1, -1, 1]);
    expect(provenance.sourceRows).toEqual([0, 2, 3, 5, 6]);
    expect(Array.from(row(x, 1))).toEqual([2, 4]);
    expect(provenance.steps).toEqual(["classes 2,0 → −1,+1"]);
  });

  it("keeps the labels of three or more classes", () => {
    const { y, provenance } = selectClasses(numbered(8, 4), ["3", "1", "0"]);
    expect(Array.from(y)).toEqual([0, 1, 3, 0, 1, 3]);
    expect(provenance.steps).toEqual(["classes 3,1,0"]);
  });

  it("takes text for two classes, and refuses it for three", () => {
    const pets = named(["cat", "dog", "cow", "cat"]);
    expect(Array.from(selectClasses(pets, ["cow", "cat"]).y)).toEqual([1, -1, 1]);
    expect(() => selectClasses(pets, ["cow", "cat", "dog"])).toThrow(/is "cat", not a number/);
  });

  it("compares numbers as numbers", () => {
    expect(selectClasses(numbered(6), ["1.0", "2e0"]).y.length).toBe(4);
    expect(() => selectClasses(numbered(6), ["1", "1.0"])).toThrow(/1\.0 is named twice/);
  });

  it("refuses a class without samples and names the labels there are", () => {
    expect(() => selectClasses(numbered(9), ["0", "7"])).toThrow(
      /numbered: class 7 has no samples; the labels are 0, 1, 2/,
    );
    expect(() => selectClasses(numbered(60, 40), ["0", "zero"])).toThrow(/11, … \(40 in all\)/);
  });

  it("refuses a single class", () => {
    expect(() => selectClasses(numbered(9), ["0"])).toThrow(/name at least two classes/);
  });
});

describe("subsample", () => {
  it("chooses k different rows in their order, the same ones every time, k of them part of k + 1", () => {
    fc.assert(
      fc.property(fc.integer({ min: 3, max: 60 }), fc.nat(), fc.gen(), (n, seed, g) => {
        const k = g(fc.integer, { min: 2, max: n - 1 });
        const rows = (size: number) => [...subsample(numbered(n), size, seed).provenance.sourceRows];
        const chosen = rows(k);
        expect(chosen.length).toBe(k);
        expect(chosen).toEqual([...new Set(chosen)].sort((a, b) => a - b));
        expect(rows(k)).toEqual(chosen);
        expect(rows(k + 1)).toEqual(expect.arrayContaining(chosen));
      }),
    );
  });

  it("moves inputs, labels and source rows together, also behind a selection of classes", () => {
    const { x, y, provenance } = subsample(selectClasses(numbered(50), ["1", "2"]), 10, 4) as Dataset;
    provenance.sourceRows.forEach((source, i) => {
      expect(Array.from(row(x, i))).toEqual([source, source * source]);
      expect(y[i]).toBe(source % 3 === 1 ? -1 : 1);
    });
    expect(provenance.steps).toEqual(["classes 1,2 → −1,+1", "10 samples, seed 4"]);
  });

  it("keeps text labels", () => {
    const { y, provenance } = subsample(named(["a", "b", "c", "d"]), 2, 1);
    expect(y).toEqual(provenance.sourceRows.map((i) => "abcd"[i]));
  });

  it("is the same choice on every platform", () => {
    expect(subsample(numbered(1000), 8, 0).provenance.sourceRows).toMatchInlineSnapshot(`
      [
        109,
        596,
        712,
        747,
        781,
        847,
        869,
        887,
      ]
    `);
    expect(subsample(numbered(1000), 8, 2 ** 40 + 1).provenance.sourceRows).toMatchInlineSnapshot(`
      [
        37,
        344,
        566,
        582,
        716,
        886,
        930,
        976,
      ]
    `);
  });

  it("chooses every row equally often, within 5 standard deviations", () => {
    const [n, k, draws] = [10, 3, 3000];
    const hits = new Float64Array(n);
    const data = numbered(n);
    for (let seed = 0; seed < draws; seed++) for (const i of subsample(data, k, seed).provenance.sourceRows) hits[i]++;
    const p = k / n;
    for (const count of hits) expect(Math.abs(count - draws * p)).toBeLessThan(5 * Math.sqrt(draws * p * (1 - p)));
  });

  it("refuses more than there are, and says after which steps", () => {
    expect(() => subsample(numbered(5), 6, 0)).toThrow(
      /numbered: 6 samples asked for, but there are only 5; ask for at most 5/,
    );
    const two = selectClasses(numbered(9), ["0", "1"]);
    expect(() => subsample(two, 7, 0)).toThrow(/there are only 6 after classes 0,1 → −1,\+1; ask for at most 6/);
    expect(subsample(numbered(5), 5, 0).x).toEqual(numbered(5).x);
    expect(() => subsample(numbered(5), 1, 0)).toThrow(/not a whole number of at least 2/);
  });
});

describe("randomizeLabels", () => {
  it("shuffles: the same labels, in an order of their own", () => {
    const data = numbered(300);
    const shuffled = randomizeLabels(data, "shuffle", 3);
    expect(Array.from(shuffled.y).sort()).toEqual(Array.from(data.y).sort());
    expect(shuffled.y).not.toEqual(data.y);
    expect(shuffled.x).toBe(data.x);
    expect(randomizeLabels(data, "shuffle", 3).y).toEqual(shuffled.y);
    expect(shuffled.provenance.steps).toEqual(["labels shuffled, seed 3"]);
  });

  it("draws signs: ±1, balanced within 5 standard deviations", () => {
    const { y, provenance } = randomizeLabels(numbered(2000), "sign", 0);
    expect(new Set(y)).toEqual(new Set([-1, 1]));
    expect(Math.abs(y.reduce((a, b) => a + b))).toBeLessThan(5 * Math.sqrt(2000));
    expect(provenance.steps).toEqual(["random labels ±1, seed 0"]);
  });
});

describe("normalize", () => {
  const cells = fc.double({ min: -1e3, max: 1e3, noNaN: true });
  const table = fc
    .tuple(fc.integer({ min: 2, max: 6 }), fc.integer({ min: 1, max: 6 }))
    .chain(([n, d]) =>
      fc.array(cells, { minLength: n * d, maxLength: n * d }).map((v) => matrix(n, d, Float64Array.from(v))),
    );
  const dataset = (x: ReturnType<typeof matrix>) => datasetFrom(x, new Float64Array(x.rows), "t");

  it("makes rows of length 1 in the direction they had", () => {
    fc.assert(
      fc.property(table, (x) => {
        fc.pre(Array.from({ length: x.rows }, (_, i) => length(row(x, i))).every((norm) => norm > 0));
        const unit = normalize(dataset(x), "unit-rows").x;
        for (let i = 0; i < x.rows; i++) {
          // d + 1 roundings in the sum of squares, one in the root, one in the quotient; as many in Math.hypot.
          const tolerance = 2 * (x.cols + 3) * EPS;
          expect(Math.abs(length(row(unit, i)) - 1)).toBeLessThanOrEqual(tolerance);
          const norm = length(row(x, i));
          row(unit, i).forEach((value, j) => {
            expect(Math.abs(value * norm - row(x, i)[j])).toBeLessThanOrEqual(tolerance * norm);
          });
        }
      }),
    );
  });

  it("is right for lengths whose squares overflow or underflow", () => {
    for (const scale of [1e-320, 1e-200, 1e200, 4e307]) {
      const { x } = normalize(dataset(matrix(2, 2, Float64Array.of(3 * scale, 4 * scale, -scale, 0))), "unit-rows");
      // A subnormal 1e-320 has only some 11 bits.
      const tolerance = scale < 1e-300 ? 1e-3 : 4 * EPS;
      [0.6, 0.8, -1, 0].forEach((wanted, k) => {
        expect(Math.abs(x.data[k] - wanted)).toBeLessThanOrEqual(tolerance);
      });
    }
  });

  it("centres the columns of the samples at hand", () => {
    fc.assert(
      fc.property(table, (x) => {
        const { x: centred, provenance } = normalize(dataset(x), "center");
        expect(provenance.steps).toEqual(["center"]);
        for (let j = 0; j < x.cols; j++) {
          const sum = Array.from({ length: x.rows }, (_, i) => row(centred, i)[j]).reduce((a, b) => a + b, 0);
          // n additions and a quotient for the mean, a difference per entry, n additions here, entries up to 2·10³.
          expect(Math.abs(sum)).toBeLessThanOrEqual(x.rows * (2 * x.rows + 2) * 2e3 * EPS);
        }
      }),
    );
  });

  it("applies both in turn, and nothing for none", () => {
    const data = numbered(4);
    const both = normalize(data, "center,unit-rows");
    expect(both.x).toEqual(normalize(normalize(data, "center"), "unit-rows").x);
    expect(both.provenance.steps).toEqual(["center", "unit-rows"]);
    expect(normalize(data, "none")).toBe(data);
  });

  it("refuses a zero row: sample, row of the source, what to do", () => {
    const x = matrix(4, 2, Float64Array.of(1, 1, 2, 2, 0, 0, 3, 5));
    const data = selectClasses(datasetFrom(x, [9, 0, 1, 0], "zero.csv"), ["0", "1"]);
    expect(() => normalize(data, "unit-rows")).toThrow(
      /zero\.csv: sample 1 \(row 2 of the source, counted from 0\) is zero .* remove it or use --normalize none/,
    );
    expect(() => appendConstant(data, 0.5)).toThrow(
      /sample 1 \(row 2 .*so the constant coordinate μ cannot be applied/,
    );
    expect(normalize(data, "none")).toBe(data);
  });

  it("says when it was centring that made a row zero", () => {
    const data = datasetFrom(matrix(3, 1, Float64Array.of(1, 2, 3)), [0, 0, 0], "t");
    expect(() => normalize(data, "center,unit-rows")).toThrow(/sample 1 .* is zero after centring/);
  });

  it("refuses to centre columns that overflow", () => {
    const data = datasetFrom(matrix(2, 2, Float64Array.of(1, 1.7e308, 1, 1.7e308)), [0, 0], "t");
    expect(() => normalize(data, "center")).toThrow(/t: column 1 \(counted from 0\) is too large to be centred/);
  });
});

describe("appendConstant", () => {
  it("gives unit rows whose last coordinate is μ exactly", () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-6, max: 1 - 1e-6, noNaN: true }), (mu) => {
        const { x, provenance } = appendConstant(generate({ kind: "gaussian", n: 4, d: 3 }), mu);
        for (let i = 0; i < x.rows; i++) {
          expect(row(x, i)[3]).toBe(mu);
          expect(Math.abs(length(row(x, i)) - 1)).toBeLessThanOrEqual(16 * EPS);
        }
        expect(provenance.steps.at(-1)).toBe(`constant coordinate μ = ${mu}`);
      }),
      { numRuns: 30 },
    );
  });

  it.each([0, 1, -0.5, Number.NaN])("refuses μ = %s", (mu) => {
    expect(() => appendConstant(generate({ kind: "basis", n: 2, d: 2 }), mu)).toThrow(
      /does not lie strictly between 0 and 1/,
    );
  });
});

describe("prepare", () => {
  it("runs the steps in order: classes, samples, random labels, normalisation, constant coordinate", () => {
    const data = numbered(40);
    const prepared = prepare(data, {
      classes: ["1", "2"],
      samples: 6,
      seed: 5,
      randomLabels: 7,
      normalize: "center,unit-rows",
      mu: 0.25,
    });
    const byHand = appendConstant(
      normalize(
        randomizeLabels(subsample(selectClasses(data, ["1", "2"]), 6, 5) as Dataset, "shuffle", 7),
        "center,unit-rows",
      ),
      0.25,
    );
    expect(prepared).toEqual(byHand);
    expect(prepared.provenance.steps).toEqual([
      "classes 1,2 → −1,+1",
      "6 samples, seed 5",
      "labels shuffled, seed 7",
      "center",
      "unit-rows",
      "constant coordinate μ = 0.25",
    ]);
  });

  it("leaves its input alone", () => {
    const data = numbered(10);
    const before = structuredClone(data);
    prepare(data, { samples: 4, normalize: "center", randomLabels: { kind: "sign" } });
    expect(data).toEqual(before);
  });
});

describe("datasetHash", () => {
  it("is SHA-256 over n, d, x, y, little-endian", async () => {
    const { createHash } = await import("node:crypto");
    const data = numbered(3);
    const bytes = Buffer.alloc(16 + 8 * 9);
    bytes.writeBigUInt64LE(3n, 0);
    bytes.writeBigUInt64LE(2n, 8);
    [...data.x.data, ...data.y].forEach((value, i) => {
      bytes.writeDoubleLE(value, 16 + 8 * i);
    });
    expect(await datasetHash(data)).toBe(createHash("sha256").update(bytes).digest("hex"));
  });

  it("tells shapes, labels and signs of zero apart, and not names", async () => {
    const hash = (n: number, d: number, x: number[], y: number[], source?: string) =>
      datasetHash(datasetFrom(matrix(n, d, Float64Array.from(x)), y, source));
    const base = await hash(2, 2, [1, 2, 3, 0], [0, 1]);
    expect(await hash(2, 2, [1, 2, 3, 0], [0, 1], "other")).toBe(base);
    const others = await Promise.all([
      hash(2, 2, [1, 2, 3, -0], [0, 1]),
      hash(2, 2, [1, 2, 3, 0], [1, 0]),
      hash(3, 1, [1, 2, 3], [0, 0, 1]),
    ]);
    expect(new Set([base, ...others]).size).toBe(4);
  });
});
