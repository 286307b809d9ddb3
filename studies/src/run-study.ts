import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Backend, chooseBackend } from "@surefoot/linalg";
import { formatTable, writeAtomically } from "surefoot";
import { rasterize, renderSvgInNode } from "surefoot/figure/node";
import type { Claim, Form, Judgement, Row, Study, Tables } from "./study.ts";

/** How a study is run. */
export interface RunStudyOptions {
  readonly form: Form;
  /** Folder of the results, made if need be; cells found in it are not repeated. */
  readonly out: string;
  readonly backend?: Backend;
  readonly signal?: AbortSignal;
  readonly progress?: (text: string) => void;
}

/** A claim with its judgement. */
export type Verdict = Claim & Judgement;

/** What a study left: also the content of its `study.json`. */
export interface StudyResult {
  readonly id: string;
  readonly form: Form;
  readonly question: string;
  readonly source: string;
  readonly setting: string;
  readonly parameters: unknown;
  readonly verdicts: readonly Verdict[];
  readonly figures: readonly string[];
  readonly tables: readonly string[];
  /** Seconds of all cells together, those of earlier runs included. */
  readonly seconds: number;
  readonly machine: string;
}

/**
 * Runs a study, or goes on with it: cells whose results lie in `out` are taken from there. Writes a Parquet file per table, SVG and PNG per
 * figure, and `study.json` with a verdict per claim. Rejects with the signal's reason when interrupted; finished cells are kept.
 */
export async function runStudy(study: Study, options: RunStudyOptions): Promise<StudyResult> {
  const { form, out, signal = new AbortController().signal, progress = () => {} } = options;
  const plan = study.plan(form);
  const keys = new Set(plan.cells.map(({ key }) => key));
  if (keys.size < plan.cells.length) throw new Error(`study ${study.id}: two cells have one key`);
  await mkdir(join(out, "cells"), { recursive: true });
  const backend = options.backend ?? (await chooseBackend("auto", {})).backend;
  try {
    const stamp = createHash("sha256").update(JSON.stringify(plan.parameters)).digest("hex").slice(0, 16);
    const tables: Record<string, Row[]> = {};
    let seconds = 0;
    for (const [i, cell] of plan.cells.entries()) {
      signal.throwIfAborted();
      const say = (text: string) =>
        progress(`${study.id} ${i + 1}/${plan.cells.length} ${cell.key}${text && `: ${text}`}`);
      say("");
      const path = join(out, "cells", `${cell.key.replace(/[^\w.=+-]/g, "_")}.json`);
      let kept = await readCell(path, stamp);
      if (!kept) {
        const began = performance.now();
        const measured = await cell.measure({ backend, signal, progress: say });
        kept = { stamp, seconds: (performance.now() - began) / 1000, tables: finiteTables(measured) };
        await writeAtomically(path, JSON.stringify(kept));
      }
      seconds += kept.seconds;
      for (const [name, rows] of Object.entries(kept.tables)) {
        tables[name] ??= [];
        tables[name].push(...rows);
      }
    }
    const { judgements, figures } = await plan.conclude(tables);
    const verdicts = study.claims.map((claim) => {
      const judgement = judgements[claim.id];
      if (!judgement) throw new Error(`study ${study.id}: claim ${claim.id} was not judged`);
      return { ...claim, ...judgement };
    });
    for (const [name, rows] of Object.entries(tables)) {
      await writeAtomically(join(out, `${name}.parquet`), formatTable(columnsOf(rows), rows));
    }
    for (const [name, figure] of Object.entries(figures)) {
      const svg = renderSvgInNode(figure);
      await writeAtomically(join(out, `${name}.svg`), svg);
      await writeAtomically(join(out, `${name}.png`), rasterize(renderSvgInNode(figure, { theme: "light" })).png);
    }
    const result: StudyResult = {
      id: study.id,
      form,
      question: study.question,
      source: study.source,
      setting: study.setting,
      parameters: plan.parameters,
      verdicts,
      figures: Object.keys(figures),
      tables: Object.keys(tables),
      seconds,
      machine: `${backend.info.detail}, ${backend.info.threads} threads`,
    };
    await writeAtomically(join(out, "study.json"), `${JSON.stringify(result, null, 2)}\n`);
    return result;
  } finally {
    if (!options.backend) await backend.close();
  }
}

interface KeptCell {
  readonly stamp: string;
  readonly seconds: number;
  readonly tables: Tables;
}

/** A cell's kept result; undefined where there is none, where it is damaged, or where it belongs to other parameters. */
async function readCell(path: string, stamp: string): Promise<KeptCell | undefined> {
  if (!existsSync(path)) return undefined;
  try {
    const kept = JSON.parse(await readFile(path, "utf8")) as KeptCell;
    return kept.stamp === stamp && typeof kept.seconds === "number" && kept.tables ? kept : undefined;
  } catch {
    return undefined; // measured again
  }
}

/** ±∞ and NaN, which JSON lacks, become null before they are concluded from, whether the cell was kept or not. */
function finiteTables(tables: Tables): Tables {
  const finite = (value: number | string | null) =>
    typeof value === "number" && !Number.isFinite(value) ? null : value;
  return Object.fromEntries(
    Object.entries(tables).map(([name, rows]) => [
      name,
      rows.map((row) => Object.fromEntries(Object.entries(row).map(([column, value]) => [column, finite(value)]))),
    ]),
  );
}

function columnsOf(rows: readonly Row[]): Record<string, "number" | "text"> {
  const columns: Record<string, "number" | "text"> = {};
  for (const row of rows) {
    for (const [name, value] of Object.entries(row)) {
      if (typeof value === "string") columns[name] = "text";
      else columns[name] ??= "number";
    }
  }
  return columns;
}
