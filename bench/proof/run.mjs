// What a proof costs: a proved λ_min beside one SciPy Cholesky and NumPy's eigvalsh, and `certify` proved beside `--float`.
//
//   npm run build && node bench/proof/run.mjs [--quick] [--rounds N] [--threads N]
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { chooseBackend, normals } from "@surefoot/linalg";

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
const n = options.quick ? 500 : 2000;
const env = { ...process.env, OPENBLAS_NUM_THREADS: options.threads, OMP_NUM_THREADS: options.threads };
for (const name of ["OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "SUREFOOT_BLAS"]) delete env[name];
const last = (text) => JSON.parse(text.trim().split("\n").at(-1));
const run = (command, script, job) =>
  last(execFileSync(command, [join(here, script), JSON.stringify(job)], { env, encoding: "utf8" }));
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

/** Contestants in turn, the order reversed in every other round; the median of the rounds' medians. */
function compare(title, contestants) {
  const raw = Object.fromEntries(Object.keys(contestants).map((name) => [name, []]));
  const results = {};
  for (let round = 0; round < rounds; round++) {
    const order = Object.keys(contestants);
    if (round % 2 === 1) order.reverse();
    for (const name of order) {
      const { seconds, ...rest } = contestants[name]();
      raw[name].push(seconds);
      results[name] = rest;
    }
  }
  const medians = Object.fromEntries(Object.entries(raw).map(([name, all]) => [name, median(all.map(median))]));
  console.log(
    title,
    Object.entries(medians)
      .map(([name, s]) => `${name} ${(1e3 * s).toFixed(1)} ms`)
      .join(", "),
  );
  return { title, medians, results, raw };
}

const folder = mkdtempSync(join(tmpdir(), "surefoot-bench-"));
const file = join(folder, "a.f64");
const all = [];
try {
  // X·Xᵀ + δI with X square: λ_max about 4n, and δ set for λ_min/λ_max near 1e-6.
  const { backend } = await chooseBackend("auto");
  const a = await backend.syrk(normals({ seed: [1, 0], stream: 5, firstRow: 0, rows: n, cols: n }));
  for (let i = 0; i < n; i++) a.data[i * n + i] += 4e-6 * n;
  await backend.close();
  writeFileSync(file, new Uint8Array(a.data.buffer, a.data.byteOffset, a.data.byteLength));
  const job = { file, n, repeats: options.quick ? 2 : 5, threads };
  const matrix = compare(`λ_min, n = ${n}:`, {
    "proved (native)": () => run(process.execPath, "ours.mjs", { ...job, task: "least-eigenvalue", backend: "native" }),
    "proved (wasm)": () => run(process.execPath, "ours.mjs", { ...job, task: "least-eigenvalue", backend: "wasm" }),
    "scipy cholesky": () => run("python3", "scipy_peer.py", { ...job, task: "cholesky" }),
    "numpy eigvalsh": () => run("python3", "scipy_peer.py", { ...job, task: "eigvalsh" }),
  });
  const exact = matrix.results["numpy eigvalsh"].result;
  for (const name of ["proved (native)", "proved (wasm)"]) {
    const { lower, upper } = matrix.results[name].result;
    console.log(
      `  ${name}: [${lower}, ${upper}], relative slack of the lower bound ${((exact - lower) / exact).toExponential(2)}`,
    );
  }
  all.push(matrix);
  const sizes = options.quick
    ? [["tanh, 100 digits", "tanh:512", 100, "gaussian"]]
    : [
        ["tanh 512, 100 digits", "tanh:512", 100, "gaussian"],
        ["tanh 1024, 1024, 180 digits", "tanh:1024,1024", 180, "gaussian"],
        ["two-layer ReLU 20 000, 100 digits", "two-layer-relu:20000", 100, "antisymmetric"],
      ];
  for (const [title, network, samples, kind] of sizes) {
    const certificate = (mode) => () =>
      run(process.execPath, "ours.mjs", {
        task: "certify",
        mode,
        backend: "native",
        threads,
        repeats: options.quick ? 1 : 3,
        data: join(here, "../../examples/data/mnist-1000.npz"),
        dataOptions: { classes: ["0", "1"], samples, normalize: "center,unit-rows" },
        network,
        initialiser: { kind },
      });
    all.push(compare(`certify, ${title}:`, { proved: certificate("proved"), float: certificate("float") }));
  }
} finally {
  rmSync(folder, { recursive: true });
}
if (!options.quick)
  writeFileSync(
    join(here, "rounds.json"),
    `${JSON.stringify({ processor: cpus()[0].model, threads, results: all }, null, 1)}\n`,
  );
