import { createProblem, generate, type InitialiserSpec, initialise, networkSpec, resolveNetwork } from "surefoot";
import { curvesFigure } from "surefoot/figure";
import { descend, kernelAt } from "../descend.ts";
import { lambdaMax } from "../measure.ts";
import { column, numberOf, rowsOf } from "../rows.ts";
import { geometricMean, linearity, mean } from "../statistics.ts";
import type { CellContext, Conclusion, Judgement, Row, Study, Tables } from "../study.ts";
import { CLAIMS, EXPECTED, INITIALISATIONS, type Initialisation, SETTINGS, type Setting } from "./spec.ts";

/** The three figures of Chatterjee 2022 on initialisation. */
export const study: Study = {
  id: "pl-figures",
  aliases: ["pl-fig1", "pl-fig2", "pl-fig3"],
  question:
    "Which initialisations let gradient descent reach zero loss at small width, and what does the output scale A do?",
  source: "Chatterjee: Convergence of gradient descent for deep neural networks (arXiv 2203.16462), section 3",
  setting:
    "n = 20 unit Gaussian rows, d = 50, N(0, 1) labels, depth 3, smooth leaky ReLU with a = 0.3, biases, mean squared loss; " +
    "η = 1/λ_max(K(θ₀)), halved on divergence, the same rule for all. The numbers of the source are missing: these are ours",
  claims: CLAIMS,
  plan: (form) => {
    const setting = SETTINGS[form];
    const cell = (group: string, init: Initialisation, width: number, scale: number, seed: number) => ({
      key: `${group},${init},m=${width},A=${scale},seed=${seed}`,
      measure: (context: CellContext) => measure(setting, { group, init, width, scale, seed }, context),
    });
    return {
      parameters: setting,
      cells: [
        ...setting.widths.flatMap((width) =>
          INITIALISATIONS.flatMap((init) =>
            setting.seeds.map((seed) => cell("loss", init, width, setting.scale, seed)),
          ),
        ),
        ...setting.scales.flatMap((scale) =>
          setting.seeds.map((seed) => cell("scale", "positive", setting.widths[0], scale, seed)),
        ),
      ],
      conclude: (tables) => conclude(setting, tables),
    };
  },
};

interface Run {
  readonly group: string;
  readonly init: Initialisation;
  readonly width: number;
  readonly scale: number;
  readonly seed: number;
}

/** How often a step size that diverges is halved before the run counts as diverged. */
const HALVINGS = 40;

async function measure(setting: Setting, run: Run, { backend, signal, progress }: CellContext): Promise<Tables> {
  const { n, d, steps } = setting;
  const { width, seed } = run;
  const dataset = generate({ kind: "sphere", n, d, seed, labels: "gaussian" });
  const activation = { kind: "smooth-leaky-relu", slope: setting.slope } as const;
  const spec = {
    kind: "fully-connected",
    widths: [width, width],
    activation,
    scaling: "standard",
    biases: true,
  } as const;
  const network = resolveNetwork(networkSpec.parse(spec), d);
  const weights = await initialise(network, initialiserOf(setting, run), seed, backend);
  const problem = await createProblem(network, dataset, "mean", backend);
  const first = 1 / (problem.lossFactor * (await lambdaMax(await kernelAt(problem, weights), backend)));
  for (let halvings = 0; ; halvings++) {
    const stepSize = first * 0.5 ** halvings;
    progress(`η = ${stepSize.toExponential(2)}`);
    const { losses, diverged } = await descend(problem, weights, stepSize, steps, signal, 1e-14);
    if (diverged && halvings < HALVINGS) continue;
    const every = Math.max(1, Math.floor(steps / 300));
    const share = losses[losses.length - 1] / losses[0];
    return {
      losses: losses.flatMap((loss, step) => (step % every === 0 ? [{ ...run, step, loss }] : [])),
      ends: [
        {
          ...run,
          stepSize,
          halvings,
          share,
          steps: losses.length - 1,
          perStep: share ** (1 / (losses.length - 1)),
          linearity: linearity(losses),
          diverged: diverged ? 1 : 0,
        },
      ],
    };
  }
}

function initialiserOf({ box }: Setting, { init, width, scale }: Run): InitialiserSpec {
  if (init === "positive") return { kind: "positive", scale };
  return init === "boxed-lecun" ? { kind: init, box: box / Math.sqrt(width) } : { kind: init };
}

function conclude(setting: Setting, tables: Tables): Conclusion {
  const ends = rowsOf(tables, "ends");
  const of = (init: Initialisation, width: number) =>
    ends.filter((row) => row.group === "loss" && row.init === init && row.width === width);
  const reached = (init: Initialisation, width: number) =>
    of(init, width).filter((row) => numberOf(row, "share") <= EXPECTED.zero).length;
  const runs = setting.seeds.length;
  const counts = (init: Initialisation) =>
    setting.widths.map((width) => `width ${width}: ${reached(init, width)} of ${runs}`).join(", ");
  const straight = Math.min(...setting.widths.flatMap((width) => column(of("positive", width), "linearity")));
  const everywhere = setting.widths.every((width) => reached("positive", width) === runs);
  const [narrow, wide] = [setting.widths[0], setting.widths[setting.widths.length - 1]];
  const level = (init: Initialisation, width: number) =>
    geometricMean(column(of(init, width), "share").map((v) => Math.max(v, 1e-300)));
  const improves = reached("lecun", narrow) < runs && level("lecun", wide) < level("lecun", narrow);
  const scaled = (scale: number, value: (row: Row) => number) =>
    mean(ends.filter((row) => row.group === "scale" && row.scale === scale).map(value));
  const decades = (row: Row) => -Math.log10(numberOf(row, "perStep"));
  const perStep = setting.scales.map((scale) => 1000 * scaled(scale, decades));
  const perTime = setting.scales.map((scale) => scaled(scale, (row) => decades(row) / numberOf(row, "stepSize")));
  const top = perTime.indexOf(Math.max(...perTime));
  const judgements: Record<string, Judgement> = {
    "pl-positive": {
      verdict: everywhere && straight >= EXPECTED.linearity ? "agrees" : "disagrees",
      measured: `reached ${EXPECTED.zero.toExponential(0)} of its start in ${setting.steps} steps: ${counts("positive")}; log-loss straight with R² ≥ ${straight.toPrecision(4)}`,
    },
    "pl-lecun": {
      verdict: improves ? "agrees" : "disagrees",
      measured: `reached: ${counts("lecun")}; last loss as a share of the first (geometric mean): ${setting.widths.map((w) => `${level("lecun", w).toExponential(1)} at ${w}`).join(", ")}`,
    },
    "pl-boxed": {
      verdict: setting.widths.every((w) => reached("boxed-lecun", w) === reached("positive", w))
        ? "agrees"
        : "disagrees",
      measured: `reached: ${counts("boxed-lecun")} (positive: ${counts("positive")})`,
    },
    "pl-scale": {
      verdict: perTime.every((v, i) => i === 0 || v > perTime[i - 1]) ? "agrees" : "disagrees",
      measured:
        `decades of loss per unit of time, and per 1000 steps: ` +
        setting.scales
          .map((scale, i) => `A = ${scale}: ${perTime[i].toPrecision(2)}, ${perStep[i].toPrecision(3)}`)
          .join("; ") +
        `; fastest per time: A = ${setting.scales[top]}`,
    },
  };
  const losses = rowsOf(tables, "losses");
  const figures = Object.fromEntries(
    setting.widths.map((width, i) => [
      `pl-fig${i === 0 ? "1" : i === 1 ? "2" : `2-width-${width}`}`,
      lossFigure(setting, losses, width),
    ]),
  );
  return { judgements, figures: { ...figures, "pl-fig3": scaleFigure(setting, losses) } };
}

/** Mean loss over the seeds at every recorded step that all seeds reached, the last loss standing for a run that ended at zero. */
function meanLoss(rows: readonly Row[], seeds: readonly number[]) {
  const runs = seeds.map((seed) => rows.filter((row) => row.seed === seed));
  const longest = runs.reduce((a, b) => (b.length > a.length ? b : a), []);
  return {
    x: column(longest, "step"),
    y: longest.map((_, k) => mean(runs.map((run) => numberOf(run[Math.min(k, run.length - 1)], "loss")))),
  };
}

function lossFigure(setting: Setting, losses: readonly Row[], width: number) {
  return curvesFigure({
    title: `Mean training loss from four initialisations, widths (${width}, ${width})`,
    caption: `Mean over ${setting.seeds.length} seeds; positive: A = ${setting.scale}; boxed: entries of W2 and W3 in [${setting.box}, ${2 * setting.box}]/√(fan-in).`,
    x: { label: "step k", scale: "linear" },
    y: { label: "mean training loss", scale: "log" },
    curves: INITIALISATIONS.map((init) => ({
      name: init,
      ...meanLoss(
        losses.filter((row) => row.group === "loss" && row.init === init && row.width === width),
        setting.seeds,
      ),
    })),
  });
}

function scaleFigure(setting: Setting, losses: readonly Row[]) {
  const width = setting.widths[0];
  return curvesFigure({
    title: `Positive initialisation with output scale A, widths (${width}, ${width})`,
    caption: `Mean over ${setting.seeds.length} seeds; η = 1/λ_max(K(θ₀)), halved on divergence.`,
    x: { label: "step k", scale: "linear" },
    y: { label: "mean training loss", scale: "log" },
    curves: setting.scales.map((scale) => ({
      name: `A = ${scale}`,
      ...meanLoss(
        losses.filter((row) => row.group === "scale" && row.scale === scale),
        setting.seeds,
      ),
    })),
  });
}
