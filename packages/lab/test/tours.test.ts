import { readFileSync } from "node:fs";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parseState } from "../src/state/url.ts";
import { TOURS } from "../src/tours/tours.ts";
import { hasBrowser, inBrowser, launch, open, type Served, serve } from "./browser.ts";

let browser: Browser;
let lab: Served;

beforeAll(async () => {
  if (hasBrowser) [browser, lab] = await Promise.all([launch(), serve()]);
});

afterAll(async () => {
  await browser?.close();
  await lab?.close();
});

test("a tour for each of five documents, of five to eight steps whose states can be read", () => {
  expect(TOURS).toHaveLength(5);
  for (const { name, steps } of TOURS) {
    expect(steps.length, name).toBeGreaterThanOrEqual(5);
    expect(steps.length, name).toBeLessThanOrEqual(8);
    for (const { state, title } of steps) expect(parseState(state).problem, `${name}: ${title}`).toBeUndefined();
  }
});

inBrowser("what a tour links to comes with the lab and can be read there", async () => {
  const { page, complaints } = await open(browser, `${lab.address}#paused=1`);
  const pages = new Set(["lab", ...TOURS.flatMap(({ manual }) => manual.map((link) => link.page))]);
  for (const name of pages) {
    await page.goto(`${lab.address}docs/${name}.html`);
    expect(await page.locator("h1").count(), name).toBe(1);
    for (const link of await page
      .locator("a[href]:not([href^=http])")
      .evaluateAll((all) => all.map((a) => (a as HTMLAnchorElement).href))) {
      expect((await fetch(link)).status, `${name} links to ${link}`).toBe(200);
    }
  }
  expect(complaints).toEqual([]);
  await page.context().close();
});

test("the manual names what the tours are about", () => {
  const manual = readFileSync(new URL("../../../docs/lab.md", import.meta.url), "utf8");
  for (const { title } of TOURS) expect(manual).toContain(title);
});

for (const tour of TOURS) {
  inBrowser(`every step of the tour "${tour.title}" runs`, async () => {
    const { page, complaints } = await open(browser, lab.address);
    await page.getByRole("button", { name: "Tours" }).click();
    await page.getByRole("button", { name: tour.title }).click();
    for (const [i, step] of tour.steps.entries()) {
      await page.getByRole("heading", { name: step.title, exact: true }).waitFor();
      const { state } = parseState(step.state);
      await expect.poll(() => page.locator("#panel").getAttribute("data-view")).toBe(state.view);
      if (state.versus) await page.getByText("Run B:").waitFor();
      await page.getByRole("button", { name: "Reset" }).click();
      await expect
        .poll(async () => Number(await page.getByTestId("step").textContent()), {
          timeout: 20_000,
          message: step.title,
        })
        .toBeGreaterThan(1);
      expect(await page.getByRole("alert").count(), step.title).toBe(0);
      await page.locator("#panel canvas, #panel p").first().waitFor();
      if (i + 1 < tour.steps.length) await page.getByRole("button", { name: "Next", exact: true }).click();
    }
    expect(complaints).toEqual([]);
    await page.context().close();
  });
}
