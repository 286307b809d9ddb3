import { generate } from "surefoot";
import { curvesFigure } from "surefoot/figure";
import { infiniteKernel, kernelMatrix } from "surefoot/kernel";
import { lambdaMin } from "../measure.ts";
import { column, numberOf, rowsOf } from "../rows.ts";
import { lineFit, mean, pointsBy, powerLaw } from "../statistics.ts";
import type { CellContext, Conclusion, Judgement, Row, Study, Tables } from "../study.ts";
import { CLAIMS, EXPECTED, SETTINGS, type Setting } from "./spec.ts";

const KINDS = ["fully-connected", "residual"] as const;

/** λ_min(K^(H)) and the width it asks for, against the depth. */
export const study: Study = {
  id: "deep-depth",
  question:
    "How do λ_min(K^(H)) and the width that the theorem asks for depend on the depth, fully connected against ResNet?",
  source: "notes on Du et al. 2019",
  setting: "unit sphere, tanh, c_res = ½; K^(H) in closed form (recursion of theory/02)",
  claims: CLAIMS,
  plan: (form) => {
    const setting = SETTINGS[form];
    return {
      parameters: setting,
      cells: setting.depths.map((depth) => ({
        key: `H=${depth}`,
        measure: (context: CellContext) => measure(setting, depth, context),
      })),
      conclude: (tables) => conclude(setting, tables),
    };
  },
};

async function measure(setting: Setting, depth: number, { backend, signal }: CellContext): Promise<Tables> {
  const { n, d, activation, seeds } = setting;
  const rows: Row[] = [];
  for (const kind of KINDS) {
    for (const seed of seeds) {
      signal.throwIfAborted();
      const { x } = generate({ kind: "sphere", n, d, seed });
      const lambda = await lambdaMin(
        await kernelMatrix(infiniteKernel({ kind, depth, activation }, "k-top", x, backend)),
        backend,
      );
      // order only: the hidden constants are taken as 1, 2^O(H) as 2^H and poly(H) as H
      const depthFactor = kind === "fully-connected" ? depth * Math.log10(2) : Math.log10(depth);
      rows.push({ kind, depth, seed, lambda, log10Width: depthFactor + 4 * Math.log10(n / lambda) });
    }
  }
  return { depths: rows };
}

function conclude(_: Setting, tables: Tables): Conclusion {
  const rows = rowsOf(tables, "depths");
  const of = (kind: string) => rows.filter((row) => row.kind === kind);
  const shapes = KINDS.map((kind) => {
    const mine = of(kind).filter((row) => numberOf(row, "depth") >= EXPECTED.from);
    const [h, lambda] = [column(mine, "depth"), column(mine, "lambda")];
    const power = powerLaw(h, lambda);
    const exponential = lineFit(h, lambda.map(Math.log));
    const better =
      rest(h.map(Math.log), lambda.map(Math.log)) <= rest(h, lambda.map(Math.log)) ? "a power" : "an exponential";
    return { kind, power, exponential, better };
  });
  const residual = shapes[1];
  const byDepth = (kind: string) =>
    pointsBy(
      of(kind),
      (row) => numberOf(row, "depth"),
      (row) => numberOf(row, "log10Width"),
    );
  const [full, res] = KINDS.map(byDepth);
  const gap = full.y.map((value, i) => value - res.y[i]);
  const judgements: Record<string, Judgement> = {
    "deep-depth-lambda": {
      verdict: residual.better === "a power" ? "agrees" : "disagrees",
      measured: shapes
        .map(
          ({ kind, power, exponential, better }) =>
            `${kind}: better described by ${better} (exponent ${power.slope.toFixed(2)}, or e^(${exponential.slope.toFixed(3)}H))`,
        )
        .join("; "),
    },
    "deep-depth-width": {
      verdict: gap[gap.length - 1] > gap[0] ? "agrees" : "disagrees",
      measured: `log₁₀ of the two widths differs by ${gap[0].toFixed(1)} at H = ${full.x[0]} and by ${gap[gap.length - 1].toFixed(1)} at H = ${full.x[full.x.length - 1]} (order only)`,
    },
  };
  const x = { label: "depth H", scale: "linear", whole: true } as const;
  const lambdas = KINDS.map((kind) => ({
    name: kind,
    ...pointsBy(
      of(kind),
      (row) => numberOf(row, "depth"),
      (row) => numberOf(row, "lambda"),
    ),
  }));
  return {
    judgements,
    figures: {
      "deep-depth-lambda": curvesFigure({
        title: "λ_min(K^(H)) against the depth",
        caption: "Infinite width, tanh. Geometric mean over data seeds, band from the least to the greatest.",
        x,
        y: { label: "λ_min(K^(H))", scale: "log" },
        curves: lambdas,
      }),
      "deep-depth-width": curvesFigure({
        title: "The width that the theorem asks for against the depth",
        caption: "log₁₀ of 2^H·n⁴/λ⁴ (fully connected) and H·n⁴/λ⁴ (ResNet): order only, constants taken as 1.",
        x,
        y: { label: "log₁₀ of the width", scale: "linear" },
        curves: [
          { name: "fully-connected", x: full.x, y: full.y },
          { name: "residual", x: res.x, y: res.y },
        ],
      }),
    },
  };
}

/** Sum of squares left by the best line. */
function rest(x: readonly number[], y: readonly number[]): number {
  const { slope } = lineFit(x, y);
  const [mx, my] = [mean(x), mean(y)];
  return x.reduce((sum, u, i) => sum + (y[i] - my - slope * (u - mx)) ** 2, 0);
}
