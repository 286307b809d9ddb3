// What was measured so far, in rounds.json: one outcome a machine, the last measured first. Pieces of one machine, measured one after
// another, grow together; nothing of another machine, engine or number of threads is ever mixed in.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const path = join(here, "rounds.json");

const sameMachine = (a, b) =>
  ["processor", "vectors", "node"].every((key) => a.machine[key] === b.machine[key]) && a.threads === b.threads;
const sameInput = (a, b) => a.task === b.task && JSON.stringify(a.params) === JSON.stringify(b.params);

/** `older` with what `newer` measured again replaced, each task with the rounds and the date of its own measurement. */
function grown(older, newer, key) {
  const replaced = older[key].filter((old) => !newer[key].some((piece) => sameInput(old, piece)));
  return [...replaced, ...newer[key]];
}

/** Puts a new outcome with the kept ones; gives all, this machine's first. `order` lists tasks as results show them. */
export function keep(outcome, order) {
  const kept = existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : [];
  const older = kept.find((entry) => sameMachine(entry, outcome));
  const place = (piece) => order.findIndex((row) => sameInput(row, piece));
  const entry = older
    ? {
        ...outcome,
        tasks: grown(older, outcome, "tasks").sort((a, b) => place(a) - place(b)),
        typescript: grown(older, outcome, "typescript"),
        peak: outcome.peak ?? older.peak,
      }
    : outcome;
  const all = [entry, ...kept.filter((other) => other !== older)];
  writeFileSync(path, `${JSON.stringify(all)}\n`);
  return all;
}

/** Puts the page between its markers in a file that other benchmarks write to as well. */
export function writeSection(markdown) {
  const results = join(here, "..", "RESULTS.md");
  const [open, close] = [`<!-- ${basename(here)} -->`, `<!-- /${basename(here)} -->`];
  const section = `${open}\n${markdown}${close}\n`;
  const before = existsSync(results) ? readFileSync(results, "utf8") : "";
  const [start, end] = [before.indexOf(open), before.indexOf(close)];
  const rest = start < 0 ? (before === "" ? "" : `${before}\n`) : before.slice(0, start);
  const after = rest + section + (start < 0 ? "" : before.slice(end + close.length + 1));
  writeFileSync(results, after);
}
