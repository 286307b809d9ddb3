import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { kernelFigure } from "../../src/figure/index.ts";
import { renderSvgInNode } from "../../src/figure/node.ts";
import { syntheticRun } from "./synthetic-run.ts";

// Inside the package, so that its name resolves as it does for a user.
const folder = mkdtempSync(join(fileURLToPath(new URL("../../dist/", import.meta.url)), "docs-test-"));
afterAll(() => rmSync(folder, { recursive: true }));

const run = (code: string) =>
  execFileSync(process.execPath, ["--input-type=module"], { cwd: folder, input: code, encoding: "utf8" });

const page = readFileSync(new URL("../../../../docs/figures.md", import.meta.url), "utf8");
const [figures, report, ...rest] = Array.from(page.matchAll(/```js\n(.*?)```/gs), ([, code]) => code);

describe("the examples of docs/figures.md", () => {
  it("are the two that are tested here", () => {
    expect(rest).toEqual([]);
  });

  it("write the figures they promise", () => {
    run(figures);
    expect(readFileSync(join(folder, "loss.svg"), "utf8")).toMatch(/certified at step 3\u202f000/);
    expect(readFileSync(join(folder, "loss.png")).subarray(1, 4).toString()).toBe("PNG");
    expect(readFileSync(join(folder, "widths.svg"), "utf8")).toMatch(/fit to S2: slope 3\.4/);
  });

  it("write the report they promise", () => {
    run(report);
    expect(readFileSync(join(folder, "report.html"), "utf8")).toMatch(/Undecided: no theorem applied/);
  });
});

describe("a coarse screen", () => {
  it("does not change a byte, although the plotting library draws for it with half-pixel shifts", () => {
    const spec = kernelFigure(syntheticRun(), { certifiedStep: 3012 });
    // Without a window the library decides by this global name whether it draws as for a coarse screen.
    const drawn = run(`
      globalThis.it = () => {};
      const { renderSvgInNode } = await import("surefoot/figure/node");
      const Plot = await import("@observablehq/plot");
      const { parseHTML } = await import("linkedom");
      const svg = Plot.plot({ document: parseHTML("<html></html>").document, marks: [Plot.frame()] });
      if (!svg.outerHTML.includes("translate(0.5,0.5)")) throw new Error("the library did not shift its marks");
      process.stdout.write(renderSvgInNode(${JSON.stringify(spec)}));
    `);
    expect(drawn).toBe(renderSvgInNode(spec));
  });
});
