import { createNeuronScanner } from "@surefoot/linalg";
import { createLazyRun, hInfinity, loadDataset } from "surefoot";
import { type CurvesFigureInput, curvesFigure } from "surefoot/figure";
import { column, numberOf, rowsOf } from "../rows.ts";
import { describeSlope, linearity, pointsBy, powerLaw, slopeAgrees } from "../statistics.ts";
import type { CellContext, Conclusion, Judgement, Row, Study, Tables } from "../study.ts";
import { CLAIMS, EXPECTED, SETTINGS, type Setting } from "./spec.ts";

/** The three figures of Du et al. 2018, by exact gradient descent on the lazy simulator. */
export const study: Study = {
  id: "du18",
  aliases: ["du18-rate", "du18-flips", "du18-drift"],
  question: "How do the loss, the share of flipped patterns and the largest movement of a neuron depend on the width?",
  source:
    "Du, Zhai, Póczos, Singh: Gradient descent provably optimizes over-parameterized neural networks (2018), figures (a), (b), (c)",
  setting: "unit sphere, N(0, 1) labels, w ~ N(0, I), a = ±1; exact gradient descent by the lazy simulator",
  claims: CLAIMS,
  plan: (form) => {
    const setting = SETTINGS[form];
    return {
      parameters: setting,
      cells: setting.widths.flatMap((width) =>
        setting.seeds.map((seed) => ({
          key: `m=${width},seed=${seed}`,
          measure: (context: CellContext) => measure(setting, width, seed, context),
        })),
      ),
      conclude: (tables) => conclude(setting, tables),
    };
  },
};

async function measure(setting: Setting, width: number, seed: number, context: CellContext): Promise<Tables> {
  const { backend, signal, progress } = context;
  const { samples, inputs, stepSize, steps } = setting;
  const began = performance.now();
  const dataset = await loadDataset(`sphere:n=${samples},d=${inputs},labels=gaussian`);
  const infinite = await backend.extremalEigenvalues(await hInfinity(dataset.x, backend), { which: "smallest" });
  if (infinite.status !== "ok" || !infinite.smallest) throw new Error(`λ₀ was not found: ${infinite.status}`);
  const bound = 1 - (stepSize * infinite.smallest.value) / 2;
  const scanner = await createNeuronScanner();
  try {
    const run = await createLazyRun({ dataset, width, seed, stepSize, backend, scanner, horizon: steps });
    const losses = [run.loss];
    for (let k = 1; k <= steps; k++) {
      signal.throwIfAborted();
      const { status } = await run.step();
      if (status !== "ok") throw new Error(`m = ${width}: ${status} at step ${k}`);
      losses.push(run.loss);
      progress(`step ${k} of ${steps}`);
    }
    const { flips, lambdaMin, kernelDrift, neurons } = await run.probe({ neurons: true });
    await run.close();
    if (!neurons) throw new Error("the probe measured no neurons");
    const seconds = (performance.now() - began) / 1000;
    const { max: maxDrift, mean: meanDrift, neuron } = neurons;
    return {
      losses: losses.map((loss, step) => ({ width, seed, step, loss, bound: losses[0] * bound ** step })),
      widths: [
        {
          width,
          seed,
          lambda0: infinite.smallest.value,
          flips,
          maxDrift,
          meanDrift,
          neuron,
          lambdaMin,
          kernelDrift,
          seconds,
        },
      ],
    };
  } finally {
    await scanner.close();
  }
}

function conclude(setting: Setting, tables: Tables): Conclusion {
  const losses = rowsOf(tables, "losses");
  const widths = rowsOf(tables, "widths");
  const lambda0 = numberOf(widths[0], "lambda0");
  const crossings = losses.filter((row) => numberOf(row, "loss") > numberOf(row, "bound") * (1 + 1e-12)).length;
  const runs = setting.widths.flatMap((m) => setting.seeds.map((seed) => lossesOf(losses, m, seed)));
  const straight = Math.min(...runs.map(linearity));
  const holds = crossings === 0 && straight >= EXPECTED.linearity;
  const judgements: Record<string, Judgement> = {
    "du18-rate": {
      verdict: holds ? "agrees" : "disagrees",
      measured: `${crossings} losses above the bound (λ₀ = ${lambda0.toPrecision(4)}); log-loss straight with R² ≥ ${straight.toPrecision(4)}`,
    },
    "du18-flips": slopeOf(widths, "flips"),
    "du18-drift": slopeOf(widths, "maxDrift"),
  };
  return { judgements, figures: figures(setting, losses, widths, lambda0, judgements) };
}

const lossesOf = (losses: readonly Row[], width: number, seed: number) =>
  column(
    losses.filter((row) => row.width === width && row.seed === seed),
    "loss",
  );

function slopeOf(widths: readonly Row[], name: string): Judgement {
  const fit = powerLaw(column(widths, "width"), column(widths, name));
  const agrees = slopeAgrees(fit, EXPECTED.slope, EXPECTED.tolerance) && fit.upper < 0;
  return { verdict: agrees ? "agrees" : "disagrees", measured: describeSlope(fit) };
}

function figures(
  setting: Setting,
  losses: readonly Row[],
  widths: readonly Row[],
  lambda0: number,
  judgements: Readonly<Record<string, Judgement>>,
) {
  const { samples, inputs, stepSize, steps, seeds } = setting;
  const words = `n = ${samples}, d = ${inputs}, unit sphere, N(0, 1) labels, η = ${stepSize}, ${steps} steps.`;
  const step = Array.from({ length: steps + 1 }, (_, k) => k);
  const against = (title: string, label: string, name: string, id: string): CurvesFigureInput => ({
    title,
    caption: `${words} Mean over seeds, band from the least to the greatest; ${judgements[id].measured}.`,
    x: { label: "width m", scale: "log" },
    y: { label, scale: "log" },
    curves: [
      {
        name: label,
        ...pointsBy(
          widths,
          (row) => numberOf(row, "width"),
          (row) => numberOf(row, name),
        ),
        fit: true,
      },
    ],
  });
  return {
    "du18-rate": curvesFigure({
      title: "Loss for several widths, and the bound of the theorem",
      caption: `${words} Loss as a share of its start; bound (1 − ηλ₀/2)^k with λ₀ = ${lambda0.toPrecision(4)}.`,
      x: { label: "step k", scale: "linear" },
      y: { label: "loss / initial loss", scale: "log" },
      curves: [
        ...setting.widths.map((m) => {
          const run = lossesOf(losses, m, seeds[0]);
          return { name: `m = ${m}`, x: step, y: run.map((loss) => loss / run[0]) };
        }),
        { name: "bound", x: step, y: step.map((k) => (1 - (stepSize * lambda0) / 2) ** k), stroke: "dashed" as const },
      ],
    }),
    "du18-flips": curvesFigure(
      against("Share of flipped patterns against the width", "flipped share of the pairs", "flips", "du18-flips"),
    ),
    "du18-drift": curvesFigure(
      against("Largest movement of a neuron against the width", "max ‖w_r(k) − w_r(0)‖", "maxDrift", "du18-drift"),
    ),
  };
}
