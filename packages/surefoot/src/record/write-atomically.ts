import { SurefootError } from "../error.ts";

let attempts = 0;

/**
 * Writes a file so that at every moment `path` holds either its old content or all of the new: the bytes go to a temporary file in the
 * same folder, are forced to the disk, and then take the name. On failure the temporary file is removed and `path` is untouched;
 * throws `file` saying what went wrong (no space left, no such folder, not allowed).
 */
export async function writeAtomically(path: string, content: Uint8Array | string): Promise<void> {
  const { open, rename, rm } = await import("node:fs/promises");
  const { basename, dirname, join } = await import("node:path");
  attempts += 1;
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}-${attempts}.tmp`);
  try {
    const file = await open(temporary, "wx");
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw new SurefootError("file", `${path}: cannot be written: ${reason(cause)}`, { cause });
  }
}

/** Whether a file's name is that of a temporary file of `writeAtomically`. */
export function isTemporary(name: string): boolean {
  return /^\..+\.\d+-\d+\.tmp$/.test(name);
}

const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: "no space is left on the device; free some or choose another folder",
  EDQUOT: "the disk quota is used up; free some space or choose another folder",
  EFBIG: "the file is too large for this file system",
  ENOENT: "its folder does not exist; create it first",
  ENOTDIR: "a part of the path is not a folder",
  EISDIR: "it is a folder; name a file in it",
  EACCES: "not allowed; check the permissions of its folder",
  EPERM: "not allowed; check the permissions of its folder",
  EROFS: "the file system is read-only; choose another folder",
};

/** What a failed file operation means for its user. */
export function reason(cause: unknown): string {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  if (Object.hasOwn(REASONS, code)) return REASONS[code];
  return cause instanceof Error ? cause.message : String(cause);
}
