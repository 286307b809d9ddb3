import type { Backend } from "@surefoot/linalg";
import {
  certify,
  countFlips,
  createProblem,
  type Dataset,
  forward,
  generate,
  hInfinity,
  initialise,
  initialiserSpec,
  type Network,
  networkSpec,
  resolveNetwork,
  signPattern,
  snapshot,
  type Weights,
} from "surefoot";
import { curvesFigure } from "surefoot/figure";
import { descend, kernelAt } from "../descend.ts";
import { digits } from "../digits.ts";
import { lambdaMax, lambdaMin, spectralDistance } from "../measure.ts";
import { column, rowsOf } from "../rows.ts";
import { geometricMean, mean } from "../statistics.ts";
import type { CellContext, Conclusion, Judgement, Row, Study, Tables } from "../study.ts";
import { CLAIMS, EXPECTED, LAWS, type Law, SETTINGS, type Setting } from "./spec.ts";

const DATA = ["sphere", "digits"] as const;

/** What the law of the initial weights changes. */
export const study: Study = {
  id: "init-law",
  question: "What does the law of w and a change: H(0), λ_min, the rate, the flips, and when a run can be certified?",
  source: "review of Du et al. 2018, §§ 3 and 4",
  setting:
    "two-layer ReLU, only W trained, η = 1/λ_max(H(0)); unit sphere with N(0, 1) labels, and MNIST digits 0 and 1; " +
    "matched: w ~ N(0, d·XᵀX/n), the covariance of the data",
  claims: CLAIMS,
  plan: (form) => {
    const setting = SETTINGS[form];
    return {
      parameters: setting,
      cells: DATA.flatMap((data) =>
        LAWS.flatMap((law) =>
          setting.seeds.map((seed) => ({
            key: `${data},${law},seed=${seed}`,
            measure: (context: CellContext) => measure(setting, data, law, seed, context),
          })),
        ),
      ),
      conclude: (tables) => conclude(setting, tables),
    };
  },
};

async function measure(
  setting: Setting,
  data: (typeof DATA)[number],
  law: Law,
  seed: number,
  { backend, signal }: CellContext,
): Promise<Tables> {
  const dataset =
    data === "digits"
      ? await digits(setting.digits)
      : generate({ kind: "sphere", ...setting.sphere, seed: 0, labels: "gaussian" });
  const network = resolveNetwork(networkSpec.parse({ kind: "two-layer-relu", width: setting.width }), dataset.x.cols);
  const [first, second] = law.split(", ");
  const output = second === "uniform" ? "uniform" : "sign";
  const kind = initialiserSpec.parse({ kind: first, output });
  const weights = await initialise(network, kind, seed, backend, dataset.x);
  const problem = await createProblem(network, dataset, "sum", backend);
  const kernel = await kernelAt(problem, weights);
  const stepSize = 1 / (await lambdaMax(kernel, backend));
  const { losses, state, diverged } = await descend(problem, weights, stepSize, setting.steps, signal);
  const last = losses.length - 1;
  const certified = await certify({ network, weights, dataset, stepSize, backend });
  const end = snapshot(problem, state);
  return {
    laws: [
      {
        data,
        law,
        seed,
        fromInfinite: await spectralDistance(kernel, await hInfinity(dataset.x, backend), backend),
        lambdaMin: await lambdaMin(kernel, backend),
        stepSize,
        rate: (losses[last] / losses[last >> 1]) ** (1 / (last - (last >> 1))),
        loss: losses[last] / losses[0],
        flips: await flipped(network, weights, state.weights, dataset, backend),
        kernelDrift: await spectralDistance(await end.kernel(), kernel, backend),
        margin: certified.margin,
        diverged: diverged ? 1 : 0,
      },
    ],
  };
}

/** Share of the pairs (neuron, sample) on the other side of their kink. */
async function flipped(
  network: Network,
  before: Weights,
  after: Weights,
  { x }: Dataset,
  backend: Backend,
): Promise<number> {
  const [a, b] = [await forward(network, before, x, backend), await forward(network, after, x, backend)];
  const [start, end] = [signPattern(a.z[0]), signPattern(b.z[0])];
  return countFlips(start, end) / (start.rows * start.bits);
}

function conclude(setting: Setting, tables: Tables): Conclusion {
  const rows = rowsOf(tables, "laws");
  const average = (data: string, law: Law, name: string) =>
    mean(
      column(
        rows.filter((row) => row.data === data && row.law === law),
        name,
      ),
    );
  const ratios = (numerator: Law, denominator: Law, name: string) =>
    DATA.map((data) => average(data, numerator, name) / average(data, denominator, name));
  const text = (values: readonly number[]) => DATA.map((data, i) => `${data}: ${values[i].toPrecision(3)}`).join(", ");
  const near = (values: readonly number[], expected: number) =>
    values.every((value) => Math.abs(value / expected - 1) <= EXPECTED.tolerance);
  const verdict = (holds: boolean) => (holds ? ("agrees" as const) : ("disagrees" as const));
  const direction = ratios("sphere, ±1", "gaussian, ±1", "lambdaMin");
  const spread = ratios("sphere, ±1", "gaussian, ±1", "flips");
  const outputs = ratios("gaussian, uniform", "gaussian, ±1", "lambdaMin");
  const [, onDigits] = ratios("matched, ±1", "gaussian, ±1", "lambdaMin");
  const judgements: Record<string, Judgement> = {
    "init-law-direction": {
      verdict: verdict(near(direction, 1)),
      measured: `ratio of λ_min(H(0)), sphere to Gaussian: ${text(direction)}`,
    },
    "init-law-spread": {
      verdict: verdict(spread.every((r) => r > 1)),
      measured: `ratio of flipped shares, sphere to Gaussian: ${text(spread)}`,
    },
    "init-law-output": {
      verdict: verdict(near(outputs, 1 / 3)),
      measured: `ratio of λ_min(H(0)), uniform a to ±1: ${text(outputs)}`,
    },
    "init-law-matched": {
      verdict: verdict(onDigits > 1),
      measured: `ratio of λ_min(H(0)) on digits, matched to Gaussian: ${onDigits.toPrecision(3)}`,
    },
  };
  return { judgements, figures: { "init-law": figure(setting, rows) } };
}

function figure(setting: Setting, rows: readonly Row[]) {
  const x = LAWS.map((_, k) => k + 1);
  return curvesFigure({
    title: "λ_min(H(0)) under five laws of the initial weights",
    caption: `1 to ${LAWS.length}: ${LAWS.join("; ")} (law of w, law of a). Width ${setting.width}; geometric mean over seeds, band from the least to the greatest.`,
    x: { label: "law", scale: "linear", whole: true },
    y: { label: "λ_min(H(0))", scale: "log" },
    curves: DATA.map((data) => {
      const groups = LAWS.map((law) =>
        column(
          rows.filter((row) => row.data === data && row.law === law),
          "lambdaMin",
        ),
      );
      return {
        name: data,
        x,
        y: groups.map(geometricMean),
        lower: groups.map((g) => Math.min(...g)),
        upper: groups.map((g) => Math.max(...g)),
        draw: "line-and-dots" as const,
      };
    }),
  });
}
