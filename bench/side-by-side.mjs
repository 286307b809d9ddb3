// What every side-by-side benchmark here does: contestants in fresh processes, the order turned round from one round to the next, the
// same surroundings for all, raw rounds kept beside the median.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    rounds: { type: "string" },
    only: { type: "string" },
    peers: { type: "string" },
    threads: { type: "string", default: "2" },
  },
});

export const quick = values.quick;
export const threads = Number(values.threads);
/** Contests that `--only` names by a part of their title, comma between; all without it. */
export const wanted = (title) =>
  values.only === undefined || values.only.split(",").some((part) => title.includes(part));
/** Peers that `--peers` names, comma between; all without it. */
export const chosen = (peers) =>
  peers.filter((peer) => values.peers === undefined || values.peers.split(",").includes(peer));
const rounds = Number(values.rounds ?? (quick ? 1 : 5));

/** What would choose other kernels or another number of threads for one side is taken out. */
const env = { ...process.env, OPENBLAS_NUM_THREADS: values.threads, OMP_NUM_THREADS: values.threads };
for (const name of ["OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "SUREFOOT_BLAS"]) delete env[name];

/** Runs a script with a job as its last argument and returns the JSON of the last line it prints. */
export function run(command, script, job, ...before) {
  const printed = execFileSync(command, [script, ...before, JSON.stringify(job)], {
    env,
    encoding: "utf8",
    maxBuffer: 2 ** 26,
  });
  return JSON.parse(printed.trim().split("\n").at(-1));
}

export const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];

/** `contestants`: name → () => {seconds: number[], …}. The median of the medians of the rounds, all rounds, and the last other results. */
export function compare(title, contestants) {
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
  const times = Object.entries(medians).map(([name, s]) => `${name} ${(1e3 * s).toFixed(1)} ms`);
  console.log(title, times.join(", "));
  return { title, medians, results, raw };
}

/** Keeps the raw rounds of a full run. */
export function keep(file, results) {
  if (quick) return;
  // A run of some contests replaces those and leaves the others, if they are of the same machine.
  const here = { processor: cpus()[0].model, node: process.version, threads };
  const before = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : { results: [] };
  const same = values.only !== undefined && Object.keys(here).every((key) => before[key] === here[key]);
  const others = same ? before.results.filter(({ title }) => !results.some((result) => result.title === title)) : [];
  writeFileSync(file, `${JSON.stringify({ ...here, results: [...others, ...results] }, null, 1)}\n`);
}
