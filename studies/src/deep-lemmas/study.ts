import { createProblem, explain, generate, initialise, type NetworkInput, networkSpec, resolveNetwork } from "surefoot";
import { curvesFigure } from "surefoot/figure";
import { kernelAt } from "../descend.ts";
import { lambdaMax } from "../measure.ts";
import { numberOf, rowsOf } from "../rows.ts";
import type { CellContext, Conclusion, Judgement, Row, Study, Tables } from "../study.ts";

const KINDS = ["fully-connected", "residual", "convolutional-residual"] as const;
type Kind = (typeof KINDS)[number];

interface Setting {
  readonly n: number;
  readonly d: number;
  readonly depth: number;
  readonly widths: readonly number[];
  readonly steps: number;
}

const SETTINGS = {
  quick: { n: 6, d: 12, depth: 2, widths: [64, 256], steps: 10 },
  full: { n: 10, d: 12, depth: 3, widths: [64, 256, 1024], steps: 50 },
} satisfies Record<string, Setting>;

const LEMMAS = [
  ["condition-1.3", "Condition 1.3", "the loss falls at the claimed rate at every step"],
  ["lemma-1.4-below", "Lemma 1.4", "features are no shorter than 1/c_{x,0} at initialisation"],
  ["lemma-1.4-above", "Lemma 1.4", "features are no longer than c_{x,0} at initialisation"],
  ["lemma-1.5", "Lemma 1.5", "λ_min(G^(H)(0)) ≥ ¾λ₀"],
  ["lemma-1.6", "Lemma 1.6", "activations drift by no more than the bound"],
  ["lemma-1.7", "Lemma 1.7", "‖G^(H)(k) − G^(H)(0)‖₂ ≤ λ₀/4"],
  ["lemma-1.8", "Lemma 1.8", "weights move by no more than R'√m"],
] as const;

/** The lemmas of Du et al. 2019, one row each. */
export const study: Study = {
  id: "deep-lemmas",
  question: "Do the lemmas of Du et al. 2019 hold at widths one can train, and how far are their bounds?",
  source: "notes on Du et al. 2019, Lemmas 1.4 to 1.10 and Condition 1.3",
  setting:
    "unit sphere, ±1 labels, tanh, N(0, 1) weights, all trained, η = ½/λ_max(K(0)); widths, depth and n are ours; far below the widths that the theorem asks for",
  claims: LEMMAS.map(([id, source, says]) => ({
    id: `deep-${id}`,
    source,
    says: `${says}, at the greatest width tried, for all three architectures`,
  })),
  plan: (form) => {
    const setting: Setting = SETTINGS[form];
    return {
      parameters: setting,
      cells: KINDS.flatMap((kind) =>
        setting.widths.map((width) => ({
          key: `${kind},m=${width}`,
          measure: (context: CellContext) => measure(setting, kind, width, context),
        })),
      ),
      conclude: (tables) => conclude(setting, tables),
    };
  },
};

function specOf({ depth }: Setting, kind: Kind, width: number): NetworkInput {
  if (kind === "fully-connected")
    return { kind, widths: Array.from({ length: depth }, () => width), activation: "tanh" };
  if (kind === "residual") return { kind, depth, width, activation: "tanh" };
  return { kind, depth, width, activation: "tanh", pixels: 4 };
}

async function measure(
  setting: Setting,
  kind: Kind,
  width: number,
  { backend, signal, progress }: CellContext,
): Promise<Tables> {
  const { n, d, steps } = setting;
  const dataset = generate({ kind: "sphere", n, d, seed: 0 });
  const network = resolveNetwork(networkSpec.parse(specOf(setting, kind, width)), d);
  const weights = await initialise(network, { kind: "gaussian" }, 0, backend);
  const problem = await createProblem(network, dataset, "sum", backend);
  const stepSize = 0.5 / (await lambdaMax(await kernelAt(problem, weights), backend));
  const explained = await explain({
    problem,
    weights,
    initialiser: { kind: "gaussian" },
    seed: 0,
    stepSize,
    steps,
    papers: ["du2019"],
    mode: "float",
    signal,
    onProgress: progress,
  });
  signal.throwIfAborted();
  const [desk] = explained.desks;
  return {
    lemmas: [...desk.hypotheses, ...desk.claims].map(({ id, bound, measured, verdict, constantNeeded }) => ({
      kind,
      width,
      id,
      bound,
      measured,
      verdict,
      constantNeeded,
    })),
  };
}

function conclude(setting: Setting, tables: Tables): Conclusion {
  const rows = rowsOf(tables, "lemmas");
  const widest = setting.widths[setting.widths.length - 1];
  const judgements: Record<string, Judgement> = {};
  for (const [id] of LEMMAS) {
    const mine = rows.filter((row) => row.id === id && row.width === widest);
    const decided = mine.filter((row) => row.verdict === "holds" || row.verdict === "fails");
    const fails = decided.filter((row) => row.verdict === "fails");
    judgements[`deep-${id}`] = {
      verdict: decided.length === 0 ? "not comparable" : fails.length === 0 ? "agrees" : "disagrees",
      measured: mine.map(describe).join("; "),
    };
  }
  const of = (kind: Kind, id: string) => rows.filter((row) => row.kind === kind && row.id === id);
  return {
    judgements,
    figures: {
      "deep-lemmas": curvesFigure({
        title: "How much of the bound of Lemma 1.7 is used, against the width",
        caption: `‖G^(H)(k) − G^(H)(0)‖₂ over λ₀/4 (the lemma holds below 1); n = ${setting.n}, depth ${setting.depth}, ${setting.steps} steps.`,
        x: { label: "width m", scale: "log" },
        y: { label: "measured / bound", scale: "log", include: [1] },
        curves: KINDS.map((kind) => ({
          name: kind,
          x: of(kind, "lemma-1.7").map((row) => numberOf(row, "width")),
          y: of(kind, "lemma-1.7").map((row) => quotient(row)),
          draw: "line-and-dots" as const,
        })),
        rules: [{ axis: "y", at: 1, label: "bound", tone: "threshold" }],
      }),
    },
  };
}

const quotient = (row: Row) => {
  const value = numberOf(row, "measured") / numberOf(row, "bound");
  return Number.isFinite(value) ? value : null;
};

function describe(row: Row): string {
  const [measured, bound] = [numberOf(row, "measured"), numberOf(row, "bound")];
  const numbers =
    Number.isFinite(measured) && Number.isFinite(bound)
      ? ` (${measured.toPrecision(3)} against ${bound.toPrecision(3)})`
      : "";
  return `${row.kind}: ${row.verdict}${numbers}`;
}
