import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
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

test("in a bundle without Node, native is passed over with the reason and wasm computes", async () => {
  const { build } = await import("vite");
  const entry = fileURLToPath(new URL("../dist/index.js", import.meta.url));
  const result = await build({
    configFile: false,
    logLevel: "silent",
    build: { write: false, minify: false, lib: { entry, formats: ["es"], fileName: "bundle" } },
  });
  const [{ output }] = result as { output: { code: string }[] }[];
  expect(output).toHaveLength(1); // koffi would come as a chunk of its own
  const code = output[0].code;
  expect(code).not.toMatch(/require\(|koffi\.node|from\s*["']koffi/);
  const script = `
    const { stdout } = process;
    delete globalThis.process;
    const { chooseBackend, doctor, identity } = await import("data:text/javascript;base64,${Buffer.from(code).toString("base64")}");
    const { backend, considered } = await chooseBackend();
    const product = await backend.gemm(identity(3), identity(3));
    const { backends, auto, runtime } = await doctor();
    stdout.write(JSON.stringify({ considered, sum: product.data.reduce((a, b) => a + b), backends, auto, runtime }));
    await backend.close();`;
  const child = execFileSync(process.execPath, ["--input-type=module"], { input: script, encoding: "utf8" });
  const { considered, sum, backends, auto, runtime } = JSON.parse(child);
  expect(considered.map(({ name, available }: { name: string; available: boolean }) => [name, available])).toEqual([
    ["native", false],
    ["wasm", true],
  ]);
  expect(considered[0].reason).toMatch(/browser/);
  expect(sum).toBe(3);
  expect(backends[0]).toMatchObject({ name: "native", available: false });
  expect([auto, runtime.platform]).toEqual(["wasm", "browser"]);
});
