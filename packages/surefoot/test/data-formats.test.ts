import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type DataOptionsInput, loadDataset, parseNpy } from "../src/data/index.ts";
import { formatNpy, formatNpz } from "../src/record/index.ts";

const golden = (name: string) => fileURLToPath(new URL(`./golden/data/${name}`, import.meta.url));
const bytesOf = (name: string) => new Uint8Array(readFileSync(golden(name)));
const expected = JSON.parse(readFileSync(golden("expected.json"), "utf8"));
const raw = (options: DataOptionsInput = {}) => ({ normalize: "none" as const, ...options });

describe(".npy", () => {
  it.each(Object.keys(expected.npy))("reads what NumPy wrote: %s", (name) => {
    const { shape, data } = parseNpy(bytesOf(`${name}.npy`), name);
    expect(shape).toEqual(expected.npy[name].shape);
    expect(Array.from(data)).toEqual(expected.npy[name].values);
  });

  it("keeps the sign of zero and the smallest numbers", () => {
    const { data } = parseNpy(bytesOf("be-f8.npy"), "be-f8.npy");
    expect(Object.is(data[1], -0)).toBe(true);
    expect(data[5]).toBe(-5e-324);
  });

  it("reads halves: infinities, NaN, subnormals", () => {
    const bytes = bytesOf("le-f2.npy");
    new DataView(bytes.buffer).setUint16(bytes.length - 12, 0x7c00, true);
    new DataView(bytes.buffer).setUint16(bytes.length - 10, 0xfc00, true);
    new DataView(bytes.buffer).setUint16(bytes.length - 8, 0x7e00, true);
    new DataView(bytes.buffer).setUint16(bytes.length - 6, 0x0001, true);
    expect(Array.from(parseNpy(bytes, "h").data.subarray(0, 4))).toEqual([Infinity, -Infinity, Number.NaN, 2 ** -24]);
  });

  it("gives back what was written, bit by bit, for any shape", () => {
    const array = fc.array(fc.nat({ max: 4 }), { maxLength: 4 }).chain((shape) => {
      const entries = shape.reduce((product, side) => product * side, 1);
      const values = fc.float64Array({ minLength: entries, maxLength: entries });
      return values.map((data) => ({ shape, data: Float64Array.from(data) }));
    });
    fc.assert(
      fc.property(array, ({ shape, data }) => {
        const back = parseNpy(formatNpy({ shape, data }), "property");
        expect(back.shape).toEqual(shape);
        expect(Array.from(back.data)).toEqual(Array.from(data));
      }),
    );
  });

  it("reads a view into a larger buffer", () => {
    const bytes = bytesOf("fortran.npy");
    const larger = new Uint8Array(bytes.length + 13);
    larger.set(bytes, 5);
    const { data } = parseNpy(larger.subarray(5, 5 + bytes.length), "view");
    expect(Array.from(data)).toEqual(expected.npy.fortran.values);
  });
});

describe(".npy pairs", () => {
  it("are two files around a comma, or one file and the option labels", async () => {
    const files: Record<string, Uint8Array<ArrayBuffer>> = {
      "in/x.npy": formatNpy({ shape: [2, 1, 2], data: Float64Array.of(1, 2, 3, 4) }),
      "y.npy": formatNpy({ shape: [2, 1], data: Float64Array.of(5, 6) }),
    };
    const read = async (path: string) => files[path];
    const both = await loadDataset("in/x.npy,y.npy", raw(), read);
    expect(both.x).toEqual({ rows: 2, cols: 2, data: Float64Array.of(1, 2, 3, 4) });
    expect(both.y).toEqual(Float64Array.of(5, 6));
    expect(both.provenance).toEqual({ source: "x.npy,y.npy", steps: [], sourceRows: [0, 1] });
    expect(await loadDataset("in/x.npy", raw({ labels: "y.npy" }), read)).toEqual(both);
  });

  it("may have commas in their paths", async () => {
    const x = formatNpy({ shape: [2, 1], data: Float64Array.of(1, 2) });
    const asked: string[] = [];
    const read = async (path: string) => {
      asked.push(path);
      return x;
    };
    await loadDataset("a,b/x.npy,c,d/y.npy", raw(), read);
    expect(asked).toEqual(["a,b/x.npy", "c,d/y.npy"]);
  });
});

describe(".npz", () => {
  it.each(["stored", "deflated", "zip64"])("reads what NumPy wrote: %s", async (name) => {
    const { x, y } = await loadDataset(golden(`${name}.npz`), raw());
    expect([x.rows, x.cols]).toEqual([expected.npz.rows, expected.npz.cols]);
    expect(Array.from(x.data)).toEqual(expected.npz.x);
    expect(Array.from(y)).toEqual(expected.npz.y);
  });

  it("gives back what was written", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 2, max: 6 }), fc.integer({ min: 1, max: 6 }), fc.gen(), async (n, d, g) => {
        const finite = () => g(fc.double, { noNaN: true, noDefaultInfinity: true });
        const x = Float64Array.from({ length: n * d }, finite);
        const y = Float64Array.from({ length: n }, finite);
        const bytes = formatNpz({ x: { shape: [n, d], data: x }, y: { shape: [n], data: y } });
        const back = await loadDataset("a.npz", raw(), async () => bytes);
        expect(Array.from(back.x.data)).toEqual(Array.from(x));
        expect(Array.from(back.y)).toEqual(Array.from(y));
      }),
      { numRuns: 50 },
    );
  });

  it("never takes a flipped bit for data: every one is found or changes nothing", async () => {
    for (const name of ["stored.npz", "deflated.npz"]) {
      const clean = await loadDataset(golden(name), raw());
      const original = bytesOf(name);
      for (let bit = 0; bit < 8 * original.length; bit += 7) {
        const bytes = original.slice();
        bytes[bit >> 3] ^= 1 << (bit & 7);
        const outcome = await loadDataset("f.npz", raw(), async () => bytes).catch((error: unknown) => error);
        if (outcome instanceof Error) expect(outcome.name).toBe("SurefootError");
        else expect(outcome).toMatchObject({ x: clean.x, y: clean.y });
      }
    }
  });
});

describe("Parquet", () => {
  it.each(["snappy", "gzip"])("reads what Arrow wrote: %s", async (name) => {
    const { x, y, provenance } = await loadDataset(
      golden(`${name}.parquet`),
      raw({ classes: ["cat", "dog"], label: "species" }),
    );
    expect(y).toEqual(Float64Array.of(-1, 1, -1, 1));
    expect([x.rows, x.cols]).toEqual([4, 8]);
    const rows = Array.from({ length: 4 }, (_, i) => Array.from(x.data.subarray(8 * i, 8 * i + 7)));
    expect(rows.flat()).toEqual(expected.parquet.x);
    expect(provenance.steps[0]).toBe("label column species");
  });

  it("takes the last column for the label otherwise, and refuses text among the inputs", async () => {
    await expect(loadDataset(golden("snappy.parquet"))).rejects.toThrow(
      /snappy\.parquet, row 0 \(counted from 0\), column species: "cat" is not a number/,
    );
  });
});

describe("IDX", () => {
  it.each([
    ["tiny-images-idx3-ubyte", "tiny-labels-idx1-ubyte"],
    ["tiny-images-idx3-ubyte.gz", "tiny-labels-idx1-ubyte.gz"],
    ["tiny-images-idx3-ubyte", "tiny-labels-idx1-ubyte.gz"],
  ])("reads %s with %s, pixels from 0 to 1", async (images, labels) => {
    const { x, y, provenance } = await loadDataset(`${golden(images)},${golden(labels)}`, raw());
    expect([x.rows, x.cols]).toEqual([expected.idx.rows, expected.idx.cols]);
    expect(Array.from(x.data)).toEqual(expected.idx.x);
    expect(Array.from(y)).toEqual(expected.idx.y);
    expect(provenance).toMatchObject({ source: `${images},${labels}`, steps: ["pixels / 255"] });
  });
});

describe("CSV", () => {
  const load = (text: string, options: DataOptionsInput = {}) =>
    loadDataset("t.csv", raw(options), async () => new TextEncoder().encode(text) as Uint8Array<ArrayBuffer>);

  it("takes the last column for the label, or the one that is named", async () => {
    const text = "a,b,c\n1,2,3\n4,5,6\n";
    const last = await load(text);
    expect(Array.from(last.x.data)).toEqual([1, 2, 4, 5]);
    expect(Array.from(last.y)).toEqual([3, 6]);
    const named = await load(text, { label: "b" });
    expect(Array.from(named.x.data)).toEqual([1, 3, 4, 6]);
    expect(Array.from(named.y)).toEqual([2, 5]);
  });

  it("reads quoted fields, spaces, a byte order mark, CRLF, empty lines and a missing last newline", async () => {
    const { x, y } = await load('\ufeff"a ""x""",b\r\n"1.5", -2e-3\r\n\r\n+.5,7.', { label: 'a "x"' });
    expect(Array.from(x.data)).toEqual([-2e-3, 7]);
    expect(Array.from(y)).toEqual([1.5, 0.5]);
  });

  it("reads lines that end in a carriage return, and quoted fields with line breaks", async () => {
    expect(Array.from((await load("a,b\r1,2\r3,4\r")).x.data)).toEqual([1, 3]);
    const pets = await load('a,"b\nc"\n1,"cat\nor dog"\n2,cow\n', { classes: ["cow", "cat\nor dog"] });
    expect(Array.from(pets.y)).toEqual([1, -1]);
  });

  it("gives back any numbers that JavaScript prints, bit by bit", async () => {
    const finite = fc.double({ noNaN: true, noDefaultInfinity: true }).map((v) => (Object.is(v, -0) ? 0 : v));
    const rows = fc
      .integer({ min: 1, max: 5 })
      .chain((cols) =>
        fc.array(fc.array(finite, { minLength: cols + 1, maxLength: cols + 1 }), { minLength: 2, maxLength: 6 }),
      );
    await fc.assert(
      fc.asyncProperty(rows, async (table) => {
        const header = table[0].map((_, j) => `c${j}`);
        const { x, y } = await load([header, ...table].map((line) => line.join(",")).join("\n"));
        expect(Array.from(x.data)).toEqual(table.flatMap((line) => line.slice(0, -1)));
        expect(Array.from(y)).toEqual(table.map((line) => line.at(-1)));
      }),
    );
  });
});

describe("loading in a browser", () => {
  it("meets no module of Node except behind readFromDisk, which it never calls when it is given another reader", () => {
    const folder = fileURLToPath(new URL("../src/data/", import.meta.url));
    const users = readdirSync(folder).filter((name) =>
      /node:|process\.|\bBuffer\b/.test(readFileSync(folder + name, "utf8")),
    );
    expect(users).toEqual(["file-system.ts"]);
    expect(readFileSync(`${folder}file-system.ts`, "utf8")).not.toMatch(/^import .*node:/m);
  });
});
