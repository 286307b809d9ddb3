import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readWeights, writeWeights } from "../../src/record/index.ts";
import { lastJson, surefoot } from "../support/command.ts";

const DATA = "sphere:n=4,d=30,labels=gaussian";
const NETWORK = ["--network", '{"kind":"fully-connected","widths":[1024],"activation":"tanh","frozen":["W2"]}'];

let folder: string;
const run = (...args: string[]) => surefoot(args, folder);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "surefoot-certificate-"));
  const written = await run("init", DATA, ...NETWORK, "--init", "antisymmetric", "--out", "w.safetensors");
  expect(written.code).toBe(0);
  const certified = await run("certify", DATA, ...NETWORK, "--weights", "w.safetensors", "--out", "c.json");
  expect(certified.code).toBe(0);
}, 60_000);

afterAll(() => rm(folder, { recursive: true, force: true }));

describe("surefoot verify", () => {
  const verify = (file = "c.json", weights = "w.safetensors", data = DATA) =>
    run("verify", file, "--data", data, "--weights", weights, "--json");

  it("accepts what certify wrote, exit 0", async () => {
    const finished = await verify();
    expect(finished.code).toBe(0);
    expect(lastJson(finished)).toMatchObject({
      verdict: "accepted",
      statement: expect.stringContaining("reaches zero"),
    });
  });

  it("accepts the same weights from an .npz file", async () => {
    await writeWeights(join(folder, "w.npz"), await readWeights(join(folder, "w.safetensors")));
    expect((await verify("c.json", "w.npz")).code).toBe(0);
  });

  it("rejects other data and other weights, exit 5, naming them", async () => {
    const data = await verify("c.json", "w.safetensors", `${DATA},seed=1`);
    expect([data.code, lastJson(data)]).toMatchObject([5, { verdict: "rejected", hypothesis: "data" }]);
    await run("init", DATA, ...NETWORK, "--init", "antisymmetric", "--seed", "1", "--out", "other.safetensors");
    const weights = await verify("c.json", "other.safetensors");
    expect([weights.code, lastJson(weights)]).toMatchObject([5, { verdict: "rejected", hypothesis: "weights" }]);
  });

  it("rejects a file with a changed digit, a missing field or of another kind, exit 5", async () => {
    const text = await readFile(join(folder, "c.json"), "utf8");
    const { constants: _, ...rest } = JSON.parse(text);
    const changed = text.replace(
      /("lambdaMin": \{"hex":"0x1\.)(.)/,
      (_all, start, digit) => start + (digit === "7" ? "8" : "7"),
    );
    expect(changed).not.toBe(text);
    for (const broken of [changed, JSON.stringify(rest), "[]", '{"format":"surefoot-certificate/1"}']) {
      await writeFile(join(folder, "broken.json"), broken);
      const finished = await verify("broken.json");
      expect([finished.code, lastJson(finished)]).toMatchObject([5, { verdict: "rejected", hypothesis: "file" }]);
    }
  });

  it("ends with exit 2 for files that are missing or cannot be read", async () => {
    await writeFile(join(folder, "text.json"), "no json");
    await writeFile(join(folder, "short.safetensors"), "short");
    for (const [file, weights] of [
      ["absent.json", "w.safetensors"],
      ["text.json", "w.safetensors"],
      ["c.json", "absent.safetensors"],
      ["c.json", "short.safetensors"],
    ]) {
      expect((await verify(file, weights)).code).toBe(2);
    }
  });
});

describe("surefoot certify --out", () => {
  it("writes nothing where nothing is certified", async () => {
    const finished = await run("certify", DATA, "--network", "tanh:8", "--out", "none.json");
    expect(finished.code).toBe(3);
    expect(finished.stderr).toContain("none.json not written");
    await expect(readFile(join(folder, "none.json"))).rejects.toThrow();
  });

  it("says which certificate it cannot put into a file, and writes none: the structured form of S2", async () => {
    const relu = ["sphere:n=10,d=100,labels=gaussian", "--network", "two-layer-relu:480", "--init", "antisymmetric"];
    const finished = await run("certify", ...relu, "--out", "structured.json");
    expect(finished.code).toBe(2);
    expect(finished.stderr).toMatch(
      /certified by S2 \(structured form, margin .*\), but there is no certificate file for it/,
    );
    await expect(readFile(join(folder, "structured.json"))).rejects.toThrow();
  });

  it("writes the same bytes again", async () => {
    await run("certify", DATA, ...NETWORK, "--weights", "w.safetensors", "--out", "again.json");
    expect(await readFile(join(folder, "again.json"))).toEqual(await readFile(join(folder, "c.json")));
  });
});

describe("surefoot init", () => {
  it("writes the weights that --init and --seed stand for, as .safetensors or .npz, and says how to load them", async () => {
    const args = ["--inputs", "3", "--network", "gelu:5,4", "--init", "he", "--seed", "7"];
    const npz = await run("init", ...args, "--out", "i.npz");
    await run("init", ...args, "--out", "i.safetensors");
    expect(await readWeights(join(folder, "i.npz"))).toEqual(await readWeights(join(folder, "i.safetensors")));
    expect(npz.stdout).toContain('np.load("i.npz")');
    expect(npz.stdout).toContain("torch.nn.functional.gelu");
    expect(npz.stdout).toContain("jax.nn.gelu");
    const { W1, W2, W3 } = await readWeights(join(folder, "i.npz"));
    expect([W1, W2, W3].map(({ rows, cols }) => [rows, cols])).toEqual([
      [5, 3],
      [4, 5],
      [1, 4],
    ]);
  });

  it("asks for the number of inputs, once", async () => {
    expect((await run("init", "--network", "tanh:4", "--out", "x.npz")).code).toBe(2);
    expect((await run("init", DATA, "--inputs", "3", "--network", "tanh:4", "--out", "x.npz")).code).toBe(2);
    expect((await run("init", "--inputs", "3", "--network", "tanh:4", "--out", "x.txt")).code).toBe(2);
  });
});
