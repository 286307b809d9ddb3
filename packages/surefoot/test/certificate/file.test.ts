import { readFileSync } from "node:fs";
import { readSafetensors } from "@surefoot/check";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hexFloat } from "../../src/certificate/hex-float.ts";
import { certificateJsonSchema, formatCertificate, parseCertificate } from "../../src/certificate/index.ts";
import { certify } from "../../src/certify/certify.ts";
import { SurefootError } from "../../src/error.ts";
import { formatSafetensors } from "../../src/record/index.ts";
import { backend, setting, withResidual } from "../certify/setting.ts";
import { CASES, certificateOf, certificateOfCase, checkHere } from "./cases.ts";

const byName = (pattern: RegExp) => {
  const found = CASES.find(({ name }) => pattern.test(name));
  if (!found) throw new Error(`no case ${pattern}`);
  return found;
};

describe("a certificate file", () => {
  it("is the same byte for byte when it is made again", async () => {
    const one = await certificateOfCase(byName(/hidden layer trained, antisymmetric/));
    const two = await certificateOfCase(byName(/hidden layer trained, antisymmetric/));
    if (!one.certificate || !two.certificate) throw new Error("not certified");
    expect(formatCertificate(two.certificate)).toBe(formatCertificate(one.certificate));
  });

  it("survives its text", async () => {
    for (const one of [byName(/full form/), byName(/three hidden/)]) {
      const { certificate, at } = await certificateOfCase(one);
      if (!certificate) throw new Error("not certified");
      const text = formatCertificate(certificate);
      const read = parseCertificate(JSON.parse(text), "certificate.json");
      expect(read).toEqual(certificate);
      expect(formatCertificate(read)).toBe(text);
      expect((await checkHere(JSON.parse(text), at)).verdict).toBe("accepted");
    }
  });

  it("follows the JSON Schema that is published", () => {
    const published = readFileSync(new URL("../../../../docs/certificate.schema.json", import.meta.url), "utf8");
    expect(JSON.parse(published)).toEqual(JSON.parse(JSON.stringify(certificateJsonSchema())));
  });

  it("is refused with the field's name when it has another shape", async () => {
    const { certificate } = await certificateOfCase(byName(/full form/));
    expect(() => parseCertificate({ ...certificate, theorem: "S9" }, "c.json")).toThrow(
      /c\.json: not a certificate: theorem/,
    );
    expect(() => parseCertificate({ ...certificate, extra: 1 }, "c.json")).toThrow(/extra/);
    expect(() => parseCertificate([], "c.json")).toThrow(SurefootError);
  });

  it("is not made where nothing is certified, and refused where there is no room", async () => {
    const open = await setting(
      { kind: "fully-connected", widths: [8], activation: "tanh" },
      { kind: "sphere", n: 6, d: 8, labels: "gaussian" },
      { kind: "gaussian" },
    );
    expect(await certificateOf(open)).not.toHaveProperty("certificate");
    const spec = { kind: "fully-connected", widths: [32], activation: "tanh", frozen: ["W2"] } as const;
    const start = await setting(spec, { kind: "sphere", n: 3, d: 8, labels: "gaussian" }, { kind: "gaussian" });
    let [certified, not] = [1e-6, 10];
    for (let step = 0; step < 60; step++) {
      const middle = (certified + not) / 2;
      const { verdict } = await certify({ ...(await withResidual(start, middle)), backend, mode: "proved" });
      if (verdict === "certified") certified = middle;
      else not = middle;
    }
    await expect(certificateOf(await withResidual(start, certified))).rejects.toThrow(/there is no certificate file/);
    expect(await certificateOf(await withResidual(start, certified * (1 - 1e-6)))).toHaveProperty("certificate");
  });

  it("is accepted although its producer only computed its hypotheses", async () => {
    const at = await byName(/hidden layer trained, antisymmetric/).make();
    const { certificate } = await certificateOf(at, { mode: "float" });
    expect(certificate?.producer.warrant).toBe("computed");
    expect((await checkHere(certificate, at)).verdict).toBe("accepted");
  });
});

describe("hexadecimal floats", () => {
  it("are written as Python's float.hex writes them", () => {
    expect([1.5, -0.1, 0, 5e-324, 2 ** -1022, Number.MAX_VALUE].map(hexFloat)).toEqual([
      "0x1.8000000000000p+0",
      "-0x1.999999999999ap-4",
      "0x0.0000000000000p+0",
      "0x0.0000000000001p-1022",
      "0x1.0000000000000p-1022",
      "0x1.fffffffffffffp+1023",
    ]);
  });

  it("determine the number", () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (x) => {
        const [, sign, lead, fraction, power] = /^(-?)0x([01])\.(\w{13})p([+-]\d+)$/.exec(hexFloat(x)) ?? [];
        // in two halves, so that neither power overflows or underflows
        const half = Math.trunc(Number(power) / 2);
        const digits = Number(lead) + Number.parseInt(fraction, 16) / 2 ** 52;
        const size = digits * 2 ** half * 2 ** (Number(power) - half);
        return Object.is(sign ? -size : size, x);
      }),
      { seed: 4, numRuns: 500 },
    );
  });
});

describe("the checker's reader of safetensors", () => {
  it("reads what is written, and refuses what is cut short", () => {
    const tensors = {
      W1: { shape: [2, 2], data: Float64Array.of(1, -2, 3.5, 1e-300) },
      b1: { shape: [2], data: Float64Array.of(0, 4) },
    };
    const bytes = formatSafetensors({ tensors, metadata: { made: "by a test" } });
    expect(readSafetensors(bytes)).toEqual(tensors);
    for (const length of [0, 7, 8, 40, bytes.length - 1]) {
      expect(() => readSafetensors(bytes.slice(0, length))).toThrow();
    }
  });
});
