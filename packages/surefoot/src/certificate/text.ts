import { SurefootError } from "../error.ts";
import { describeIssues } from "../spec/parse.ts";
import { type CertificateFile, certificateFile } from "./schema.ts";

/** The file's text: one line per field, and in `witness`, `constants` and the like one line per field of theirs. */
export function formatCertificate(file: CertificateFile): string {
  const fields = Object.entries(file).map(([name, value]) => `  ${JSON.stringify(name)}: ${inner(value)}`);
  return `{\n${fields.join(",\n")}\n}\n`;
}

function inner(value: unknown): string {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return JSON.stringify(value);
  const fields = Object.entries(value)
    .filter(([, part]) => part !== undefined)
    .map(([name, part]) => `    ${JSON.stringify(name)}: ${JSON.stringify(part)}`);
  return fields.length === 0 ? "{}" : `{\n${fields.join(",\n")}\n  }`;
}

/** A parsed certificate file, of the right shape; throws `file` naming the field that is not what it must be. */
export function parseCertificate(json: unknown, name: string): CertificateFile {
  const result = certificateFile.safeParse(json);
  if (result.success) return json as CertificateFile; // the digest covers the order of its fields
  throw new SurefootError("file", `${name}: not a certificate: ${describeIssues(result.error)}`);
}
