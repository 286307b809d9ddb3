import { describe, expect, it } from "vitest";
import { certificateFile } from "../../src/certificate/index.ts";
import { CASES, certificateOfCase, checkHere } from "./cases.ts";

describe("a certificate of", () => {
  for (const one of CASES) {
    const { name, expects } = one;
    it(`${name} fits the schema and is accepted by the independent checker`, async () => {
      const { at, outcome, certificate } = await certificateOfCase(one);
      expect(outcome).toMatchObject({ verdict: "certified", warrant: "proved", ...expects });
      expect(certificateFile.safeParse(certificate).error).toBeUndefined();
      expect(await checkHere(certificate, at)).toEqual({ verdict: "accepted", statement: certificate?.statement });
    });
  }
});
