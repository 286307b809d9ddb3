// The side-by-side comparison of bench/README.md: fresh processes, alternating order, the same inputs, results compared before times.
//
//   npm run build && node bench/linalg/run.mjs [--quick] [--only TEXT] [--peers FOLDER] [--no-peers] [--rounds N] [--node PATH] [--keep]
import { execFile, execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { cpus, release, tmpdir, totalmem } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import { makeInputs } from "./inputs.mjs";
import { keep, writeSection } from "./kept.mjs";
import { disagreements, report, reportAll } from "./report.mjs";
import { comparisons, LACKS, TYPESCRIPT_PEERS, TYPESCRIPT_TASKS, typescriptSize } from "./rows.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    only: { type: "string" },
    peers: { type: "string" },
    "no-peers": { type: "boolean", default: false },
    rounds: { type: "string" },
    node: { type: "string", default: process.execPath },
    threads: { type: "string", default: "2" },
    keep: { type: "boolean", default: false },
  },
});
const { quick } = options;
const rounds = Number(options.rounds ?? (quick ? 1 : 5));
const threads = Number(options.threads);
const wanted = ({ title }) => options.only === undefined || title.toLowerCase().includes(options.only.toLowerCase());

/** The same surroundings for all: what would choose other kernels or another number of threads for one side is taken out. */
const env = { ...process.env, OPENBLAS_NUM_THREADS: String(threads), OMP_NUM_THREADS: String(threads) };
for (const name of ["OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "SUREFOOT_BLAS"]) delete env[name];

const COMMANDS = {
  ours: [options.node, join(here, "ours.mjs")],
  python: ["python3", join(here, "numpy_peer.py")],
  typescript: [options.node, join(here, "typescript-peers.mjs")],
};
const kindOf = (contestant) =>
  contestant === "native" || contestant === "wasm"
    ? "ours"
    : contestant === "numpy" || contestant === "scipy"
      ? "python"
      : "typescript";

const run = promisify(execFile);
async function measure(contestant, job) {
  const [command, script] = COMMANDS[kindOf(contestant)];
  const limit = quick ? 60_000 : 240_000;
  try {
    const text = JSON.stringify({ ...job, backend: contestant, threads });
    const { stdout } = await run(command, [script, text], { env, timeout: limit, maxBuffer: 2 ** 26 });
    return JSON.parse(stdout.trim().split("\n").at(-1));
  } catch (error) {
    return { failed: error.killed ? `not done after ${limit / 1000} s` : lastLine(error.stderr || error.message) };
  }
}
const lastLine = (text) =>
  text
    .trim()
    .split("\n")
    .findLast((line) => line.trim().length > 0) ?? "no message";

const SLOW = 20;

/** All rounds of one task; the order of the contestants is turned round from one round to the next. */
async function contest(contestants, job) {
  const results = Object.fromEntries(contestants.map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const name of round % 2 === 0 ? contestants : contestants.toReversed()) {
      // What failed will not do better, and what takes that long needs no second figure.
      if (results[name].some(({ failed, times }) => failed || Math.min(...times) > SLOW)) continue;
      results[name].push(await measure(name, job));
    }
  }
  return results;
}

const folder = mkdtempSync(join(tmpdir(), "surefoot-bench-"));
const outcome = { machine: describeMachine(), quick, rounds, threads, tasks: [], typescript: [] };
try {
  const rows = comparisons(quick).filter(wanted);
  for (const group of groupBy(rows, ({ task, params }) => JSON.stringify([task, params])).values()) {
    const { task, params } = group[0];
    console.error(`${group[0].title} …`);
    const files = await makeInputs(folder, task, params);
    const contestants = [...new Set(group.flatMap(({ ours, peer }) => [ours, peer]))];
    const job = { task, params, files, repeats: quick ? 2 : 7, seconds: quick ? 2 : 8 };
    outcome.tasks.push({ task, params, rounds, rows: group, results: await contest(contestants, job) });
  }
  const n = typescriptSize(quick);
  const typescriptTasks = TYPESCRIPT_TASKS.filter((task) => wanted({ title: `TypeScript libraries, ${task}` }));
  if (!options["no-peers"] && typescriptTasks.length > 0) {
    const peers = options.peers ?? execFileSync(join(here, "install-peers.sh"), { encoding: "utf8" }).trim();
    for (const task of typescriptTasks) {
      console.error(`${task}, n = ${n}, TypeScript libraries …`);
      const files = await makeInputs(folder, task, { n });
      const able = TYPESCRIPT_PEERS.filter((name) => !LACKS[name]?.includes(task));
      const job = { task, params: { n }, files, repeats: 3, seconds: quick ? 2 : 6, peers };
      const results = await contest(["native", "wasm", "numpy", ...able], job);
      outcome.typescript.push({ task, params: { n }, rounds, results });
    }
    if (!options.peers) rmSync(peers, { recursive: true });
  }
  if (options.only === undefined || options.only === "peak") {
    console.error("arithmetic peak …");
    const text = execFileSync(options.node, [join(here, "peak.mjs"), "--json"], { env, encoding: "utf8" });
    outcome.peak = JSON.parse(text);
  }
} finally {
  rmSync(folder, { recursive: true });
}

function groupBy(items, keyOf) {
  const groups = new Map();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}

function describeMachine() {
  const version = (command, ...args) => execFileSync(command, args, { encoding: "utf8", env }).trim();
  return {
    processor: `${cpus()[0].model.trim()}, ${cpus().length} hardware threads`,
    vectors: widestVectors(),
    memory: `${(totalmem() / 2 ** 30).toFixed(0)} GiB`,
    system: `${process.platform} ${release()}`,
    node: version(options.node, "--version"),
    python: version("python3", "--version"),
    date: new Date().toISOString().slice(0, 10),
  };
}

/** Ratios to a native library depend on how wide its vectors are. */
function widestVectors() {
  const features = existsSync("/proc/cpuinfo") ? readFileSync("/proc/cpuinfo", "utf8") : "";
  const known = { avx512f: "AVX-512", avx2: "AVX2, no AVX-512", asimd: "128-bit NEON" };
  return Object.entries(known).find(([flag]) => features.includes(flag))?.[1] ?? "vectors unknown";
}

const wrong = [...outcome.tasks, ...outcome.typescript].flatMap(disagreements);
console.log(report(outcome));
if (!quick && (options.keep || options.only === undefined) && wrong.length === 0) {
  writeSection(reportAll(keep(outcome, comparisons(false))));
}
if (wrong.length > 0) {
  console.error(`Results differ between contestants:\n${wrong.join("\n")}`);
  process.exitCode = 1;
}
