import { initialise, logBoxProbability, networkSpec, resolveNetwork } from "surefoot";
import { curvesFigure } from "surefoot/figure";
import { column, numberOf, rowsOf } from "../rows.ts";
import type { CellContext, Conclusion, Row, Study, Tables } from "../study.ts";

const SETTINGS = {
  quick: { shapes: [[1], [2], [1, 1], [2, 1]], draws: 4000 },
  full: { shapes: [[1], [2], [3], [1, 1], [2, 1], [2, 2], [3, 2]], draws: 100_000 },
} satisfies Record<string, Setting>;

interface Setting {
  /** Hidden widths of the networks. */
  readonly shapes: readonly (readonly number[])[];
  readonly draws: number;
}

/** Every entry of W_2 … W_L in [k, 2k]/√(fan-in of the widest): the box in units that make the event likely. */
const BOX = 0.7;
const INPUTS = 3;
/** Probability that all intervals hold together. */
const CONFIDENCE = 0.99;

/** How rare the event of Chatterjee's theorem 2.8 is. */
export const study: Study = {
  id: "pl-event",
  question:
    "How likely is the positive box of theorem 2.8 under LeCun initialisation, and how fast does it become hopeless?",
  source: "Chatterjee (arXiv 2203.16462), theorem 2.8 and remark 2.9",
  setting: `small networks, ${INPUTS} inputs, LeCun N(0, 1/d_{ℓ−1}); box [${BOX}, ${2 * BOX}] for every entry of W_2 … W_L; the sizes are ours`,
  claims: [
    {
      id: "pl-event-probability",
      source: "theorem 2.8 (the formula: theory/04)",
      says: "the box has probability ∏_ℓ (Φ(2k√d_{ℓ−1}) − Φ(k√d_{ℓ−1}))^{d_ℓ d_{ℓ−1}}",
    },
    {
      id: "pl-event-restarts",
      source: "remark 2.9",
      says: "independent restarts meet the event after 1/P draws on average, which grows exponentially with the number of entries",
    },
  ],
  plan: (form) => {
    const setting: Setting = SETTINGS[form];
    return {
      parameters: { setting, BOX, INPUTS },
      cells: setting.shapes.map((widths) => ({
        key: widths.join("x"),
        measure: (context: CellContext) => measure(setting, widths, context),
      })),
      conclude: (tables) => conclude(setting, tables),
    };
  },
};

async function measure(
  { draws }: Setting,
  widths: readonly number[],
  { backend, signal, progress }: CellContext,
): Promise<Tables> {
  const spec = { kind: "fully-connected", widths: [...widths], activation: "tanh", scaling: "standard" } as const;
  const network = resolveNetwork(networkSpec.parse(spec), INPUTS);
  const later = network.layers.slice(1);
  let [hits, since, gaps] = [0, 0, 0];
  for (let seed = 0; seed < draws; seed++) {
    if (seed % 1000 === 0) {
      signal.throwIfAborted();
      progress(`draw ${seed}`);
    }
    const weights = await initialise(network, { kind: "lecun" }, seed, backend);
    since++;
    if (later.every(({ weight }) => weights[weight].data.every((w) => w >= BOX && w <= 2 * BOX))) {
      hits++;
      gaps += since;
      since = 0;
    }
  }
  const entries = later.reduce((sum, { rows, cols }) => sum + rows * cols, 0);
  const probability = Math.exp(logBoxProbability(network, BOX));
  return {
    events: [{ widths: widths.join("×"), entries, probability, draws, hits, meanDraws: hits > 0 ? gaps / hits : null }],
  };
}

/** P(at most k hits of n), by the ratio of one binomial term to the next. */
function atMost(n: number, k: number, p: number): number {
  let term = n * Math.log1p(-p);
  let sum = Math.exp(term);
  for (let i = 1; i <= k; i++) {
    term += Math.log((n - i + 1) / i) + Math.log(p) - Math.log1p(-p);
    sum += Math.exp(term);
  }
  return Math.min(1, sum);
}

function conclude({ draws }: Setting, tables: Tables): Conclusion {
  const rows = rowsOf(tables, "events");
  // p lies in the Clopper–Pearson interval iff neither tail of the count is below half of 1 − confidence (shared among the rows)
  const tail = (1 - CONFIDENCE) / rows.length / 2;
  const inside = (row: Row) => {
    const [hits, p] = [numberOf(row, "hits"), numberOf(row, "probability")];
    return atMost(draws, hits, p) > tail && (hits === 0 || 1 - atMost(draws, hits - 1, p) > tail);
  };
  const outside = rows.filter((row) => !inside(row));
  const seen = rows.filter((row) => numberOf(row, "hits") >= 30);
  const ratios = seen.map((row) => numberOf(row, "meanDraws") * numberOf(row, "probability"));
  const off = Math.max(...seen.map((row, i) => Math.abs(ratios[i] - 1) * Math.sqrt(numberOf(row, "hits"))));
  const rarest = rows.reduce((a, b) => (numberOf(b, "probability") < numberOf(a, "probability") ? b : a));
  const x = column(rows, "entries");
  return {
    judgements: {
      "pl-event-probability": {
        verdict: outside.length === 0 ? "agrees" : "disagrees",
        measured: rows
          .map(
            (row) =>
              `${row.widths}: ${row.hits}/${draws}, exact ${numberOf(row, "probability").toExponential(2)}${inside(row) ? "" : " (outside)"}`,
          )
          .join("; "),
      },
      "pl-event-restarts": {
        verdict: off <= 4 ? "agrees" : "disagrees",
        measured: `mean draws times P: ${ratios.map((r) => r.toFixed(2)).join(", ")} (within ${off.toFixed(1)} standard errors of 1); ${rarest.entries} entries ask for ${(1 / numberOf(rarest, "probability")).toExponential(1)} draws`,
      },
    },
    figures: {
      "pl-event": curvesFigure({
        title: "Probability of the positive box against the number of its entries",
        caption: `Exact, and as measured over ${draws} draws (no point: never seen).`,
        x: { label: "entries of W_2 … W_L", scale: "linear", whole: true },
        y: { label: "probability", scale: "log" },
        curves: [
          { name: "exact", x, y: column(rows, "probability"), draw: "dots" as const },
          { name: "measured", x, y: rows.map((row) => numberOf(row, "hits") / draws || null), draw: "dots" as const },
        ],
      }),
    },
  };
}
