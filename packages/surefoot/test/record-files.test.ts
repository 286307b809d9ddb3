import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { matrix } from "@surefoot/linalg";
import fc from "fast-check";
import { afterAll, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { parseNpy } from "../src/data/index.ts";
import { openZip } from "../src/data/zip.ts";
import type { Weights } from "../src/network/network.ts";
import {
  createRecord,
  createRunFolder,
  formatNpy,
  formatNpz,
  formatRecord,
  formatSafetensors,
  loadCheckpoint,
  openRunFolder,
  type RecordColumns,
  readRecord,
  readWeights,
  resumeRecord,
  saveCheckpoint,
  writeAtomically,
  writeWeights,
} from "../src/record/index.ts";

const disk = vi.hoisted(() => ({ failure: undefined as string | undefined }));

/** The real file system, whose writes fail with `disk.failure` when that is set: a disk that fills up cannot be had portably. */
vi.mock("node:fs/promises", async (original) => {
  const real = await original<typeof import("node:fs/promises")>();
  const open: typeof real.open = async (...args) => {
    const file = await real.open(...args);
    if (disk.failure === undefined || args[1] !== "wx") return file;
    const code = disk.failure;
    return Object.assign(file, {
      writeFile: async () => {
        await file.write("half of");
        throw Object.assign(new Error(`${code}: no space left on device, write`), { code });
      },
    });
  };
  return { ...real, open };
});

const root = mkdtempSync(join(tmpdir(), "surefoot-record-"));
afterAll(() => rmSync(root, { recursive: true }));
let folders = 0;
const fresh = () => {
  const path = join(root, `f${folders++}`);
  mkdirSync(path);
  return path;
};

describe("files written by this program", () => {
  const written = (name: string) =>
    new Uint8Array(readFileSync(new URL(`./golden/data/written/${name}`, import.meta.url)));
  const { tensors, columns, rows, metadata } = JSON.parse(new TextDecoder().decode(written("written.json")));
  const number = (value: unknown) => (typeof value === "string" ? Number(value) : (value as number));
  const arrays: Record<string, { shape: number[]; data: Float64Array }> = Object.fromEntries(
    Object.entries(tensors as Record<string, { shape: number[]; values: unknown[] }>).map(
      ([name, { shape, values }]) => [name, { shape, data: Float64Array.from(values, number) }],
    ),
  );

  it("are those that NumPy, safetensors and Arrow were seen to read (golden/data/check-written.py)", () => {
    const { network, ...weightsMetadata } = metadata;
    expect(formatNpy(arrays.W1)).toEqual(written("w1.npy"));
    expect(formatNpz(arrays)).toEqual(written("weights.npz"));
    expect(formatSafetensors({ tensors: arrays, metadata: weightsMetadata })).toEqual(written("weights.safetensors"));
    const table = rows.step.map((step: number, i: number) => {
      const cells = Object.keys(columns).map((name) => {
        const value = rows[name][i];
        return [name, value === null || columns[name] === "text" ? value : number(value)];
      });
      return { ...Object.fromEntries(cells), step };
    });
    expect(formatRecord(columns, table, { network })).toEqual(written("record.parquet"));
    expect(formatRecord(columns, [])).toEqual(written("empty.parquet"));
  });
});

describe("writeAtomically", () => {
  it("replaces a file whole and leaves nothing else", async () => {
    const folder = fresh();
    const path = join(folder, "a.txt");
    await writeAtomically(path, "old");
    await writeAtomically(path, "new");
    expect(readFileSync(path, "utf8")).toBe("new");
    expect(readdirSync(folder)).toEqual(["a.txt"]);
  });

  it("says that the disk is full, keeps the old content, and removes the half-written file", async () => {
    const folder = fresh();
    const path = join(folder, "a.txt");
    await writeAtomically(path, "old");
    disk.failure = "ENOSPC";
    const outcome = await writeAtomically(path, "new").catch((error: unknown) => error);
    disk.failure = undefined;
    expect(outcome).toMatchObject({
      name: "SurefootError",
      code: "file",
      message: `${path}: cannot be written: no space is left on the device; free some or choose another folder`,
    });
    expect(readFileSync(path, "utf8")).toBe("old");
    expect(readdirSync(folder)).toEqual(["a.txt"]);
  });

  it("says that the folder is missing, or that the path is a folder", async () => {
    const folder = fresh();
    await expect(writeAtomically(join(folder, "no", "a.txt"), "x")).rejects.toThrow(
      /its folder does not exist; create it/,
    );
    mkdirSync(join(folder, "sub"));
    await expect(writeAtomically(join(folder, "sub"), "x")).rejects.toThrow(/cannot be written: /);
    expect(readdirSync(folder)).toEqual(["sub"]);
  });

  it("lets many writers of one path end with the whole text of one of them", async () => {
    const folder = fresh();
    const path = join(folder, "a.txt");
    const texts = Array.from({ length: 20 }, (_, i) => String(i).repeat(10_000));
    await Promise.all(texts.map((text) => writeAtomically(path, text)));
    expect(texts).toContain(readFileSync(path, "utf8"));
    expect(readdirSync(folder)).toEqual(["a.txt"]);
  });
});

const columns = { step: "integer", loss: "number", lambdaMin: "number", flips: "integer", note: "text" } as const;

describe("the record of a run", () => {
  const row = fc.record(
    {
      gap: fc.integer({ min: 1, max: 1000 }),
      loss: fc.option(fc.double()),
      lambdaMin: fc.option(fc.constantFrom(0, -0, 0.1, Number.NaN, Number.POSITIVE_INFINITY, 5e-324)),
      flips: fc.option(fc.integer()),
      note: fc.option(fc.string({ unit: "grapheme" })),
    },
    { requiredKeys: ["gap"] },
  );

  it("gives back any rows, bit by bit, null for what was not measured", async () => {
    const path = join(fresh(), "record.parquet");
    await fc.assert(
      fc.asyncProperty(fc.array(row, { maxLength: 30 }), async (rows) => {
        const record = createRecord(path, columns, { network: "‖{}‖" });
        let step = -1;
        for (const { gap, ...cells } of rows) {
          step += gap;
          record.append({ step, ...cells });
        }
        await record.save();
        const back = await readRecord(path);
        expect(back.columns).toEqual(columns);
        expect(back.metadata).toEqual({ network: "‖{}‖" });
        const nothing = { loss: null, lambdaMin: null, flips: null, note: null };
        expect(back.rows).toEqual(record.rows.map((cells) => ({ ...nothing, ...cells })));
      }),
      { numRuns: 40 },
    );
  });

  it("is the same table after many saves as after one", async () => {
    const folder = fresh();
    const [often, once] = ["often", "once"].map((name) => createRecord(join(folder, `${name}.parquet`), columns));
    for (let step = 0; step < 2500; step++) {
      often.append({ step, loss: 1 / (step + 1) });
      once.append({ step, loss: 1 / (step + 1) });
      if (step % 500 === 0) await often.save();
    }
    await often.save();
    await once.save();
    expect(readFileSync(join(folder, "often.parquet"))).toEqual(readFileSync(join(folder, "once.parquet")));
    expect((await readRecord(join(folder, "once.parquet"))).rows.length).toBe(2500);
  });

  it("continues after a checkpoint, without the rows that came after it", async () => {
    const path = join(fresh(), "record.parquet");
    const first = createRecord(path, columns);
    for (const step of [0, 10, 20, 30]) first.append({ step, loss: step });
    await first.save();
    const second = await resumeRecord(path, columns, 20);
    expect(second.rows.map(({ step }) => step)).toEqual([0, 10, 20]);
    second.append({ step: 21, loss: 1 });
    await second.save();
    expect((await readRecord(path)).rows.map(({ step }) => step)).toEqual([0, 10, 20, 21]);
    await expect(resumeRecord(path, { step: "integer", loss: "number" }, 20)).rejects.toThrow(
      /resume with the same probes/,
    );
  });

  it("refuses rows that do not fit its columns", () => {
    const record = createRecord("unused", columns);
    record.append({ step: 3 });
    expect(() => record.append({ step: 4, margin: 1 })).toThrow(/no column "margin"; there are step, loss, lambdaMin/);
    expect(() => record.append({ step: 4, loss: "high" })).toThrow(/column loss holds a number, not "high"/);
    expect(() => record.append({ step: 4, flips: 0.5 })).toThrow(/column flips holds a integer, not 0\.5/);
    expect(() => record.append({ step: 4, note: 3 })).toThrow(/column note holds a text, not 3/);
    expect(() => record.append({ step: 3 })).toThrow(/step 3 does not follow step 3/);
    expect(() => record.append({ step: 2 ** 31 })).toThrow(/step/);
    expect(record.rows).toEqual([{ step: 3 }]);
  });

  it("refuses files that are no record", async () => {
    const folder = fresh();
    await expect(readRecord(join(folder, "no.parquet"))).rejects.toThrow(/no such file/);
    writeFileSync(join(folder, "cut.parquet"), formatRecord(columns, [{ step: 1 }]).slice(0, 60));
    await expect(readRecord(join(folder, "cut.parquet"))).rejects.toThrow(/cut\.parquet: not a whole Parquet file/);
    const other = new URL("./golden/data/bad-null.parquet", import.meta.url).pathname;
    await expect(readRecord(other)).rejects.toThrow(/not the record of a run \(its first column is not a step\)/);
  });

  it("is readable whenever the process that writes it is killed", async () => {
    const folder = fresh();
    const path = join(folder, "record.parquet");
    const program = `
      import { createRecord } from ${JSON.stringify(new URL("../dist/record/index.js", import.meta.url).href)};
      const record = createRecord(${JSON.stringify(path)}, ${JSON.stringify(columns)});
      for (let step = 0; ; step++) {
        record.append({ step, loss: 1 / (step + 1) });
        await record.save();
        if (step === 3) process.stdout.write("running");
      }`;
    for (const delay of [0, 7, 23]) {
      const child = spawn(process.execPath, ["--input-type=module", "--eval", program], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      await new Promise((resolve) => child.stdout.once("data", resolve));
      await new Promise((resolve) => setTimeout(resolve, delay));
      const gone = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGKILL");
      await gone;
      const { rows } = await readRecord(path);
      expect(rows.length).toBeGreaterThanOrEqual(4);
      rows.forEach((cells, i) => {
        expect(cells).toMatchObject({ step: i, loss: 1 / (i + 1) });
      });
    }
  });
});

const weights: Weights = {
  W1: matrix(2, 3, Float64Array.of(1, -0, 3, 4, 5e-324, 6)),
  b1: matrix(2, 1, Float64Array.of(7, 8)),
  W2: matrix(1, 2, Float64Array.of(0.1, 0.2)),
  b2: matrix(1, 1, Float64Array.of(0.3)),
};

describe("weights files", () => {
  it.each(["w.safetensors", "w.npz"])("give back weights under their names: %s", async (name) => {
    const path = join(fresh(), name);
    await writeWeights(path, weights);
    const back = await readWeights(path);
    expect(back).toEqual(weights);
    expect(Object.is(back.W1.data[1], -0)).toBe(true);
  });

  it("hold biases as vectors, for other frameworks", async () => {
    const path = join(fresh(), "w.npz");
    await writeWeights(path, { b1: weights.b1 });
    const entry = openZip(new Uint8Array(readFileSync(path)), "w.npz").get("b1.npy");
    expect(parseNpy(entry?.() ?? new Uint8Array(), "b1").shape).toEqual([2]);
    expect((await readWeights(path)).b1).toEqual(weights.b1);
  });

  it("are refused under other names, with other shapes, with NaN", async () => {
    const folder = fresh();
    await expect(writeWeights(join(folder, "w.pt"), weights)).rejects.toThrow(/w\.pt: weights are kept in files named/);
    await expect(readWeights(join(folder, "w.pt"))).rejects.toThrow(/w\.pt: weights are kept in files named/);
    const cube = { shape: [1, 1, 2], data: Float64Array.of(1, 2) };
    writeFileSync(join(folder, "c.safetensors"), formatSafetensors({ tensors: { W1: cube }, metadata: {} }));
    await expect(readWeights(join(folder, "c.safetensors"))).rejects.toMatchObject({
      code: "weights",
      message: "c.safetensors, tensor W1: shape [1,1,2]; a weight matrix has two dimensions and a bias one",
    });
    writeFileSync(join(folder, "n.npz"), formatNpz({ W1: { shape: [1, 2], data: Float64Array.of(1, Number.NaN) } }));
    await expect(readWeights(join(folder, "n.npz"))).rejects.toThrow(/n\.npz, array W1\.npy: entry 1 .* is NaN/);
  });
});

describe("run folders", () => {
  it("are made with their parents, and know their files", async () => {
    const path = join(fresh(), "a", "b");
    const folder = await createRunFolder(path);
    expect(existsSync(path)).toBe(true);
    expect(folder).toEqual({
      path,
      record: join(path, "record.parquet"),
      weights: join(path, "weights.safetensors"),
      certificate: join(path, "certificate.json"),
      run: join(path, "run.json"),
      report: join(path, "report.html"),
    });
  });

  it("may hold other files, but no other run unless it is to be replaced", async () => {
    const path = fresh();
    writeFileSync(join(path, "notes.txt"), "mine");
    await createRunFolder(path);
    writeFileSync(join(path, "record.parquet"), "");
    await expect(createRunFolder(path)).rejects.toThrow(
      /already holds a run \(record\.parquet\); choose another folder, continue it with --resume, or replace it with --overwrite/,
    );
    await createRunFolder(path, { overwrite: true });
    expect(readdirSync(path)).toEqual(["notes.txt"]);
  });

  it("cannot be made of a file", async () => {
    const path = join(fresh(), "file");
    writeFileSync(path, "");
    await expect(createRunFolder(path)).rejects.toMatchObject({
      code: "file",
      message: expect.stringMatching(/cannot be made a folder/),
    });
    await expect(createRunFolder(join(path, "sub"))).rejects.toThrow(
      /cannot be made a folder: a part of the path is not a folder/,
    );
  });
});

describe("checkpoints", () => {
  const schema = z.strictObject({ width: z.int(), stepSize: z.number() });
  const run = { width: 2, stepSize: 0.1 };
  const checkpoint = { run, step: 12, weights, state: { W1: matrix(1, 2, Float64Array.of(9, 8)) } };

  it("give back the run, the step, the weights and the optimiser's state", async () => {
    const folder = await createRunFolder(fresh());
    await saveCheckpoint(folder, checkpoint);
    expect(await loadCheckpoint(folder, schema)).toEqual(checkpoint);
    expect(JSON.parse(readFileSync(folder.run, "utf8"))).toEqual({ format: "surefoot run 1", step: 12, run });
  });

  it("keep weights and step together when the writing stops between the two files", async () => {
    const folder = await createRunFolder(fresh());
    await saveCheckpoint(folder, checkpoint);
    const older = readFileSync(folder.run);
    await saveCheckpoint(folder, { ...checkpoint, step: 20, weights: { W1: matrix(1, 1) } });
    writeFileSync(folder.run, older);
    expect(await loadCheckpoint(folder, schema)).toMatchObject({ step: 20, weights: { W1: matrix(1, 1) } });
  });

  it("are refused when a file is missing, foreign or damaged, by its name and field", async () => {
    const folder = await createRunFolder(fresh());
    await expect(openRunFolder(folder.path)).rejects.toThrow(/no run to continue here \(run\.json is missing\)/);
    await saveCheckpoint(folder, checkpoint);
    await expect(openRunFolder(folder.path)).rejects.toThrow(/\(record\.parquet is missing\)/);
    await createRecord(folder.record, columns as RecordColumns).save();
    writeFileSync(join(folder.path, ".record.parquet.1-2.tmp"), "left by a killed process");
    expect(await openRunFolder(folder.path)).toEqual(folder);
    expect(readdirSync(folder.path).sort()).toEqual(["record.parquet", "run.json", "weights.safetensors"]);

    await expect(loadCheckpoint(folder, z.strictObject({ width: z.string() }))).rejects.toThrow(
      /run\.json: run\.width: /,
    );
    writeFileSync(folder.run, '{"format": "surefoot run 1", "step"');
    await expect(loadCheckpoint(folder, schema)).rejects.toThrow(/run\.json: not JSON/);
    await writeWeights(folder.weights, weights);
    await expect(loadCheckpoint(folder, schema)).rejects.toThrow(/weights\.safetensors: not the weights of a run/);
  });
});
