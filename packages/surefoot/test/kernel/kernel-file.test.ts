import * as real from "node:fs";
import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createReferenceBackend } from "@surefoot/linalg";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { evaluate, hInfinityBlocks, kernelMatrix, TILE } from "../../src/kernel/index.ts";
import { formatNpy, kernelFileTimes, openKernelFile } from "../../src/record/index.ts";

/** Writes succeed until so many are done; then the disk is full. */
const disk = vi.hoisted(() => ({ left: Number.POSITIVE_INFINITY }));
vi.mock("node:fs", async (original) => {
  const fs = await original<typeof import("node:fs")>();
  const writeSync = (...args: unknown[]) => {
    disk.left -= 1;
    if (disk.left < 0) throw Object.assign(new Error("ENOSPC: no space left on device"), { code: "ENOSPC" });
    return Reflect.apply(fs.writeSync, fs, args);
  };
  return { ...fs, writeSync, default: { ...fs, writeSync } };
});

const backend = createReferenceBackend();
const N = 2 * TILE + 30;
const shape = { rows: N, cols: N, symmetric: true, identity: "H∞ of these data" };
let folder = "";
let path = "";

beforeEach(() => {
  disk.left = Number.POSITIVE_INFINITY;
  folder = mkdtempSync(join(tmpdir(), "surefoot-kernel-"));
  path = join(folder, "K.npy");
});
afterEach(() => rmSync(folder, { recursive: true }));

async function source() {
  return hInfinityBlocks(await backend.normals({ seed: [9, 0], stream: 0, firstRow: 0, rows: N, cols: 3 }), backend);
}

async function expected(): Promise<Uint8Array> {
  const k = await kernelMatrix(await source());
  return formatNpy({ shape: [N, N], data: k.data });
}

async function writeAll(): Promise<number> {
  const file = await openKernelFile(path, shape);
  let tiles = 0;
  const blocks = await source();
  try {
    const block: typeof blocks.block = (range) => {
      tiles += 1;
      return blocks.block(range);
    };
    const counted = { ...blocks, block };
    await evaluate(counted, file);
    await file.finish();
  } finally {
    await file.close();
  }
  return tiles;
}

describe("a kernel on disk", () => {
  it("is byte for byte the .npy file of the kernel in memory, and leaves nothing beside it", async () => {
    expect(await writeAll()).toBe(6);
    expect(Buffer.compare(readFileSync(path), await expected())).toBe(0);
    expect(readdirSync(folder)).toEqual(["K.npy"]);
  });

  it("goes on after an interruption with the bands that are whole, and computes a damaged one again", async () => {
    const file = await openKernelFile(path, shape);
    const control = new AbortController();
    const stopped = evaluate(await source(), file, {
      signal: control.signal,
      onProgress: (done) => done > 0.9 && control.abort(new Error("stop")),
    });
    await expect(stopped).rejects.toThrow("stop");
    await file.close();
    expect(readdirSync(folder).sort()).toEqual(["K.npy.partial", "K.npy.partial.log"]);
    // One bit of the first band.
    const bytes = readFileSync(`${path}.partial`);
    bytes[128 + 8 * 5] ^= 1;
    writeFileSync(`${path}.partial`, bytes);
    const again = await openKernelFile(path, shape);
    expect([again.has(0), again.has(TILE), again.has(2 * TILE)]).toEqual([false, true, false]);
    await again.close();
    expect(await writeAll()).toBe(1 + 3);
    expect(Buffer.compare(readFileSync(path), await expected())).toBe(0);
  });

  it("is computed again where the unfinished file is cut short or a line of its journal is", async () => {
    const file = await openKernelFile(path, shape);
    await evaluate(await source(), file);
    await file.close();
    truncateSync(`${path}.partial`, 128 + 8 * N * TILE);
    const log = readFileSync(`${path}.partial.log`, "utf8");
    writeFileSync(`${path}.partial.log`, log.slice(0, -9));
    expect(await writeAll()).toBe(2 + 3);
    expect(Buffer.compare(readFileSync(path), await expected())).toBe(0);
  });

  it("says that the disk is full, and goes on when there is room", async () => {
    disk.left = TILE + 100;
    await expect(writeAll()).rejects.toThrow(
      /K\.npy: cannot be written: no space is left on the device.*run the same command to go on/,
    );
    disk.left = Number.POSITIVE_INFINITY;
    expect(await writeAll()).toBe(2 + 3);
    expect(Buffer.compare(readFileSync(path), await expected())).toBe(0);
  });

  it("refuses to go on with another kernel's unfinished file", async () => {
    await (await openKernelFile(path, shape)).close();
    await expect(openKernelFile(path, { ...shape, identity: "other data" })).rejects.toThrow(
      /belongs to the unfinished file of another kernel/,
    );
  });

  it("is applied to a vector without being read whole; a truncated file is refused", async () => {
    await writeAll();
    const v = Float64Array.from({ length: N }, (_, i) => Math.cos(i));
    const product = await kernelFileTimes(path, N, backend);
    const found = await product.times(v);
    product.close();
    const direct = await backend.gemm(await kernelMatrix(await source()), { rows: N, cols: 1, data: v });
    expect(found).toEqual(direct.data);
    real.truncateSync(path, 1000);
    await expect(kernelFileTimes(path, N, backend)).rejects.toThrow(/truncated or another file/);
  });
});
