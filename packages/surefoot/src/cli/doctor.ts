import { doctor } from "@surefoot/linalg";
import { Command } from "commander";
import { print, printJson, table } from "./terminal.ts";

export function doctorCommand(): Command {
  return new Command("doctor")
    .summary("what this machine offers, and how to make it faster")
    .description("Looks for the linear-algebra backends, threads and SIMD that this machine and engine offer.")
    .option("--json", "print the result as JSON on stdout")
    .action(async ({ json }: { json?: boolean }) => {
      const report = await doctor();
      if (json) return printJson(report);
      const { node, platform, processor, threads, simd, relaxedSimd, sharedMemory } = report.runtime;
      const yes = (flag: boolean) => (flag ? "yes" : "no");
      print(
        table([
          ["engine", [node, platform, processor].filter((part) => part !== undefined).join(", ")],
          ["threads", String(threads)],
          ["WebAssembly SIMD", yes(simd)],
          ["relaxed SIMD", `${yes(relaxedSimd)}   (fused multiply-add in WebAssembly)`],
          ["shared memory", yes(sharedMemory)],
          ...report.backends.map((backend): [string, string] => [
            backend.name === report.auto ? `${backend.name} (used)` : backend.name,
            `${backend.available ? backend.detail : `not available: ${backend.detail}`}${backend.threads ? `, ${backend.threads} threads` : ""}`,
          ]),
        ]),
      );
      for (const advice of report.advice) print(`  · ${advice}`);
    });
}
