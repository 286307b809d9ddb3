import { generate } from "surefoot";
import { curvesFigure } from "surefoot/figure";
import { lambda0Of } from "../measure.ts";
import { column, numberOf, rowsOf } from "../rows.ts";
import { mean, powerLaw } from "../statistics.ts";
import type { CellContext, Conclusion, Judgement, Row, Study, Tables } from "../study.ts";
import { CLAIMS, EXPECTED, SETTINGS, type Setting } from "./spec.ts";

/** λ₀ of random points on the sphere, over n and d. */
export const study: Study = {
  id: "lambda0-sphere",
  question: "What is E[λ₀] for points uniform on the unit sphere, and how does it depend on the dimension?",
  source: "review of Du et al. 2018, § 4",
  setting: "x_i independent and uniform on the unit sphere of R^d; λ₀ = λ_min(H^∞)",
  claims: CLAIMS,
  plan: (form) => {
    const setting = SETTINGS[form];
    return {
      parameters: setting,
      cells: setting.d.flatMap((d) =>
        setting.n.map((n) => ({
          key: `n=${n},d=${d}`,
          measure: (context: CellContext) => measure(setting, n, d, context),
        })),
      ),
      conclude: (tables) => conclude(setting, tables),
    };
  },
};

async function measure(setting: Setting, n: number, d: number, context: CellContext): Promise<Tables> {
  const { backend, signal, progress } = context;
  const values: number[] = [];
  for (let draw = 0; draw < setting.draws; draw++) {
    signal.throwIfAborted();
    progress(`draw ${draw + 1} of ${setting.draws}`);
    const { x } = generate({ kind: "sphere", n, d, seed: draw });
    values.push(await lambda0Of(x, backend));
  }
  values.sort((a, b) => a - b);
  const average = mean(values);
  const deviation = Math.sqrt(mean(values.map((v) => (v - average) ** 2)) * (values.length / (values.length - 1)));
  const at = (share: number) => values[Math.min(values.length - 1, Math.floor(share * values.length))];
  const statistics = { mean: average, standardError: deviation / Math.sqrt(values.length) };
  return {
    lambda0: [
      { n, d, draws: values.length, ...statistics, least: values[0], p05: at(0.05), median: at(0.5), p95: at(0.95) },
    ],
  };
}

const leading = (n: number, d: number) => 0.25 + 0.25 * (1 - Math.sqrt(n / d)) ** 2;

function conclude(setting: Setting, tables: Tables): Conclusion {
  const rows = rowsOf(tables, "lambda0");
  const large = rows.filter((row) => {
    const [n, d] = [numberOf(row, "n"), numberOf(row, "d")];
    return d >= EXPECTED.largeD && n <= d && n >= 10;
  });
  const deviations = large.map((row) => {
    const expected = leading(numberOf(row, "n"), numberOf(row, "d"));
    return Math.abs(numberOf(row, "mean") - expected) / expected;
  });
  const worst = Math.max(...deviations);
  const at = large[deviations.indexOf(worst)];
  const small = setting.d.filter((d) => d <= 5).map((d) => exponent(rows, d));
  const judgements: Record<string, Judgement> = {
    "lambda0-large-d": {
      verdict: worst <= EXPECTED.deviation ? "agrees" : "disagrees",
      measured: `largest deviation ${(100 * worst).toFixed(1)} % over ${large.length} pairs (n, d), at n = ${at.n}, d = ${at.d}`,
    },
    "lambda0-small-d": {
      verdict: small.every(({ agrees }) => agrees) ? "agrees" : "disagrees",
      measured: small.map(({ text }) => text).join("; "),
    },
  };
  return { judgements, figures: { "lambda0-sphere": figure(setting, rows) } };
}

function exponent(rows: readonly Row[], d: number) {
  const chosen = rows.filter(
    (row) => row.d === d && numberOf(row, "n") >= EXPECTED.fitFrom && numberOf(row, "median") > 1e-13,
  );
  const fit = powerLaw(column(chosen, "n"), column(chosen, "median"));
  const expected = -2 / (d - 1);
  return {
    agrees: Math.abs(fit.slope - expected) <= EXPECTED.exponent * Math.abs(expected),
    text: `d = ${d}: exponent ${fit.slope.toFixed(2)} (expected ${expected.toFixed(2)})`,
  };
}

function figure(setting: Setting, rows: readonly Row[]) {
  return curvesFigure({
    title: "λ₀ of random points on the sphere",
    caption:
      `Mean of λ₀ = λ_min(H^∞) over ${setting.draws} draws for every n and d; the band reaches from the 5th to the 95th percentile. ` +
      "Orthogonal inputs have λ₀ = ½; for n much larger than d² the closest pair decides.",
    x: { label: "number of samples n", scale: "log" },
    y: { label: "E[λ₀]", scale: "log" },
    curves: setting.d
      .filter((d) => setting.d.length <= 7 || [2, 3, 5, 10, 50, 200, 2000].includes(d))
      .map((d) => {
        const mine = rows.filter((row) => row.d === d);
        const {
          n,
          mean: y,
          p05: lower,
          p95: upper,
        } = Object.fromEntries(["n", "mean", "p05", "p95"].map((name) => [name, column(mine, name)]));
        return { name: `d = ${d}`, x: n, y, lower, upper };
      }),
  });
}
