// The lazy simulator beside direct gradient descent in NumPy, on one machine: fresh processes, alternating order, raw rounds kept.
//
//   pip install numpy && npm run build && node bench/lazy/run.mjs [--quick] [--only TEXT] [--rounds N] [--threads N] [--save | --add]
//
// The raw rounds of the whole table go to rounds.json. The table takes long: with --only a row can be measured by itself, --save then
// puts its rounds in the place of its earlier ones in rounds.json, --add adds them to these (same processor and Node version only).
//
// Direct descent is timed for a few steps at `directWidth` neurons and extrapolated in proportion to width and steps, the run itself is
// never shortened. At `directWidth` both start from the same weights, and their losses must agree at every step that was timed.
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const here = dirname(fileURLToPath(import.meta.url));
const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    only: { type: "string", default: "" },
    rounds: { type: "string" },
    threads: { type: "string", default: "2" },
    save: { type: "boolean", default: false },
    add: { type: "boolean", default: false },
  },
});
const threads = Number(options.threads);
const rounds = Number(options.rounds ?? (options.quick ? 1 : 3));
const env = { ...process.env, OPENBLAS_NUM_THREADS: options.threads, OMP_NUM_THREADS: options.threads };
for (const name of ["OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "SUREFOOT_BLAS"]) delete env[name];

/** Gains of the prototype that the rows must beat (theory/06); against direct descent on the given data. */
const ROWS = [
  { n: 100, d: 784, width: 1e5, steps: 1000, rotate: true, goal: 585 },
  { n: 100, d: 784, width: 1e6, steps: 1000, rotate: true, goal: 1760 },
  { n: 1000, d: 784, width: 1e4, steps: 1000, goal: 19 },
  { n: 1000, d: 784, width: 1e4, steps: 100, goal: 2.6 },
  { n: 1000, d: 784, width: 1e5, steps: 1000, goal: 55 },
  { n: 1000, d: 784, width: 1e5, steps: 100, goal: 15 },
  { n: 10, d: 10, width: 1e8, steps: 1000, goal: 320 },
  { n: 10, d: 10, width: 1e9, steps: 200, certify: true },
];
const QUICK = [
  { n: 100, d: 784, width: 1e4, steps: 200, rotate: true },
  { n: 300, d: 100, width: 1e4, steps: 100 },
  { n: 10, d: 10, width: 1e6, steps: 200, certify: true },
];
/** Neurons for which direct descent is timed at most, and steps. */
const DIRECT = { width: options.quick ? 5e3 : 4e4, steps: options.quick ? 3 : 5 };
/** Losses of two programs that sum 10⁵ terms in different orders, while the loss is above 1e-9. */
const AGREE = 1e-8;

const last = (text) => JSON.parse(text.trim().split("\n").at(-1));
const run = (command, ...args) => last(execFileSync(command, args, { env, encoding: "utf8", maxBuffer: 2 ** 26 }));
const node = (script, folder, job) => run(process.execPath, join(here, script), folder, JSON.stringify(job));
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const title = ({ n, d, width, steps }) => `n=${n} d=${d} m=${width.toExponential(0)} ${steps} steps`;

/** Seconds of one direct step at `directWidth`, on the folder's data; checks the lazy run's losses on the way. */
function direct(folder, job) {
  const peer = run("python3", join(here, "numpy_peer.py"), folder, JSON.stringify(job));
  const same = { width: job.directWidth, steps: job.directSteps, trace: true, certify: false };
  const { losses } = node("ours.mjs", folder, { ...job, ...same });
  peer.losses.forEach((theirs, k) => {
    if (theirs > 1e-9 && Math.abs(losses[k] - theirs) > AGREE * theirs) {
      throw new Error(`${title(job)}: after ${k} steps the loss is ${losses[k]}, direct descent has ${theirs}`);
    }
  });
  return peer;
}

/** What the rounds of a row come to. */
function evaluate(row, raw) {
  const directWidth = Math.min(row.width, DIRECT.width);
  const ours = median(raw.ours.map(({ total }) => total));
  const whole = (list) =>
    list.length > 0 ? median(list.map(({ seconds }) => median(seconds))) * row.steps * (row.width / directWidth) : null;
  const [direct, directRotated] = [whole(raw.direct), whole(raw.directRotated)];
  return { row, ours, direct, gain: direct / ours, directRotated, raw };
}

const ROUNDS = join(here, "rounds.json");
const machine = { processor: cpus()[0].model, threads, node: process.version };
const kept = existsSync(ROUNDS) ? JSON.parse(readFileSync(ROUNDS, "utf8")) : { results: [] };
const sameMachine = Object.entries(machine).every(([name, value]) => kept[name] === value);
const earlier = (row) => (sameMachine ? kept.results.find((entry) => title(entry.row) === title(row)) : undefined);

const results = [];
for (const row of (options.quick ? QUICK : ROWS).filter((entry) => title(entry).includes(options.only))) {
  const raw = { ours: [], direct: [], directRotated: [] };
  const folders = {
    given: mkdtempSync(join(tmpdir(), "surefoot-lazy-")),
    rotated: mkdtempSync(join(tmpdir(), "surefoot-lazy-")),
  };
  try {
    const directWidth = Math.min(row.width, DIRECT.width);
    const base = { ...row, seed: 1, threads, directWidth, directSteps: DIRECT.steps, weights: directWidth };
    const given = { ...base, rotate: false, ...node("inputs.mjs", folders.given, { ...base, rotate: false }) };
    const rotated = row.rotate ? { ...base, ...node("inputs.mjs", folders.rotated, base) } : given;
    const mine = row.rotate ? folders.rotated : folders.given;
    for (let round = 0; round < rounds; round++) {
      const contestants = [
        () => raw.ours.push(node("ours.mjs", mine, rotated)),
        () => raw.direct.push(direct(folders.given, given)),
        () => row.rotate && raw.directRotated.push(direct(folders.rotated, rotated)),
      ];
      for (const contestant of round % 2 === 1 ? contestants.toReversed() : contestants) contestant();
    }
    const entry = evaluate(row, raw);
    const { ours, direct: plain, directRotated: reduced } = entry;
    results.push(entry);
    const start = median(raw.ours.map((one) => one.start));
    const { needs, peakBytes, flips, verdict } = raw.ours[0];
    console.log(
      `${title(row)}: start ${start.toFixed(1)} s, total ${ours.toFixed(1)} s, direct ${plain.toFixed(0)} s (extrapolated), gain ${entry.gain.toFixed(1)}` +
        `${row.goal ? ` (goal ${row.goal})` : ""}${reduced ? `, ${(reduced / ours).toFixed(1)} against direct descent on rotated data` : ""}; ` +
        `${flips} flips, plan ${needs}, peak ${(peakBytes / 1e9).toFixed(2)} GB${verdict ? `, S2 ${verdict} after ${raw.ours[0].certified.toFixed(1)} s` : ""}`,
    );
  } finally {
    for (const folder of Object.values(folders)) rmSync(folder, { recursive: true });
  }
}
if (!options.quick && (options.only === "" || options.save || options.add)) {
  const merged = results.map(({ row, raw }) => {
    const before = options.add ? earlier(row)?.raw : undefined;
    const all = (name) => [...(before?.[name] ?? []), ...raw[name]];
    return evaluate(row, { ours: all("ours"), direct: all("direct"), directRotated: all("directRotated") });
  });
  const now = new Map(merged.map((entry) => [title(entry.row), entry]));
  const rows = ROWS.flatMap((row) => now.get(title(row)) ?? earlier(row) ?? []);
  writeFileSync(ROUNDS, `${JSON.stringify({ ...machine, results: rows }, null, 1)}\n`);
}
