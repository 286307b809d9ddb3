import { SurefootError } from "../error.ts";

/** Where loaders get bytes from: a path or name to its contents. The lab passes files that the user dropped; Node reads the disk. */
export type ReadBytes = (path: string) => Promise<Uint8Array<ArrayBuffer>>;

/** Largest file that is read: 2 GiB, the most that one buffer of every supported runtime holds. */
export const MAX_FILE_BYTES = 2 ** 31 - 1;

/** Reads a file of the disk. Throws `file` when it is missing, a folder, unreadable, or larger than `MAX_FILE_BYTES`. */
export const readFromDisk: ReadBytes = async (path) => {
  const { open } = await import("node:fs/promises");
  try {
    await using file = await open(path, "r");
    const stat = await file.stat();
    if (stat.isDirectory()) throw new SurefootError("file", `${path}: is a folder; name a file in it`);
    if (stat.size > MAX_FILE_BYTES) {
      throw new SurefootError(
        "file",
        `${path}: ${stat.size} bytes are more than the ${MAX_FILE_BYTES} that can be read; store fewer rows or columns`,
      );
    }
    return new Uint8Array(await file.readFile());
  } catch (error) {
    throw error instanceof SurefootError ? error : unreadable(path, error);
  }
};

function unreadable(path: string, cause: unknown): SurefootError {
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  if (code === "ENOENT" || code === "ENOTDIR") {
    return new SurefootError("file", `${path}: no such file; check the path`, { cause });
  }
  if (code === "EACCES" || code === "EPERM") {
    return new SurefootError("file", `${path}: not allowed to read this file; check its permissions`, { cause });
  }
  return new SurefootError("file", `${path}: cannot be read (${cause instanceof Error ? cause.message : cause})`, {
    cause,
  });
}
