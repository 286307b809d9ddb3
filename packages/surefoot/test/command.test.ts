import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { formatNpy, formatNpz, readRecord, readWeights, writeWeights } from "../src/record/index.ts";
import { interrupted, lastJson, surefoot, unread } from "./support/command.ts";

let folder: string;
const file = (name: string) => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "surefoot-command-"));
  const npz = formatNpz({
    x: { shape: [3, 2], data: Float64Array.of(1, 0, 0, 1, 1, 1) },
    y: { shape: [3], data: Float64Array.of(1, -1, 1) },
  });
  await writeFile(file("good.npz"), npz);
  await writeFile(file("truncated.npz"), npz.subarray(0, npz.length - 60));
  await writeFile(file("keys.npz"), formatNpz({ inputs: { shape: [2, 1], data: Float64Array.of(1, 2) } }));
  await writeFile(file("x.npy"), formatNpy({ shape: [3, 2], data: Float64Array.of(1, 0, 0, 1, 1, 1) }));
  await writeFile(file("short.npy"), formatNpy({ shape: [2], data: Float64Array.of(1, 2) }));
  await writeFile(file("ragged.csv"), "a,b,label\n1,2,1\n3,4\n");
  await writeFile(file("text.csv"), "a,b,label\n1,2,1\n3,four,-1\n");
  await writeFile(file("infinite.csv"), "a,b,label\n1,2,1\n3,Infinity,-1\n");
  await writeFile(file("zero.csv"), "a,b,label\n1,2,1\n0,0,-1\n");
  await writeFile(file("single.csv"), "a,b,label\n1,2,1\n");
  await writeFile(file("names.csv"), "a,b,label\n1,2,cat\n3,4,dog\n");
  await writeFile(file("contradiction.csv"), "a,b,label\n1,2,1\n3,4,1\n1,2,-1\n");
  await writeWeights(file("narrow.safetensors"), {
    W1: { rows: 3, cols: 2, data: new Float64Array(6) },
    W2: { rows: 1, cols: 3, data: new Float64Array(3) },
  });
});

afterAll(() => rm(folder, { recursive: true, force: true }));

describe("bad input ends with exit code 2, a message that says what and where, and nothing written", () => {
  const relu = ["--network", "two-layer-relu:4"];
  it.each([
    ["a missing file", ["absent.npz"], relu, /absent\.npz/],
    ["a ragged CSV row", ["ragged.csv"], relu, /ragged\.csv.*line 3/s],
    ["a cell that is not a number", ["text.csv"], relu, /text\.csv.*line 3.*b.*four/s],
    ["an infinite entry", ["infinite.csv"], relu, /infinite\.csv.*line 3/s],
    ["x and y of different lengths", ["x.npy,short.npy"], relu, /3.*2|2.*3/s],
    ["a zero row under unit-rows", ["zero.csv"], relu, /row 1.*zero|zero.*row 1|line 3/s],
    ["one sample", ["single.csv"], relu, /single\.csv: 1 sample; at least two/],
    ["labels that are not numbers", ["names.csv"], relu, /--classes|classes/],
    ["wrong npz keys", ["keys.npz"], relu, /keys\.npz.*inputs/s],
    ["a truncated npz", ["truncated.npz"], relu, /truncated\.npz/],
    ["an unknown key in a spec", ["good.npz"], ["--network", '{"kind":"two-layer-relu","width":4,"depth":2}'], /depth/],
    ["a negative width", ["good.npz"], ["--network", '{"kind":"two-layer-relu","width":-4}'], /width/],
    ["a spec that is not JSON", ["good.npz"], ["--network", '{"kind":'], /JSON/],
    ["an unknown activation", ["good.npz"], ["--network", "tann:5"], /tann/],
    ["an unknown initialiser", ["good.npz"], [...relu, "--init", "glorot"], /glorot/],
    [
      "weights of another shape",
      ["good.npz"],
      [...relu, "--weights", "narrow.safetensors"],
      /W1 is 3 × 2, expected 4 × 2/,
    ],
    ["step size 0", ["good.npz"], [...relu, "--step-size", "0"], /step-size/],
    ["step size NaN", ["good.npz"], [...relu, "--step-size", "NaN"], /step-size/],
    ["a negative step size", ["good.npz"], [...relu, "--step-size", "-1"], /step-size/],
    ["an unknown option", ["good.npz"], [...relu, "--sted", "4"], /--sted/],
    ["an unknown class", ["names.csv"], [...relu, "--classes", "cat,cow"], /cow/],
    ["more samples than there are", ["good.npz"], [...relu, "--samples", "9"], /9/],
  ])("%s", async (_what, data, rest, message) => {
    const { code, stdout, stderr } = await surefoot(["train", ...data, ...rest, "--out", "never", "--json"], folder);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(code).toBe(2);
    expect(stdout).toBe("");
    await expect(stat(file("never"))).rejects.toThrow(/ENOENT/);
  });
});

describe("surefoot kernel", () => {
  it("prints λ₀ = ½ for orthonormal inputs and writes the matrix as NumPy reads it", async () => {
    const finished = await surefoot(
      ["kernel", "basis:n=5,d=6", "--kind", "h-infinity", "--json", "--out", "K.npy"],
      folder,
    );
    expect(finished.code).toBe(0);
    const result = lastJson<Record<string, unknown>>(finished);
    expect(result).toMatchObject({
      n: 5,
      d: 6,
      kind: "h-infinity",
      lambdaMin: 0.5,
      lambdaMax: 0.5,
      warrant: "computed",
    });
    expect((await readFile(file("K.npy"))).length).toBe(128 + 8 * 25);
    const { proved } = result as { proved: { lambdaMin: { lower: number; upper: number } } };
    expect(proved.lambdaMin.lower).toBeLessThanOrEqual(0.5);
    expect(proved.lambdaMin.upper).toBeGreaterThanOrEqual(0.5);
    expect(proved.lambdaMin.lower).toBeGreaterThan(0.5 * (1 - 1e-6));
  });

  it("needs a network for the empirical kernel", async () => {
    const { code, stderr } = await surefoot(["kernel", "basis:n=5,d=6", "--kind", "empirical"], folder);
    expect([code, stderr]).toEqual([2, expect.stringMatching(/--network/)]);
  });
});

describe("residual networks from the command", () => {
  it.each([
    ["resnet-tanh:2x48", "residual", ["W1", "W2", "W3"]],
    ["conv-resnet-tanh:2x16@4", "convolutional-residual", ["W1", "W2", "W3"]],
  ])(
    "train to a certificate and leave a report, figures and weights that certify again: %s",
    async (network, kind, names) => {
      const out = kind;
      const data = ["sphere:n=4,d=8", "--network", network];
      const trained = await surefoot(
        ["train", ...data, "--steps", "80", "--step-size", "1/lambda-max", "--out", out, "--json"],
        folder,
      );
      expect(trained.code).toBe(0);
      const files = await readdir(file(out));
      expect(files).toEqual(
        expect.arrayContaining([
          "certificate.json",
          "certified.safetensors",
          "figures",
          "record.parquet",
          "report.html",
        ]),
      );
      const checked = await surefoot(
        ["verify", `${out}/certificate.json`, "--weights", `${out}/certified.safetensors`],
        folder,
      );
      expect([checked.code, checked.stdout]).toEqual([0, expect.stringContaining("ACCEPTED")]);
      expect(await readFile(join(file(out), "report.html"), "utf8")).toContain(kind);
      const record = await readRecord(join(file(out), "record.parquet"));
      expect(Object.keys(record.columns)).toEqual(expect.arrayContaining(names.map((name) => `drift:${name}`)));
      const again = await surefoot(["certify", ...data, "--weights", `${out}/certified.safetensors`, "--json"], folder);
      expect(again.code).toBe(0);
      expect(lastJson(again)).toMatchObject({
        verdict: "certified",
        theorem: "S1",
        warrant: "proved",
        network: { kind },
      });
    },
  );
});

describe("surefoot certify", () => {
  const certify = (...args: string[]) => surefoot(["certify", ...args, "--json"], folder);

  it("orthonormal inputs, antisymmetric: S2 certifies width 1 000 and does not certify width 20", async () => {
    const wide = await certify("orthonormal:n=10,d=10", "--network", "two-layer-relu:1000", "--init", "antisymmetric");
    expect(wide.code).toBe(0);
    expect(lastJson(wide)).toMatchObject({ verdict: "certified", theorem: "S2" });
    const narrow = await certify("orthonormal:n=10,d=10", "--network", "two-layer-relu:20", "--init", "antisymmetric");
    expect(narrow.code).toBe(3);
    expect(lastJson(narrow)).toMatchObject({ verdict: "undecided", theorem: "S2", stepSize: null });
  });

  it("names the rows that contradict each other and exits with 4", async () => {
    const finished = await certify("contradiction.csv", "--network", "tanh:50");
    expect(finished.code).toBe(4);
    expect(lastJson(finished)).toMatchObject({ verdict: "impossible", rows: [0, 2] });
  });

  it("scales the step size with the loss convention and keeps the rate", async () => {
    const data = [
      "sphere:n=10,d=20",
      "--network",
      '{"kind":"fully-connected","widths":[5000],"activation":"tanh","frozen":["W2"]}',
      "--init",
      "antisymmetric",
    ];
    const sum = lastJson<{ stepSize: number; ratePerStep: number; verdict: string }>(await certify(...data));
    const mean = lastJson<{ stepSize: number; ratePerStep: number }>(await certify(...data, "--loss", "mean"));
    expect(sum.verdict).toBe("certified");
    expect(mean.stepSize / sum.stepSize).toBeCloseTo(10 / 2, 9);
    expect(mean.ratePerStep).toBeCloseTo(sum.ratePerStep, 9);
  });

  it("positive initialisation: certified by S1 for A = 1 000 and not for A = 1", async () => {
    const spec =
      '{"kind":"fully-connected","widths":[5,5],"activation":{"kind":"smooth-leaky-relu","slope":0.3},"scaling":"standard"}';
    const at = (scale: number) =>
      certify("sphere:n=20,d=50,labels=gaussian", "--network", spec, "--init", `positive:${scale}`);
    expect(lastJson(await at(1000))).toMatchObject({ verdict: "certified", theorem: "S1" });
    expect(lastJson(await at(1))).toMatchObject({ verdict: "undecided" });
  });
});

describe("surefoot train", () => {
  const run = ["train", "sphere:n=8,d=12", "--network", "tanh:400", "--step-size", "certified", "--backend", "wasm"];

  it("certifies on the way, stays under the certified curve, and leaves every file of the run", async () => {
    const finished = await surefoot([...run, "--steps", "60", "--out", "whole", "--json"], folder);
    expect(finished.code).toBe(0);
    const result = lastJson<{ certifiedStep: number; steps: number; finalLoss: number; files: string[] }>(finished);
    expect(result).toMatchObject({ verdict: "certified", steps: 60, curveViolations: 0 });
    expect(result.certifiedStep).toBeLessThan(60);
    for (const name of result.files) expect((await stat(join(folder, name))).size).toBeGreaterThan(100);
    const { rows } = await readRecord(file("whole/record.parquet"));
    expect(rows.map((row) => row.step)).toEqual(Array.from({ length: 61 }, (_, k) => k));
    expect(rows[60].loss).toBe(result.finalLoss);
    for (const row of rows) {
      if (row.step < result.certifiedStep) expect(row.certifiedLoss).toBeNull();
      else expect(row.loss as number).toBeLessThanOrEqual((row.certifiedLoss as number) * (1 + 1e-9));
    }
    const verify = ["verify", "whole/certificate.json", "--data", "sphere:n=8,d=12"];
    const verified = await surefoot([...verify, "--weights", "whole/certified.safetensors"], folder);
    expect([verified.code, verified.stdout]).toEqual([0, expect.stringMatching(/ACCEPTED/)]);
    const other = await surefoot([...verify, "--weights", "whole/weights.safetensors"], folder);
    expect(other.code).toBe(5);
  });

  it("certifies a saved checkpoint as the run did", async () => {
    const saved = ["--weights", "whole/certified.safetensors"];
    const finished = await surefoot(
      ["certify", "sphere:n=8,d=12", "--network", "tanh:400", ...saved, "--json"],
      folder,
    );
    expect(lastJson(finished)).toMatchObject({ verdict: "certified" });
  });

  it("refuses a folder that holds a run, unless told to replace it", async () => {
    const again = await surefoot([...run, "--steps", "3", "--out", "whole"], folder);
    expect([again.code, again.stderr]).toEqual([2, expect.stringMatching(/already holds a run/)]);
    expect((await readRecord(file("whole/record.parquet"))).rows.length).toBe(61);
  });

  it("stopped by Ctrl-C leaves a valid record, and resumed reaches the same bits as an uninterrupted run", async () => {
    const long = [...run, "--steps", "3000", "--probe-every", "5"];
    // The certified weights appear after a few of the 3 000 steps.
    const begun = async () => (await readdir(file("cut")).catch(() => [])).includes("certified.safetensors");
    const cut = await interrupted([...long, "--out", "cut"], folder, begun);
    expect(cut.code).toBe(130);
    const { rows } = await readRecord(file("cut/record.parquet"));
    expect(rows.length).toBeGreaterThan(1);
    expect(rows.length).toBeLessThan(3001);
    const resumed = await surefoot(["train", "--resume", "cut", "--json"], folder);
    expect(resumed.code).toBe(0);
    const whole = await surefoot([...long, "--out", "uncut", "--json"], folder);
    expect(lastJson<{ finalLoss: number }>(resumed).finalLoss).toBe(lastJson<{ finalLoss: number }>(whole).finalLoss);
    const [a, b] = [
      await readWeights(file("cut/weights.safetensors")),
      await readWeights(file("uncut/weights.safetensors")),
    ];
    expect(a.W1.data).toEqual(b.W1.data);
    const [left, right] = [
      await readRecord(file("cut/record.parquet")),
      await readRecord(file("uncut/record.parquet")),
    ];
    expect(left.rows).toEqual(right.rows);
  });
  it("goes on from Ctrl-C to the same bits on the lazy engine", async () => {
    const run = [
      "train",
      "sphere:n=6,d=8",
      "--network",
      "two-layer-relu:50000",
      "--engine",
      "lazy",
      "--float",
      "--json",
    ];
    const long = [...run, "--step-size", "0.7", "--steps", "4000", "--probe-every", "500"];
    const begun = async () => (await readdir(file("lazy-cut")).catch(() => [])).includes("certified.safetensors");
    const cut = await interrupted([...long, "--out", "lazy-cut"], folder, begun);
    expect(cut.code).toBe(130);
    expect(cut.stderr).toMatch(/needs \d+ MB/);
    expect((await readRecord(file("lazy-cut/record.parquet"))).rows.length).toBeLessThan(4001);
    const resumed = await surefoot(["train", "--resume", "lazy-cut", "--json"], folder);
    const whole = await surefoot([...long, "--out", "lazy-uncut"], folder);
    expect([resumed.code, whole.code]).toEqual([0, 0]);
    const [left, right] = await Promise.all(
      ["lazy-cut", "lazy-uncut"].map((name) => readRecord(file(`${name}/record.parquet`))),
    );
    expect(left.rows).toEqual(right.rows);

    const told = await surefoot(["neuron", "lazy-uncut", "12345", "--json"], folder);
    const found = lastJson<{ step: number; w: number[]; a: number; drift: number; on: number[] }>(told);
    const { W1, W2 } = await readWeights(file("lazy-uncut/weights.safetensors"));
    expect(found).toMatchObject({ step: right.rows[right.rows.length - 1].step, a: W2.data[12345] });
    found.w.forEach((value, q) => {
      expect(Math.abs(value - W1.data[12345 * 8 + q])).toBeLessThan(1e-14);
    });
    expect(found.drift).toBeGreaterThan(0);
    const missing = await surefoot(["neuron", "lazy-uncut", "50000"], folder);
    expect([missing.code, missing.stderr]).toEqual([2, expect.stringMatching(/neurons 0 to 49999/)]);
    const direct = await surefoot(["neuron", "uncut", "1"], folder);
    expect([direct.code, direct.stderr]).toEqual([2, expect.stringMatching(/weights\.safetensors/)]);
  });

  it("refuses a lazy run that does not fit, with the width that does, and networks that have no such engine", async () => {
    const lazy = (network: string) => ["train", "sphere:n=6,d=8", "--network", network, "--engine", "lazy", "--json"];
    const large = await surefoot(
      [...lazy("two-layer-relu:1000000"), "--memory-limit", "1MB", "--step-size", "0.5"],
      folder,
    );
    expect(large.code).toBe(2);
    expect(large.stderr).toMatch(/needs \d+ MB.*largest width that fits is \d+/);
    const other = await surefoot(lazy("tanh:100"), folder);
    expect(other.code).toBe(2);
    expect(other.stderr).toMatch(/--engine lazy: .*two-layer-relu/);
  });

  it("stops for SIGTERM as for Ctrl-C, and can go on even after it was killed outright", async () => {
    const long = [...run, "--steps", "100000", "--probe-every", "50"];
    const begun = (name: string) => async () => (await readdir(file(name)).catch(() => [])).includes("run.json");
    const asked = await interrupted([...long, "--out", "asked"], folder, begun("asked"), "SIGTERM");
    expect(asked.code).toBe(143);
    expect(await readdir(file("asked"))).toContain("report.html");
    const killed = await interrupted([...long, "--out", "killed"], folder, begun("killed"), "SIGKILL");
    expect(killed.code).toBe(null);
    expect((await readRecord(file("killed/record.parquet"))).rows.length).toBeGreaterThan(0);
    const resumed = await surefoot(["train", "--resume", "killed", "--steps", "60", "--json"], folder);
    expect(lastJson(resumed)).toMatchObject({ steps: 60, stopped: "steps-done" });
  });

  it("stops when it diverges, and says so", async () => {
    const wild = ["train", "sphere:n=6,d=8", "--network", "two-layer-relu:200", "--steps", "500", "--step-size", "100"];
    const finished = await surefoot([...wild, "--json"], folder);
    expect(finished.code).toBe(1);
    expect(lastJson(finished)).toMatchObject({ stopped: "diverged" });
    expect(finished.stderr).toMatch(/diverged/i);
  });

  it("prints no progress into a pipe", async () => {
    const { stderr } = await surefoot([...run, "--steps", "5"], folder);
    expect(stderr).not.toContain("\r");
    expect(stderr).not.toContain("\u001b");
  });
});

describe("help", () => {
  it("may be read in part: a closed pipe is no crash", async () => {
    const { code, stderr } = await unread(["train", "--help"]);
    expect(stderr).toBe("");
    expect(code).toBe(0);
  });

  it("teaches: every command explains itself with an example, and no arguments prints the help", async () => {
    for (const command of ["certify", "train", "kernel"]) {
      const { code, stdout } = await surefoot([command, "--help"]);
      expect(code).toBe(0);
      expect(stdout).toMatch(/Examples:\n {2}surefoot/);
    }
    const bare = await surefoot([]);
    expect(bare.stdout + bare.stderr).toMatch(/certify/);
  });
});
