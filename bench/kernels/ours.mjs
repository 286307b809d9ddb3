// One job of run.mjs in a process of its own: warms up, times, prints seconds and a few numbers of the result.
import { readFileSync } from "node:fs";
import { chooseBackend } from "@surefoot/linalg";
import { empiricalKernel, hInfinityBlocks, infiniteKernel, kernelMatrix, networkFeatures } from "surefoot/kernel";
import { resolveNetwork } from "../../packages/surefoot/dist/network/resolve.js";

const job = JSON.parse(process.argv.at(-1));
const { backend } = await chooseBackend(job.backend, { threads: job.threads });

function load(file, rows, cols) {
  const bytes = readFileSync(file).subarray(0, 8 * rows * cols);
  return { rows, cols, data: new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length)) };
}

const x = load(job.x, job.n, job.d);
const TASKS = {
  "h-infinity": () => kernelMatrix(hInfinityBlocks(x, backend)),
  "relu-ntk": () =>
    kernelMatrix(infiniteKernel({ kind: "fully-connected", depth: 3, activation: "relu" }, "ntk", x, backend)),
  empirical: async () =>
    kernelMatrix(empiricalKernel(await networkFeatures(network(), weights(), x, backend), backend)),
};

function network() {
  const widths = [job.m, job.m];
  const spec = { kind: "fully-connected", widths, activation: "relu", scaling: "ntk", biases: false, frozen: [] };
  return resolveNetwork(spec, job.d);
}

let loaded;
function weights() {
  const { m, d } = job;
  loaded ??= { W1: load(job.weights[0], m, d), W2: load(job.weights[1], m, m), W3: load(job.weights[2], 1, m) };
  return loaded;
}

const task = TASKS[job.task];
let kernel = await task();
const seconds = [];
for (let round = 0; round < job.repeats; round++) {
  const start = performance.now();
  kernel = await task();
  seconds.push((performance.now() - start) / 1e3);
}
await backend.close();
const { rows: n, data } = kernel;
// Off the diagonal: NumPy's arccos loses half its digits on it.
const result = [data[1], data[n * (n - 1)], data[n * n - 2]];
console.log(JSON.stringify({ seconds, result, rss: process.memoryUsage().rss }));
