import type { z } from "zod";
import { SurefootError } from "../error.ts";

/** Parses a plain object as a spec; throws `spec` naming each field that does not fit and what it should be. */
export function parseSpec<S extends z.ZodType>(schema: S, value: unknown, what: string): z.infer<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new SurefootError("spec", `${what}: ${describeIssues(result.error)}`);
}

/** "widths.0: expected number; unknown key …" from a zod error. */
export function describeIssues(error: z.ZodError): string {
  return error.issues
    .map((issue) => (issue.path.length > 0 ? `${issue.path.join(".")}: ${issue.message}` : issue.message))
    .join("; ");
}
