import { generate, SurefootError } from "surefoot";
import { curvesFigure } from "surefoot/figure";
import { lambda0Of } from "../measure.ts";
import { column, numberOf, rowsOf } from "../rows.ts";
import { geometricMean, powerLaw } from "../statistics.ts";
import type { CellContext, Conclusion, Judgement, Row, Study, Tables } from "../study.ts";
import { antipodal, cap, chain, descend, separation, uniforms } from "./search.ts";
import { CLAIMS, EXPECTED, SETTINGS, type Setting } from "./spec.ts";

/** How small λ₀ can be for separated points. */
export const study: Study = {
  id: "lambda0-separation",
  question: "How small can λ₀ be for points that are all at least δ apart?",
  source: "review of Du et al. 2018, § 4",
  setting:
    "unit sphere; separation means ‖x_i ± x_j‖ ≥ δ but in the first claim; λ₀ minimised over δ-separated sets by random local search from crowds and from random sets; random separated sets; two clusters",
  claims: CLAIMS,
  plan: (form) => {
    const setting = SETTINGS[form];
    return {
      parameters: setting,
      cells: [
        { key: "antipodal pairs", measure: (context: CellContext) => pairs(setting, context) },
        ...setting.n.flatMap((n) =>
          setting.delta.map((delta) => ({
            key: `n=${n},delta=${delta}`,
            measure: (context: CellContext) => measure(setting, n, delta, context),
          })),
        ),
      ],
      conclude: (tables) => conclude(setting, tables),
    };
  },
};

async function measure(setting: Setting, n: number, delta: number, context: CellContext): Promise<Tables> {
  const { backend, signal, progress } = context;
  const { d, starts, proposals } = setting;
  let least = Number.POSITIVE_INFINITY;
  for (let start = 0; start < starts; start++) {
    progress(`start ${start + 1} of ${starts}`);
    const crowds = [chain(n, d, delta), cap(n, d, delta)].filter((x) => separation(x) >= delta);
    const from = crowds[start] ?? separated(n, d, delta, start) ?? chain(n, d, delta);
    const found = await descend(from, delta, proposals, uniforms(start + 1), backend, signal);
    least = Math.min(least, found);
  }
  const random: number[] = [];
  for (let seed = 0; seed < setting.random; seed++) {
    const x = separated(n, d, delta, 1000 + seed);
    if (x) random.push(await lambda0Of(x, backend));
  }
  const clusters = generate({ kind: "two-clusters", n, d, distance: 1, spread: 2 * delta, seed: 0 }).x;
  return {
    separations: [
      {
        n,
        delta,
        least,
        random: random.length > 0 ? geometricMean(random) : null,
        leastRandom: random.length > 0 ? Math.min(...random) : null,
        clusters: await lambda0Of(clusters, backend),
        clustersSeparation: separation(clusters),
      },
    ],
  };
}

/** λ₀ of d + 1 antipodal pairs in R^d, and of the same with one point fewer. */
async function pairs({ d }: Setting, { backend }: CellContext): Promise<Tables> {
  const x = antipodal(d);
  const without = { rows: x.rows - 1, cols: d, data: x.data.slice(0, (x.rows - 1) * d) };
  const distances = Array.from({ length: x.rows }, (_, i) =>
    Array.from({ length: i }, (_, j) =>
      Math.hypot(...Array.from({ length: d }, (_, k) => x.data[i * d + k] - x.data[j * d + k])),
    ),
  ).flat();
  return {
    antipodal: [
      {
        d,
        n: x.rows,
        distance: Math.min(...distances),
        lambda0: await lambda0Of(x, backend),
        without: await lambda0Of(without, backend),
      },
    ],
  };
}

/** A random δ-separated set; undefined where so many points do not fit. */
function separated(n: number, d: number, delta: number, seed: number) {
  try {
    const { x } = generate({ kind: "separated", n, d, delta, seed });
    return separation(x) >= delta ? x : undefined;
  } catch (error) {
    if (error instanceof SurefootError && error.code === "data") return undefined;
    throw error;
  }
}

function conclude(setting: Setting, tables: Tables): Conclusion {
  const rows = rowsOf(tables, "separations");
  const fits = setting.n.map((n) => {
    const mine = rows.filter((row) => row.n === n && numberOf(row, "delta") <= EXPECTED.below);
    return {
      n,
      fit: powerLaw(column(mine, "delta"), column(mine, "least")),
      constant: geometricMean(mine.map(perDelta)),
    };
  });
  const linear = fits.every(({ fit }) => Math.abs(fit.slope - EXPECTED.exponent) <= EXPECTED.tolerance);
  const crowds = rows.filter((row) => numberOf(row, "n") > 2 && numberOf(row, "delta") <= EXPECTED.below);
  const below = crowds.every((row) => numberOf(row, "least") < numberOf(row, "delta") / (2 * Math.PI));
  const falls = fits.every(({ constant }, i) => i === 0 || constant < fits[i - 1].constant);
  const above = crowds.every((row) => row.random === null || numberOf(row, "random") > 2 * numberOf(row, "least"));
  const [pair] = rowsOf(tables, "antipodal");
  const [zero, less] = [numberOf(pair, "lambda0"), numberOf(pair, "without")];
  const judgements: Record<string, Judgement> = {
    "lambda0-separation-antipodal": {
      verdict: Math.abs(zero) < 1e-15 && less > 1e-3 ? "agrees" : "disagrees",
      measured: `${pair.n} points in ${pair.d} dimensions, all at least ${numberOf(pair, "distance").toFixed(2)} apart: λ₀ = ${zero.toExponential(1)} (0 up to rounding); without one of them ${less.toPrecision(2)}`,
    },
    "lambda0-separation-linear": {
      verdict: linear ? "agrees" : "disagrees",
      measured: fits
        .map(({ n, fit, constant }) => `n = ${n}: exponent ${fit.slope.toFixed(2)}, λ₀ ≈ ${constant.toPrecision(2)}·δ`)
        .join("; "),
    },
    "lambda0-separation-crowd": {
      verdict: below && falls && above ? "agrees" : "disagrees",
      measured: fits
        .filter(({ n }) => n > 2)
        .map(({ n, constant }) => `n = ${n}: ${(constant * 2 * Math.PI).toPrecision(2)} of a pair's λ₀`)
        .join("; "),
    },
  };
  return { judgements, figures: { "lambda0-separation": figure(setting, rows) } };
}

const perDelta = (row: Row) => numberOf(row, "least") / numberOf(row, "delta");

function figure(setting: Setting, rows: readonly Row[]) {
  const of = (n: number) => rows.filter((row) => row.n === n);
  const last = setting.n[setting.n.length - 1];
  const curve = (name: string, mine: readonly Row[], value: string) => ({
    name,
    x: column(mine, "delta").reverse(),
    y: mine.map((row) => (row[value] === null ? null : numberOf(row, value))).reverse(),
  });
  return curvesFigure({
    title: "How small λ₀ can be for δ-separated points",
    caption: `Least λ₀ found over sets with all distances at least δ in ${setting.d} dimensions (an upper bound of the minimum), the geometric mean of random such sets, and δ/(2π), a pair alone.`,
    x: { label: "separation δ", scale: "log" },
    y: { label: "λ₀", scale: "log" },
    curves: [
      ...setting.n.map((n) => curve(`least found, n = ${n}`, of(n), "least")),
      { ...curve(`random sets, n = ${last}`, of(last), "random"), stroke: "dotted" as const },
      {
        name: "δ/(2π)",
        x: setting.delta.slice().reverse(),
        y: setting.delta.map((delta) => delta / (2 * Math.PI)).reverse(),
        stroke: "dashed" as const,
      },
    ],
  });
}
