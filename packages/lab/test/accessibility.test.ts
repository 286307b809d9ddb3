import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { AxeResults, RunOptions } from "axe-core";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect } from "vitest";
import { ended, hasBrowser, inBrowser, launch, open, type Served, serve } from "./browser.ts";

let browser: Browser;
let lab: Served;

beforeAll(async () => {
  if (hasBrowser) [browser, lab] = await Promise.all([launch(), serve()]);
});

afterAll(async () => {
  await browser?.close();
  await lab?.close();
});

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
/** WCAG 2.2 at levels A and AA, contrast included, and axe's own advice; of the second theme only what depends on it. */
const ALL: RunOptions = {
  runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
  resultTypes: ["violations"],
};
const CONTRAST: RunOptions = { runOnly: ["color-contrast"], resultTypes: ["violations"] };

/** What axe-core has to say against the page as it is. */
async function violations(page: Page, all: boolean, within = "html"): Promise<string[]> {
  await page.evaluate(AXE);
  const { violations: found }: AxeResults = await page.evaluate(
    ([root, options]) => (globalThis as unknown as { axe: typeof import("axe-core") }).axe.run(root, options),
    [within, all ? ALL : CONTRAST] as const,
  );
  return found.flatMap(({ id, help, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id} (${help}) at ${target}: ${failureSummary}`),
  );
}

const PLANE = "data=separated:n=5,d=2,delta=0.6&network=two-layer-relu:256&init=antisymmetric&steps=60&speed=0";
const COMPARED = `${PLANE}&vs=1&vs.seed=1`;

for (const theme of ["light", "dark"]) {
  inBrowser(
    `axe-core finds nothing in any view, panel or tour, ${theme}`,
    async () => {
      const { page, complaints } = await open(browser, `${lab.address}#${PLANE}&theme=${theme}`, {
        bypassCSP: true,
      });
      await ended(page);
      const views = ["Curves", "Kernel", "Spectrum", "Drift", "Sign patterns", "Circle", "Ball"];
      // the other views have no colours of their own outside their canvas
      for (const name of theme === "light" ? views : ["Curves", "Kernel", "Circle"]) {
        await page.getByRole("tab", { name }).click();
        await page.locator("#panel canvas").first().waitFor();
        expect.soft(await violations(page, theme === "light", name === "Curves" ? "html" : "#panel"), name).toEqual([]);
      }
      await page.getByRole("button", { name: "Command & export" }).click();
      await page.getByRole("button", { name: "Tours" }).click();
      await page.getByRole("region", { name: "Tours" }).waitFor();
      expect.soft(await violations(page, theme === "light"), "panels").toEqual([]);
      for (const [what, hash] of [
        ["a comparison", COMPARED],
        ["a tour", "tour=two-layer:0&paused=1"],
        ["an undecided run", "paused=1"],
        ["an unreadable link", "nonsense"],
        ["a refusal", "data=mine.csv&paused=1"],
      ] as const) {
        await page.goto(`${lab.address}#${hash}&theme=${theme}`);
        await page.waitForTimeout(300);
        expect.soft(await violations(page, theme === "light"), what).toEqual([]);
      }
      expect(complaints).toEqual([]);
      await page.context().close();
    },
    120_000,
  );
}

inBrowser("a run is announced once, not at every step, and motion is reduced where that is asked for", async () => {
  const { page } = await open(browser, `${lab.address}#${PLANE}&view=circle`, { reducedMotion: "reduce" });
  await ended(page);
  const live = page.locator("[aria-live]");
  expect(await live.count()).toBe(1);
  expect(await live.textContent()).toMatch(/certified at step \d+/);
  expect(await page.locator("[aria-live] [data-testid=step]").count()).toBe(0);
  const moving = await page.evaluate(() => document.getAnimations().length);
  expect(moving).toBe(0);
  await page.context().close();
});
