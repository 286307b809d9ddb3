import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const page = readFileSync(new URL("../../../../docs/lazy-simulator.md", import.meta.url), "utf8");
const examples = Array.from(page.matchAll(/```js\n(.*?)```/gs), ([, code]) => code);
const cwd = fileURLToPath(new URL("../../dist/", import.meta.url));

describe("docs/lazy-simulator.md", () => {
  it("has one example, which trains a million neurons and ends by itself", () => {
    expect(examples.length).toBe(1);
    const output = execFileSync(process.execPath, ["--input-type=module"], {
      cwd,
      input: examples[0],
      encoding: "utf8",
    });
    const [plan, numbers] = output.trim().split("\n");
    expect(plan).toMatch(/^needs \d+ MB$/);
    const [loss, lambdaMin, kernelDrift, flips, drift] = numbers.split(" ").map(Number);
    expect(loss).toBeLessThan(1e-10);
    expect(lambdaMin).toBeGreaterThan(0.1);
    for (const small of [kernelDrift, flips, drift]) {
      expect(small).toBeGreaterThan(0);
      expect(small).toBeLessThan(0.05);
    }
  });
});
