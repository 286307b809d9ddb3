// What a proof costs: a proved λ_min beside one SciPy Cholesky and NumPy's eigvalsh, and `certify` proved beside `--float`.
//
//   npm run build && node bench/proof/run.mjs [--quick] [--rounds N] [--threads N]
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { chooseBackend, normals } from "@surefoot/linalg";
import { compare, keep, quick, run, threads } from "../side-by-side.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const n = quick ? 500 : 2000;

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
  const job = { file, n, repeats: quick ? 2 : 5, threads };
  const matrix = compare(`λ_min, n = ${n}:`, {
    "proved (native)": () =>
      run(process.execPath, join(here, "ours.mjs"), { ...job, task: "least-eigenvalue", backend: "native" }),
    "proved (wasm)": () =>
      run(process.execPath, join(here, "ours.mjs"), { ...job, task: "least-eigenvalue", backend: "wasm" }),
    "scipy cholesky": () => run("python3", join(here, "scipy_peer.py"), { ...job, task: "cholesky" }),
    "numpy eigvalsh": () => run("python3", join(here, "scipy_peer.py"), { ...job, task: "eigvalsh" }),
  });
  const exact = matrix.results["numpy eigvalsh"].result;
  for (const name of ["proved (native)", "proved (wasm)"]) {
    const { lower, upper } = matrix.results[name].result;
    console.log(
      `  ${name}: [${lower}, ${upper}], relative slack of the lower bound ${((exact - lower) / exact).toExponential(2)}`,
    );
  }
  all.push(matrix);
  const sizes = quick
    ? [["tanh, 100 digits", "tanh:512", 100, "gaussian"]]
    : [
        ["tanh 512, 100 digits", "tanh:512", 100, "gaussian"],
        ["tanh 1024, 1024, 180 digits", "tanh:1024,1024", 180, "gaussian"],
        ["two-layer ReLU 20 000, 100 digits", "two-layer-relu:20000", 100, "antisymmetric"],
      ];
  for (const [title, network, samples, kind] of sizes) {
    const certificate = (mode) => () =>
      run(process.execPath, join(here, "ours.mjs"), {
        task: "certify",
        mode,
        backend: "native",
        threads,
        repeats: quick ? 1 : 3,
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
keep(join(here, "rounds.json"), all);
