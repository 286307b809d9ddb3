import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { type CustomLoss, type MarginLoss, marginLoss } from "../dynamics/margin-loss.ts";
import { SurefootError } from "../error.ts";

/** Whether `--loss` names a file with a loss of the user's own. */
export function isLossFile(text: string): boolean {
  return /\.[cm]?[jt]s$/.test(text);
}

/**
 * A loss of the margin from a JavaScript module: its default export is { name, value(z), slope(z) } and, where they are known, `formula`,
 * `constants` and `range` (`marginLoss`). The file is run with the rights of the command. Throws `file` or `argument`.
 */
export async function lossFromFile(path: string): Promise<MarginLoss> {
  let found: { readonly default?: unknown };
  try {
    found = await import(pathToFileURL(resolve(path)).href);
  } catch (error) {
    throw new SurefootError("file", `--loss ${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
  const loss = found.default as Partial<CustomLoss> | undefined;
  if (typeof loss?.name !== "string" || typeof loss.value !== "function" || typeof loss.slope !== "function") {
    throw new SurefootError(
      "file",
      `--loss ${path}: its default export must be { name: "…", value: (z) => ℓ(z), slope: (z) => ℓ'(z) }`,
    );
  }
  return marginLoss(loss as CustomLoss);
}
