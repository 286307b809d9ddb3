import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Browser, type BrowserContextOptions, chromium, type Download, type Page } from "playwright-core";
import { expect, test } from "vitest";

const CHROMIUM = process.env.SUREFOOT_CHROMIUM ?? "/usr/bin/chromium";
export const required = (process.env.SUREFOOT_REQUIRE ?? "").split(",").includes("chromium");

/** Tests in a real browser: skipped by name where there is none, failing where one is required. */
export const hasBrowser = existsSync(CHROMIUM);
export const inBrowser = test.skipIf(!hasBrowser);

const COMMAND = fileURLToPath(new URL("../../surefoot/bin/surefoot.js", import.meta.url));

export function launch(): Promise<Browser> {
  return chromium.launch({
    executablePath: CHROMIUM,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

export interface Served {
  readonly address: string;
  close(): Promise<void>;
}

/** `surefoot lab` as a user starts it. */
export async function serve(): Promise<Served> {
  const child = spawn(process.execPath, [COMMAND, "lab", "--no-open", "--port", "0"], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const ended = new Promise<void>((resolve) => child.on("exit", () => resolve()));
  const address = await new Promise<string>((resolve, reject) => {
    let text = "";
    child.stdout.on("data", (chunk) => {
      text += chunk;
      const found = /http:\S+/.exec(text);
      if (found) resolve(found[0]);
    });
    child.on("exit", (code) => reject(new Error(`surefoot lab ended with code ${code}`)));
  });
  return {
    address,
    close: () => {
      child.kill("SIGTERM");
      return ended;
    },
  };
}

/** Runs the command to its end; returns stdout. Any exit code but 1 and 2 will do: a verdict is no failure. */
export function command(args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [COMMAND, ...args], { stdio: ["ignore", "pipe", "pipe"] });
    let [out, err] = ["", ""];
    child.stdout.on("data", (chunk) => {
      out += chunk;
    });
    child.stderr.on("data", (chunk) => {
      err += chunk;
    });
    child.on("exit", (code) => (code === 1 || code === 2 ? reject(new Error(err)) : resolve(out)));
  });
}

export interface OpenPage {
  readonly page: Page;
  /** Whatever the browser complained about so far. */
  readonly complaints: string[];
}

export async function open(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<OpenPage> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(`${message.type()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => complaints.push(`uncaught: ${error.message}`));
  await page.goto(url);
  return { page, complaints };
}

/** Waits for the run to end at its last step. */
export async function ended(page: Page): Promise<void> {
  await page.getByText("The run has ended").waitFor({ timeout: 40_000 });
}

/** Presses a button of the panel "Command & export"; the files that the page then saves, by name. */
export async function savedFiles(page: Page, button: string, count: number): Promise<Map<string, Buffer>> {
  const downloads: Download[] = [];
  const listen = (download: Download) => downloads.push(download);
  page.on("download", listen);
  await page.getByRole("button", { name: button }).click();
  await expect.poll(() => downloads.length, { timeout: 20_000 }).toBe(count);
  page.off("download", listen);
  const files = downloads.map(async (download) => {
    const chunks: Buffer[] = [];
    for await (const chunk of await download.createReadStream()) chunks.push(chunk as Buffer);
    return [download.suggestedFilename(), Buffer.concat(chunks)] as const;
  });
  return new Map(await Promise.all(files));
}

/** The record of the run as the page saves it: columns of doubles by name, NaN where nothing was measured. */
export async function savedRecord(page: Page): Promise<Map<string, number[]>> {
  await page.getByRole("button", { name: "Command & export" }).click();
  const text = (await savedFiles(page, "Record (CSV)", 1)).get("record.csv")?.toString("utf8") ?? "";
  const [header, ...lines] = text.trimEnd().split("\n");
  const rows = lines.map((line) => line.split(",").map((text) => (text === "" ? Number.NaN : Number(text))));
  return new Map(header.split(",").map((name, i) => [name, rows.map((row) => row[i])]));
}

export async function expectCertified(page: Page): Promise<number> {
  const step = page.getByTestId("certified-step");
  await step.waitFor({ timeout: 30_000 });
  const value = Number(await step.textContent());
  expect(Number.isInteger(value)).toBe(true);
  return value;
}
