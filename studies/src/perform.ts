import { join } from "node:path";
import { chooseBackend } from "@surefoot/linalg";
import { buildGallery } from "./gallery.ts";
import { allStudies, findStudy } from "./registry.ts";
import { runStudy } from "./run-study.ts";

/** The options of `surefoot study`. */
export interface PerformOptions {
  readonly quick?: boolean;
  readonly out?: string;
  readonly gallery?: string;
  readonly threads?: number;
  readonly json?: boolean;
}

/** How it speaks, and how it learns that it should stop. */
export interface Terminal {
  /** The result. */
  readonly print: (line: string) => void;
  /** Everything else. */
  readonly say: (line: string) => void;
  readonly progress: { readonly update: (line: string) => void; readonly clear: () => void };
  readonly signal: AbortSignal;
}

const RESULTS = join("runs", "studies");

/** What the command `surefoot study` does: lists the studies, runs one, or collects them into the gallery. */
export async function perform(id: string | undefined, options: PerformOptions, terminal: Terminal): Promise<void> {
  const { print, say, progress, signal } = terminal;
  if (options.gallery !== undefined) return collect(options.out ?? RESULTS, options.gallery, say);
  if (id === undefined) return list(options.json ?? false, print);
  const study = await findStudy(id);
  const form = options.quick ? "quick" : "full";
  const out = options.out ?? join(RESULTS, `${study.id}-${form}`);
  say(`${study.id} (${form}): ${study.question}\n  source: ${study.source}\n  setting: ${study.setting}`);
  const { backend } = await chooseBackend("auto", options.threads === undefined ? {} : { threads: options.threads });
  try {
    const result = await runStudy(study, { form, out, backend, signal, progress: progress.update });
    progress.clear();
    if (options.json) print(JSON.stringify({ ...result, out }));
    else {
      for (const { id: claim, source, says, measured, verdict } of result.verdicts)
        print(`${claim}: ${verdict.toUpperCase()}\n  ${source}: ${says}\n  measured: ${measured}`);
    }
    const files = [...result.figures, ...result.tables.map((name) => `${name}.parquet`), "study.json"].join(", ");
    say(`${files} in ${out}, ${result.seconds.toFixed(0)} s of work`);
  } finally {
    await backend.close();
  }
}

async function list(json: boolean, print: (line: string) => void): Promise<void> {
  const studies = await allStudies();
  if (json) {
    const described = studies.map(({ id, aliases = [], question, source, setting, claims }) => {
      return { id, aliases, question, source, setting, claims };
    });
    return print(JSON.stringify(described));
  }
  for (const { id, aliases = [], question } of studies) {
    print(`${id.padEnd(18)} ${question}${aliases.length > 0 ? ` (${aliases.join(", ")})` : ""}`);
  }
}

async function collect(results: string, folder: string, say: (line: string) => void): Promise<void> {
  const { shown, missing } = await buildGallery(results, folder);
  const without = missing.length > 0 ? `; no full run of ${missing.join(", ")}` : "";
  say(`${join(folder, "README.md")}: ${shown.length} studies${without}`);
}
