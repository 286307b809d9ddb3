// One step of gradient descent, n = 1 000, d = 784, widths 1 024 and 1 024, float64, side by side with NumPy: the same weights and
// data, losses compared before times.
//
//   npm run build && node bench/training/run.mjs [--quick] [--rounds N] [--threads N]
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { compare, keep, quick, run, threads } from "../side-by-side.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "surefoot-bench-"));
const all = [];
try {
  for (const activation of ["tanh", "relu"]) {
    const size = { n: 1000, d: 784, widths: [1024, 1024] };
    const job = { ...size, activation, stepSize: 1e-3, warmup: 3, steps: quick ? 5 : 15, threads };
    const { scales } = run(process.execPath, join(here, "make-inputs.mjs"), job, folder);
    const ours = (backend) => () => run(process.execPath, join(here, "ours.mjs"), { ...job, backend });
    const found = compare(`a step, ${activation}:`, {
      native: ours("native"),
      wasm: ours("wasm"),
      numpy: () => run("python3", join(here, "numpy_peer.py"), { ...job, folder, scales }),
    });
    const { native, wasm, numpy } = found.results;
    for (const { loss } of [native, wasm]) {
      if (!(Math.abs(loss - numpy.loss) <= 1e-9 * numpy.loss))
        throw new Error(`losses differ: ${loss} and ${numpy.loss}`);
    }
    const { medians } = found;
    console.log(
      `  native/NumPy ${(medians.native / medians.numpy).toFixed(2)}, wasm/NumPy ${(medians.wasm / medians.numpy).toFixed(2)}`,
    );
    all.push({ job, ...found });
  }
} finally {
  rmSync(folder, { recursive: true });
}
keep(join(here, "rounds.json"), all);
