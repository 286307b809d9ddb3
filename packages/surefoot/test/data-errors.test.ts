import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { matrix } from "@surefoot/linalg";
import { afterAll, describe, expect, it } from "vitest";
import { type DataOptionsInput, datasetFrom, loadDataset, parseNpy } from "../src/data/index.ts";
import type { SurefootErrorCode } from "../src/error.ts";
import { formatNpy, formatNpz } from "../src/record/index.ts";

const golden = (name: string) =>
  new Uint8Array(readFileSync(fileURLToPath(new URL(`./golden/data/${name}`, import.meta.url))));
const text = (content: string) => new TextEncoder().encode(content) as Uint8Array<ArrayBuffer>;
const folder = mkdtempSync(join(tmpdir(), "surefoot-data-"));
afterAll(() => rmSync(folder, { recursive: true }));

type Files = Record<string, Uint8Array<ArrayBuffer>>;

/** Expects the failure from a reader of memory, as in the browser, and again from files on the disk. */
async function refuses(
  source: string,
  files: Files,
  code: SurefootErrorCode,
  message: RegExp,
  options: DataOptionsInput = {},
): Promise<void> {
  const shape = { name: "SurefootError", code, message: expect.stringMatching(message) };
  await expect(loadDataset(source, options, async (path) => files[path])).rejects.toMatchObject(shape);
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, name), bytes);
  const onDisk = source.split(",").map((part) => (part in files ? join(folder, part) : part));
  const { labels, ...rest } = options;
  const local = labels === undefined ? rest : { ...rest, labels: labels in files ? join(folder, labels) : labels };
  await expect(loadDataset(onDisk.join(","), local)).rejects.toMatchObject(shape);
}

const array = (shape: number[], ...values: number[]) => ({ shape, data: Float64Array.from(values) });
const npz = (x: number[][], y: number[]) =>
  formatNpz({ x: array([x.length, x[0]?.length ?? 0], ...x.flat()), y: array([y.length], ...y) });

describe("sources", () => {
  it("a missing file, a folder, an unreadable name", async () => {
    await expect(loadDataset("none/here.npz")).rejects.toMatchObject({
      code: "file",
      message: "none/here.npz: no such file; check the path",
    });
    await expect(loadDataset(join(folder, "gone.csv"))).rejects.toThrow(/gone\.csv: no such file/);
    const { mkdirSync } = await import("node:fs");
    mkdirSync(join(folder, "folder.npz"));
    await expect(loadDataset(join(folder, "folder.npz"))).rejects.toThrow(
      /folder\.npz: is a folder; name a file in it/,
    );
  });

  it("a file larger than can be read is refused before it is read", async () => {
    const path = join(folder, "huge.csv");
    writeFileSync(path, "");
    truncateSync(path, 2 ** 31);
    await expect(loadDataset(path)).rejects.toThrow(/huge\.csv: 2147483648 bytes are more than the 2147483647/);
  });

  it("an unknown extension", () =>
    refuses("data.mat", { "data.mat": text("") }, "argument", /data\.mat: cannot tell what this is .* "data\.npz"/));

  it("inputs without labels, labels without use", async () => {
    const x = formatNpy(array([2, 1], 1, 2));
    await refuses(
      "x.npy",
      { "x.npy": x },
      "argument",
      /the labels are missing; write ".*x\.npy,LABELS" or give --labels/,
    );
    await refuses("a.npz", { "a.npz": x }, "argument", /--labels y\.npy names .* does not apply to a\.npz/, {
      labels: "y.npy",
    });
    await refuses("a.npz", { "a.npz": x }, "argument", /--label y names a column .* does not apply to a\.npz/, {
      label: "y",
    });
    await refuses("sphere:n=2,d=2", {}, "argument", /--label y .* does not apply to a generator/, { label: "y" });
    await refuses("a.csv,b.csv", { "a.csv": x, "b.csv": x }, "argument", /name one file/);
  });

  it("unknown or ill-typed options, each by its name", async () => {
    const load = (options: object) => loadDataset("sphere:n=4,d=2", options);
    await expect(load({ sample: 3 })).rejects.toThrow(/Unrecognized key: "sample"/);
    await expect(load({ samples: 1 })).rejects.toThrow(/samples: at least two samples are needed/);
    await expect(load({ classes: ["a"] })).rejects.toThrow(/classes: name at least two classes/);
    await expect(load({ classes: ["1", "1"] })).rejects.toThrow(/classes: a class is named twice/);
    await expect(load({ normalize: "unit" })).rejects.toThrow(/normalize: use one of "unit-rows", "center"/);
    await expect(load({ mu: 1 })).rejects.toThrow(/mu: /);
    await expect(load({ seed: -1 })).rejects.toThrow(/seed: /);
    await expect(load({ seed: 0.5 })).rejects.toMatchObject({ code: "argument" });
  });
});

describe("CSV files", () => {
  const csv = (content: string, message: RegExp, options: DataOptionsInput = {}, code: SurefootErrorCode = "data") =>
    refuses("t.csv", { "t.csv": text(content) }, code, message, options);

  it("a ragged row, by its line", async () => {
    await csv("a,b,c\n1,2,3\n1,2\n", /t\.csv, line 3: 2 fields, but the header has 3/);
    await csv("a,b,c\n1,2,3\n\n1,2,3,4\n", /t\.csv, line 4: 4 fields, but the header has 3/);
  });

  it("a cell that is no number, by line and column", async () => {
    await csv("a,b,y\n1,2,3\n1,two,3\n", /t\.csv, line 3, column b: "two" is not a number/);
    await csv("a,b,y\n1,,3\n1,2,3\n", /t\.csv, line 2, column b: an empty cell is not a number/);
    await csv("a,b,y\n0x10,1,3\n1,2,3\n", /line 2, column a: "0x10" is not a number/);
    await csv('a,b,y\n1,"1,5",3\n1,2,3\n', /line 2, column b: "1,5" is not a number/);
  });

  it("NaN and infinity, by line and column, inputs and labels", async () => {
    await csv("a,y\n1,3\nNaN,3\n", /t\.csv, line 3, column a: NaN is not a finite number/);
    await csv("a,y\n1,3\n-inf,3\n", /t\.csv, line 3, column a: -inf is not a finite number/);
    await csv("a,y\n1e999,3\n1,3\n", /t\.csv, line 2, column a: 1e999 is too large for float64/);
    await csv("a,y\n1,3\n1,nan\n", /t\.csv, line 3, column y: nan is not a finite number/);
    await csv("a,y\n1,3\n1,\n", /t\.csv, line 3, column y: the label is missing/);
  });

  it("labels that are text, with the way out", () =>
    csv("a,y\n1,cat\n2,dog\n3,cow\n", /row 0 \(counted from 0\) is "cat", not a number; .* --classes cat,dog/));

  it("a label column that is not there, with those that are", () =>
    csv("a,b,y\n1,2,3\n1,2,3\n", /t\.csv: no column "z"; its columns are a, b, y/, { label: "z" }, "argument"));

  it("a header that is missing, short, unnamed, doubled", async () => {
    await csv("1,2,3\n4,5,6\n", /line 1: only numbers, but a header line/);
    await csv("a\n1\n2\n", /line 1: one column, but at least one input and a label/);
    await csv("a;b;y\n1;2;3\n", /separated by ";", use commas/);
    await csv(",a,y\n0,1,2\n1,2,3\n", /line 1: column 1 has no name; name it, or remove it/);
    await csv("a,a,y\n0,1,2\n1,2,3\n", /line 1: two columns are named "a"/);
    await csv("", /t\.csv: is empty/);
  });

  it("a file of more text than can be held", async () => {
    const read = async () => new Uint8Array(2 ** 28 + 1);
    await expect(loadDataset("t.csv", {}, read)).rejects.toThrow(
      /268435457 bytes of CSV are more than .* convert it to \.npz/,
    );
  });

  it("text that is no CSV, or no UTF-8", async () => {
    await csv('a,y\n1,"2\n3,4\n', /t\.csv: .*[Qq]uote.* line 3/, {}, "file");
    const latin1 = Uint8Array.of(0x61, 0x2c, 0xe9, 0x0a, 0x31, 0x2c, 0x32, 0x0a);
    await refuses("t.csv", { "t.csv": latin1 }, "file", /t\.csv: is not UTF-8 text/);
  });
});

describe("NumPy files", () => {
  it("NaN and infinity, by row and column, inputs and labels", async () => {
    const x = npz(
      [
        [1, 2],
        [3, Number.NaN],
      ],
      [1, 2],
    );
    await refuses("a.npz", { "a.npz": x }, "data", /a\.npz: x has NaN at row 1, column 1 \(counted from 0\)/);
    const y = npz(
      [
        [1, 2],
        [3, 4],
        [5, 6],
      ],
      [1, 2, Number.NEGATIVE_INFINITY],
    );
    await refuses("a.npz", { "a.npz": y }, "data", /a\.npz: the label of row 2 \(counted from 0\) is -Infinity/);
  });

  it("lengths that differ", () =>
    refuses("a.npz", { "a.npz": npz([[1], [2], [3]], [1, 2]) }, "data", /x has 3 rows but y has 2 labels/));

  it("one sample, or none", async () => {
    await refuses("a.npz", { "a.npz": npz([[1, 2]], [1]) }, "data", /a\.npz: 1 sample; at least two are needed/);
    const none = formatNpz({ x: array([0, 3]), y: array([0]) });
    await refuses("a.npz", { "a.npz": none }, "data", /a\.npz: 0 samples; at least two are needed/);
  });

  it("arrays of other names, with those that are there", async () => {
    const message = /keys\.npz: no array "x"; the file has images, labels; save it with numpy\.savez/;
    await refuses("keys.npz", { "keys.npz": golden("keys.npz") }, "data", message);
  });

  it("shapes that are no data", async () => {
    const [x, y] = [formatNpy(array([2, 1], 1, 2)), formatNpy(array([2, 2], 1, 0, 0, 1))];
    await refuses(
      "x.npy,y.npy",
      { "x.npy": x, "y.npy": y },
      "data",
      /y\.npy: shape \(2, 2\) is not n or n × 1; .*argmax/,
    );
    const flat = formatNpy(array([4], 1, 2, 3, 4));
    await refuses("x.npy,y.npy", { "x.npy": flat, "y.npy": flat }, "data", /x\.npy: shape \(4\) is not n × d/);
    const empty = formatNpy(array([2, 0]));
    await refuses("x.npy,y.npy", { "x.npy": empty, "y.npy": x }, "data", /the samples have no columns/);
  });

  it("truncated at any byte", async () => {
    for (const [name, cut] of [
      ["stored.npz", 23],
      ["deflated.npz", 17],
      ["zip64.npz", 23],
    ] as const) {
      const bytes = golden(name);
      for (let length = 0; length < bytes.length; length += cut) {
        await expect(loadDataset("t.npz", {}, async () => bytes.slice(0, length))).rejects.toMatchObject({
          code: "file",
        });
      }
    }
    const npy = formatNpy(array([2, 2], 1, 2, 3, 4));
    for (let length = 0; length < npy.length; length++) {
      expect(() => parseNpy(npy.slice(0, length), "t.npy")).toThrow(/t\.npy: (not a \.npy file|truncated|.*truncated)/);
    }
    await refuses(
      "t.npz",
      { "t.npz": golden("stored.npz").slice(0, 300) },
      "file",
      /t\.npz: .*truncated or damaged, save/,
    );
  });

  it("bytes too many", () => {
    const npy = new Uint8Array([...formatNpy(array([2], 1, 2)), 0]);
    expect(() => parseNpy(npy, "t.npy")).toThrow(/needs 16 bytes but the file has 17; .* more than one array/);
  });

  it.each([
    ["bad-object", /dtype \|O is not supported; save numbers, e\.g\. with array\.astype\("float64"\)/],
    ["bad-complex", /dtype <c16 is not supported/],
    ["bad-text", /dtype <U1 is not supported/],
    ["bad-structured", /dtype \[\('a', '<i4'\), \('b', '<f8'\)\] is not supported/],
    ["bad-int64", /entry 1 is 9007199254740993, which float64 cannot hold exactly/],
  ])("entries that are no float64: %s", (name, message) => {
    expect(() => parseNpy(golden(`${name}.npy`), `${name}.npy`)).toThrow(message);
  });

  it("headers that lie", () => {
    const header = (dict: string) => {
      const bytes = new Uint8Array(10 + dict.length + 16);
      bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, dict.length, 0]);
      bytes.set(text(dict), 10);
      return () => parseNpy(bytes, "h.npy");
    };
    expect(header("{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }")().shape).toEqual([2]);
    expect(header("{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999, 99999999999), }")).toThrow(
      /are more than/,
    );
    expect(header("{'descr': '<f8', 'fortran_order': False, 'shape': (-2,), }")).toThrow(/malformed/);
    expect(header("{'descr': '<f8', 'fortran_order': False}")).toThrow(/malformed/);
    expect(header("{'descr': '<f8', 'descr': '<f8', 'fortran_order': False, 'shape': (2,)}")).toThrow(/malformed/);
    expect(header("{'descr': '<f8', 'fortran_order': 0, 'shape': (2,)}")).toThrow(/malformed/);
    expect(header("{'descr': '=f8', 'fortran_order': False, 'shape': (2,)}")).toThrow(/dtype =f8 is not supported/);
    expect(header("__import__('os')")).toThrow(/malformed/);
    const version9 = formatNpy(array([1], 1));
    version9[6] = 9;
    expect(() => parseNpy(version9, "v.npy")).toThrow(/\.npy version 9\.0 is unknown/);
  });

  it("an archive that claims more than it holds, before anything is allocated", async () => {
    const bytes = golden("deflated.npz");
    const view = new DataView(bytes.buffer);
    for (let at = 0; at + 46 < bytes.length; at++) {
      if (view.getUint32(at, true) === 0x02014b50) view.setUint32(at + 24, 2 ** 31 - 1, true);
    }
    await refuses(
      "bomb.npz",
      { "bomb.npz": bytes },
      "file",
      /bomb\.npz, entry x\.npy: 2147483647 bytes claimed from \d+/,
    );
  });

  it("something else under the name .npz", () =>
    refuses("a.npz", { "a.npz": text("hello there") }, "file", /a\.npz: not an archive \(\.npz\)/));
});

describe("IDX files", () => {
  const images = golden("tiny-images-idx3-ubyte");
  const labels = golden("tiny-labels-idx1-ubyte");
  const [x, y] = ["a-images-idx3-ubyte", "a-labels-idx1-ubyte"];
  const idx = (
    xBytes: Uint8Array<ArrayBuffer>,
    yBytes: Uint8Array<ArrayBuffer>,
    code: SurefootErrorCode,
    message: RegExp,
  ) => refuses(`${x},${y}`, { [x]: xBytes, [y]: yBytes }, code, message);
  const patched = (bytes: Uint8Array<ArrayBuffer>, at: number, value: number) => {
    const copy = bytes.slice();
    copy[at] = value;
    return copy;
  };

  it("another magic, another type", async () => {
    await idx(patched(images, 0, 1), labels, "file", /a-images.*not an IDX file \(it starts with 01 00 08 03/);
    await idx(patched(images, 2, 0x0d), labels, "file", /a-images.*IDX type 0xd is not supported/);
  });

  it("sizes that do not fit the file", async () => {
    await idx(images.slice(0, -1), labels, "file", /a-images.*5 × 2 × 3 needs 30 bytes but the file has 29/);
    await idx(images, patched(labels, 7, 6), "file", /a-labels.*: 6 needs 6 bytes but the file has 5/);
    await idx(patched(images, 4, 255), labels, "data", /4278190085 × 2 × 3: .* are more than/);
    await idx(images.slice(0, 9), labels, "file", /truncated inside the header/);
  });

  it("images and labels that do not belong together, or changed places", async () => {
    const four = patched(labels, 7, 4).slice(0, -1);
    await idx(images, four, "data", /x has 5 rows but y has 4 labels/);
    await idx(labels, images, "data", /a-images.*: 1 dimension, but images have 2 or more; name the images first/);
    await idx(images, images, "data", /a-labels.*: 3 dimensions, but labels have 1; name the labels second/);
  });

  it("gzip that is truncated or damaged", async () => {
    const zipped = golden("tiny-images-idx3-ubyte.gz");
    await idx(zipped.slice(0, -5), labels, "file", /a-images.*: the gzip stream is truncated or damaged/);
    await idx(patched(zipped, zipped.length - 6, zipped[zipped.length - 6] ^ 1), labels, "file", /gzip stream/);
  });
});

describe("Parquet files", () => {
  const parquet = (
    bytes: Uint8Array<ArrayBuffer>,
    code: SurefootErrorCode,
    message: RegExp,
    options: DataOptionsInput = {},
  ) => refuses("t.parquet", { "t.parquet": bytes }, code, message, options);

  it("nulls, nested columns, unknown columns, other compression", async () => {
    await parquet(
      golden("bad-null.parquet"),
      "data",
      /t\.parquet, row 1 \(counted from 0\), column a: null is not a number/,
    );
    await parquet(golden("bad-null.parquet"), "data", /row 1 .*, column a: the label is missing/, { label: "a" });
    await parquet(golden("bad-nested.parquet"), "data", /t\.parquet: column a is nested/);
    await parquet(golden("snappy.parquet"), "argument", /no column "z"; its columns are double, float/, { label: "z" });
    await parquet(
      golden("bad-zstd.parquet"),
      "file",
      /compression ZSTD is not supported; write it with SNAPPY or GZIP/,
    );
  });

  it("truncated, or something else", async () => {
    const bytes = golden("snappy.parquet");
    for (let length = 0; length < bytes.length; length += 97) {
      const load = loadDataset("t.parquet", { label: "species" }, async () => bytes.slice(0, length));
      await expect(load).rejects.toMatchObject({ code: "file" });
    }
    await parquet(text("hello there, not a table"), "file", /t\.parquet: not a whole Parquet file/);
  });
});

describe("data in memory", () => {
  it("are held to the same rules", () => {
    expect(() => datasetFrom(matrix(2, 1), [1])).toThrow(/memory: x has 2 rows but y has 1 label/);
    expect(() => datasetFrom(matrix(1, 1), [1])).toThrow(/1 sample; at least two/);
    expect(() => datasetFrom(matrix(2, 0), [1, 2])).toThrow(/no columns/);
    expect(() => datasetFrom(matrix(2, 1, Float64Array.of(1, Number.NaN)), [1, 2])).toThrow(/NaN at row 1, column 0/);
    expect(() => datasetFrom(matrix(2, 1), [1, Number.NaN], "mine")).toThrow(/mine: the label of row 1/);
    expect(datasetFrom(matrix(2, 1), [1, 2]).provenance).toEqual({ source: "memory", steps: [], sourceRows: [0, 1] });
  });
});
