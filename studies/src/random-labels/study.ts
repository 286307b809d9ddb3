import { createNeuronScanner } from "@surefoot/linalg";
import { createLazyRun, hInfinity } from "surefoot";
import { curvesFigure } from "surefoot/figure";
import { digits } from "../digits.ts";
import { lambdaMax } from "../measure.ts";
import { column, numberOf, rowsOf } from "../rows.ts";
import { linearity } from "../statistics.ts";
import type { CellContext, Conclusion, Judgement, Row, Study, Tables } from "../study.ts";
import { CLAIMS, EXPECTED, SETTINGS, type Setting } from "./spec.ts";

/** Zero loss on random labels. */
export const study: Study = {
  id: "random-labels",
  question: "Does gradient descent reach zero loss on real images with random labels, and at a linear rate?",
  source: "review of Du et al. 2018, § 1",
  setting:
    "MNIST digits 0 and 1, centred unit rows, two-layer ReLU, only W trained, η = 1/λ_max(H^∞); true and shuffled labels",
  claims: CLAIMS,
  plan: (form) => {
    const setting = SETTINGS[form];
    return {
      parameters: setting,
      cells: [null, ...setting.shuffles].map((shuffle) => ({
        key: shuffle === null ? "true labels" : `shuffle ${shuffle}`,
        measure: (context: CellContext) => measure(setting, shuffle, context),
      })),
      conclude: (tables) => conclude(setting, tables),
    };
  },
};

async function measure(setting: Setting, shuffle: number | null, context: CellContext): Promise<Tables> {
  const { backend, signal, progress } = context;
  const { samples, width, steps, target } = setting;
  const dataset = await digits(samples, shuffle === null ? {} : { randomLabels: shuffle });
  const stepSize = 1 / (await lambdaMax(await hInfinity(dataset.x, backend), backend));
  const scanner = await createNeuronScanner();
  const run = await createLazyRun({ dataset, width, seed: 0, stepSize, backend, scanner, horizon: steps });
  const labels = shuffle === null ? "true" : `shuffled ${shuffle}`;
  try {
    const rows: Row[] = [{ labels, step: 0, loss: run.loss }];
    const every = steps / 500;
    for (let k = 1; k <= steps && run.loss > target * numberOf(rows[0], "loss"); k++) {
      signal.throwIfAborted();
      const { status } = await run.step();
      if (status !== "ok") throw new Error(`${status} at step ${k}`);
      if (k % every === 0) rows.push({ labels, step: k, loss: run.loss });
      if (k % 100 === 0) progress(`step ${k}, loss ${run.loss.toExponential(2)}`);
    }
    return { losses: rows, ends: [{ labels, share: run.loss / numberOf(rows[0], "loss") }] };
  } finally {
    await run.close();
    await scanner.close();
  }
}

function conclude(setting: Setting, tables: Tables): Conclusion {
  const losses = rowsOf(tables, "losses");
  const random = rowsOf(tables, "ends").filter((row) => row.labels !== "true");
  const worst = Math.max(...column(random, "share"));
  const straight = Math.min(...random.map((row) => linearity(column(of(losses, row.labels), "loss"))));
  const judgements: Record<string, Judgement> = {
    "random-labels-zero": {
      verdict: worst <= setting.target ? "agrees" : "disagrees",
      measured: `the loss falls to ${worst.toExponential(2)} of its start within ${setting.steps} steps (target ${setting.target.toExponential(0)})`,
    },
    "random-labels-linear": {
      verdict: straight >= EXPECTED.linearity ? "agrees" : "disagrees",
      measured: `second half of each run straight with R² ≥ ${straight.toPrecision(4)}`,
    },
  };
  return {
    judgements,
    figures: {
      "random-labels": curvesFigure({
        title: "Training loss with true and with shuffled labels",
        caption: `${setting.samples} MNIST digits (0 and 1), two-layer ReLU, width ${setting.width}, exact gradient descent; loss as a share of its start.`,
        x: { label: "step k", scale: "linear" },
        y: { label: "loss / initial loss", scale: "log" },
        curves: rowsOf(tables, "ends").map(({ labels }) => {
          const mine = of(losses, labels);
          const start = numberOf(mine[0], "loss");
          return {
            name: `${labels} labels`,
            x: column(mine, "step"),
            y: column(mine, "loss").map((loss) => loss / start),
          };
        }),
      }),
    },
  };
}

const of = (losses: readonly Row[], labels: Row[string]) => losses.filter((row) => row.labels === labels);
