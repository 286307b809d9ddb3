import { afterAll, describe, expect, it } from "vitest";
import { matrix } from "../src/matrix.ts";
import { normals, philox } from "../src/random.ts";
import { gemm, maskCounts } from "../src/reference/products.ts";
import { createNeuronScanner, type ScanShard } from "../src/wasm/lazy-scan.ts";

const scanners = Promise.all([1, 2, 3].map((threads) => createNeuronScanner({ threads, deterministic: true })));
afterAll(async () => {
  for (const scanner of await scanners) await scanner.close();
});

const streams = { weights: 1, signs: 2 };

async function scan(threads: number, n: number, d: number, rows: number, shardRows: number, limit: number) {
  const x = normals({ seed: [4, 0], stream: 9, firstRow: 0, rows: n, cols: d });
  const thresholds = Float64Array.from({ length: n }, (_, i) => limit * (1 + 0.1 * i));
  const shards: ScanShard[] = [];
  const done: number[] = [];
  const request = { x, seed: [77, 5] as const, streams, rows, shardRows, thresholds, census: n <= 16 };
  const scanner = (await scanners)[threads - 1];
  const totals = await scanner.scan(
    request,
    (shard) => shards.push(shard),
    async (k) => void done.push(k),
  );
  expect(done.at(-1)).toBe(rows);
  return { x, thresholds, shards, totals };
}

/** The same by definition, from the reference generator and products. */
function byDefinition({ x, thresholds }: Awaited<ReturnType<typeof scan>>, rows: number) {
  const seed = [77, 5] as const;
  const w = normals({ seed, stream: 1, firstRow: 0, rows, cols: x.cols });
  const z = gemm(x, w, { transposeB: true });
  const block = new Uint32Array(4);
  const signs = Array.from({ length: rows }, (_, r) => {
    philox(0, r, 0, 2, seed[0], seed[1], block);
    return block[0] >= 2 ** 31 ? 1 : -1;
  });
  const words = Math.ceil(rows / 32);
  const masks = { rows: x.rows, bits: rows, wordsPerRow: words, words: new Uint32Array(x.rows * words) };
  const near = new Map<string, number>();
  const outputs = new Float64Array(x.rows);
  for (let i = 0; i < x.rows; i++) {
    for (let r = 0; r < rows; r++) {
      const value = z.data[i * rows + r];
      if (value >= 0) {
        masks.words[i * words + (r >>> 5)] |= 1 << (r & 31);
        outputs[i] += signs[r] * value;
      }
      if (Math.abs(value) <= thresholds[i]) near.set(`${r},${i}`, value);
    }
  }
  return { counts: maskCounts(masks), masks, near, outputs, signs };
}

const bit = (masks: { words: Uint32Array; wordsPerRow: number }, i: number, r: number) =>
  (masks.words[i * masks.wordsPerRow + (r >>> 5)] >>> (r & 31)) & 1;

describe("a scan of Gaussian neurons", () => {
  for (const [n, d, rows, shardRows, limit] of [
    [1, 1, 1, 64, 10],
    [5, 3, 1000, 128, 0.05],
    [10, 10, 700, 64, 5],
    [37, 20, 1531, 256, 0.01],
    [130, 65, 300, 128, 0.2],
    [20, 10, 8192, 4096, -1], // only counts are wanted
  ]) {
    it(`finds what the reference generator and products give (n = ${n}, d = ${d}, ${rows} neurons)`, async () => {
      const found = await scan(2, n, d, rows, shardRows, limit);
      const expected = byDefinition(found, rows);
      expect([...found.totals.counts.data]).toEqual([...expected.counts.data]);
      const sums = new Float64Array(n);
      const seen = new Set<string>();
      let last = -1;
      for (const shard of found.shards) {
        shard.outputs.forEach((value, i) => {
          sums[i] += value;
        });
        const bytes = Math.ceil(n / 32) * 4;
        shard.rows.forEach((r, slot) => {
          expect(r).toBeGreaterThan(last);
          last = r;
          expect(shard.signs[slot]).toBe(expected.signs[r]);
          for (let i = 0; i < 8 * bytes; i++) {
            const on = (shard.patterns[slot * bytes + (i >> 3)] >> (i & 7)) & 1;
            expect(on).toBe(i < n ? bit(expected.masks, i, r) : 0);
          }
        });
        const order = new Int32Array(n).fill(-1);
        shard.products.forEach((value, k) => {
          const [i, slot] = [shard.samples[k], shard.slots[k]];
          expect(slot).toBeGreaterThan(order[i]);
          order[i] = slot;
          const key = `${shard.rows[slot]},${i}`;
          seen.add(key);
          expect(Math.abs(value - expected.near.get(key)!)).toBeLessThan(8 * d * Number.EPSILON * Math.sqrt(d) * 10);
        });
      }
      expect(seen).toEqual(new Set(expected.near.keys()));
      sums.forEach((value, i) => {
        expect(Math.abs(value - expected.outputs[i])).toBeLessThan(rows * d * 16 * Number.EPSILON);
      });
      if (n <= 16) {
        const counts = new Float64Array(2 ** n);
        const first = new Float64Array(2 ** n).fill(Number.POSITIVE_INFINITY);
        for (let r = rows - 1; r >= 0; r--) {
          let code = 0;
          for (let i = 0; i < n; i++) code |= bit(expected.masks, i, r) << i;
          counts[code]++;
          first[code] = r;
        }
        expect(found.totals.census).toEqual({ counts, first });
      }
    });
  }

  it("leaves the same bits with one, two or three threads", async () => {
    const runs = await Promise.all([1, 2, 3].map((threads) => scan(threads, 12, 7, 5000, 128, 0.5)));
    for (const run of runs.slice(1)) {
      expect(run.shards).toEqual(runs[0].shards);
      expect(run.totals).toEqual(runs[0].totals);
    }
    expect(runs[0].shards.length).toBe(40);
  });

  it("can be stopped between batches and used again", async () => {
    const scanner = (await scanners)[1];
    const x = matrix(2, 2, Float64Array.of(1, 0, 0, 1));
    const request = { x, seed: [1, 0] as const, streams, rows: 1e6, shardRows: 128, thresholds: new Float64Array(2) };
    const stop = async () => {
      throw new Error("enough");
    };
    await expect(scanner.scan({ ...request, census: false }, () => {}, stop)).rejects.toThrow("enough");
    const { counts } = await scanner.scan(
      { ...request, rows: 4096, census: false },
      () => {},
      async () => {},
    );
    expect(counts.data[0]).toBeGreaterThan(1800);
  });

  it("refuses shapes that do not fit", async () => {
    const scanner = (await scanners)[0];
    const x = matrix(17, 2);
    const request = { x, seed: [1, 0] as const, streams, rows: 10, shardRows: 64, thresholds: new Float64Array(17) };
    const run = (change: object) =>
      scanner.scan(
        { ...request, census: false, ...change },
        () => {},
        async () => {},
      );
    await expect(run({ thresholds: new Float64Array(3) })).rejects.toThrow(/3 thresholds/);
    await expect(run({ shardRows: 100 })).rejects.toThrow(/multiple of 64/);
    await expect(run({ census: true })).rejects.toThrow(/at most 16/);
  });
});
