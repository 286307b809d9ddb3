import { describe, expect, test } from "vitest";
import { chooseBackend, createReferenceBackend, matrix } from "../src/index.ts";
import { createNativeBackend, findNativeLibrary } from "../src/native/backend.ts";
import { candidates } from "../src/native/candidates.ts";
import type { Argument, NativeLibrary, Routine } from "../src/native/library.ts";
import { selfTest } from "../src/native/self-test.ts";
import { expectMisuse, positiveDefinite, random } from "./conformance-tools.ts";

const search = await findNativeLibrary();
const { library } = search;

describe("the search for a library", () => {
  test("a library that is named is the only candidate", () => {
    expect(candidates("/somewhere/libblas.so")).toEqual([{ path: "/somewhere/libblas.so", named: true }]);
  });

  test("a name that does not exist is reported with the loader's reason, and never replaced by another library", async () => {
    const missing = await findNativeLibrary("/nowhere/libblas.so");
    if (missing.library) expect.fail("found a library that does not exist");
    expect(missing.named).toBe(true);
    expect(missing.refused.map(({ path }) => path)).toEqual(["/nowhere/libblas.so"]);
    expect(missing.reason).toContain("/nowhere/libblas.so");
    await expectMisuse(chooseBackend("auto", { library: "/nowhere/libblas.so" }), "backend-unavailable");
    await expectMisuse(
      createNativeBackend(createReferenceBackend(), { library: "/nowhere/libblas.so" }),
      "backend-unavailable",
    );
  });

  test.runIf(process.platform === "linux")("a library without BLAS is refused with the reason", async () => {
    const wrong = await findNativeLibrary("libm.so.6");
    if (wrong.library) expect.fail("libm is not a BLAS");
    expect(wrong.reason).toContain("no dgemm");
  });
});

/** The loaded library with one routine disturbed after the call. */
function broken(good: NativeLibrary, routine: Routine, spoil: (args: readonly Argument[]) => void): NativeLibrary {
  return {
    ...good,
    call: async (name, flops, args) => {
      await good.call(name, flops, args);
      if (name === routine) spoil(args);
    },
  };
}

describe.skipIf(!library)(
  `the native backend (${library ? library.title : search.library === undefined ? search.reason : ""})`,
  () => {
    const good = library as NativeLibrary;

    test("the self-test accepts the library and refuses one with a wrong product, factor or spectrum, or that flushes subnormals", async () => {
      expect(await selfTest(good)).toBeUndefined();
      const off = (index: number) => (args: readonly Argument[]) => {
        const data = args[index] as Float64Array;
        data[data.length - 1] += 1;
      };
      expect(await selfTest(broken(good, "dgemm", off(11)))).toMatch(/dgemm/);
      expect(await selfTest(broken(good, "dpotrf", off(2)))).toMatch(/dpotrf/);
      expect(await selfTest(broken(good, "dsyevd", off(5)))).toMatch(/dsyevd/);
      const flush = (args: readonly Argument[]) => {
        const data = args[11] as Float64Array;
        for (let i = 0; i < data.length; i++) if (Math.abs(data[i]) < 2 ** -1022) data[i] = 0;
      };
      expect(await selfTest(broken(good, "dgemm", flush))).toMatch(/subnormal/);
    });

    test("a long call leaves the event loop free", async () => {
      const backend = await createNativeBackend(createReferenceBackend());
      const a = random(1200, 1200, 1);
      let turns = 0;
      const clock = setInterval(() => {
        turns++;
      }, 1);
      const result = backend.gemm(a, a).then(() => turns);
      const duringProduct = await result;
      turns = 0;
      await backend.eigenvalues(positiveDefinite(500, 2));
      const duringEigenvalues = turns;
      clearInterval(clock);
      await backend.close();
      expect(duringProduct).toBeGreaterThan(2);
      expect(duringEigenvalues).toBeGreaterThan(2);
    });

    test("close waits for work under way", async () => {
      const backend = await createNativeBackend(createReferenceBackend());
      const a = random(900, 900, 3);
      let done = false;
      const work = backend.gemm(a, a).then(() => {
        done = true;
      });
      await backend.close();
      expect(done).toBe(true);
      await work;
    });

    test("the number of threads can be set and is reported", async () => {
      const before = good.threads();
      const backend = await createNativeBackend(createReferenceBackend(), { threads: 1 });
      expect(backend.info.threads).toBe(1);
      await backend.close();
      good.setThreads(before);
      expect(good.threads()).toBe(before);
      await expectMisuse(createNativeBackend(createReferenceBackend(), { threads: 0 }), "argument");
      await expectMisuse(createNativeBackend(createReferenceBackend(), { threads: 1.5 }), "argument");
    });

    test("memory shared with other threads is used in place", async () => {
      const backend = await createNativeBackend(createReferenceBackend());
      const shared = new Float64Array(new SharedArrayBuffer(8 * 400 * 400));
      const out = matrix(400, 400, shared);
      const a = random(400, 400, 4);
      await backend.gemm(a, a, { out });
      const want = await backend.gemm(a, a);
      expect(Array.from(shared.subarray(0, 5))).toEqual(Array.from(want.data.subarray(0, 5)));
      await backend.close();
    });
  },
);
