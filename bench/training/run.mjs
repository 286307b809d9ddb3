// One step of gradient descent, n = 1 000, d = 784, widths 1 024 and 1 024, float64, side by side with NumPy: fresh processes,
// alternating order, the same weights and data, losses compared.
//
//   npm run build && node bench/training/run.mjs [--quick] [--rounds N] [--threads N]
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const here = dirname(fileURLToPath(import.meta.url));
const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    rounds: { type: "string" },
    threads: { type: "string", default: "2" },
  },
});
const threads = Number(options.threads);
const rounds = Number(options.rounds ?? (options.quick ? 1 : 5));
const env = { ...process.env, OPENBLAS_NUM_THREADS: options.threads, OMP_NUM_THREADS: options.threads };
for (const name of ["OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "SUREFOOT_BLAS"]) delete env[name];

const folder = mkdtempSync(join(tmpdir(), "surefoot-bench-"));
const last = (text) => JSON.parse(text.trim().split("\n").at(-1));
const run = (command, ...args) => last(execFileSync(command, args, { env, encoding: "utf8", maxBuffer: 2 ** 26 }));
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

const results = [];
try {
  for (const activation of ["tanh", "relu"]) {
    const job = {
      n: 1000,
      d: 784,
      widths: [1024, 1024],
      activation,
      stepSize: 1e-3,
      warmup: 3,
      steps: options.quick ? 5 : 15,
      threads,
    };
    const { scales } = run(process.execPath, join(here, "make-inputs.mjs"), folder, JSON.stringify(job));
    const contestants = {
      native: () => run(process.execPath, join(here, "ours.mjs"), JSON.stringify({ ...job, backend: "native" })),
      wasm: () => run(process.execPath, join(here, "ours.mjs"), JSON.stringify({ ...job, backend: "wasm" })),
      numpy: () => run("python3", join(here, "numpy_peer.py"), JSON.stringify({ ...job, folder, scales })),
    };
    const raw = { native: [], wasm: [], numpy: [] };
    const losses = {};
    for (let round = 0; round < rounds; round++) {
      const order = Object.keys(contestants);
      if (round % 2 === 1) order.reverse();
      for (const name of order) {
        const { seconds, loss, detail } = contestants[name]();
        raw[name].push(seconds);
        losses[name] = { loss, detail };
      }
    }
    for (const { loss } of Object.values(losses)) {
      if (Math.abs(loss - losses.numpy.loss) > 1e-9 * losses.numpy.loss)
        throw new Error(`losses differ: ${JSON.stringify(losses)}`);
    }
    const medians = Object.fromEntries(Object.entries(raw).map(([name, all]) => [name, median(all.map(median))]));
    results.push({ job, medians, losses, raw });
    console.log(
      `${activation}: native ${(1e3 * medians.native).toFixed(1)} ms, wasm ${(1e3 * medians.wasm).toFixed(1)} ms, NumPy ${(1e3 * medians.numpy).toFixed(1)} ms a step; ` +
        `native/NumPy ${(medians.native / medians.numpy).toFixed(2)}, wasm/NumPy ${(medians.wasm / medians.numpy).toFixed(2)}`,
    );
  }
} finally {
  rmSync(folder, { recursive: true });
}
if (!options.quick)
  writeFileSync(
    join(here, "rounds.json"),
    `${JSON.stringify({ processor: cpus()[0].model, threads, results }, null, 1)}\n`,
  );
