import { describe, test } from "vitest";
import { chooseBackend, createReferenceBackend } from "../src/index.ts";
import { findNativeLibrary } from "../src/native/backend.ts";
import { conformance } from "./conformance.ts";

conformance("reference", async () => createReferenceBackend());

const native = await findNativeLibrary();
if (native.library || process.env.SUREFOOT_REQUIRE?.includes("native")) {
  conformance("native", async () => (await chooseBackend("native")).backend);
} else {
  describe("native backend", () => {
    test.skip(`no library, so not tested: ${native.reason}`, () => {});
  });
}
