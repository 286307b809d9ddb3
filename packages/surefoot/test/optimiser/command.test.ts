import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { surefoot } from "../support/command.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "surefoot-optimiser-"));
});
afterAll(() => rm(folder, { recursive: true }));

const PROBLEM = [
  "sphere:n=6,d=5,labels=sign",
  "--network",
  "tanh:300",
  "--backend",
  "wasm",
  "--probes",
  "none",
  "--float",
];

describe("surefoot train --optimiser", () => {
  it("goes on to the same bits, and claims nothing for the optimiser although gradient descent would be certified", {
    timeout: 120_000,
  }, async () => {
    const how = [
      "--optimiser",
      "momentum:0.5",
      "--batch",
      "5",
      "--schedule",
      "inverse-time:0.001",
      "--probe-every",
      "100",
      "--json",
    ];
    const whole = await surefoot(["train", ...PROBLEM, ...how, "--steps", "40", "--out", "whole"], folder);
    await surefoot(["train", ...PROBLEM, ...how, "--steps", "15", "--out", "part"], folder);
    const resumed = await surefoot(["train", "--resume", "part", "--steps", "40", "--json"], folder);
    const bits = (run: string) => readFile(join(folder, run, "weights.safetensors"));
    expect(await bits("part")).toEqual(await bits("whole"));
    expect([whole.code, resumed.code]).toEqual([3, 3]);
    for (const { stdout } of [whole, resumed]) {
      const found = JSON.parse(stdout);
      expect(found).toMatchObject({ verdict: "undecided", certifiedStep: null, certificate: null, steps: 40 });
      expect(found.descentFromLastWeights.verdict).toBe("certified");
      expect(found.descentCertifiable.margin).toBeGreaterThan(1);
    }
    const report = await readFile(join(folder, "whole", "report.html"), "utf8");
    expect(report).toContain("nothing is proved about where this run ends");
    expect(report).not.toContain("✓ Certified");
  });

  it("says what a classification loss and the lazy simulator need", async () => {
    const other = await surefoot([
      "train",
      "sphere:n=6,d=5,labels=gaussian",
      "--network",
      "tanh:9",
      "--loss",
      "logistic",
    ]);
    expect(other).toMatchObject({ code: 2, stderr: expect.stringContaining("needs labels −1 and +1") });
    const network = ["--network", "two-layer-relu:50", "--engine", "lazy"];
    const lazy = await surefoot(["train", "sphere:n=6,d=5", ...network, "--optimiser", "adam"]);
    expect(lazy).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("plain gradient descent on a squared loss"),
    });
  });
});
