import { type CheckVerdict, type CheckWeights, check, readSafetensors } from "@surefoot/check";
import { Command } from "commander";
import { type CertificateFile, parseCertificate } from "../certificate/index.ts";
import { type DataOptionsInput, loadDataset, readFromDisk } from "../data/index.ts";
import { SurefootError } from "../error.ts";
import { readWeights } from "../record/index.ts";
import { EXIT } from "./exit-code.ts";
import { print, printJson } from "./terminal.ts";

interface Arguments {
  readonly data?: string;
  readonly labels?: string;
  readonly weights: string;
  readonly json?: boolean;
}

export function verifyCommand(): Command {
  return new Command("verify")
    .summary("check a certificate with an independent program")
    .description(
      "Checks a certificate file against data and weights. The check is made by @surefoot/check, a short program that shares\n" +
        "no code with the one that wrote the certificate: it proves every hypothesis anew, in its own interval arithmetic, for\n" +
        "exactly the numbers in these files, and believes nothing that the certificate says.\n\n" +
        "  accepted   the statement of the certificate is proved (exit 0)\n" +
        "  rejected   a hypothesis fails or is not proved, and by how much (exit 5)",
    )
    .argument("<file>", "the certificate, as `surefoot certify --out` writes it")
    .option("--data <data>", "the data it is about: a file or a generator (default: the certificate's own generator)")
    .option("--labels <file>", "the file of labels, when --data names only the inputs (.npy, IDX)")
    .requiredOption("--weights <file>", "the weights it is about (.safetensors or .npz)")
    .option("--json", "print the result as JSON on stdout")
    .addHelpText(
      "after",
      "\nThe choice of samples, their labels and normalisation are taken from the certificate; that the numbers which result are\n" +
        "those that it is about is checked by their SHA-256.\n\nExample:\n" +
        "  surefoot verify certificate.json --data iris.csv --weights weights.safetensors",
    )
    .action(run);
}

async function run(file: string, { data, labels, weights, json }: Arguments): Promise<void> {
  const certificate: unknown = readJson(new TextDecoder().decode(await readFromDisk(file)), file);
  const verdict = await verify(certificate, file, data, labels, weights);
  if (json) printJson(verdict);
  else print(describe(verdict));
  process.exitCode = verdict.verdict === "accepted" ? EXIT.ok : EXIT.rejected;
}

async function verify(
  certificate: unknown,
  file: string,
  data: string | undefined,
  labels: string | undefined,
  weights: string,
): Promise<CheckVerdict> {
  const shape = shapeOf(certificate, file);
  if ("verdict" in shape) return shape;
  const source = data ?? shape.data.source;
  const options = { ...(shape.data.options as DataOptionsInput), ...(labels !== undefined ? { labels } : {}) };
  const { x, y } = await loadDataset(source, options);
  return check(certificate, { x: x.data, n: x.rows, d: x.cols, y }, await openWeights(weights));
}

function readJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new SurefootError("file", `${file}: not JSON: ${(cause as Error).message}`, { cause });
  }
}

/** A file of another shape is rejected, not misused: it may be a certificate that someone changed. */
function shapeOf(certificate: unknown, file: string): CertificateFile | Extract<CheckVerdict, { verdict: "rejected" }> {
  try {
    return parseCertificate(certificate, file);
  } catch (error) {
    if (!(error instanceof SurefootError)) throw error;
    return { verdict: "rejected", hypothesis: "file", reason: error.message };
  }
}

/** `.safetensors` through the checker's own reader; `.npz` through the library's (the hash covers the numbers either way). */
async function openWeights(path: string): Promise<CheckWeights> {
  if (/\.safetensors$/i.test(path)) {
    const bytes = await readFromDisk(path);
    try {
      return readSafetensors(bytes);
    } catch (cause) {
      throw new SurefootError("file", `${path}: ${(cause as Error).message}`, { cause });
    }
  }
  const tensors = Object.entries(await readWeights(path));
  return Object.fromEntries(tensors.map(([name, { rows, cols, data }]) => [name, { shape: [rows, cols], data }]));
}

function describe(verdict: CheckVerdict): string {
  if (verdict.verdict === "accepted") {
    return `ACCEPTED\n\n${verdict.statement}\n\nEvery hypothesis was proved anew from the data and the weights, whatever the certificate says of how it was found.`;
  }
  const by = verdict.by === undefined ? "" : `\n  by: ${verdict.by}`;
  return `REJECTED\n\n  hypothesis: ${verdict.hypothesis}\n  ${verdict.reason}${by}`;
}
