import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const page = readFileSync(new URL("../../../docs/linalg.md", import.meta.url), "utf8");
const examples = Array.from(page.matchAll(/```js\n(.*?)```/gs), ([, code]) => code);
// Inside the package, so that its name resolves as it does for a user.
const cwd = fileURLToPath(new URL("../dist/", import.meta.url));
const run = (code: string) =>
  execFileSync(process.execPath, ["--input-type=module"], { cwd, input: code, encoding: "utf8" });

describe("the examples of docs/linalg.md", () => {
  test("are the three that are tested here", () => {
    expect(examples.length).toBe(3);
  });

  test("factor a matrix, and end by themselves", () => {
    const output = run(examples[0]);
    expect(output).toMatch(/2,\s+0,\s+0,\s+1,\s+2,\s+0,\s+0,\s+1\.5,\s+1\.93/);
    expect(output).toMatch(/name: '(native|wasm)'/);
  });

  test("choose a deterministic backend and say why native was passed over", () => {
    expect(run(examples[1])).toMatch(/^wasm.*native false: its bits depend/s);
  });

  test("print what the doctor found", () => {
    expect(run(examples[2])).toMatch(/^native .*\nwasm .*\nreference plain TypeScript/);
  });
});
