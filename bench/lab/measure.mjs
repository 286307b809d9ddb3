// Load size, time to the first certificate and frame rate of the lab: node bench/lab/measure.mjs [--json]
import { readdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { startLab } from "./browser.mjs";

const ROUNDS = 3;
const SECONDS = 6;
/** The case: 100 samples, width 1024, at full speed. */
const HEAVY = "data=sphere:n=100,d=20&network=tanh:1024&steps=1000000&speed=0";
const site = new URL("../../packages/lab/dist/site/", import.meta.url);
const compressed = (name) => gzipSync(readFileSync(new URL(name, site)), { level: 9 }).length;

const { address, browser, close } = await startLab();
const result = {};
try {
  result.loads = [];
  for (let round = 0; round < ROUNDS; round++) result.loads.push(await firstLoad());
  result.frames = [];
  for (let round = 0; round < ROUNDS; round++) result.frames.push(await frames());
  result.allFilesKilobytes =
    readdirSync(new URL("assets/", site)).reduce((sum, name) => sum + compressed(`assets/${name}`), 0) / 1000;
} finally {
  await close();
}
if (process.argv.includes("--json")) console.log(JSON.stringify(result));
else {
  for (const { kilobytes, controls, numbers, certified } of result.loads) {
    console.log(
      `first load ${kilobytes.toFixed(0)} kB compressed, controls after ${controls.toFixed(0)} ms, first numbers after ${numbers.toFixed(0)} ms, certificate after ${certified.toFixed(0)} ms`,
    );
  }
  for (const { rate, worst, steps } of result.frames) {
    console.log(
      `while training: ${rate.toFixed(1)} frames/s, longest frame ${worst.toFixed(0)} ms, ${steps.toFixed(1)} steps/s`,
    );
  }
  console.log(
    `all files of the lab, heavy views and exports included: ${result.allFilesKilobytes.toFixed(0)} kB compressed`,
  );
}

/** A fresh profile on the first screen at full speed. Compressed size of what the page asked for before its first certificate. */
async function firstLoad() {
  const context = await browser.newContext({ serviceWorkers: "block" });
  const page = await context.newPage();
  const names = new Set();
  page.on("request", (request) => {
    const name = new URL(request.url()).pathname.slice(1) || "index.html";
    if (request.url().startsWith(address)) names.add(name);
  });
  const began = performance.now();
  await page.goto(`${address}#speed=0`, { waitUntil: "commit" });
  await page.getByLabel("Seed", { exact: true }).waitFor();
  const controls = performance.now() - began;
  await page.waitForFunction(() => Number(document.querySelector("[data-testid=step]")?.textContent) > 0);
  const numbers = performance.now() - began;
  await page.getByTestId("certified-step").waitFor();
  const certified = performance.now() - began;
  const kilobytes = [...names].reduce((sum, name) => sum + compressed(name), 0) / 1000;
  await context.close();
  return { kilobytes, controls, numbers, certified, files: [...names] };
}

/** Frames drawn a second and the longest one while the run goes on at full speed. */
async function frames() {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  const page = await context.newPage();
  await page.goto(`${address}#${HEAVY}`);
  await page.waitForFunction(() => Number(document.querySelector("[data-testid=step]")?.textContent) > 3);
  const step = async () => Number(await page.getByTestId("step").textContent());
  const before = await step();
  const measured = await page.evaluate(
    (milliseconds) =>
      new Promise((resolve) => {
        const began = performance.now();
        let [last, count, worst] = [began, 0, 0];
        const tick = (now) => {
          count++;
          worst = Math.max(worst, now - last);
          last = now;
          if (now - began < milliseconds) requestAnimationFrame(tick);
          else resolve({ rate: (1000 * count) / (now - began), worst });
        };
        requestAnimationFrame(tick);
      }),
    SECONDS * 1000,
  );
  const steps = ((await step()) - before) / SECONDS;
  await context.close();
  return { ...measured, steps };
}
