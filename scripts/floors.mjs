// The floor rule of docs/architecture.md: inside packages/surefoot/src a folder imports only from folders below it.
// Fails with every import that climbs; also fails when a folder is missing from the list.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "packages", "surefoot", "src");

/** Lowest first. Folders on one line may not import from one another either. */
const FLOORS = [
  ["error", "warrant"],
  ["spec"],
  ["random", "interval"],
  ["data"],
  ["activation"],
  ["network"],
  ["kernel"],
  ["dynamics"],
  ["certify"],
  ["certificate"],
  ["train"],
  ["theory"],
  ["plan"],
  ["record"],
  ["figure"],
  ["report"],
  ["cli"],
];

const level = new Map(FLOORS.flatMap((names, i) => names.map((name) => [name, i])));

function* sources(folder) {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) yield* sources(path);
    else if (/\.ts$/.test(name)) yield path;
  }
}

const roomOf = (path) => relative(root, path).split(sep)[0].replace(/\.ts$/, "");

const problems = [];
for (const file of sources(root)) {
  const from = roomOf(file);
  if (from === "index") continue;
  if (!level.has(from)) {
    problems.push(`${relative(root, file)}: folder "${from}" has no floor; add it to scripts/floors.mjs`);
    continue;
  }
  for (const [, target] of readFileSync(file, "utf8").matchAll(/(?:from|import)\s*\(?\s*"(\.[^"]+)"/g)) {
    const to = roomOf(resolve(dirname(file), target));
    if (to !== from && !(level.get(to) < level.get(from))) {
      problems.push(`${relative(root, file)} imports ${target}: ${from} may not import from ${to}`);
    }
  }
}
if (problems.length > 0) {
  console.error(problems.join("\n"));
  process.exit(1);
}
