import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { build } from "vite";
import { afterEach, describe, expect, test, vi } from "vitest";
import { matrix } from "../src/matrix.ts";
import { normals } from "../src/random.ts";
import { gemm as oracle } from "../src/reference/products.ts";
import { createMemory } from "../src/wasm/arena.ts";
import { createWasmBackend } from "../src/wasm/backend.ts";
import { compileKernels } from "../src/wasm/module.ts";
import { load, reserve, unload } from "../src/wasm/operand.ts";
import { WorkerPool } from "../src/wasm/pool.ts";
import { view } from "../src/wasm/products.ts";
import { Runtime, type RuntimeOptions } from "../src/wasm/runtime.ts";

const MANY = 1e9; // more work than is done on the calling thread

const open: Runtime[] = [];
async function start(options?: RuntimeOptions): Promise<Runtime> {
  const runtime = await Runtime.start(options);
  open.push(runtime);
  return runtime;
}
afterEach(async () => {
  await Promise.all(open.splice(0).map((runtime) => runtime.close()));
});

describe("worker pool", () => {
  test.each([1, 2, 3])("%i threads share out every task once and meet at every barrier", async (threads) => {
    const runtime = await start({ threads });
    expect(runtime.workersMissing).toBeUndefined();
    const count = await runtime.exclusive(async (arena) => {
      const target = arena.bytes(4);
      arena.view32(target, 1)[0] = 0;
      await runtime.run("barrierTest", [target, 200, 7], MANY);
      return arena.view32(target, 1)[0];
    });
    // Each barrier resets the counter, so a thread that ran ahead would take tasks of the wrong round.
    expect(count).toBe(200 * 7);
  });

  test.each([true, false])("a thread woken too early sleeps on: deterministic %s", async (deterministic) => {
    const { module } = await compileKernels(deterministic);
    const memory = createMemory();
    const pool = await WorkerPool.start(1, module, memory);
    const words = new Int32Array(memory.buffer).fill(7);
    let returned = false;
    const running = pool.run("sleepTest", [7]).then(() => {
      returned = true;
    });
    // Where it sleeps is the module's own affair: whoever sleeps anywhere is woken.
    let woken = 0;
    while (woken < 5 && !returned) {
      for (let i = 0; i < words.length; i++) woken += Atomics.notify(words, i);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(returned).toBe(false);
    await Promise.all([expect(running).rejects.toThrow(/closed/), pool.close()]);
  });

  test("operations asked for together follow one another", async () => {
    const runtime = await start({ threads: 2 });
    const log: string[] = [];
    const operation = (name: string) =>
      runtime.exclusive(async (arena) => {
        log.push(`${name} starts`);
        await runtime.run("barrierTest", [arena.bytes(4), 10, 3], MANY);
        log.push(`${name} ends`);
      });
    await Promise.all([operation("a"), operation("b"), operation("c")]);
    expect(log).toEqual(["a starts", "a ends", "b starts", "b ends", "c starts", "c ends"]);
  });

  test("a failed operation does not hold up the next", async () => {
    const runtime = await start({ threads: 1 });
    await expect(
      runtime.exclusive(() => {
        throw new Error("mine");
      }),
    ).rejects.toThrow("mine");
    await expect(runtime.exclusive(() => 5)).resolves.toBe(5);
  });

  test("a kernel that fails on a worker rejects, and the pool refuses later work instead of hanging", async () => {
    const runtime = await start({ threads: 2 });
    await expect(runtime.exclusive(() => runtime.run("no such kernel", [], MANY))).rejects.toThrow(/worker failed/);
    await expect(
      runtime.exclusive((arena) => runtime.run("barrierTest", [arena.bytes(4), 1, 1], MANY)),
    ).rejects.toThrow(/worker failed/);
  });

  test("close waits for running operations and refuses later ones", async () => {
    const runtime = await start({ threads: 2 });
    const running = runtime.exclusive(async (arena) => {
      await runtime.run("barrierTest", [arena.bytes(4), 1000, 3], MANY);
      return "done";
    });
    await runtime.close();
    await expect(running).resolves.toBe("done");
    await expect(runtime.exclusive(() => 1)).rejects.toMatchObject({ code: "closed" });
  });

  test("idle workers do not keep a process alive, busy ones do", async () => {
    const script = `
      import { Runtime } from ${JSON.stringify(new URL("../dist/wasm/runtime.js", import.meta.url).href)};
      const runtime = await Runtime.start({ threads: 2 });
      await runtime.exclusive((arena) => runtime.run("barrierTest", [arena.bytes(4), 100, 3], 1e9));
      console.log("finished");`;
    const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script], {
      timeout: 30_000,
    });
    expect(stdout).toBe("finished\n");
  });
});

describe("memory", () => {
  test("grows on demand and is used again by the next operation", async () => {
    const runtime = await start({ threads: 1 });
    const allocate = () =>
      runtime.exclusive((arena) => {
        const first = arena.doubles(1);
        const large = arena.doubles(2 ** 20);
        arena.view(large, 2 ** 20).fill(1);
        return { first, large, size: arena.memory.buffer.byteLength };
      });
    const before = await allocate();
    expect(await allocate()).toEqual(before);
    expect(before.large % 64).toBe(0);
    expect(before.size).toBeGreaterThan(8 * 2 ** 20);
  });

  test("more than 32-bit addresses hold is refused by name, and the runtime lives on", async () => {
    const runtime = await start({ threads: 1 });
    await expect(runtime.exclusive((arena) => arena.doubles(2 ** 30))).rejects.toMatchObject({
      code: "argument",
      message: expect.stringMatching(/needs 8\.0\d GiB/),
    });
    await expect(runtime.exclusive((arena) => arena.doubles(8))).resolves.toBeGreaterThan(0);
  });
});

test("products and factors on workers leave the event loop free", async () => {
  const backend = await createWasmBackend({ threads: 2 });
  const n = 700;
  const a = matrix(
    n,
    n,
    Float64Array.from({ length: n * n }, (_, k) => (k % (n + 1) === 0 ? n : 1 / (1 + (k % 17)))),
  );
  for (const call of [() => backend.gemm(a, a), () => backend.cholesky(a)]) {
    let turns = 0;
    const clock = setInterval(() => turns++, 1);
    const during = await call().then(() => turns);
    clearInterval(clock);
    expect(during).toBeGreaterThan(2);
  }
  await backend.close();
});

test("addresses above 2 GiB are addresses like others", async () => {
  const runtime = await start({ threads: 2 });
  const a = normals({ seed: [3, 1], stream: 0, firstRow: 0, rows: 130, cols: 130 });
  const products = await runtime.exclusive(async (arena) => {
    const results: Float64Array[] = [];
    for (const skipped of [0, 2 ** 28 + 2 ** 20]) {
      arena.doubles(skipped);
      const left = load(arena, a);
      const c = reserve(arena, 130, 130);
      expect(c.address > 2 ** 31).toBe(skipped > 0);
      const both = [...view(left, false), ...view(left, true)];
      await runtime.run("gemm", [130, 130, 130, 1, ...both, 0, c.address, c.stride, 0], MANY);
      const out = new Float64Array(130 * 130);
      unload(arena, c, out);
      results.push(out);
    }
    return results;
  });
  expect(products[1]).toEqual(products[0]);
  expect(products[0].some((x) => x !== 0)).toBe(true);
});

describe("where workers cannot share memory", () => {
  afterEach(() => vi.unstubAllGlobals());

  test("everything runs on the calling thread, and the backend says why", async () => {
    vi.stubGlobal("crossOriginIsolated", false);
    const backend = await createWasmBackend({ threads: 4 });
    expect(backend.info).toMatchObject({ threads: 1, detail: expect.stringContaining("not cross-origin isolated") });
    const a = normals({ seed: [3, 1], stream: 0, firstRow: 0, rows: 150, cols: 150 });
    a.data.forEach((x, i) => {
      a.data[i] = Math.round(8 * x); // whole numbers: products are exact
    });
    expect(await backend.gemm(a, a)).toEqual(oracle(a, a));
    await backend.close();
  });
});

test("a Vite build without configuration bundles the backend, asks for no Node module, and the bundle computes", async () => {
  const entry = fileURLToPath(new URL("../dist/index.js", import.meta.url));
  const result = await build({
    configFile: false,
    logLevel: "silent",
    build: { write: false, minify: true, lib: { entry, formats: ["es"], fileName: "bundle" } },
  });
  const [{ output }] = result as { output: { type: string; code: string }[] }[];
  expect(output).toHaveLength(1);
  const { code } = output[0];
  expect(code).not.toMatch(/(from|import)\s*\(?\s*["']node:/);
  const folder = mkdtempSync(join(tmpdir(), "bundle-"));
  writeFileSync(join(folder, "bundle.mjs"), code);
  const script = `
    import { createWasmBackend, matrix } from ${JSON.stringify(pathToFileURL(join(folder, "bundle.mjs")).href)};
    const backend = await createWasmBackend({ threads: 2 });
    const a = matrix(200, 200, new Float64Array(40000).fill(1));
    console.log((await backend.gemm(a, a)).data[39999], backend.info.threads, /no workers/.test(backend.info.detail));`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script]);
  rmSync(folder, { recursive: true });
  expect(stdout).toBe("200 2 false\n");
});

test.each([0, -1, 1.5, Number.NaN])("threads: %d is refused", async (threads) => {
  await expect(Runtime.start({ threads })).rejects.toMatchObject({ code: "argument" });
});
