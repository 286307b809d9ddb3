// Rounds in, a page of Markdown out.

/** Results of one input must agree: float64 to 1e-9, float32 to 1e-3 of the largest number checked; counts exactly. */
const TOLERANCE = { float64: 1e-9, float32: 1e-3 };

const median = (xs) => {
  const sorted = [...xs].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

/** The median over rounds of each round's best call, with the spread of the rounds; undefined when a round failed. */
function summary(rounds) {
  if (rounds.length === 0 || rounds.some(({ failed }) => failed)) return undefined;
  const best = rounds.map(({ times }) => Math.min(...times));
  return { time: median(best), low: Math.min(...best), high: Math.max(...best) };
}

const seconds = (t) =>
  t < 0.01 ? `${(1000 * t).toFixed(2)} ms` : t < 1 ? `${(1000 * t).toFixed(1)} ms` : `${t.toFixed(2)} s`;
const cell = (s, rounds) =>
  s
    ? `${seconds(s.time)} (${seconds(s.low)} – ${seconds(s.high)})`
    : (rounds.find(({ failed }) => failed)?.failed ?? "–");

/** What contestants say differently of one input, a line each. */
export function disagreements({ task, params, results }) {
  const trusted =
    results.numpy?.find(({ check }) => check) ??
    Object.values(results)
      .flat()
      .find(({ check }) => check);
  if (!trusted) return [];
  const scale = Math.max(...trusted.check.map(Math.abs));
  return Object.entries(results).flatMap(([name, rounds]) => {
    const tolerance = task === "maskCounts" ? 0 : TOLERANCE[name.includes("float32") ? "float32" : "float64"];
    return rounds
      .filter(({ check }) => check?.some((x, i) => !(Math.abs(x - trusted.check[i]) <= tolerance * scale)))
      .map(({ check }) => `${task} ${JSON.stringify(params)}: ${name} says ${check}, wanted ${trusted.check}`);
  });
}

function verdict(ratio, { must, aim }) {
  if (ratio === undefined || must === undefined) return "";
  if (aim !== undefined && ratio >= aim) return "aim reached";
  return ratio >= must ? "reached" : "**missed**";
}

const times = (x) => (x === undefined ? "–" : `${x.toFixed(2)}×`);

/** The page of one run. */
export const report = (outcome) => page([outcome]);

/** One page for all machines: the first in full, then the earlier ones. */
export const reportAll = page;

function page(outcomes) {
  const [{ quick }] = outcomes;
  return [
    "# Dense linear algebra, side by side",
    "",
    ...(quick ? ["**Quick form: sizes too small to quote.**", ""] : []),
    "Each time is the median over fresh processes of the best call in the process, with the lowest and highest process in brackets (one",
    "process where a call takes over 20 s); the order of the contestants alternates. Speed is the peer's time divided by ours. All contestants",
    "read the same input, and their results were compared before the times were. Repeat: `npm run build && node bench/linalg/run.mjs`",
    "(see README.md); raw times: linalg/rounds.json. Ratios to NumPy depend on the machine: WebAssembly has 128-bit vectors wherever it runs,",
    "OpenBLAS takes the widest that the processor has.",
    ...outcomes.flatMap(machineSection),
    "",
  ].join("\n");
}

function machineSection({ machine, rounds, threads, tasks, typescript, peak }) {
  const fewest = Math.min(rounds, ...[...tasks, ...typescript].map((piece) => piece.rounds ?? rounds));
  return [
    "",
    `## ${machine.processor}, ${machine.vectors}, Node ${machine.node}, ${machine.date}`,
    "",
    `${machine.memory}; ${machine.system}; ${machine.python}; ${threads} threads on every side; ${fewest} or more rounds.`,
    ...(machine.note ? ["", machine.note] : []),
    ...(tasks.length > 0 ? ["", ...taskTable(tasks)] : []),
    ...(tasks.length + typescript.length > 0 ? ["", ...contestants([...tasks, ...typescript])] : []),
    ...(peak ? ["", ...peakSection(peak)] : []),
    ...(typescript.length > 0 ? ["", ...typescriptSection(typescript)] : []),
  ];
}

function taskTable(tasks) {
  const lines = [
    "| operation | ours | time | peer | time | speed | must | aim | |",
    "|---|---|---|---|---|---|---|---|---|",
  ];
  for (const { rows, results } of tasks) {
    for (const row of rows) {
      const [mine, theirs] = [summary(results[row.ours]), summary(results[row.peer])];
      const ratio = mine && theirs ? theirs.time / mine.time : undefined;
      lines.push(
        `| ${row.title} | ${row.ours} | ${cell(mine, results[row.ours])} | ${row.peer} | ${cell(theirs, results[row.peer])} | ` +
          `${times(ratio)} | ${row.must === undefined ? "" : times(row.must)} | ${row.aim === undefined ? "" : times(row.aim)} | ${verdict(ratio, row)} |`,
      );
    }
  }
  return lines;
}

function contestants(contests) {
  const details = new Map();
  for (const { results } of contests) {
    for (const [name, list] of Object.entries(results)) {
      for (const { detail, note } of list) {
        if (detail) details.set(name, detail);
        if (note) details.set(`λ_min on ${name}`, note);
      }
    }
  }
  return ["Contestants:", "", ...[...details].map(([name, detail]) => `- ${name}: ${detail}`)];
}

function peakSection({ peaks, peak128, products }) {
  return [
    "### Arithmetic peak and the fraction reached",
    "",
    "| peak on one thread | GFLOP/s |",
    "|---|---|",
    ...Object.entries(peaks).map(([name, rate]) => `| ${name} | ${rate.toFixed(1)} |`),
    "",
    `| WASM product | GFLOP/s | of threads × 128-bit peak (${peak128.toFixed(1)}) | must | aim |`,
    "|---|---|---|---|---|",
    ...products.map(({ n, threads, rate, ofPeak }) => {
      const target = threads === 1 && n >= 512 ? "75 % | 88 %" : " | ";
      return `| n = ${n}, ${threads} thread${threads === 1 ? "" : "s"} | ${rate.toFixed(1)} | ${(100 * ofPeak).toFixed(0)} % | ${target} |`;
    }),
  ];
}

function typescriptSection(contests) {
  const names = [...new Set(contests.flatMap(({ results }) => Object.keys(results)))];
  return [
    "### What a TypeScript user would pick today",
    "",
    `n = ${contests[0].params.n}; precision as named, float64 where none is. Empty: the library has no such function.`,
    "",
    `| library | ${contests.map(({ task }) => task).join(" | ")} |`,
    `|---|${contests.map(() => "---").join("|")}|`,
    ...names.map((name) => {
      const cells = contests.map(({ results }) => (results[name] ? cell(summary(results[name]), results[name]) : ""));
      return `| ${name === "native" || name === "wasm" ? `@surefoot/linalg, ${name}` : name} | ${cells.join(" | ")} |`;
    }),
  ];
}
