import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { SurefootError } from "../error.ts";
import { wholeNumber } from "./inputs.ts";
import { serveFolder } from "./static-server.ts";
import { print, say } from "./terminal.ts";

interface Arguments {
  readonly port?: number;
  readonly open: boolean;
}

export function labCommand(): Command {
  return new Command("lab")
    .summary("watch gradient descent become a theorem, in the browser")
    .description(
      "Serves the lab on this machine (127.0.0.1) and opens it in the browser. All\n" +
        "computation happens in the page; nothing is sent anywhere. Ctrl-C ends it.",
    )
    .option("--port <n>", "port to listen on (default: 4180, or a free one)", wholeNumber(0))
    .option("--no-open", "only print the address")
    .action(run);
}

const USUAL_PORT = 4180;

async function run({ port, open }: Arguments): Promise<void> {
  if (port !== undefined && port > 65535) throw new SurefootError("argument", `--port ${port}: ports end at 65535`);
  const server = await serveFolder(siteFolder(), port === undefined ? [USUAL_PORT, 0] : [port]);
  print(`The lab is at ${server.address}`);
  if (open) openInBrowser(server.address);
  say("Press Ctrl-C to end it.");
  await new Promise<void>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
  });
  await server.close();
}

/** The built lab. */
function siteFolder(): string {
  let folder: string;
  try {
    folder = join(dirname(fileURLToPath(import.meta.resolve("@surefoot/lab/package.json"))), "dist", "site");
  } catch (cause) {
    throw new SurefootError("file", "the lab is not installed; install @surefoot/lab", { cause });
  }
  if (existsSync(join(folder, "index.html"))) return folder;
  throw new SurefootError("file", "the lab has not been built; run `npm run build`");
}

/** Asks the desktop; where there is none, the printed address is all there is. */
function openInBrowser(address: string): void {
  const [program, ...before] =
    process.platform === "darwin" ? ["open"] : process.platform === "win32" ? ["cmd", "/c", "start", ""] : ["xdg-open"];
  const child = spawn(program, [...before, address], { stdio: "ignore", detached: true });
  child.on("error", () => say("No browser could be opened; open the address yourself."));
  child.unref();
}
