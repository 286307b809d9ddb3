import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createReferenceBackend } from "@surefoot/linalg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadDataset, parseNpy } from "../../src/data/index.ts";
import { type InfiniteKind, infiniteKernel, kernelMatrix } from "../../src/kernel/index.ts";
import { lastJson, surefoot } from "../support/command.ts";

let folder: string;
const RELU = '{"kind":"fully-connected","depth":3,"activation":"relu"}';
const DATA = "sphere:n=12,d=4";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "surefoot-kernel-command-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function readMatrix(name: string): Promise<Float64Array> {
  return parseNpy(new Uint8Array(await readFile(join(folder, name))), name).data;
}

async function expected(architecture: string, kind: InfiniteKind): Promise<Float64Array> {
  const { x } = await loadDataset(DATA, { normalize: "unit-rows" });
  return (await kernelMatrix(infiniteKernel(JSON.parse(architecture), kind, x, createReferenceBackend()))).data;
}

function expectClose(found: Float64Array, wanted: Float64Array) {
  expect(found.length).toBe(wanted.length);
  // Backends sum in different orders.
  found.forEach((value, k) => {
    expect(Math.abs(value - wanted[k])).toBeLessThan(1e-13 * Math.max(1, Math.abs(wanted[k])));
  });
}

describe("surefoot kernel, infinite width", () => {
  it.each([
    ["nngp", RELU],
    ["ntk", '{"kind":"residual","depth":3,"activation":"tanh","cRes":0.5}'],
    ["k-top", '{"kind":"convolutional-residual","depth":2,"activation":"erf","pixels":2,"filter":3}'],
  ] as const)("writes the %s kernel of an architecture and draws its spectrum", async (kind, architecture) => {
    const options = ["--kind", kind, "--architecture", architecture, "--out", `${kind}.npy`, "--figure", `${kind}.svg`];
    const finished = await surefoot(["kernel", DATA, ...options, "--json"], folder);
    expect(finished.stderr).toBe("");
    const result = lastJson<Record<string, unknown>>(finished);
    expect(result).toMatchObject({ n: 12, d: 4, kind, warrant: "computed", architecture: JSON.parse(architecture) });
    expectClose(await readMatrix(`${kind}.npy`), await expected(architecture, kind));
    expect(await readFile(join(folder, `${kind}.svg`), "utf8")).toMatch(/^<svg/);
  });

  it("takes neural-tangents' parameters, and an architecture from a file", async () => {
    await writeFile(join(folder, "relu.json"), RELU);
    const options = [
      "--kind",
      "ntk",
      "--architecture",
      "relu.json",
      "--w-std",
      "1.5",
      "--b-std",
      "0.1",
      "--out",
      "W.npy",
    ];
    expect((await surefoot(["kernel", DATA, ...options], folder)).code).toBe(0);
    const spec = { ...JSON.parse(RELU), weightStd: 1.5, biasStd: 0.1 };
    expectClose(await readMatrix("W.npy"), await expected(JSON.stringify(spec), "ntk"));
  });

  it("of a finite network of any architecture is near its limit", async () => {
    for (const architecture of [RELU, '{"kind":"residual","depth":2,"activation":"tanh"}']) {
      const base = ["kernel", DATA, "--architecture", architecture, "--json"];
      const finite = await surefoot([...base, "--kind", "empirical", "--width", "2000"], folder);
      const limit = await surefoot([...base, "--kind", "ntk"], folder);
      const [a, b] = [finite, limit].map((finished) => lastJson<{ lambdaMax: number }>(finished).lambdaMax);
      // A few times 1/√2000.
      expect(Math.abs(a / b - 1)).toBeLessThan(0.15);
    }
  });

  it.each([
    [["--kind", "ntk", "--architecture", "none.json"], /neither JSON \(\{…\}\) nor a file that exists/],
    [
      ["--kind", "ntk", "--architecture", '{"kind":"residual","depth":2,"activation":"relu"}', "--w-std", "2"],
      /not of residual/,
    ],
    [["--kind", "empirical", "--architecture", RELU], /--architecture with --width/],
    [["--kind", "empirical", "--architecture", RELU, "--width", "9", "--w-std", "2"], /of infinite width alone/],
    [["--w-std", "2"], /--w-std has no meaning for --kind h-infinity/],
  ])("refuses %j with exit code 2", async (options, message) => {
    const { code, stderr } = await surefoot(["kernel", DATA, ...options], folder);
    expect([code, stderr]).toEqual([2, expect.stringMatching(message)]);
  });

  it("that does not fit in memory goes to disk, with the same bytes, and λ_min has a residual", async () => {
    const base = ["kernel", DATA, "--kind", "ntk", "--architecture", RELU, "--json"];
    const inMemory = await surefoot([...base, "--out", "memory.npy"], folder);
    const onDisk = await surefoot([...base, "--out", "disk.npy", "--memory", "1e-7"], folder);
    expect([inMemory.code, onDisk.code]).toEqual([0, 0]);
    expect(await readFile(join(folder, "disk.npy"))).toEqual(await readFile(join(folder, "memory.npy")));
    expect(existsSync(join(folder, "disk.npy.partial"))).toBe(false);
    const [a, b] = [inMemory, onDisk].map((finished) => lastJson<Record<string, number>>(finished));
    expect(Math.abs(a.lambdaMin - b.lambdaMin)).toBeLessThan(b.residual + 1e-12);
    expect(b.method).toMatch(/Lanczos/);
    const nowhere = await surefoot([...base, "--memory", "1e-7"], folder);
    expect([nowhere.code, nowhere.stderr]).toEqual([2, expect.stringMatching(/give --out K\.npy/)]);
  });

  it.each([
    [["--kind", "ntk"], /needs an architecture, e\.g\./],
    [["--kind", "ntk", "--architecture", "{"], /--architecture is not valid JSON/],
    [
      ["--kind", "ntk", "--architecture", '{"kind":"fully-connected","depth":0,"activation":"relu"}'],
      /--architecture: depth/,
    ],
    [
      ["--kind", "ntk", "--architecture", '{"kind":"fully-connected","depth":1,"activation":"rellu"}'],
      /unknown activation/,
    ],
    [["--kind", "h-infinity", "--w-std", "1"], /--w-std has no meaning for --kind h-infinity/],
    [["--figure", "spectrum.pdf"], /name a \.svg or a \.png file/],
  ])("refuses %j with exit code 2", async (options, message) => {
    const { code, stderr } = await surefoot(["kernel", DATA, ...options], folder);
    expect([code, stderr]).toEqual([2, expect.stringMatching(message)]);
  });
});

describe("surefoot predict", () => {
  const ERF = '{"kind":"fully-connected","depth":2,"activation":"erf"}';

  it("fits the training labels at t = ∞, with no variance left, and less well with a ridge", async () => {
    const base = ["predict", DATA, "--architecture", ERF, "--json"];
    const exact = lastJson<Record<string, number>>(await surefoot(base, folder));
    expect(exact.status).toBe("ok");
    expect(exact.meanSquaredError).toBeLessThan(1e-20);
    const ridge = lastJson<Record<string, number>>(await surefoot([...base, "--ridge", "0.1"], folder));
    expect(ridge.meanSquaredError).toBeGreaterThan(1e-4);
  });

  it("predicts at test inputs, in every loss convention alike once times are scaled, and writes them for NumPy", async () => {
    const base = ["predict", DATA, "--test", "sphere:n=5,d=4,seed=9", "--architecture", ERF, "--json"];
    const sum = lastJson<{ mean: number[]; variance: number[] }>(await surefoot([...base, "--time", "2"], folder));
    const half = lastJson<{ mean: number[] }>(
      await surefoot([...base, "--time", "24", "--loss", "half-mean", "--out", "P.npz"], folder),
    );
    expect(sum.mean.length).toBe(5);
    expect(sum.variance.every((value) => value > 0)).toBe(true);
    half.mean.forEach((value, i) => {
      expect(Math.abs(value - sum.mean[i])).toBeLessThan(1e-13);
    });
    expect(existsSync(join(folder, "P.npz"))).toBe(true);
  });

  it("reports the step size limit, converges below it and says so above it, with exit code 1", async () => {
    const base = ["predict", DATA, "--kind", "empirical", "--network", "tanh:64", "--json", "--steps", "inf"];
    const good = await surefoot([...base, "--step-size", "0.01"], folder);
    const { stepSizeLimit, meanSquaredError } = lastJson<Record<string, number>>(good);
    expect([good.code, meanSquaredError < 1e-12]).toEqual([0, true]);
    const above = await surefoot([...base, "--step-size", String(stepSizeLimit * 1.0001)], folder);
    expect(above.code).toBe(1);
    expect(lastJson<Record<string, unknown>>(above)).toMatchObject({ status: "diverges" });
    const few = base.map((word) => (word === "inf" ? "3" : word)).filter((word) => word !== "--json");
    const grows = await surefoot([...few, "--step-size", String(stepSizeLimit * 1.0001)], folder);
    expect([grows.code, grows.stdout]).toEqual([0, expect.stringMatching(/is not: training diverges/)]);
    const below = await surefoot([...base, "--step-size", String(stepSizeLimit * 0.9999)], folder);
    expect(below.code).toBe(0);
  });

  it.each([
    [["--steps", "3"], /--steps needs a --step-size/],
    [["--step-size", "3"], /go with --steps/],
    [["--steps", "3", "--step-size", "1", "--time", "1"], /give one of them/],
    [["--test", "sphere:n=3,d=7"], /has 7 inputs and the training data 4/],
    [["--ridge", "-1"], /ridge -1: give a finite number/],
  ])("refuses %j with exit code 2", async (options, message) => {
    const { code, stderr } = await surefoot(["predict", DATA, "--architecture", ERF, ...options], folder);
    expect([code, stderr]).toEqual([2, expect.stringMatching(message)]);
  });
});
