import { execFile, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const BIN = fileURLToPath(new URL("../../bin/surefoot.js", import.meta.url));

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the built command as a user would, in `cwd`. */
export function surefoot(args: readonly string[], cwd?: string): Promise<Finished> {
  return new Promise((resolve) => {
    execFile(process.execPath, [BIN, ...args], { cwd, maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : null;
      resolve({ code, stdout, stderr });
    });
  });
}

/** Runs the command and sends it a signal (Ctrl-C's unless another is named) once `when` has become true. */
export function interrupted(
  args: readonly string[],
  cwd: string,
  when: () => Promise<boolean>,
  signal: NodeJS.Signals = "SIGINT",
): Promise<Finished> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [BIN, ...args], { cwd });
    let [stdout, stderr] = ["", ""];
    child.stdout.on("data", (chunk) => {
      stdout += chunk;
    });
    child.stderr.on("data", (chunk) => {
      stderr += chunk;
    });
    const timer = setInterval(async () => {
      if (await when()) {
        clearInterval(timer);
        child.kill(signal);
      }
    }, 100);
    child.on("close", (code) => {
      clearInterval(timer);
      resolve({ code, stdout, stderr });
    });
  });
}

/** Runs the command with nobody at the other end of its stdout. */
export function unread(args: readonly string[]): Promise<Finished> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [BIN, ...args]);
    child.stdout.destroy();
    let stderr = "";
    child.stderr.on("data", (chunk) => {
      stderr += chunk;
    });
    child.on("close", (code) => resolve({ code, stdout: "", stderr }));
  });
}

export function lastJson<T>({ stdout }: Finished): T {
  return JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as T;
}
