import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatSafetensors, parseSafetensors } from "../src/record/index.ts";

const golden = (name: string) => new Uint8Array(readFileSync(new URL(`./golden/data/${name}`, import.meta.url)));
const expected = JSON.parse(readFileSync(new URL("./golden/data/expected.json", import.meta.url), "utf8")).safetensors;

/** A file with this header and as many zero bytes of tensors. */
function file(header: unknown, bytes: number): Uint8Array<ArrayBuffer> {
  const json = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const out = new Uint8Array(8 + json.length + bytes);
  new DataView(out.buffer).setBigUint64(0, BigInt(json.length), true);
  out.set(json, 8);
  return out;
}

const tensor = (begin: number, end: number, shape = [(end - begin) / 8], dtype = "F64") => ({
  dtype,
  shape,
  data_offsets: [begin, end],
});

describe("safetensors", () => {
  it.each(["f64", "mixed"])("reads what the reference implementation wrote: %s", (name) => {
    const { tensors } = parseSafetensors(golden(`${name}.safetensors`), name);
    const values = Object.entries(tensors).map(([key, { data }]) => [key, Array.from(data)]);
    expect(Object.fromEntries(values)).toEqual(expected[name]);
  });

  it("reads shapes and metadata", () => {
    const { tensors, metadata } = parseSafetensors(golden("f64.safetensors"), "f64");
    expect(metadata).toEqual({ format: "np", note: "à" });
    expect(tensors.W1.shape).toEqual([3, 4]);
    expect(tensors.b1.shape).toEqual([4]);
    expect(parseSafetensors(golden("mixed.safetensors"), "m").tensors.empty.shape).toEqual([0, 3]);
  });

  it("writes the same bytes as the reference implementation", () => {
    const bytes = golden("plain.safetensors");
    expect(formatSafetensors(parseSafetensors(bytes, "plain"))).toEqual(bytes);
  });

  it("gives back any finite tensors and metadata, bit by bit", () => {
    const finite = fc.double({ noNaN: true, noDefaultInfinity: true });
    const one = fc.array(fc.nat({ max: 4 }), { maxLength: 3 }).chain((shape) => {
      const entries = shape.reduce((a, b) => a * b, 1);
      return fc
        .array(finite, { minLength: entries, maxLength: entries })
        .map((data) => ({ shape, data: Float64Array.from(data) }));
    });
    const name = fc.string({ unit: "grapheme" }).filter((key) => key !== "__metadata__" && key !== "__proto__");
    fc.assert(
      fc.property(
        fc.dictionary(name, one),
        fc.dictionary(name, fc.string({ unit: "grapheme" })),
        (tensors, metadata) => {
          const bytes = formatSafetensors({ tensors, metadata });
          const header = Number(new DataView(bytes.buffer).getBigUint64(0, true));
          expect(header % 8).toBe(0);
          const back = parseSafetensors(bytes, "property");
          expect(Object.keys(back.tensors).sort()).toEqual(Object.keys(tensors).sort());
          for (const [key, { shape, data }] of Object.entries(tensors)) {
            expect(back.tensors[key].shape).toEqual(shape);
            expect(Array.from(back.tensors[key].data)).toEqual(Array.from(data));
          }
          expect(back.metadata).toEqual({ ...metadata });
        },
      ),
    );
  });

  it("refuses a file that is cut at any byte", () => {
    const bytes = golden("f64.safetensors");
    for (let length = 0; length < bytes.length; length++) {
      expect(() => parseSafetensors(bytes.slice(0, length), "cut.safetensors")).toThrow(
        /^cut\.safetensors: not a whole safetensors file \(.*\); save or copy it again$/,
      );
    }
  });

  it.each([
    ["a gap", { a: tensor(0, 8), b: tensor(16, 24) }, 24, /bytes 8 to 16 belong to no tensor/],
    ["bytes behind the last tensor", { a: tensor(0, 8) }, 9, /bytes 8 to 9 belong to no tensor/],
    ["an overlap", { a: tensor(0, 16), b: tensor(8, 24) }, 24, /tensor b: overlaps the tensor before it/],
    ["two tensors in one place", { a: tensor(0, 16), b: tensor(0, 16) }, 16, /tensor b: overlaps/],
    ["a range outside the file", { a: tensor(0, 80) }, 8, /tensor a: bytes 0 to 80, but the file has 8/],
    ["a range that ends before it starts", { a: tensor(16, 8, [1]) }, 16, /tensor a: ends at 8, before its start 16/],
    ["a shape of another size", { a: tensor(0, 16, [3]) }, 16, /shape \[3\] of F64 needs 24 bytes, not 16/],
    ["an enormous shape", { a: tensor(0, 16, [2 ** 40, 2 ** 40]) }, 16, /are more than the 268435456 that fit/],
    ["a negative side", { a: tensor(0, 16, [-2]) }, 16, /tensor a: shape: 0: /],
    [
      "an offset that is no whole number",
      { a: { ...tensor(0, 8), data_offsets: [0, 8.5] } },
      8,
      /tensor a: data_offsets: 1/,
    ],
    ["a missing field", { a: { dtype: "F64", shape: [1] } }, 8, /tensor a: data_offsets/],
    ["an unknown field", { a: { ...tensor(0, 8), stride: 1 } }, 8, /tensor a: Unrecognized key: "stride"/],
    ["metadata that is no text", { __metadata__: { step: 3 } }, 0, /__metadata__ is not a map from text to text/],
    ["a header that is a list", [1], 0, /the header is not an object/],
    ["a header that is not JSON", "{'a': 1}", 0, /the header is not JSON/],
  ])("refuses %s", (_, header, bytes, message) => {
    expect(() => parseSafetensors(file(header, bytes), "bad.safetensors")).toThrow(message);
  });

  it("refuses a name that is given twice, as its first bytes would be lost", () => {
    const json = `{"a":${JSON.stringify(tensor(0, 8))},"a":${JSON.stringify(tensor(8, 16))}}`;
    expect(() => parseSafetensors(file(json, 16), "twice")).toThrow(/bytes 0 to 8 belong to no tensor/);
  });

  it("refuses a header length beyond the limit before reading it", () => {
    const bytes = new Uint8Array(16).fill(255);
    expect(() => parseSafetensors(bytes, "long")).toThrow(/a header of 18446744073709551615 bytes is claimed/);
  });

  it("refuses integers, and weights that are not finite, by tensor and entry", () => {
    expect(() => parseSafetensors(golden("bad-int64.safetensors"), "i.safetensors")).toThrow(
      /i\.safetensors, tensor n: dtype I64 is not supported; save it as one of F64, F32, F16, BF16/,
    );
    const nan = formatSafetensors({
      tensors: { W1: { shape: [2], data: Float64Array.of(1, Number.NaN) } },
      metadata: {},
    });
    expect(() => parseSafetensors(nan, "n.safetensors")).toThrow(/tensor W1: entry 1 \(counted from 0\) is NaN/);
  });

  it("refuses to write what it could not read", () => {
    const data = new Float64Array(3);
    expect(() => formatSafetensors({ tensors: { a: { shape: [2], data } }, metadata: {} })).toThrow(
      /shape \[2\] with 3 entries/,
    );
    expect(() => formatSafetensors({ tensors: { __metadata__: { shape: [3], data } }, metadata: {} })).toThrow(
      /cannot be written/,
    );
  });
});
