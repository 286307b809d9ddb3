import { certify, createProblem, type Dataset, generate, initialise, networkSpec, resolveNetwork } from "surefoot";
import { curvesFigure } from "surefoot/figure";
import { descend, kernelAt } from "../descend.ts";
import { digits } from "../digits.ts";
import { lambda0Of, lambdaMax } from "../measure.ts";
import { numberOf, rowsOf } from "../rows.ts";
import { geometricMean } from "../statistics.ts";
import type { CellContext, Conclusion, Judgement, Row, Study, Tables } from "../study.ts";
import { CLAIMS, type Data, EXPECTED, SETTINGS, type Setting } from "./spec.ts";

/** Three widths: what the theorem asks, what the instance certifies, what trains. */
export const study: Study = {
  id: "certify-width",
  question:
    "How far apart are the width that the theorem asks for, the least certified width, and the width that trains?",
  source: "review of Du et al. 2018; certificates S2",
  setting:
    "two-layer ReLU, only W trained, antisymmetric draws; orthonormal inputs and the unit sphere with N(0, 1) labels, MNIST digits 0 and 1; " +
    "least width by doubling and bisection to 5 %, a certificate at k = 0, or the loss at 1e-3 of its start within 20 time constants 1/(ηλ₀)",
  claims: CLAIMS,
  plan: (form) => {
    const setting = SETTINGS[form];
    return {
      parameters: setting,
      cells: setting.cells.flatMap(({ data, n }) =>
        setting.seeds.map((seed) => ({
          key: `${data},n=${n},seed=${seed}`,
          measure: (context: CellContext) => measure(setting, data, n, seed, context),
        })),
      ),
      conclude: (tables) => conclude(setting, tables),
    };
  },
};

async function dataOf(data: Data, n: number, d: number, seed: number): Promise<Dataset> {
  if (data === "digits") return digits(n, { seed });
  const dimension = data === "orthonormal" ? n : d;
  return generate({ kind: data, n, d: dimension, seed, labels: "gaussian" });
}

async function measure(setting: Setting, data: Data, n: number, seed: number, context: CellContext): Promise<Tables> {
  const { backend, signal, progress } = context;
  const dataset = await dataOf(data, n, setting.d, seed);
  const lambda0 = await lambda0Of(dataset.x, backend);
  const at = async (width: number) => {
    signal.throwIfAborted();
    progress(`width ${width}`);
    const network = resolveNetwork(networkSpec.parse({ kind: "two-layer-relu", width }), dataset.x.cols);
    return { network, weights: await initialise(network, { kind: "antisymmetric" }, seed, backend), dataset, backend };
  };
  const certified = await leastWidth(setting.largest, async (width) => {
    return (await certify(await at(width))).verdict === "certified";
  });
  const trains = await leastWidth(setting.largest, async (width) => {
    const { network, weights } = await at(width);
    const problem = await createProblem(network, dataset, "sum", backend);
    const stepSize = 1 / (await lambdaMax(await kernelAt(problem, weights), backend));
    const steps = Math.ceil(EXPECTED.timeConstants / (stepSize * lambda0));
    const { losses } = await descend(problem, weights, stepSize, steps, signal, EXPECTED.share);
    return losses[losses.length - 1] <= EXPECTED.share * losses[0];
  });
  const orders = {
    log10Theorem: 6 * Math.log10(n) - 4 * Math.log10(lambda0),
    log10Review: 6 * Math.log10(n) - 2 * Math.log10(lambda0),
  };
  return { widths: [{ data, n, seed, lambda0, ...orders, certified, trains }] };
}

/** The least even width that passes, by doubling from 2 and bisection to 5 %; null where none up to `largest` does. */
async function leastWidth(largest: number, passes: (width: number) => Promise<boolean>): Promise<number | null> {
  let high = 2;
  while (!(await passes(high))) {
    high *= 2;
    if (high > largest) return null;
  }
  let low = high / 2;
  while (high > low * 1.05 && high - low > 2) {
    const middle = 2 * Math.round((low + high) / 4);
    if (await passes(middle)) high = middle;
    else low = middle;
  }
  return high;
}

function conclude(setting: Setting, tables: Tables): Conclusion {
  const rows = rowsOf(tables, "widths");
  const found = rows.filter((row) => row.certified !== null);
  const gaps = found.map((row) => numberOf(row, "log10Review") - Math.log10(numberOf(row, "certified")));
  const ratios = found
    .filter((row) => row.trains !== null)
    .map((row) => numberOf(row, "certified") / numberOf(row, "trains"));
  const judgements: Record<string, Judgement> = {
    "certify-width-order": {
      verdict: Math.min(...gaps) >= EXPECTED.orders ? "agrees" : "disagrees",
      measured: `n⁶/λ₀² lies ${Math.min(...gaps).toFixed(1)} to ${Math.max(...gaps).toFixed(1)} orders of magnitude above the certified width, in ${found.length} of ${rows.length} instances that were certified up to ${setting.largest}`,
    },
    "certify-width-trains": {
      verdict: ratios.every((ratio) => ratio >= 1) ? "agrees" : "disagrees",
      measured: `certified width over width that trains: ${Math.min(...ratios).toPrecision(2)} to ${Math.max(...ratios).toPrecision(2)}, ${geometricMean(ratios).toPrecision(2)} on geometric average`,
    },
  };
  const kinds = [...new Set(setting.cells.map(({ data }) => data))];
  return {
    judgements,
    figures: Object.fromEntries(kinds.map((data) => [`certify-width-${data}`, figure(setting, rows, data)])),
  };
}

function figure(setting: Setting, rows: readonly Row[], data: Data) {
  const sizes = setting.cells.filter((cell) => cell.data === data).map(({ n }) => n);
  const curve = (name: string, value: (row: Row) => number) => ({
    name,
    x: sizes,
    y: sizes.map((n) => {
      const values = rows.filter((row) => row.data === data && row.n === n).map(value);
      return values.length > 0 && values.every(Number.isFinite) ? geometricMean(values) : null;
    }),
    draw: "line-and-dots" as const,
  });
  return curvesFigure({
    title: `Three widths against the number of samples, ${data}`,
    caption: `Geometric mean over ${setting.seeds.length} seeds. n⁶/λ₀⁴ and n⁶/λ₀²: order only, constants taken as 1. No point: not found up to ${setting.largest} neurons.`,
    x: { label: "number of samples n", scale: "log" },
    y: { label: "width m", scale: "log" },
    curves: [
      curve("theorem, n⁶/λ₀⁴", (row) => 10 ** numberOf(row, "log10Theorem")),
      curve("review, n⁶/λ₀²", (row) => 10 ** numberOf(row, "log10Review")),
      curve("least certified at k = 0", (row) => numberOf(row, "certified")),
      curve("least that trains", (row) => numberOf(row, "trains")),
    ],
  });
}
