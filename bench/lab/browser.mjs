// The lab as a user starts it, in Chromium: what measure.mjs and screenshots.mjs have in common.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const COMMAND = fileURLToPath(new URL("../../packages/surefoot/bin/surefoot.js", import.meta.url));

export async function startLab() {
  const server = spawn(process.execPath, [COMMAND, "lab", "--no-open", "--port", "0"], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const address = await new Promise((resolve, reject) => {
    let text = "";
    server.stdout.on("data", (chunk) => {
      text += chunk;
      const found = /http:\S+/.exec(text);
      if (found) resolve(found[0]);
    });
    server.on("exit", (code) => reject(new Error(`surefoot lab ended with code ${code}; is everything built?`)));
  });
  const browser = await chromium.launch({
    executablePath: process.env.SUREFOOT_CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
  const close = async () => {
    await browser.close();
    server.kill();
  };
  return { address, browser, close };
}
