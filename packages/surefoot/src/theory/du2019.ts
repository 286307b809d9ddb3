import { type DeepSmoothFacts, deepSmoothFacts, notDeepSmooth } from "./deep-smooth-facts.ts";
import { createDeepSmoothWatch, type DeepSmoothWatch } from "./deep-smooth-watch.ts";
import type { ClaimRow, DeskSeries } from "./desk.ts";
import { du2019Claims } from "./du2019-claims.ts";
import { du2019Prescriptions } from "./du2019-prescriptions.ts";
import type { DeskRequest, PaperDesk, RunSummary } from "./request.ts";
import { claimRow } from "./rows.ts";
import { alongRun, rateSeries } from "./series.ts";

/**
 * Du, Lee, Li, Wang, Zhai 2019: gradient descent on deep networks with a smooth activation, fully connected, residual and convolutional
 * residual (theory/02). What the notes misprint is shown both ways (theory/00).
 */
export const du2019: PaperDesk = {
  paper: "du2019",
  title: "Du, Lee, Li, Wang, Zhai 2019: Gradient Descent Finds Global Minima of Deep Neural Networks",
  reference: "arXiv 1811.03804, and notes on it",
  excludes: ({ problem }) => notDeepSmooth(problem.network),
  start: async (request) => {
    const facts = await deepSmoothFacts(request);
    const watch = createDeepSmoothWatch(request, facts);
    return {
      at: watch.at,
      finish: async (run) => ({
        paper: "du2019",
        title: du2019.title,
        reference: du2019.reference,
        notApplicable: null,
        hypotheses: hypotheses(request, facts),
        claims: await du2019Claims(request, facts, watch, run),
        prescriptions: await du2019Prescriptions(request, facts, watch, run),
        notes: [
          "The notes print the loss as (f(θ, x_i) y_i)²: a minus sign is lost. Lemma 1.6 stands there under the title of Lemma 1.5.",
          "λ₀ = λ_min(K^(H)) is the least eigenvalue of one part of the infinite-width tangent kernel; the certificate is about the whole kernel at these weights.",
          facts.architecture === "fully-connected"
            ? "c_{w,0}, a_{2,0} are measured at these weights; the paper has universal constants for them."
            : "The notes give the lemmas' constants for fully connected networks; bounds of a ResNet that depend on them are derived in the same way, or left open.",
        ],
        series: series(facts, watch, run),
      }),
    };
  },
};

function series({ lambda0, innerStep }: DeepSmoothFacts, watch: DeepSmoothWatch, run: RunSummary): DeskSeries[] {
  const level = lambda0 > 0 ? lambda0 : Number.NaN;
  return [
    ...rateSeries(level, innerStep, run),
    ...alongRun(
      {
        id: "eigenvalue",
        title: "Least eigenvalues of the Gram matrices",
        caption:
          "The proof keeps λ_min(G^(H)(k)) above λ₀/2; the whole kernel G is the sum of one matrix a layer and has a larger one.",
        y: "λ_min",
      },
      [
        ["λ_min(G^(H)(k))", watch.lambdaTop],
        ["λ_min(G(k))", watch.lambdaAll],
      ],
      { log: true, levels: [{ name: "λ₀/2", at: level / 2 }] },
    ),
    ...alongRun(
      {
        id: "second-order",
        title: "Lemmas 1.9 and 1.10 at every measured step",
        caption: "Both lemmas keep these ratios below ⅛.",
        y: "ratio",
      },
      [
        ["‖I₂‖/(ηλ₀‖y − u‖)", watch.secondOrder],
        ["‖u(k+1) − u(k)‖²/(ηλ₀‖y − u‖²)", watch.outputStep],
      ],
      { log: true, levels: [{ name: "⅛", at: 1 / 8 }] },
    ),
  ];
}

function hypotheses({ problem, initialiser }: DeskRequest, facts: DeepSmoothFacts): ClaimRow[] {
  const { n, m, depth, lambda0, innerStep, delta, lipschitz, smoothness } = facts;
  const { dataset, network, gram } = problem;
  const source = "assumptions";
  const squares = Float64Array.from({ length: n }, (_, i) => gram.data[i * n + i]);
  const farthest = squares.reduce((far, square) => (Math.abs(square - 1) > Math.abs(far - 1) ? square : far), 1);
  const largestLabel = dataset.y.reduce((most, y) => Math.max(most, Math.abs(y)), 0);
  const widths = network.layers.slice(0, -1).map(({ rows }) => rows);
  const positive = lambda0 > 0;
  const fully = facts.architecture === "fully-connected";
  const grown = fully ? 2 ** depth : 1;
  const width =
    grown * Math.max(n ** 4 / lambda0 ** 4, n / delta, (n ** 2 * Math.log((depth * n) / delta)) / lambda0 ** 2);
  const power = fully ? "2^{O(H)} " : "poly(H) ";
  return [
    claimRow({
      id: "unit-inputs",
      source,
      claim: "‖x_i‖₂ = 1 for every sample",
      relation: "=",
      bound: 1,
      measured: Math.sqrt(farthest),
      tolerance: 1e-12,
      note: "measured: the norm farthest from 1; equality up to 1e-12",
    }),
    parallelRow(problem.gram.data, squares),
    claimRow({
      id: "bounded-labels",
      source,
      claim: "|y_i| = O(1)",
      measured: largestLabel,
      verdict: "holds",
      constantNeeded: largestLabel,
    }),
    claimRow({
      id: "smooth-activation",
      source,
      claim: "σ is L-Lipschitz, β-smooth, analytic and no polynomial",
      measured: lipschitz,
      verdict: Number.isFinite(smoothness) ? "holds" : "fails",
      note: Number.isFinite(smoothness)
        ? `L = ${lipschitz.toPrecision(4)}, β = ${smoothness.toPrecision(4)}`
        : "σ' jumps: Lemma 1.7 has no β here",
    }),
    claimRow({
      id: "one-width",
      source: "setup",
      claim: "all hidden layers have m neurons",
      verdict: widths.every((one) => one === m) ? "holds" : "fails",
      note: widths.every((one) => one === m) ? null : `widths ${widths.join(", ")}; m stands for the least`,
    }),
    claimRow({
      id: "gaussian-weights",
      source: "setup",
      claim: "all weights N(0, 1), independent, a among them",
      verdict: initialiser === null ? "open" : isGaussian(initialiser) ? "holds" : "fails",
      note: initialiser === null ? "weights from a file" : isGaussian(initialiser) ? null : lawNote(initialiser.kind),
    }),
    claimRow({
      id: "lambda0",
      source,
      claim: "λ₀ = λ_min(K^(H)) > 0",
      relation: "≥",
      bound: 0,
      measured: lambda0,
      verdict: positive ? "holds" : "open",
      note: positive ? "computed in floating point" : "not established: λ₀ is 0 up to rounding",
    }),
    claimRow({
      id: "width",
      source: "Theorem 1.2",
      claim: `m ≥ C ${power}max{n⁴/λ₀⁴, n/δ, n² log(Hn/δ)/λ₀²}`,
      relation: "≥",
      bound: positive ? width : Number.NaN,
      boundBasis: "order-only",
      measured: m,
      constantNeeded: positive ? m / width : Number.NaN,
      note: fully ? "2^{O(H)} taken as 2^H" : "poly(H) taken as 1: the notes give no power",
    }),
    claimRow({
      id: "step-size",
      source: "Theorem 1.2",
      claim: `η ≤ C λ₀/(n² ${power.trim()})`,
      relation: "≤",
      bound: positive ? lambda0 / (n ** 2 * grown) : Number.NaN,
      boundBasis: "order-only",
      measured: innerStep,
      constantNeeded: positive ? (innerStep * n ** 2 * grown) / lambda0 : Number.NaN,
      note: "η of the run, for ½‖u − y‖²",
    }),
  ];
}

function isGaussian(initialiser: NonNullable<DeskRequest["initialiser"]>): boolean {
  return initialiser.kind === "gaussian" && (initialiser.output ?? "gaussian") === "gaussian";
}

function lawNote(kind: string): string {
  return kind === "antisymmetric"
    ? "neurons come twice, with opposite a_r = ±1 by default: u(0) = 0"
    : `drawn by ${kind}`;
}

/** No two inputs parallel: |cos| of the closest pair. */
function parallelRow(gram: Float64Array, squares: Float64Array): ClaimRow {
  const n = squares.length;
  let [most, at] = [0, [0, 0]];
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) {
      const cosine = Math.abs(gram[i * n + j]) / Math.sqrt(squares[i] * squares[j]);
      if (cosine > most) [most, at] = [cosine, [j, i]];
    }
  }
  return claimRow({
    id: "no-parallel-inputs",
    source: "assumptions",
    claim: "x_i ∦ x_j for i ≠ j: |cos(x_i, x_j)| < 1",
    relation: "≤",
    bound: 1,
    measured: most,
    verdict: most < 1 - 1e-12 ? "holds" : "open",
    note:
      n > 1
        ? `the closest pair: samples ${at[0]} and ${at[1]}${most < 1 - 1e-12 ? "" : ", parallel up to rounding"}`
        : null,
  });
}
