import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const pages = [
  ...readdirSync(root).filter((name) => name.endsWith(".md")),
  ...readdirSync(join(root, "docs")).flatMap((name) => (name.endsWith(".md") ? [`docs/${name}`] : [])),
  "bench/README.md",
];

describe("documentation", () => {
  it.each(pages)("%s has no dead link", (page) => {
    const text = readFileSync(join(root, page), "utf8");
    for (const [, target] of text.matchAll(/\]\((?!https?:)([^)#\s]+)(?:#[^)]*)?\)/g)) {
      expect(existsSync(join(root, dirname(page), target)), `${page} links to ${target}`).toBe(true);
    }
  });

  it("documents every command in the README", () => {
    const text = readFileSync(join(root, "README.md"), "utf8");
    const main = readFileSync(join(root, "packages/surefoot/src/cli/main.ts"), "utf8");
    const commands = Array.from(main.matchAll(/\b(\w+)Command\(\)/g), ([, name]) => name);
    expect(commands).toContain("certify");
    for (const name of commands) expect(text, name).toContain(`| \`${name}\` |`);
  });
});

describe("README.md", () => {
  // Inside the package, so that its name resolves as it does for a user.
  const folder = mkdtempSync(join(root, "packages/surefoot/dist/readme-test-"));
  symlinkSync(join(root, "examples"), join(folder, "examples"));
  afterAll(() => rmSync(folder, { recursive: true }));

  it("has an example that prints what it says", () => {
    const code = /```js\n(.*?)```/s.exec(readFileSync(join(root, "README.md"), "utf8"))?.[1] ?? "";
    const promised = Array.from(code.matchAll(/^console\.log\(.*\); \/\/ (.*)$/gm), ([, line]) => line);
    expect(promised.length).toBeGreaterThan(0);
    const printed = execFileSync(process.execPath, ["--input-type=module"], {
      cwd: folder,
      input: code,
      encoding: "utf8",
    });
    expect(printed.trimEnd().split("\n")).toEqual(promised);
  });
});
