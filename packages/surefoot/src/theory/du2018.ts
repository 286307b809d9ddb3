import type { ClaimRow, DeskSeries } from "./desk.ts";
import { du2018Claims } from "./du2018-claims.ts";
import { du2018Prescriptions } from "./du2018-prescriptions.ts";
import type { DeskRequest, PaperDesk, RunSummary } from "./request.ts";
import { claimRow } from "./rows.ts";
import { alongRun, rateSeries } from "./series.ts";
import { type TwoLayerFacts, twoLayerFacts } from "./two-layer-facts.ts";
import { type TwoLayerWatch, twoLayerWatch } from "./two-layer-watch.ts";

/**
 * Du, Zhai, Póczos, Singh 2018: gradient descent on a two-layer ReLU network of which the first layer is trained (theory/01). Where the
 * review and the paper differ both are shown.
 */
export const du2018: PaperDesk = {
  paper: "du2018",
  title: "Du, Zhai, Póczos, Singh 2018: Gradient Descent Provably Optimizes Over-parameterized Neural Networks",
  reference: "arXiv 1810.02054, and the review of it",
  excludes: ({ problem }) =>
    problem.network.spec.kind === "two-layer-relu"
      ? undefined
      : `it is about (1/√m) Σ a_r max(w_r·x, 0) with only W trained (--network two-layer-relu:M), not ${problem.network.spec.kind}`,
  start: async (request) => {
    const watch = await twoLayerWatch(request);
    return {
      at: (snapshot) => watch.at(snapshot),
      finish: async (run) => {
        const facts = await twoLayerFacts(request);
        return {
          paper: "du2018",
          title: du2018.title,
          reference: du2018.reference,
          notApplicable: null,
          hypotheses: hypotheses(request, facts),
          claims: await du2018Claims(request, facts, watch, run),
          prescriptions: await du2018Prescriptions(request, facts, watch, run),
          notes: [
            "Rates are for ½‖u − y‖² and its step size; theory/00 converts the conventions.",
            "The theorem speaks of random weights and of widths beyond reach; the certificate speaks of these weights.",
          ],
          series: series(facts, watch, run),
        };
      },
    };
  },
};

function hypotheses({ weights, problem, initialiser }: DeskRequest, facts: TwoLayerFacts): ClaimRow[] {
  const { n, m, lambda0, closest, innerStep } = facts;
  const source = "assumptions";
  const farthest = facts.inputNorms.reduce((far, norm) => (Math.abs(norm - 1) > Math.abs(far - 1) ? norm : far), 1);
  const a = weights[problem.network.layers[1].weight].data;
  const usable = lambda0 ?? Number.NaN;
  return [
    claimRow({
      id: "unit-inputs",
      source,
      claim: "‖x_i‖₂ = 1 for every sample",
      relation: "=",
      bound: 1,
      measured: farthest,
      tolerance: 1e-12,
      note: "measured: the norm farthest from 1; equality up to 1e-12",
    }),
    claimRow({
      id: "bounded-labels",
      source,
      claim: "|y_i| ≤ C for a constant C",
      measured: facts.largestLabel,
      verdict: "holds",
      constantNeeded: facts.largestLabel,
    }),
    claimRow({
      id: "lambda0",
      source,
      claim: "λ₀ = λ_min(H^∞) > 0",
      relation: "≥",
      bound: 0,
      measured: lambda0 ?? facts.lambda0Computed,
      measuredBasis: facts.lambda0Basis,
      verdict: lambda0 === null ? (facts.closest.allows === 0 ? "fails" : "open") : "holds",
      note: `the closest pair, samples ${closest.i} and ${closest.j} at an angle of ${closest.angle.toPrecision(4)}, allows at most λ₀ = ${closest.allows.toPrecision(4)}`,
    }),
    claimRow({
      id: "gaussian-weights",
      source: "setup",
      claim: "w_r ∼ N(0, I), independent",
      verdict: initialiser === null ? "open" : initialiser.kind === "gaussian" ? "holds" : "fails",
      note: lawNote(initialiser?.kind),
    }),
    claimRow({
      id: "sign-outputs",
      source: "setup",
      claim: "a_r = ±1, so that H does not depend on a",
      relation: "=",
      bound: 1,
      measured: a.reduce((far, value) => (Math.abs(value * value - 1) > Math.abs(far - 1) ? value * value : far), 1),
      note: facts.unitOutputs ? null : "measured: the a_r² farthest from 1; then H(0) tends to E[a²]·H^∞",
    }),
    claimRow({
      id: "width",
      source: "theorem (paper)",
      claim: "m ≥ C n⁶/(λ₀⁴δ³)",
      relation: "≥",
      bound: n ** 6 / (usable ** 4 * facts.delta ** 3),
      boundBasis: "order-only",
      measured: m,
      constantNeeded: (m * usable ** 4 * facts.delta ** 3) / n ** 6,
      note: "constant: the C of this width",
    }),
    claimRow({
      id: "width-review",
      source: "main result (review)",
      claim: "m ≥ C n⁶/λ₀²",
      relation: "≥",
      bound: n ** 6 / usable ** 2,
      boundBasis: "order-only",
      measured: m,
      constantNeeded: (m * usable ** 2) / n ** 6,
      note: "the review states less than the paper that it reviews",
    }),
    claimRow({
      id: "step-size",
      source: "theorem",
      claim: "η ≤ C λ₀/n²",
      relation: "≤",
      bound: usable / n ** 2,
      boundBasis: "order-only",
      measured: innerStep,
      constantNeeded: (innerStep * n ** 2) / usable,
      note: "η of the run, for ½‖u − y‖²",
    }),
  ];
}

function lawNote(kind: string | undefined): string | null {
  switch (kind) {
    case "gaussian":
      return null;
    case undefined:
      return "weights from a file";
    case "antisymmetric":
      return "every neuron comes twice: m/2 independent ones, and u(0) = 0";
    case "sphere":
      return "H(0) depends on directions only, so its limit is the same; what changes is how near |w_r·x_i| is to 0";
    case "matched":
      return "the directions of the w_r follow the data: the limit of H(0) is another one than H^∞";
    default:
      return `drawn by ${kind}`;
  }
}

function series({ lambda0, innerStep }: TwoLayerFacts, watch: TwoLayerWatch, run: RunSummary): DeskSeries[] {
  const level = lambda0 ?? Number.NaN;
  return [
    ...rateSeries(level, innerStep, run),
    ...alongRun(
      {
        id: "eigenvalue",
        title: "Least eigenvalue of H(k)",
        caption: "The proof keeps λ_min(H(k)) above λ₀/2, starting from at least ¾λ₀.",
        y: "λ_min(H(k))",
      },
      [["λ_min(H(k))", watch.lambdaMin]],
      {
        levels: [
          { name: "λ₀/2", at: level / 2 },
          { name: "¾λ₀", at: 0.75 * level },
        ],
      },
    ),
    ...alongRun(
      {
        id: "drift",
        title: "Movement of the kernel and of the neurons",
        caption: "How far H(k) is from H(0), and the neuron that has moved farthest: both shrink as the width grows.",
        y: "distance from step 0",
      },
      [
        ["‖H(k) − H(0)‖₂", watch.kernelDrift],
        ["‖H(k) − H(0)‖_F", watch.kernelDriftFrobenius],
        ["max_r ‖w_r(k) − w_r(0)‖", watch.neuronDrift],
      ],
    ),
    ...alongRun(
      {
        id: "flips",
        title: "Flipped patterns",
        caption: "Share of the pairs (neuron, sample) whose sign differs from step 0.",
        y: "share of all pairs",
      },
      [["flipped", watch.flipShare]],
    ),
  ];
}
