import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterEach, describe, expect, test } from "vitest";
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

test.each([0, -1, 1.5, Number.NaN])("threads: %d is refused", async (threads) => {
  await expect(Runtime.start({ threads })).rejects.toMatchObject({ code: "argument" });
});
