import { expect, test } from "vitest";
import { chooseBackend, doctor, identity } from "../src/index.ts";
import { findNativeLibrary } from "../src/native/backend.ts";
import { expectMisuse } from "./conformance-tools.ts";

const native = await findNativeLibrary();

test("auto takes native exactly when its library loads, and records why it was passed over otherwise", async () => {
  const { backend, considered } = await chooseBackend("auto");
  expect(considered.at(-1)).toEqual({ name: backend.info.name, available: true, reason: backend.info.detail });
  if (native.library) expect(backend.info.name).toBe("native");
  else {
    expect(backend.info.name).toBe("wasm");
    expect(considered[0]).toEqual({ name: "native", available: false, reason: native.reason });
  }
  expect((await backend.gemm(identity(2), identity(2))).rows).toBe(2);
  await backend.close();
});

test("a name takes that backend and no other", async () => {
  const { backend, considered } = await chooseBackend("reference");
  expect(backend.info.name).toBe("reference");
  expect(considered.map(({ name }) => name)).toEqual(["reference"]);
  await backend.close();
});

test("a deterministic choice is never native", async () => {
  await expectMisuse(chooseBackend("native", { deterministic: true }), "argument");
  const { backend, considered } = await chooseBackend("auto", { deterministic: true, threads: 1 });
  expect(backend.info).toMatchObject({ name: "wasm", deterministic: true, threads: 1 });
  expect(considered.map(({ name, available }) => [name, available])).toEqual([
    ["native", false],
    ["wasm", true],
  ]);
  await backend.close();
});

test("the doctor's report is plain data that agrees with what can be chosen", async () => {
  const report = await doctor();
  expect(JSON.parse(JSON.stringify(report))).toEqual(report);
  expect(report.backends.map(({ name }) => name)).toEqual(["native", "wasm", "reference"]);
  expect(report.runtime.node).toBe(process.version);
  expect(report.runtime.simd).toBe(true);
  expect(report.runtime.sharedMemory).toBe(true);
  if (Number.parseInt(process.versions.node, 10) >= 22) expect(report.runtime.relaxedSimd).toBe(true);
  for (const { name, available, detail } of report.backends) {
    expect(detail.length).toBeGreaterThan(5);
    if (available) {
      const { backend } = await chooseBackend(name);
      expect(backend.info.detail).toBe(detail);
      await backend.close();
    } else await expectMisuse(chooseBackend(name), "backend-unavailable");
  }
  expect(report.auto).toBe(native.library ? "native" : "wasm");
  if (native.library) expect(report.backends[0].library).toBe(native.library.path);
});
