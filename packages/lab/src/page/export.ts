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
import type { Columns } from "./columns.ts";
import type { Run } from "./run.svelte.ts";

/** Saves a part of a run through the browser; returns the names of the files. Throws where there is nothing to save. */
export async function exportRun(run: Run, what: "certificate" | "parquet" | "csv" | "svg" | "png"): Promise<string> {
  const files = await filesOf(run, what);
  for (const { name, content } of files) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(content);
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  }
  return files.map(({ name }) => name).join(", ");
}

interface NamedContent {
  readonly name: string;
  readonly content: Blob;
}

async function filesOf(run: Run, what: Parameters<typeof exportRun>[1]): Promise<NamedContent[]> {
  const { columns } = run;
  if (columns.length === 0) throw new Error("Nothing has been recorded yet.");
  switch (what) {
    case "certificate": {
      const outcome = run.certified?.outcome ?? run.outcome;
      if (!outcome) throw new Error("There is no certificate and no verdict yet.");
      const text = JSON.stringify({ step: run.certified?.step ?? run.step, ...outcome }, null, 2);
      return [{ name: "certificate.json", content: new Blob([`${text}\n`], { type: "application/json" }) }];
    }
    case "csv":
      return [{ name: "record.csv", content: new Blob([csv(columns)], { type: "text/csv" }) }];
    case "parquet": {
      const names = recordNames(columns);
      const rows = Array.from({ length: columns.length }, (_, i) =>
        Object.fromEntries(names.map((name) => [name, entry(columns.column(name)[i])])),
      );
      const types = Object.fromEntries(names.map((name) => [name, "number" as const]));
      const bytes = formatRecord({ ...types, step: "integer" }, rows as { step: number }[]);
      return [{ name: "record.parquet", content: new Blob([bytes]) }];
    }
    default:
      return figures(run, what);
  }
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
