import { formatRecord } from "surefoot";
import {
  type FigureSpec,
  kernelFigure,
  lossFigure,
  marginFigure,
  type RunColumns,
  rasterizeInBrowser,
  renderSvg,
} from "surefoot/figure";
import { PATH_COLUMNS } from "../engine/path-meter.ts";
import { quote } from "../state/command.ts";
import type { Columns } from "./columns.ts";
import type { Run } from "./run.svelte.ts";

export type Exported = "certificate" | "parquet" | "csv" | "svg" | "png";

/** Saves a part of a run through the browser; returns what was saved, in a sentence. Throws where there is nothing to save. */
export async function exportRun(run: Run, what: Exported): Promise<string> {
  const { files, note = "" } = await filesOf(run, what);
  for (const { name, content } of files) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(content);
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  }
  return `Saved ${files.map(({ name }) => name).join(", ")}. ${note}`;
}

interface NamedContent {
  readonly name: string;
  readonly content: Blob;
}

interface Saving {
  readonly files: readonly NamedContent[];
  readonly note?: string;
}

async function filesOf(run: Run, what: Exported): Promise<Saving> {
  const { columns } = run;
  if (columns.length === 0) throw new Error("Nothing has been recorded yet.");
  switch (what) {
    case "certificate":
      return certificate(run);
    case "csv":
      return { files: [{ name: "record.csv", content: new Blob([csv(columns)], { type: "text/csv" }) }] };
    case "parquet": {
      const names = recordNames(columns);
      const rows = Array.from({ length: columns.length }, (_, i) =>
        Object.fromEntries(names.map((name) => [name, entry(columns.column(name)[i])])),
      );
      const types = Object.fromEntries(names.map((name) => [name, "number" as const]));
      const bytes = formatRecord({ ...types, step: "integer" }, rows as { step: number }[]);
      return { files: [{ name: "record.parquet", content: new Blob([bytes]) }] };
    }
    default:
      return { files: await figures(run, what) };
  }
}

/** The certificate's file with its weights; where there is none, the outcome and why. */
async function certificate(run: Run): Promise<Saving> {
  const json = (name: string, text: string) => ({ name, content: new Blob([text], { type: "application/json" }) });
  const { seen, why = "the run has ended" } = run.certified ? await run.look("certificate") : { seen: null };
  if (seen?.look === "certificate") {
    const weights = { name: "certified.safetensors", content: new Blob([seen.weights]) };
    const source = run.facts?.experiment.data.source;
    return {
      files: [json("certificate.json", seen.certificate), weights],
      note: `Checked by: surefoot verify certificate.json --data ${quote(source ?? "DATA")} --weights certified.safetensors`,
    };
  }
  const outcome = run.certified?.outcome ?? run.outcome;
  if (!outcome) throw new Error("There is no certificate and no verdict yet.");
  const text = `${JSON.stringify({ step: run.certified?.step ?? run.step, ...outcome }, null, 2)}\n`;
  const note = run.certified
    ? `The verdict and its hypotheses; a file for surefoot verify could not be written: ${why}.`
    : "It says what is missing: nothing is certified yet.";
  return { files: [json("outcome.json", text)], note };
}

async function figures(run: Run, what: "svg" | "png"): Promise<NamedContent[]> {
  const certifiedStep = run.certified?.step ?? null;
  const record = recordOf(run.columns);
  const specs: [string, FigureSpec][] = [
    [
      "loss",
      lossFigure(record, {
        certifiedStep,
        ...(run.roundingFloor === null ? {} : { roundingFloor: run.roundingFloor }),
      }),
    ],
    ["kernel", kernelFigure(record, { certifiedStep })],
    ...(run.columns.has("margin") ? [["margin", marginFigure(record, { certifiedStep })] as [string, FigureSpec]] : []),
  ];
  return Promise.all(
    specs.map(async ([name, spec]) => {
      const svg = renderSvg(spec, document, { theme: "light" });
      const content =
        what === "svg" ? new Blob([svg], { type: "image/svg+xml" }) : await rasterizeInBrowser(svg, document);
      return { name: `${name}.${what}`, content };
    }),
  );
}

/** The columns that the command's record has too. */
const recordNames = ({ names }: Columns) => names.filter((name) => !(PATH_COLUMNS as readonly string[]).includes(name));

const entry = (value: number) => (Number.isNaN(value) ? null : value);

function recordOf(columns: Columns): RunColumns {
  return Object.fromEntries(
    recordNames(columns).map((name) => [name, Array.from(columns.column(name), entry)]),
  ) as unknown as RunColumns;
}

/** Numbers as the shortest text that reads back to the same double; nothing where nothing was measured. */
function csv(columns: Columns): string {
  const lines = [columns.names.join(",")];
  const data = columns.names.map((name) => columns.column(name));
  for (let i = 0; i < columns.length; i++) {
    lines.push(data.map((column) => (Number.isNaN(column[i]) ? "" : String(column[i]))).join(","));
  }
  return `${lines.join("\n")}\n`;
}
