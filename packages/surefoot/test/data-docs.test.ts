import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { GENERATOR_KINDS } from "../src/data/index.ts";
import { RUN_FILES } from "../src/record/index.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const page = readFileSync(join(root, "docs/data.md"), "utf8");
const examples = Array.from(page.matchAll(/```js\n(.*?)```/gs), ([, code]) => code);

// Inside the package, so that its name resolves as it does for a user.
const folder = mkdtempSync(join(root, "packages/surefoot/dist/docs-test-"));
symlinkSync(join(root, "examples"), join(folder, "examples"));
afterAll(() => rmSync(folder, { recursive: true }));

describe("docs/data.md", () => {
  it.each(examples.map((code) => [/import .*;/.exec(code)?.[0] ?? "no import", code]))(
    "prints what it says: %s",
    (_, code) => {
      const promised = Array.from(code.matchAll(/^console\.log\(.*\); \/\/ (.*)$/gm), ([, line]) => line);
      expect(promised.length).toBeGreaterThan(0);
      const printed = execFileSync(process.execPath, ["--input-type=module"], {
        cwd: folder,
        input: code,
        encoding: "utf8",
      });
      expect(printed.trimEnd().split("\n")).toEqual(promised);
    },
  );

  it("has three examples, names every generator, and every file of a run", () => {
    expect(examples.length).toBe(3);
    for (const kind of GENERATOR_KINDS) expect(page).toContain(`| \`${kind}:n=`);
    for (const name of Object.values(RUN_FILES)) expect(page).toContain(`\`${name}\``);
  });
});
