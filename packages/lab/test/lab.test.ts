import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { readRecord } from "surefoot";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  command,
  ended,
  expectCertified,
  hasBrowser,
  inBrowser,
  launch,
  open,
  required,
  type Served,
  savedFiles,
  savedRecord,
  serve,
} from "./browser.ts";

let browser: Browser;
let lab: Served;

beforeAll(async () => {
  if (hasBrowser) [browser, lab] = await Promise.all([launch(), serve()]);
});

afterAll(async () => {
  await browser?.close();
  await lab?.close();
});

if (!hasBrowser) {
  test("Chromium is needed for the tests of the lab (SUREFOOT_CHROMIUM names it)", (context) => {
    expect(required, "SUREFOOT_REQUIRE asks for chromium, and there is none").toBe(false);
    context.skip("no Chromium on this machine: nothing of the lab was tested in a browser");
  });
}

/** Of the same kind as the first screen; short, so that the suite stays quick. */
const EXPERIMENTS = [
  { hash: "speed=0&steps=220", isolated: true },
  {
    hash: "speed=0&steps=60&data=separated:n=5,d=2,delta=0.6&network=two-layer-relu:1024&init=antisymmetric",
    isolated: true,
  },
  {
    hash: "speed=0&steps=40&data=orthonormal:n=6,d=8&network=two-layer-relu:4000&init=antisymmetric&engine=lazy&loss=mean",
    isolated: true,
  },
  {
    hash: "speed=0&steps=30&data=examples/data/iris.csv&classes=setosa,virginica&mu=0.3&samples=20&network=softplus:64,32&seed=3&loss=mean&step-size=certified",
    isolated: false,
  },
];

for (const { hash, isolated } of EXPERIMENTS) {
  const threads = isolated ? "with shared memory" : "without cross-origin isolation";
  inBrowser(
    `every recorded number and the certification step are the command's, bit for bit: ${hash}, ${threads}`,
    async () => {
      const folder = await mkdtemp(join(tmpdir(), "surefoot-lab-"));
      try {
        const { page, complaints } = await open(browser, "about:blank");
        if (!isolated) {
          await page.context().route("**/*", async (route) => {
            const response = await route.fetch();
            const kept = Object.entries(response.headers()).filter(([name]) => !name.startsWith("cross-origin"));
            await route.fulfill({ response, headers: Object.fromEntries(kept) });
          });
        }
        await page.goto(`${lab.address}#${hash}`);
        await ended(page);
        expect(await page.evaluate(() => crossOriginIsolated)).toBe(isolated);
        const record = await savedRecord(page);
        const shown = (await page.getByTestId("command").textContent()) ?? "";
        const args = shown.replace(/^surefoot /, "").split(" ");
        const source = args.map((argument) =>
          argument.replace("examples/data/", new URL("../../../examples/data/", import.meta.url).pathname),
        );
        const report = JSON.parse(await command([...source, "--out", join(folder, "run"), "--json"]));
        const { rows, columns } = await readRecord(join(folder, "run", "record.parquet"));
        for (const name of Object.keys(columns)) {
          const theirs = rows.map((row) => (row[name] ?? Number.NaN) as number);
          expect(record.get(name), name).toEqual(theirs);
        }
        const badge = page.getByTestId("certified-step");
        const step = (await badge.count()) > 0 ? Number(await badge.textContent()) : null;
        expect(step).toBe(report.certifiedStep);
        if (hash.includes("engine=lazy")) await expectOutcomeOnly(page);
        else if (step !== null) await expectSameFiles(page, join(folder, "run"));
        expect(complaints).toEqual([]);
        await page.context().close();
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
  );
}

/** Certificate and weights are those that the command wrote, byte for byte, and the independent checker accepts them. */
async function expectSameFiles(page: Page, run: string): Promise<void> {
  const files = await savedFiles(page, "Certificate & weights", 2);
  expect([...files.keys()].sort()).toEqual(["certificate.json", "certified.safetensors"]);
  for (const [name, bytes] of files) {
    expect(bytes.equals(await readFile(join(run, name))), name).toBe(true);
    await writeFile(join(run, `lab-${name}`), bytes);
  }
  const weights = join(run, "lab-certified.safetensors");
  expect(await command(["verify", join(run, "lab-certificate.json"), "--weights", weights])).toMatch(/^ACCEPTED/);
}

/** Where no certificate can be written the outcome is saved, and the page says why. */
async function expectOutcomeOnly(page: Page): Promise<void> {
  await expectCertified(page);
  const outcome = JSON.parse(String((await savedFiles(page, "Certificate & weights", 1)).get("outcome.json")));
  expect(outcome.verdict).toBe("certified");
  await page.getByText(/could not be written: the lazy engine keeps no weights/).waitFor();
}

inBrowser("the first screen runs, becomes certified and says what is a theorem", async () => {
  const { page, complaints } = await open(browser, `${lab.address}#speed=0`);
  await page.getByTestId("badge").getByText("certified at step").waitFor();
  expect(await expectCertified(page)).toBe(160);
  const badge = (await page.getByTestId("badge").textContent()) ?? "";
  expect(badge).toMatch(/It is a theorem: with step size 0\.0987 .* ball of radius/s);
  expect(await page.getByTestId("theorem-numbers").textContent()).toMatch(/0\.194<0\.203/);
  expect(complaints).toEqual([]);
  await page.context().close();
});

inBrowser("before the certificate the badge says what is missing", async () => {
  const { page } = await open(browser, `${lab.address}#speed=5`);
  const badge = page.getByTestId("badge");
  await badge.getByText(/‖e‖ must fall below \d/).waitFor();
  expect(await badge.getByRole("status").textContent()).toMatch(/^\s*undecided\s*$/);
  await page.context().close();
});

inBrowser("back, forward and reload restore the experiment and the view", async () => {
  const { page, complaints } = await open(browser, `${lab.address}#speed=0&steps=40`);
  await page.getByRole("tab", { name: "Drift" }).click();
  await page.getByLabel("Seed", { exact: true }).fill("7");
  await page.getByLabel("Seed", { exact: true }).press("Enter");
  await expect.poll(() => page.url()).toContain("seed=7");
  await ended(page);
  const loss = await page.getByTestId("loss").textContent();
  await page.reload();
  await ended(page);
  expect(await page.getByLabel("Seed", { exact: true }).inputValue()).toBe("7");
  expect(await page.getByTestId("loss").textContent()).toBe(loss);
  expect(await page.getByRole("tab", { name: "Drift" }).getAttribute("aria-selected")).toBe("true");
  await page.goBack();
  await expect.poll(() => page.getByLabel("Seed", { exact: true }).inputValue()).toBe("0");
  await ended(page);
  expect(await page.getByTestId("loss").textContent()).not.toBe(loss);
  await page.goBack();
  await expect.poll(() => page.getByRole("tab", { name: "Curves" }).getAttribute("aria-selected")).toBe("true");
  await page.goForward();
  await page.goForward();
  await expect.poll(() => page.getByLabel("Seed", { exact: true }).inputValue()).toBe("7");
  expect(complaints).toEqual([]);
  await page.context().close();
});

inBrowser("a malformed link shows the first experiment and says why", async () => {
  const { page, complaints } = await open(browser, "about:blank");
  for (const hash of ["network=tanh:zero", "seed=-1", "data=%E0%A4%A"]) {
    await page.goto("about:blank");
    await page.goto(`${lab.address}#${hash}`);
    await page.getByText("This link could not be read").waitFor();
    await page.getByText("20 samples, 10 coordinates").waitFor();
  }
  expect(complaints).toEqual([]);
  await page.context().close();
});

inBrowser(
  "a malformed upload is refused with the reason while the running experiment goes on; a good one is taken",
  async () => {
    const { page, complaints } = await open(browser, `${lab.address}#speed=100&steps=100000`);
    const step = async () => Number(await page.getByTestId("step").textContent());
    await expect.poll(step).toBeGreaterThan(3);
    const upload = (name: string, text: string) =>
      page.getByLabel(/Your own data/).setInputFiles({ name, mimeType: "text/csv", buffer: Buffer.from(text) });
    await upload("broken.csv", "a,b,label\n1,2,0\n3,oops,1\n");
    const refusal = page.locator("#refusal");
    await refusal.waitFor();
    expect(await refusal.textContent()).toMatch(/broken\.csv.*oops.*goes on/s);
    expect(page.url()).not.toContain("broken");
    const before = await step();
    expect(before).toBeGreaterThan(3);
    await expect.poll(step).toBeGreaterThan(before + 5);
    await upload("mine.csv", "a,b,label\n1,2,-1\n3,1,1\n-1,2,1\n");
    await page.getByText("3 samples, 2 coordinates").waitFor();
    expect(await refusal.count()).toBe(0);
    await page.reload();
    await page.getByText(/mine\.csv: choose this file again/).waitFor();
    expect(complaints).toEqual([]);
    await page.context().close();
  },
);

inBrowser("every view shows something in a direct run, and what it lacks in a lazy one", async () => {
  const plane = "data=separated:n=5,d=2,delta=0.6&network=two-layer-relu:1024&init=antisymmetric&steps=60&speed=0";
  const { page, complaints } = await open(browser, `${lab.address}#${plane}`);
  await ended(page);
  for (const name of ["Kernel", "Spectrum", "Drift", "Sign patterns", "Circle", "Ball", "Curves"]) {
    await page.getByRole("tab", { name }).click();
    const canvas = page.locator("#panel canvas").first();
    await canvas.waitFor();
    await expect.poll(() => canvas.evaluate(inkOf), { message: name }).toBeGreaterThan(200);
  }
  await page.goto(
    `${lab.address}#data=sphere:n=20,d=10&network=two-layer-relu:200000&engine=lazy&steps=50&speed=0&view=kernel`,
  );
  await ended(page);
  await page.getByText("K(t) − H∞").first().waitFor();
  await page.getByRole("tab", { name: "Sign patterns" }).click();
  await page.getByText(/keeps no weights/).waitFor();
  expect(complaints).toEqual([]);
  await page.context().close();
});

/** Pixels that are not empty. */
function inkOf(element: SVGElement | HTMLElement): number {
  const canvas = element as HTMLCanvasElement;
  const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
  let ink = 0;
  for (let i = 3; i < data.length; i += 4) if (data[i] !== 0) ink++;
  return ink;
}

inBrowser("pause holds the run, a step is one step, and two runs are compared", async () => {
  const { page, complaints } = await open(browser, `${lab.address}#paused=1`);
  const step = () => page.getByTestId("step").textContent();
  await page.getByText("20 samples").waitFor();
  await page.getByRole("button", { name: "Step", exact: true }).click();
  await page.getByRole("button", { name: "Step", exact: true }).click();
  await expect.poll(step).toBe("2");
  await page.waitForTimeout(150);
  expect(await step()).toBe("2");
  await page.getByRole("button", { name: "Compare with a second run" }).click();
  await page.getByText("Run B:").waitFor();
  await page.getByRole("button", { name: "Step", exact: true }).click();
  await expect.poll(step).toBe("1");
  await page.reload();
  await page.getByText("Run B:").waitFor();
  await page.getByRole("button", { name: "End the comparison" }).click();
  await expect.poll(() => page.getByText("Run B:").count()).toBe(0);
  expect(complaints).toEqual([]);
  await page.context().close();
});

inBrowser("Parquet and figures are saved, and the lab works without a network", async () => {
  const { page, complaints } = await open(browser, `${lab.address}#speed=0&steps=200`);
  await ended(page);
  await page.getByRole("button", { name: "Command & export" }).click();
  const save = async (button: string, count: number) => [...(await savedFiles(page, button, count)).keys()].sort();
  expect(await save("Record (Parquet)", 1)).toEqual(["record.parquet"]);
  expect(await save("Figures (SVG)", 3)).toEqual(["kernel.svg", "loss.svg", "margin.svg"]);
  expect(await save("Figures (PNG)", 3)).toEqual(["kernel.png", "loss.png", "margin.png"]);
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
  await expect.poll(() => page.evaluate(async () => (await caches.keys()).length)).toBe(1);
  await page.context().setOffline(true);
  await page.reload();
  await ended(page);
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
  expect(complaints).toEqual([]);
  await page.context().close();
});

inBrowser("the keyboard alone plays, steps and changes the view, and every control has a name", async () => {
  const { page, complaints } = await open(browser, `${lab.address}#paused=1`);
  await page.getByText("20 samples").waitFor();
  await page.keyboard.press(".");
  await expect.poll(() => page.getByTestId("step").textContent()).toBe("1");
  await page.keyboard.press(" ");
  await page.getByRole("button", { name: "Pause" }).waitFor();
  await page.getByRole("tab", { name: "Curves" }).focus();
  await page.keyboard.press("ArrowRight");
  await expect.poll(() => page.getByRole("tab", { name: "Kernel" }).getAttribute("aria-selected")).toBe("true");
  await page.getByText("K(t) − K(0)").first().waitFor();
  const nameless = await page.evaluate(() =>
    Array.from(document.querySelectorAll<HTMLElement>("button, input, select, canvas"))
      .filter((element) => {
        const labels =
          "labels" in element ? Array.from((element.labels as NodeListOf<HTMLLabelElement> | null) ?? []) : [];
        const names = [
          element.ariaLabel,
          element.closest("[role=img]")?.ariaLabel,
          ...labels.map((label) => label.textContent),
        ];
        if (element instanceof HTMLButtonElement) names.push(element.textContent);
        return !names.some((name) => name?.trim());
      })
      .map((element) => element.outerHTML),
  );
  expect(nameless).toEqual([]);
  expect(complaints).toEqual([]);
  await page.context().close();
});
