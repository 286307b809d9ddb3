import type { Matrix } from "@surefoot/linalg";
import { createProblem, generate, initialise, networkSpec, resolveNetwork } from "surefoot";
import { curvesFigure } from "surefoot/figure";
import { descend, kernelAt } from "../descend.ts";
import { lambdaMax } from "../measure.ts";
import { column, numberOf, rowsOf } from "../rows.ts";
import { geometricMean, pointsBy, powerLaw } from "../statistics.ts";
import type { CellContext, Conclusion, Judgement, Row, Study, Tables } from "../study.ts";
import { CLAIMS, EXPECTED, SETTINGS, type Setting } from "./spec.ts";

/** How far the neurons of deep networks move. */
export const study: Study = {
  id: "deep-drift",
  question:
    "How far do the weight vectors w_r^(h) of each layer move when a deep network is trained, against the width?",
  source: "review of Du et al. 2018, § 4",
  setting:
    "unit sphere, N(0, 1) labels, fully connected, ntk scaling, N(0, 1) weights, all layers trained, η = 1/λ_max(K(0))",
  claims: CLAIMS,
  plan: (form) => {
    const setting = SETTINGS[form];
    return {
      parameters: setting,
      cells: setting.activations.flatMap((activation) =>
        setting.depths.flatMap((depth) =>
          setting.widths.flatMap((width) =>
            setting.seeds.map((seed) => ({
              key: `${activation},depth=${depth},m=${width},seed=${seed}`,
              measure: (context: CellContext) => measure(setting, { activation, depth, width, seed }, context),
            })),
          ),
        ),
      ),
      conclude: (tables) => conclude(setting, tables),
    };
  },
};

interface Run {
  readonly activation: "tanh" | "relu";
  readonly depth: number;
  readonly width: number;
  readonly seed: number;
}

async function measure(setting: Setting, run: Run, { backend, signal }: CellContext): Promise<Tables> {
  const { n, d, steps } = setting;
  const { activation, depth, width, seed } = run;
  const dataset = generate({ kind: "sphere", n, d, seed, labels: "gaussian" });
  const widths = Array.from({ length: depth }, () => width);
  const network = resolveNetwork(networkSpec.parse({ kind: "fully-connected", widths, activation }), d);
  const weights = await initialise(network, { kind: "gaussian" }, seed, backend);
  const problem = await createProblem(network, dataset, "sum", backend);
  const stepSize = 1 / (await lambdaMax(await kernelAt(problem, weights), backend));
  const { losses, state, diverged } = await descend(problem, weights, stepSize, steps, signal);
  return {
    drifts: network.layers.slice(0, -1).map((layer, h) => ({
      ...run,
      layer: h + 1,
      ...movement(weights[layer.weight], state.weights[layer.weight]),
      loss: losses[losses.length - 1] / losses[0],
      diverged: diverged ? 1 : 0,
    })),
  };
}

/** Largest and mean ‖w_r(k) − w_r(0)‖ over the rows. */
function movement(before: Matrix, after: Matrix): { max: number; mean: number } {
  let [max, sum] = [0, 0];
  for (let r = 0; r < before.rows; r++) {
    let square = 0;
    for (let c = r * before.cols; c < (r + 1) * before.cols; c++) square += (after.data[c] - before.data[c]) ** 2;
    max = Math.max(max, Math.sqrt(square));
    sum += Math.sqrt(square);
  }
  return { max, mean: sum / before.rows };
}

function conclude(setting: Setting, tables: Tables): Conclusion {
  const rows = rowsOf(tables, "drifts").filter((row) => row.diverged === 0);
  const slopes = setting.activations.flatMap((activation) =>
    setting.depths.flatMap((depth) =>
      Array.from({ length: depth }, (_, h) => {
        const mine = rows.filter((row) => row.activation === activation && row.depth === depth && row.layer === h + 1);
        const slope = (name: string) => powerLaw(column(mine, "width"), column(mine, name));
        return { name: `${activation}, depth ${depth}, layer ${h + 1}`, mean: slope("mean"), max: slope("max") };
      }),
    ),
  );
  const off = slopes.map(({ mean }) => Math.abs(mean.slope - EXPECTED.slope));
  const worst = slopes[off.indexOf(Math.max(...off))];
  const flattest = slopes.reduce((a, b) => (b.max.slope > a.max.slope ? b : a));
  const range = (values: readonly number[]) => `${Math.min(...values).toFixed(2)} … ${Math.max(...values).toFixed(2)}`;
  const judgements: Record<string, Judgement> = {
    "deep-drift-mean": {
      verdict: Math.max(...off) <= EXPECTED.tolerance ? "agrees" : "disagrees",
      measured: `slopes ${range(slopes.map(({ mean }) => mean.slope))} over ${slopes.length} layers; furthest from −½: ${worst.name}`,
    },
    "deep-drift-max": {
      verdict: flattest.max.upper < 0 ? "agrees" : "disagrees",
      measured: `slopes ${range(slopes.map(({ max }) => max.slope))}; slowest: ${flattest.name}, up to ${flattest.max.upper.toFixed(2)} within its interval`,
    },
  };
  return {
    judgements,
    figures: Object.fromEntries(setting.activations.map((a) => [`deep-drift-${a}`, figure(setting, rows, a)])),
  };
}

function figure(setting: Setting, rows: readonly Row[], activation: string) {
  const depth = setting.depths[setting.depths.length - 1];
  const mine = rows.filter((row) => row.activation === activation && row.depth === depth);
  const shown = [...new Set([1, 2, Math.ceil(depth / 2), depth])];
  return curvesFigure({
    title: `Mean movement of a neuron in each layer, ${activation}, depth ${depth}`,
    caption: `mean_r ‖w_r^(h)(k) − w_r^(h)(0)‖ after ${setting.steps} steps; n = ${setting.n}, d = ${setting.d}; geometric mean over seeds. Dashed: m^(−1/2).`,
    x: { label: "width m", scale: "log" },
    y: { label: "mean movement", scale: "log" },
    curves: [
      ...shown.map((layer) => ({
        name: `layer ${layer}`,
        ...pointsBy(
          mine.filter((row) => row.layer === layer),
          (row) => numberOf(row, "width"),
          (row) => numberOf(row, "mean"),
        ),
      })),
      guide(setting, mine),
    ],
  });
}

function guide(setting: Setting, rows: readonly Row[]) {
  const first = setting.widths[0];
  const level = geometricMean(
    column(
      rows.filter((row) => row.width === first),
      "mean",
    ),
  );
  const x = setting.widths.slice();
  return { name: "m^(−1/2)", x, y: x.map((m) => level * Math.sqrt(first / m)), stroke: "dashed" as const };
}
