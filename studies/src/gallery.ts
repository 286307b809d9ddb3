import { existsSync } from "node:fs";
import { copyFile, mkdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { writeAtomically } from "surefoot";
import { allStudies } from "./registry.ts";
import type { StudyResult } from "./run-study.ts";

/** Tables above this size stay where they were made. */
const LARGEST_TABLE = 300_000;

/** What went into the gallery. */
export interface GalleryResult {
  readonly shown: readonly string[];
  /** Studies without a finished full run. */
  readonly missing: readonly string[];
}

/**
 * Writes the gallery: `folder/README.md` with every study that has a finished run in `results/ID-full`, its verdicts and figures, and beside it
 * a folder per study with the figures (SVG), `study.json` and the tables that are small. Studies without a new result keep what they have.
 */
export async function buildGallery(results: string, folder: string): Promise<GalleryResult> {
  const [shown, missing, sections]: [string[], string[], string[]] = [[], [], []];
  await mkdir(folder, { recursive: true });
  for (const { id } of await allStudies()) {
    const from = join(results, `${id}-full`);
    const to = join(folder, id);
    if (existsSync(join(from, "study.json"))) await copyResult(from, to);
    if (!existsSync(join(to, "study.json"))) {
      missing.push(id);
      continue;
    }
    sections.push(section(await readResult(to), to));
    shown.push(id);
  }
  const rest = missing.length > 0 ? [`Not yet run in full: ${missing.join(", ")}.`] : [];
  await writeAtomically(join(folder, "README.md"), `${[...HEAD, ...rest, ...sections].join("\n\n")}\n`);
  return { shown, missing };
}

const HEAD = [
  "# Studies",
  "Every figure, claim and open question of the source papers, measured. Each study ends with a verdict per claim: what the source says, what was measured, " +
    "and whether they agree. `surefoot study ID` repeats one in full, `surefoot study ID --quick` in under a minute; this page is written by " +
    "`surefoot study --gallery docs/studies` from the full runs. Where a source gives no numbers the setting is ours.",
];

const readResult = async (folder: string): Promise<StudyResult> =>
  JSON.parse(await readFile(join(folder, "study.json"), "utf8")) as StudyResult;

async function copyResult(from: string, to: string): Promise<void> {
  const result = await readResult(from);
  await mkdir(to, { recursive: true });
  await copyFile(join(from, "study.json"), join(to, "study.json"));
  for (const name of result.figures) await copyFile(join(from, `${name}.svg`), join(to, `${name}.svg`));
  for (const name of result.tables) {
    const file = join(from, `${name}.parquet`);
    if ((await stat(file)).size <= LARGEST_TABLE) await copyFile(file, join(to, `${name}.parquet`));
  }
}

function section(result: StudyResult, folder: string): string {
  const { id, question, source, setting, verdicts, figures, tables, seconds, machine } = result;
  const kept = tables.filter((name) => existsSync(join(folder, `${name}.parquet`)));
  const data = kept.map((name) => `[${name}.parquet](${id}/${name}.parquet)`).join(", ");
  return [
    `## ${id}`,
    `**${question}** (${source})`,
    `Setting: ${setting}. ${(seconds / 60).toFixed(1)} minutes, ${machine}.${data && ` Data: ${data}.`}`,
    [
      "| claim | source | says | measured | verdict |",
      "|---|---|---|---|---|",
      ...verdicts.map(
        ({ id: claim, source: where, says, measured, verdict }) =>
          `| ${[claim, where, says, measured].map(cell).join(" | ")} | ${verdict === "disagrees" ? "**disagrees**" : verdict} |`,
      ),
    ].join("\n"),
    ...figures.map((name) => `![${name}](${id}/${name}.svg)`),
  ].join("\n\n");
}

const cell = (text: string) => text.replaceAll("|", "\\|");
