// The API reference, built from the code: docs/api.md lists what each package exports with the first sentence of its doc comment.
//   node scripts/api.mjs          writes it
//   node scripts/api.mjs --check  fails if it is stale, or if an export has no doc comment
import { readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const PAGE = join(root, "docs/api.md");
const ENTRIES = [
  ["@surefoot/linalg", "packages/linalg/src/index.ts"],
  ["surefoot", "packages/surefoot/src/index.ts"],
  ["surefoot/figure", "packages/surefoot/src/figure/index.ts"],
  ["surefoot/report", "packages/surefoot/src/report/index.ts"],
  ["@surefoot/check", "packages/check/src/index.ts"],
];
const DECLARATION = /^export (?:async )?(?:abstract )?(function\*?|interface|class|const|type) (\w+)/gm;

/** [file, name] of everything that an entry exports, through its re-exports. */
function exportsOf(file) {
  const text = readFileSync(file, "utf8");
  const target = (specifier) => resolve(dirname(file), specifier);
  const named = Array.from(text.matchAll(/export (?:type )?\{([^}]*)\}\s*from "(\.[^"]+)"/g), ([, list, specifier]) =>
    list
      .split(",")
      .map(
        (item) =>
          item
            .trim()
            .replace(/^type /, "")
            .split(" as ")[0],
      )
      .filter((name) => name !== "")
      .map((name) => [target(specifier), name]),
  );
  const starred = Array.from(text.matchAll(/export \* from "(\.[^"]+)"/g), ([, specifier]) =>
    exportsOf(target(specifier)),
  );
  const own = Array.from(text.matchAll(DECLARATION), ([, , name]) => [file, name]);
  return [...named.flat(), ...starred.flat(), ...own];
}

/** Kind and doc comment of a declaration. */
function describe(file, name) {
  const text = readFileSync(file, "utf8");
  for (const match of text.matchAll(DECLARATION)) {
    if (match[2] !== name) continue;
    const before = text.slice(0, match.index).trimEnd();
    const start = before.lastIndexOf("/**");
    const documented = before.endsWith("*/") && start >= 0 && !before.slice(start, -2).includes("*/");
    const comment = documented
      ? before
          .slice(start + 3, -2)
          .replace(/^\s*\* ?/gm, "")
          .trim()
      : undefined;
    return { kind: match[1].replace("*", ""), comment };
  }
  return undefined;
}

/** Up to the first full stop or blank line, on one line, safe in a table. */
function summary(comment) {
  const paragraph = comment
    .split(/\n\s*\n|\n@/)[0]
    .replace(/\s+/g, " ")
    .trim();
  const end = /[.:](?= [A-Z`|0-9])|[.](?=$)/.exec(paragraph);
  return (end ? paragraph.slice(0, end.index + 1) : paragraph).replaceAll("|", "\\|");
}

const problems = [];
const sections = ENTRIES.map(([title, entry]) => {
  const rows = exportsOf(join(root, entry))
    .toSorted(([, a], [, b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([file, name]) => {
      const found = describe(file, name);
      const where = relative(root, file);
      if (found?.comment === undefined) problems.push(`${where}: ${name} is exported without a doc comment`);
      const text = found?.comment === undefined ? "" : summary(found.comment);
      return `| [\`${name}\`](../${where}) | ${found?.kind ?? ""} | ${text} |`;
    });
  return `## ${title}\n\n| export | | |\n|---|---|---|\n${[...new Set(rows)].join("\n")}\n`;
});
const page = `# API reference

Built from the code by \`node scripts/${basename(fileURLToPath(import.meta.url))}\`; the whole doc comment of an export is at the link: arguments, shapes, errors, sources.

${sections.join("\n")}`;

if (process.argv.includes("--check")) {
  let current = "";
  try {
    current = readFileSync(PAGE, "utf8");
  } catch {
    // no page yet: stale
  }
  if (current !== page) problems.push("docs/api.md is stale: run node scripts/api.mjs");
  if (problems.length > 0) {
    console.error(problems.join("\n"));
    process.exit(1);
  }
} else {
  writeFileSync(PAGE, page);
  if (problems.length > 0) console.error(problems.join("\n"));
}
