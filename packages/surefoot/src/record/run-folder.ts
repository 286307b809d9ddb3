import { SurefootError } from "../error.ts";
import { isTemporary, reason } from "./write-atomically.ts";

/** What a run leaves, by purpose. */
export const RUN_FILES = {
  record: "record.parquet",
  weights: "weights.safetensors",
  certificate: "certificate.json",
  run: "run.json",
  report: "report.html",
} as const;

/** The folder of a run and the full paths of its files. */
export type RunFolder = { readonly path: string } & Readonly<Record<keyof typeof RUN_FILES, string>>;

/**
 * Makes the folder of a new run (parents too). A folder that already holds a file of a run is refused with `file` unless `overwrite`: then
 * those files, and no others, are removed first.
 */
export async function createRunFolder(path: string, { overwrite = false } = {}): Promise<RunFolder> {
  const { mkdir, readdir, rm } = await import("node:fs/promises");
  const folder = await locate(path);
  try {
    await mkdir(path, { recursive: true });
    const there = await readdir(path);
    const run = Object.values(RUN_FILES).filter((name) => there.includes(name));
    if (run.length > 0 && !overwrite) {
      throw new SurefootError(
        "file",
        `${path}: already holds a run (${run.join(", ")}); choose another folder, continue it with --resume, or replace it with --overwrite`,
      );
    }
    for (const name of Object.keys(RUN_FILES) as (keyof typeof RUN_FILES)[]) await rm(folder[name], { force: true });
    return folder;
  } catch (cause) {
    if (cause instanceof SurefootError) throw cause;
    throw new SurefootError("file", `${path}: cannot be made a folder: ${reason(cause)}`, { cause });
  }
}

/**
 * The folder of a run to be continued, rid of half-written files that a killed process left; throws `file` when it lacks run.json,
 * weights or record.
 */
export async function openRunFolder(path: string): Promise<RunFolder> {
  const { access, readdir, rm } = await import("node:fs/promises");
  const { join } = await import("node:path");
  const folder = await locate(path);
  for (const name of ["run", "weights", "record"] as const) {
    await access(folder[name]).catch((cause: unknown) => {
      throw new SurefootError(
        "file",
        `${path}: no run to continue here (${RUN_FILES[name]} is missing); check the path`,
        { cause },
      );
    });
  }
  const leftovers = (await readdir(path)).filter((name) => isTemporary(name));
  for (const name of leftovers) await rm(join(path, name), { force: true });
  return folder;
}

async function locate(path: string): Promise<RunFolder> {
  const { join } = await import("node:path");
  const { record, weights, certificate, run, report } = RUN_FILES;
  return {
    path,
    record: join(path, record),
    weights: join(path, weights),
    certificate: join(path, certificate),
    run: join(path, run),
    report: join(path, report),
  };
}
