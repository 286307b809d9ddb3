// Compiles assembly/ to the variants that src/wasm/module.ts chooses from and inlines them, with the worker's source, into
// src/generated/kernels.ts: a module like any other, so that Node and every bundler load it without configuration.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const generated = join(root, "src", "generated");
const build = join(root, "build");

const COMMON = [
  ...["--runtime", "stub", "--optimizeLevel", "3", "--converge", "--noAssert", "--use", "abort="],
  ...["--importMemory", "--sharedMemory", "--zeroFilledMemory", "--initialMemory", "16", "--maximumMemory", "65536"],
  ...["--enable", "simd", "--enable", "threads"],
];

const VARIANTS = {
  simd: [],
  relaxed: ["--enable", "relaxed-simd"],
};

async function compile(name, flags) {
  const outFile = join("build", `${name}.wasm`);
  const { error, stderr } = await asc.main([
    "assembly/index.ts",
    "--baseDir",
    root,
    "-o",
    outFile,
    ...COMMON,
    ...flags,
  ]);
  if (error) {
    console.error(stderr.toString());
    process.exit(1);
  }
  return readFileSync(join(root, outFile)).toString("base64");
}

mkdirSync(build, { recursive: true });
mkdirSync(generated, { recursive: true });
const lines = ["// Written by scripts/build-wasm.mjs from assembly/."];
for (const [name, flags] of Object.entries(VARIANTS)) {
  lines.push(`export const ${name}: string = "${await compile(name, flags)}";`);
}
const worker = readFileSync(join(root, "assembly", "worker.js"), "utf8");
lines.push(`export const workerSource: string = ${JSON.stringify(worker)};`);
writeFileSync(join(generated, "kernels.ts"), `${lines.join("\n")}\n`);
