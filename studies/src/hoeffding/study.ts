import { forward, generate, hInfinity, initialise, networkSpec, reluKernelByCounts, resolveNetwork } from "surefoot";
import { curvesFigure } from "surefoot/figure";
import { column, numberOf, rowsOf } from "../rows.ts";
import type { CellContext, Conclusion, Judgement, Study, Tables } from "../study.ts";
import { CLAIMS, EXPECTED, SETTINGS, type Setting } from "./spec.ts";

/** Thresholds of the tail, in units of |G_ij|/√m. */
const TAIL = Array.from({ length: 26 }, (_, k) => 0.1 * k);

/** The entries of H(0) against Hoeffding's bound. */
export const study: Study = {
  id: "hoeffding",
  question: "How far is H(0) from H^∞ entry by entry, and how much of Hoeffding's bound is needed?",
  source: "slides on gradient flow and the kernel point of view",
  setting: "unit sphere, w ~ N(0, I), a = ±1; independent draws of all weights",
  claims: CLAIMS,
  plan: (form) => {
    const setting = SETTINGS[form];
    return {
      parameters: setting,
      cells: setting.widths.map((width) => ({
        key: `m=${width}`,
        measure: (context: CellContext) => measure(setting, width, context),
      })),
      conclude: (tables) => conclude(setting, tables),
    };
  },
};

async function measure(setting: Setting, width: number, context: CellContext): Promise<Tables> {
  const { backend, signal, progress } = context;
  const { n, d, draws, delta } = setting;
  const { x } = generate({ kind: "sphere", n, d, seed: 0 });
  const gram = await backend.syrk(x);
  const infinite = await hInfinity(x, backend);
  const network = resolveNetwork(networkSpec.parse({ kind: "two-layer-relu", width }), d);
  const allowed = Math.sqrt(Math.log((n * (n + 1)) / delta) / (2 * width));
  const above = TAIL.map(() => 0);
  let [entries, outside, largest] = [0, 0, 0];
  for (let draw = 0; draw < draws; draw++) {
    signal.throwIfAborted();
    progress(`draw ${draw + 1} of ${draws}`);
    const weights = await initialise(network, { kind: "gaussian" }, draw, backend);
    const pass = await forward(network, weights, x, backend);
    const kernel = await reluKernelByCounts(network, weights, x, pass, backend, gram);
    let worst = 0;
    for (let i = 0; i < n; i++) {
      for (let j = 0; j <= i; j++) {
        const k = i * n + j;
        const off = Math.abs(kernel.data[k] - infinite.data[k]) / Math.abs(gram.data[k]);
        worst = Math.max(worst, off);
        entries++;
        TAIL.forEach((t, index) => {
          if (off * Math.sqrt(width) > t) above[index]++;
        });
      }
    }
    largest = Math.max(largest, worst);
    if (worst > allowed) outside++;
  }
  return {
    tails: TAIL.map((t, index) => ({
      width,
      t,
      measured: above[index] / entries,
      bound: Math.min(1, 2 * Math.exp(-2 * t * t)),
    })),
    unions: [{ width, draws, allowed, largest, outside: outside / draws, delta }],
  };
}

function conclude(setting: Setting, tables: Tables): Conclusion {
  const tails = rowsOf(tables, "tails");
  const unions = rowsOf(tables, "unions");
  // the entries of one draw depend on one another: the error of a frequency is that of the number of draws
  const excess = Math.max(
    ...tails.map((row) => {
      const bound = numberOf(row, "bound");
      return (
        (numberOf(row, "measured") - bound) /
        Math.sqrt(Math.max(bound * (1 - bound), 1 / setting.draws) / setting.draws)
      );
    }),
  );
  const share = Math.max(...column(unions, "outside"));
  const judgements: Record<string, Judgement> = {
    "hoeffding-entry": {
      verdict: excess <= EXPECTED.standardErrors ? "agrees" : "disagrees",
      measured: `the frequency exceeds the bound by ${excess.toFixed(2)} standard errors at most (${tails.length} thresholds)`,
    },
    "hoeffding-union": {
      verdict: share <= setting.delta ? "agrees" : "disagrees",
      measured:
        `${(100 * share).toFixed(2)} % of ${setting.draws} draws leave the bound for δ = ${100 * setting.delta} %; largest deviation ` +
        unions
          .map(
            (row) =>
              `${((100 * numberOf(row, "largest")) / numberOf(row, "allowed")).toFixed(0)} % of it at m = ${row.width}`,
          )
          .join(", "),
    },
  };
  const x = TAIL;
  return {
    judgements,
    figures: {
      hoeffding: curvesFigure({
        title: "Deviation of the entries of H(0) against Hoeffding's bound",
        caption: `Share of the entries with |H_ij(0) − H^∞_ij| > t|G_ij|/√m; n = ${setting.n}, d = ${setting.d}, ${setting.draws} draws of the weights.`,
        x: { label: "t", scale: "linear" },
        y: { label: "share of the entries", scale: "log" },
        curves: [
          ...setting.widths.map((width) => ({
            name: `m = ${width}`,
            x,
            y: column(
              tails.filter((row) => row.width === width),
              "measured",
            ).map((share) => (share > 0 ? share : null)),
          })),
          { name: "2 exp(−2t²)", x, y: x.map((t) => Math.min(1, 2 * Math.exp(-2 * t * t))), stroke: "dashed" as const },
        ],
      }),
    },
  };
}
