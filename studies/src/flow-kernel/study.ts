import { createNeuronScanner, matrix } from "@surefoot/linalg";
import { createGradientFlow, createLazyRun, generate, hInfinity, type LazyRun, seededNeurons } from "surefoot";
import { curvesFigure } from "surefoot/figure";
import { lambda0Of, spectralDistance } from "../measure.ts";
import { column, numberOf, rowsOf } from "../rows.ts";
import { describeSlope, pointsBy, powerLaw, slopeAgrees } from "../statistics.ts";
import type { CellContext, Conclusion, Judgement, Row, Study, Tables } from "../study.ts";
import { CLAIMS, EXPECTED, SETTINGS, type Setting } from "./spec.ts";

/** The kernel point of view: H(0) → H^∞, H(t) → H(0), and the rate of the flow. */
export const study: Study = {
  id: "flow-kernel",
  question: "Does H(0) approach H^∞ and H(t) stay at H(0) as the width grows, and does gradient flow obey exp(−λ₀t)?",
  source: "slides on gradient flow and the kernel point of view",
  setting:
    "unit sphere, N(0, 1) labels, two-layer ReLU, w ~ N(0, I), a = ±1, only W trained; exact descent and Filippov flow",
  claims: CLAIMS,
  plan: (form) => {
    const setting = SETTINGS[form];
    return {
      parameters: setting,
      cells: [
        ...setting.widths.flatMap((width) =>
          setting.seeds.map((seed) => ({
            key: `descent,m=${width},seed=${seed}`,
            measure: (context: CellContext) => descent(setting, width, seed, context),
          })),
        ),
        ...setting.flowWidths.map((width) => ({
          key: `flow,m=${width}`,
          measure: (context: CellContext) => flow(setting, width, context),
        })),
      ],
      conclude: (tables) => conclude(setting, tables),
    };
  },
};

const dataOf = ({ n, d }: Setting) => generate({ kind: "sphere", n, d, seed: 0, labels: "gaussian" });

async function descent(setting: Setting, width: number, seed: number, context: CellContext): Promise<Tables> {
  const { backend, signal, progress } = context;
  const dataset = dataOf(setting);
  const { steps, stepSize } = setting;
  const scanner = await createNeuronScanner();
  try {
    const run = await createLazyRun({ dataset, width, seed, stepSize, backend, scanner, horizon: steps });
    const start = await spectralDistance(
      initialKernel(run, setting.n, width),
      await hInfinity(dataset.x, backend),
      backend,
    );
    for (let k = 1; k <= steps; k++) {
      signal.throwIfAborted();
      const { status } = await run.step();
      if (status !== "ok") throw new Error(`m = ${width}: ${status} at step ${k}`);
      progress(`step ${k} of ${steps}`);
    }
    const { kernelDrift, flips } = await run.probe();
    await run.close();
    return { kernels: [{ width, seed, start, kernelDrift, flips }] };
  } finally {
    await scanner.close();
  }
}

/** H(0) = G ∘ C(0)/m. */
function initialKernel({ problem, initialCounts }: LazyRun, n: number, width: number) {
  return matrix(
    n,
    n,
    initialCounts.map((count, k) => (problem.gram[k] * count) / width),
  );
}

async function flow(setting: Setting, width: number, { backend, signal, progress }: CellContext): Promise<Tables> {
  const dataset = dataOf(setting);
  const lambda0 = await lambda0Of(dataset.x, backend);
  const source = seededNeurons({ width, inputs: setting.d, seed: 0 }, backend);
  const run = await createGradientFlow(dataset, source, backend);
  const start = run.loss;
  const rows: Row[] = [{ width, time: 0, loss: 1, bound: 1 }];
  for (let k = 1; k <= 100; k++) {
    const time = (setting.flowTime * k) / 100;
    const outcome = await run.advance(time, { signal });
    if (outcome.status !== "ok") throw new Error(`m = ${width}: ${outcome.status} at t = ${outcome.time}`);
    rows.push({ width, time, loss: run.loss / start, bound: Math.exp(-lambda0 * time) });
    progress(`t = ${time}`);
  }
  return { flows: rows };
}

function conclude(setting: Setting, tables: Tables): Conclusion {
  const kernels = rowsOf(tables, "kernels");
  const flows = rowsOf(tables, "flows");
  const wide = flows.filter((row) => numberOf(row, "width") >= EXPECTED.rateFrom);
  const above = wide.filter((row) => numberOf(row, "loss") > numberOf(row, "bound") * (1 + 1e-9));
  const judgements: Record<string, Judgement> = {
    "flow-kernel-start": judge(kernels, "start"),
    "flow-kernel-drift": judge(kernels, "kernelDrift"),
    "flow-kernel-rate": {
      verdict: above.length === 0 ? "agrees" : "disagrees",
      measured: `${above.length} of ${wide.length} times above the bound at widths from ${EXPECTED.rateFrom} on`,
    },
  };
  const curve = (name: string, value: string) => ({
    name,
    ...pointsBy(
      kernels,
      (row) => numberOf(row, "width"),
      (row) => numberOf(row, value),
    ),
    fit: true,
  });
  const last = flows.filter((row) => row.width === setting.flowWidths[0]);
  return {
    judgements,
    figures: {
      "flow-kernel": curvesFigure({
        title: "The kernel at initialisation and after training, against the width",
        caption: `n = ${setting.n}, d = ${setting.d}, ${setting.steps} steps; geometric mean over seeds, band from the least to the greatest.`,
        x: { label: "width m", scale: "log" },
        y: { label: "distance of kernels", scale: "log" },
        curves: [curve("‖H(0) − H^∞‖₂", "start"), curve("‖H(k) − H(0)‖_F", "kernelDrift")],
      }),
      "flow-rate": curvesFigure({
        title: "Gradient flow and the bound exp(−λ₀t)",
        caption: "Loss along gradient flow (solutions in Filippov's sense) as a share of its start.",
        x: { label: "time t", scale: "linear" },
        y: { label: "loss / initial loss", scale: "log" },
        curves: [
          ...setting.flowWidths.map((width) => {
            const mine = flows.filter((row) => row.width === width);
            return { name: `m = ${width}`, x: column(mine, "time"), y: column(mine, "loss") };
          }),
          { name: "exp(−λ₀t)", x: column(last, "time"), y: column(last, "bound"), stroke: "dashed" as const },
        ],
      }),
    },
  };
}

function judge(kernels: readonly Row[], name: string): Judgement {
  const fit = powerLaw(column(kernels, "width"), column(kernels, name));
  return {
    verdict: slopeAgrees(fit, EXPECTED.slope, EXPECTED.tolerance) ? "agrees" : "disagrees",
    measured: describeSlope(fit),
  };
}
