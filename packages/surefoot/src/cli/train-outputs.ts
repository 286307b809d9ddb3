import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type FigureSpec, kernelFigure, lossFigure, marginFigure, type RunColumns } from "../figure/index.ts";
import { renderSvgInNode } from "../figure/node.ts";
import { rasterize } from "../figure/png-node.ts";
import { type RunFolder, writeAtomically } from "../record/index.ts";
import { renderReport } from "../report/index.ts";
import { isPlain } from "../spec/optimiser.ts";
import { describeOptimiser, uncertifiable } from "./optimiser-options.ts";
import { certifiedWeightsFile } from "./run-certificate.ts";
import type { FinishedRun } from "./run-follow.ts";
import { VERSION } from "./version.ts";

/** Writes the certificate, figures and report of a run beside its record and weights; returns every file of the run. */
export async function writeOutputs(run: FinishedRun, folder: RunFolder): Promise<string[]> {
  const { result, spec } = run;
  const certificate = result.certified?.outcome ?? (run.verdict === run.lastOutcome?.verdict ? run.lastOutcome : null);
  const certifiedStep = result.certified?.step ?? null;
  const files: { name: string; holds: string }[] = [
    { name: "record.parquet", holds: "every recorded step: loss, eigenvalues, margin, certified curve, drifts" },
    {
      name: "weights.safetensors",
      holds: `${spec.engine === "lazy" ? "the state" : "the weights"} at step ${result.state.step}`,
    },
    { name: "run.json", holds: "what was run: data, network, seed, step size (continue with --resume)" },
  ];
  if (result.certified && existsSync(certifiedWeightsFile(folder))) {
    files.push({
      name: "certified.safetensors",
      holds: `the weights at step ${certifiedStep}, which the certificate is about`,
    });
  }
  if (existsSync(folder.certificate)) {
    files.push({
      name: "certificate.json",
      holds: "the certificate, for `surefoot verify` beside certified.safetensors",
    });
  }
  const columns = columnsOf(run);
  const how = { certifiedStep, otherOptimiser: !isPlain(spec.optimiser) };
  const figures: [string, FigureSpec][] = [
    ["loss", lossFigure(columns, { ...how, roundingFloor: result.roundingFloor })],
    ["kernel", kernelFigure(columns, how)],
    ...(Array.from(columns.margin ?? []).some((value) => value !== null)
      ? [["margin", marginFigure(columns, how)] satisfies [string, FigureSpec]]
      : []),
  ];
  await mkdir(join(folder.path, "figures"), { recursive: true });
  for (const [name, figure] of figures) {
    const svg = renderSvgInNode(figure);
    await writeAtomically(join(folder.path, "figures", `${name}.svg`), svg);
    await writeAtomically(join(folder.path, "figures", `${name}.png`), rasterize(svg).png);
    files.push({ name: `figures/${name}.svg`, holds: `figure (also .png)` });
  }
  const { x, provenance } = run.dataset;
  const report = renderReport({
    ...(certificate ? { certificate } : {}),
    run: {
      steps: result.state.step,
      initialLoss: result.initialLoss,
      finalLoss: result.state.loss,
      certifiedStep,
      stepSize: run.stepSize,
      loss: run.loss,
      seconds: run.seconds,
      backend: run.backend,
      stopped: STOPPED[result.stopped],
      optimiser: describeOptimiser(spec.optimiser),
      plainDescent: isPlain(spec.optimiser),
      ...(uncertifiable(run) === undefined ? {} : { unspoken: uncertifiable(run) as string }),
      roundingFloor: result.roundingFloor,
    },
    record: columns,
    data: { source: provenance.source, steps: provenance.steps, n: x.rows, d: x.cols },
    network: spec.network,
    initialiser: spec.fromFile ? spec.origin : spec.initialiser,
    seed: spec.seed,
    parameters: run.parameters,
    versions: { surefoot: VERSION, node: process.versions.node },
    command: spec.command,
    files,
  });
  await writeAtomically(folder.report, report);
  return ["report.html", ...files.map(({ name }) => name)].map((name) => join(folder.path, name));
}

export const STOPPED: Record<FinishedRun["result"]["stopped"], string> = {
  "steps-done": "all steps done",
  "reached-target": "the target loss was reached",
  diverged: "diverged",
  interrupted: "interrupted",
  "out-of-memory": "more memory than allowed would be needed",
};

function columnsOf({ rows, columns }: FinishedRun): RunColumns {
  return {
    step: rows.map((row) => row.step),
    ...Object.fromEntries(columns.map((name) => [name, rows.map((row) => row[name] ?? null)])),
  };
}
