// The arithmetic peak that this machine and engine reach, and the fraction of it that WASM products reach.
//
//   npm run build && node bench/linalg/peak.mjs [--json]
//
// Peaks: chains of multiply-adds in registers, scalar and 128-bit, in WebAssembly (bench/linalg/peak/kernels.ts) and, where a C
// compiler is found, in native code with 128-, 256- and 512-bit vectors (bench/linalg/peak/native.c; as many as the machine has).
// Products: `createWasmBackend().gemm`, copies in and out included, one thread and two. Best of several rounds, since a peak is asked for.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { createWasmBackend, matrix } from "@surefoot/linalg";
import asc from "assemblyscript/asc";

const here = join(dirname(fileURLToPath(import.meta.url)), "peak");
const scratch = mkdtempSync(join(tmpdir(), "peak-"));

/** GFLOP/s of the best of `rounds` calls; pauses let the engine put optimised code in place. */
async function bestRate(operations, rounds, call) {
  let best = 0;
  for (let round = 0; round < rounds; round++) {
    const start = performance.now();
    await call();
    best = Math.max(best, operations / (performance.now() - start) / 1e6);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  return best;
}

async function registerPeaks() {
  const peaks = {};
  for (const [name, flags] of [
    ["separate", []],
    ["fused", ["--enable", "relaxed-simd"]],
  ]) {
    const file = join(scratch, `${name}.wasm`);
    const options = ["--runtime", "stub", "-O3", "--noAssert", "--use", "abort=", "--enable", "simd", ...flags];
    const { error, stderr } = await asc.main([join(here, "kernels.ts"), "-o", file, "--baseDir", "/", ...options]);
    if (error) throw new Error(stderr.toString());
    const bytes = readFileSync(file);
    if (!WebAssembly.validate(bytes)) continue;
    const { instance } = await WebAssembly.instantiate(bytes);
    const { scalar, vector } = instance.exports;
    const steps = 20_000;
    if (name === "separate") peaks["WASM scalar"] = await bestRate(24 * steps, 60, () => scalar(steps, 0.5, 1e-3));
    peaks[`WASM 128-bit, ${name}`] = await bestRate(48 * steps, 60, () => vector(steps, 0.5, 1e-3));
  }
  return peaks;
}

function nativePeaks() {
  const peaks = {};
  const features = readIfThere("/proc/cpuinfo");
  for (const [lanes, feature, flags] of [
    [2, "", ["-march=native"]],
    [4, "avx", ["-march=native"]],
    [8, "avx512f", ["-march=native", "-mprefer-vector-width=512"]],
  ]) {
    if (!features.includes(feature)) continue;
    const program = join(scratch, `native${lanes}`);
    try {
      execFileSync("cc", ["-O2", `-DN=${lanes}`, ...flags, join(here, "native.c"), "-o", program], { stdio: "pipe" });
      peaks[`native ${64 * lanes}-bit`] = Number(execFileSync(program, { encoding: "utf8" }));
    } catch (error) {
      console.error(`native ${64 * lanes}-bit peak not measured: ${error.message.split("\n")[0]}`);
    }
  }
  return peaks;
}

function readIfThere(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

async function products(peak) {
  const rows = [];
  for (const threads of [1, 2]) {
    const backend = await createWasmBackend({ threads });
    for (const n of [512, 1024, 2048]) {
      const fill = () =>
        matrix(
          n,
          n,
          Float64Array.from({ length: n * n }, () => Math.random() - 0.5),
        );
      const a = fill();
      const b = fill();
      const out = matrix(n, n);
      const rate = await bestRate(2 * n ** 3, n > 1024 ? 6 : 15, () => backend.gemm(a, b, { out }));
      rows.push({ n, threads, rate, ofPeak: rate / (threads * peak), detail: backend.info.detail });
    }
    await backend.close();
  }
  return rows;
}

const wasm = await registerPeaks();
const native = nativePeaks();
rmSync(scratch, { recursive: true });
const peak = Math.max(
  ...Object.entries({ ...wasm, ...native }).flatMap(([k, v]) => (k.includes("128-bit") ? [v] : [])),
);
const result = {
  machine: cpus()[0].model,
  node: process.version,
  engine: process.versions.v8,
  peaks: { ...wasm, ...native },
  peak128: peak,
  products: await products(peak),
};
if (process.argv.includes("--json")) {
  console.log(JSON.stringify(result, null, 2));
} else {
  console.log(`${result.machine}, Node ${result.node} (V8 ${result.engine})\nPeaks, GFLOP/s on one thread:`);
  for (const [name, rate] of Object.entries(result.peaks)) console.log(`  ${name.padEnd(24)} ${rate.toFixed(1)}`);
  console.log(
    `${result.products[0].detail}\nProducts n × n, GFLOP/s and fraction of threads × 128-bit peak (${peak.toFixed(1)}):`,
  );
  for (const { n, threads, rate, ofPeak } of result.products) {
    console.log(
      `  n = ${n}, ${threads} thread(s)`.padEnd(27),
      rate.toFixed(1).padStart(5),
      `${(100 * ofPeak).toFixed(0)} %`.padStart(6),
    );
  }
}
