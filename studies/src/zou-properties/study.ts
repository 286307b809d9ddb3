import {
  type ClassificationLossSpec,
  createOptimiser,
  createProblem,
  createTrainingProblem,
  explain,
  initialise,
  loadDataset,
  networkSpec,
  optimiserFromText,
  resolveNetwork,
} from "surefoot";
import { curvesFigure } from "surefoot/figure";
import { column, distinct, numberOf, rowsOf } from "../rows.ts";
import type { CellContext, Conclusion, Judgement, Row, Study, Tables } from "../study.ts";

interface Setting {
  readonly n: number;
  readonly d: number;
  /** L: hidden layers. */
  readonly depths: readonly number[];
  readonly widths: readonly number[];
  readonly steps: number;
  readonly batch: number;
}

const SETTINGS = {
  quick: { n: 16, d: 10, depths: [2], widths: [64, 128], steps: 500, batch: 4 },
  full: { n: 30, d: 10, depths: [2, 3, 4], widths: [128, 256, 512], steps: 2000, batch: 6 },
} satisfies Record<string, Setting>;

const LOSSES: readonly ClassificationLossSpec[] = ["logistic", "squared-hinge"];
const MU = 0.3;
/** η/m of every run, and the loss at which it has become small, as a share of its start. */
const ETA = 2;
const SMALL = 0.1;
/** How much a fitted constant may grow from the least width to the greatest and still count as bounded. */
const GROWTH = 1.5;

/** The properties of Zou et al. 2019 with fitted constants, and the runs by gradient descent and SGD. */
export const study: Study = {
  id: "zou-properties",
  question:
    "Which constants do the properties of Zou et al. 2019 need, do they depend on the width, and do descent and SGD reach small loss?",
  source: "slides on Zou et al. 2019",
  setting: `unit sphere with a constant coordinate ${MU}, random ±1 labels, deep ReLU, He initialisation, v = ±1 frozen; logistic and squared hinge loss, η = ${ETA}/m; sizes are ours`,
  claims: [
    {
      id: "zou-properties-constants",
      source: "properties (i) to (viii) and the six perturbation properties: constants independent of the width",
      says: `the constants that the properties need do not worsen with the width (by no more than ${GROWTH} from the least to the greatest)`,
    },
    {
      id: "zou-properties-gd",
      source: "theorem on gradient descent",
      says: `gradient descent brings both losses to a ${1 / SMALL}th of their start`,
    },
    {
      id: "zou-properties-sgd",
      source: "theorem on SGD",
      says: `SGD brings both losses to a ${1 / SMALL}th of their start`,
    },
  ],
  plan: (form) => {
    const setting: Setting = SETTINGS[form];
    return {
      parameters: { setting, MU, ETA },
      cells: setting.depths.flatMap((depth) =>
        setting.widths.map((width) => ({
          key: `L=${depth},m=${width}`,
          measure: (context: CellContext) => measure(setting, depth, width, context),
        })),
      ),
      conclude: (tables) => conclude(setting, tables),
    };
  },
};

async function measure(setting: Setting, depth: number, width: number, context: CellContext): Promise<Tables> {
  const { backend, signal, progress } = context;
  const { n, d, steps, batch } = setting;
  const dataset = await loadDataset(`sphere:n=${n},d=${d}`, { mu: MU });
  const widths = Array.from({ length: depth }, () => width);
  const frozen = [`W${depth + 1}`];
  const spec = { kind: "fully-connected", widths, activation: "relu", scaling: "standard", frozen } as const;
  const network = resolveNetwork(networkSpec.parse({ ...spec, frozen }), dataset.x.cols);
  const weights = await initialise(network, { kind: "he" }, 0, backend);
  const problem = await createProblem(network, dataset, "half-mean", backend);
  const stepSize = ETA / width;
  const explained = await explain({
    problem,
    weights,
    initialiser: { kind: "he" },
    seed: 0,
    stepSize,
    steps: 20,
    papers: ["zou2019"],
    mode: "float",
    signal,
    onProgress: progress,
  });
  signal.throwIfAborted();
  const constants = explained.desks[0].claims.map(
    ({ id, source, relation, measured, bound, verdict, constantNeeded }) => {
      return { depth, width, id, source, relation, measured, bound, verdict, constant: constantNeeded };
    },
  );
  const runs: Row[] = [];
  for (const loss of LOSSES) {
    const training = await createTrainingProblem(network, dataset, loss, backend);
    for (const optimiser of ["gradient-descent", `sgd:${batch}`]) {
      const method = createOptimiser(training, optimiserFromText(optimiser), stepSize);
      let state = await method.init(weights);
      const first = state.loss;
      let least = first;
      for (let k = 1; k <= steps; k++) {
        signal.throwIfAborted();
        state = await method.step(state);
        least = Math.min(least, state.loss);
      }
      runs.push({
        depth,
        width,
        loss,
        optimiser: optimiser.split(":")[0],
        share: state.loss / first,
        least: least / first,
      });
    }
  }
  return { constants, runs };
}

function conclude(setting: Setting, tables: Tables): Conclusion {
  const [constants, runs] = [rowsOf(tables, "constants"), rowsOf(tables, "runs")];
  const [narrow, wide] = [setting.widths[0], setting.widths[setting.widths.length - 1]];
  const growths = setting.depths.flatMap((depth) =>
    distinct(constants, "id").flatMap((id) => {
      const at = (width: number) => {
        const row = constants.find((row) => row.depth === depth && row.width === width && row.id === id);
        return row ? numberOf(row, "constant") : Number.NaN;
      };
      // where the constant stands before a lower bound it is its decrease that counts
      const lower = constants.some((row) => row.id === id && row.relation === "≥");
      const growth = lower ? at(narrow) / at(wide) : at(wide) / at(narrow);
      return growth > 0 && Number.isFinite(growth) ? [{ name: `${id}, L = ${depth}`, growth }] : [];
    }),
  );
  const grown = growths.filter(({ growth }) => growth > GROWTH);
  const of = (optimiser: string): Judgement => {
    const mine = runs.filter((row) => row.optimiser === optimiser);
    const worst = Math.max(...column(mine, "share"));
    return {
      verdict: worst <= SMALL ? "agrees" : "disagrees",
      measured: `last loss as a share of the first, after ${setting.steps} steps: at most ${worst.toPrecision(2)} over ${mine.length} runs`,
    };
  };
  const judgements: Record<string, Judgement> = {
    "zou-properties-constants": {
      verdict: growths.length === 0 ? "not comparable" : grown.length === 0 ? "agrees" : "disagrees",
      measured:
        `${growths.length} fitted constants at widths ${narrow} and ${wide}: ` +
        (grown.length === 0
          ? `growth at most ${Math.max(...growths.map(({ growth }) => growth)).toPrecision(3)}`
          : `growing: ${grown.map(({ name, growth }) => `${name} (${growth.toPrecision(3)})`).join(", ")}`),
    },
    "zou-properties-gd": of("gradient-descent"),
    "zou-properties-sgd": of("sgd"),
  };
  const depth = setting.depths[setting.depths.length - 1];
  const mine = constants.filter((row) => row.depth === depth && Number.isFinite(numberOf(row, "constant")));
  return {
    judgements,
    figures: {
      "zou-properties": curvesFigure({
        title: `Fitted constants of the properties against the width, L = ${depth}`,
        caption: `The smallest constant for which each property holds on this network; n = ${setting.n}, d = ${setting.d}.`,
        x: { label: "width m", scale: "log" },
        y: { label: "constant needed", scale: "log" },
        curves: distinct(mine, "id").map((id) => {
          const rows = mine.filter((row) => row.id === id);
          return {
            name: String(id),
            x: column(rows, "width"),
            y: column(rows, "constant"),
            draw: "line-and-dots" as const,
          };
        }),
      }),
    },
  };
}
