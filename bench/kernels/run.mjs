// Kernels beside NumPy and neural-tangents, and their growth with n.
//
//   npm run build && PYTHON=nt/bin/python node bench/kernels/run.mjs [--quick] [--only H^∞,growth] [--peers numpy] [--rounds N] [--threads N]
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { normals } from "@surefoot/linalg";
import { chosen, compare, keep, quick, run, threads, wanted } from "../side-by-side.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const python = process.env.PYTHON ?? "python3";
const D = 784;
const folder = mkdtempSync(join(tmpdir(), "surefoot-bench-"));
const all = [];

/** Rows of unit length from a fixed seed, as raw float64. */
function inputs(n) {
  const x = normals({ seed: [1, 0], stream: 0, firstRow: 0, rows: n, cols: D });
  for (let i = 0; i < n; i++) {
    const row = x.data.subarray(i * D, (i + 1) * D);
    const length = Math.hypot(...row);
    row.forEach((value, k) => {
      row[k] = value / length;
    });
  }
  return save(`x-${n}`, x);
}

function save(name, { data }) {
  const file = join(folder, `${name}.f64`);
  writeFileSync(file, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return file;
}

/** Contestants must agree before their times count. */
function agree({ title, results }) {
  const [[first, expected], ...others] = Object.entries(results).map(([name, { result }]) => [name, result]);
  for (const [name, result] of others) {
    result.forEach((value, k) => {
      if (Math.abs(value - expected[k]) > 1e-9 * Math.abs(expected[k])) {
        throw new Error(`${title} ${name} has ${value}, ${first} ${expected[k]}`);
      }
    });
  }
}

function contest(title, job, against) {
  const peers = chosen(against);
  if (!wanted(title) || peers.length === 0) return;
  const full = { d: D, threads, repeats: quick ? 2 : 3, ...job };
  const outcome = compare(title, {
    ours: () => run(process.execPath, join(here, "ours.mjs"), { ...full, backend: "native" }),
    "ours (wasm)": () => run(process.execPath, join(here, "ours.mjs"), { ...full, backend: "wasm" }),
    ...Object.fromEntries(peers.map((peer) => [peer, () => run(python, join(here, "peers.py"), { ...full, peer })])),
  });
  agree(outcome);
  const best = Math.min(...peers.map((peer) => outcome.medians[peer]));
  console.log(`  ${(best / outcome.medians.ours).toFixed(2)} times as fast as the fastest peer`);
  all.push(outcome);
}

try {
  const n = quick ? 1000 : 5000;
  const x = inputs(n);
  contest(`H^∞, n = ${n}:`, { task: "h-infinity", n, x }, ["numpy"]);
  contest(`NTK of ReLU, depth 3, n = ${n}:`, { task: "relu-ntk", n, x }, ["neural-tangents"]);
  const [m, few] = quick ? [256, 100] : [1024, 500];
  const weights = [
    [m, D],
    [m, m],
    [1, m],
  ].map(([rows, cols], l) => save(`w-${l}`, normals({ seed: [2, 0], stream: l, firstRow: 0, rows, cols })));
  const implementations = ["jacobian-contraction", "ntk-vector-products", "structured-derivatives"];
  contest(
    `empirical NTK, widths ${m}, ${m}, n = ${few}:`,
    { task: "empirical", n: few, x, m, weights },
    implementations,
  );

  const growth = [];
  for (const size of !wanted("growth") ? [] : quick ? [500, 1000] : [1250, 2500, 5000, 10_000]) {
    const job = { task: "relu-ntk", n: size, d: D, x: inputs(size), threads, repeats: 2, backend: "native" };
    const { medians, raw } = compare(`growth, NTK of ReLU, n = ${size}:`, {
      ours: () => run(process.execPath, join(here, "ours.mjs"), job),
    });
    growth.push({ n: size, seconds: medians.ours, raw: raw.ours });
  }
  const logs = growth.map(({ n: size, seconds }) => [Math.log(size), Math.log(seconds)]);
  const mean = (k) => logs.reduce((sum, pair) => sum + pair[k], 0) / logs.length;
  const slope =
    logs.reduce((sum, [a, b]) => sum + (a - mean(0)) * (b - mean(1)), 0) /
    logs.reduce((sum, [a]) => sum + (a - mean(0)) ** 2, 0);
  if (growth.length > 0) console.log(`growth: seconds ~ n^${slope.toFixed(2)}`);
  if (growth.length > 0) all.push({ title: "growth", growth, slope });
} finally {
  rmSync(folder, { recursive: true });
}
keep(join(here, "rounds.json"), all);
