import { activationOf } from "../activation/registry.ts";
import { activationRange } from "../certify/activation-range.ts";
import type { Snapshot } from "../dynamics/snapshot.ts";
import { rounded } from "../interval/arithmetic.ts";
import { isFeedforward } from "../network/network.ts";
import { type Ball, ballOf } from "./ball.ts";
import { boxRows } from "./chatterjee-box.ts";
import { plRows } from "./chatterjee-pl.ts";
import { chatterjeePrescriptions } from "./chatterjee-prescriptions.ts";
import type { ClaimRow, Desk, DeskSeries } from "./desk.ts";
import { flatten, norm, plus } from "./parameters.ts";
import type { DeskRequest, PaperDesk, RunSummary } from "./request.ts";
import { claimRow } from "./rows.ts";

/** What the desk has seen of the run of gradient descent. */
export interface DescentSeen {
  /** f(θ_k) = ½‖e‖², ‖θ_k − θ₀‖, and the path length from θ₀ at the measured steps. */
  readonly steps: readonly {
    readonly step: number;
    readonly value: number;
    readonly distance: number;
    readonly path: number;
  }[];
}

/**
 * Chatterjee 2022: the local Polyak–Łojasiewicz criterion and the positive initialisation (theory/04). The paper's formulas are lost in the stored
 * text; the constants are those of theory/04 and theory/05 and are said to be so.
 */
export const chatterjee2022: PaperDesk = {
  paper: "chatterjee2022",
  title: "Chatterjee 2022: Convergence of gradient descent for deep neural networks",
  reference:
    "arXiv 2203.16462; its displayed formulas are lost in the stored text, theory/04 restores what the proofs need",
  excludes: ({ problem }) =>
    Number.isFinite(activationOf(problem.network.activation).curvatureBound)
      ? undefined
      : "it needs a loss that is C²: an activation with a kink is outside (try smooth-leaky-relu, tanh, softplus)",
  start: async (request) => {
    const { network } = request.problem;
    const centre = flatten(network, request.weights);
    const steps: { step: number; value: number; distance: number; path: number }[] = [];
    let before = centre;
    let path = 0;
    return {
      at: async ({ state }: Snapshot) => {
        const theta = flatten(network, state.weights);
        path += norm(plus(theta, -1, before));
        before = theta;
        const value = 0.5 * state.residual.reduce((sum, e) => sum + e * e, 0);
        steps.push({ step: state.step, value, distance: norm(plus(theta, -1, centre)), path });
      },
      finish: (run) => lay(request, run, { steps }),
    };
  },
};

async function lay(request: DeskRequest, run: RunSummary, seen: DescentSeen): Promise<Desk> {
  request.onProgress?.("chatterjee2022: the ball around the initial weights");
  const ball = await ballOf(request);
  const pl = await plRows(request, run, seen, ball);
  return {
    paper: "chatterjee2022",
    title: chatterjee2022.title,
    reference: chatterjee2022.reference,
    notApplicable: null,
    hypotheses: hypotheses(request, ball),
    claims: [...pl.rows, ...(isFeedforward(request.problem.network) ? await boxRows(request) : [])],
    prescriptions: chatterjeePrescriptions(request, ball, pl.step),
    notes: [
      "f = ½‖u − y‖² and its step size; α and 4f(θ₀) scale alike, so the criterion is the same for every multiple of f.",
      "No displayed number of the paper is quoted: the constants are re-derived (theory/04) and proved (theory/05, docs/certificates.md).",
    ],
    series: descentSeries(seen),
  };
}

function descentSeries({ steps }: DescentSeen): DeskSeries[] {
  const kept = steps.filter(({ value }) => value > 0);
  if (kept.length < 2) return [];
  const x = kept.map(({ step }) => step);
  return [
    {
      id: "loss",
      title: "f along the run",
      caption: "f = ½‖u − y‖²; the theorem's rate is a straight line here.",
      x: "step",
      y: "f(θ_k)",
      log: true,
      curves: [{ name: "f(θ_k)", x, y: kept.map(({ value }) => value) }],
    },
    {
      id: "path",
      title: "Distance and path length",
      caption: "How far the run is from θ₀, and how long its path has become: the proof bounds the path by r.",
      x: "step",
      y: "length",
      log: false,
      curves: [
        { name: "‖θ_k − θ₀‖", x, y: kept.map(({ distance }) => distance) },
        { name: "path", x, y: kept.map(({ path }) => path) },
      ],
    },
  ];
}

function hypotheses({ problem }: DeskRequest, ball: Ball | string): ClaimRow[] {
  const { network } = problem;
  const near = activationRange(network.activation, 1, rounded);
  const far = activationRange(network.activation, 600, rounded);
  const inputs = typeof ball === "string" ? undefined : ball.inputs;
  const positive = typeof ball === "string" ? ball : ball.positive;
  const frozen = network.layers.flatMap(({ weight, bias, trainsWeight, trainsBias }) => [
    ...(trainsWeight ? [] : [weight]),
    ...(bias !== undefined && !trainsBias ? [bias] : []),
  ]);
  return [
    claimRow({
      id: "increasing",
      source: "Theorem 2.1",
      claim: "σ is C², σ(0) = 0, σ' > 0",
      verdict: near ? "holds" : "fails",
      note: near ? null : "this activation is not strictly increasing",
    }),
    claimRow({
      id: "independent-inputs",
      source: "Theorem 2.1",
      claim: "inputs linearly independent: λ = λ_min(XXᵀ) > 0",
      relation: "≥",
      bound: 0,
      measured: inputs?.value.lower,
      measuredBasis: inputs?.warrant ?? "computed",
      verdict: (inputs?.value.lower ?? 0) > 0 ? "holds" : problem.dataset.x.rows > network.inputs ? "fails" : "open",
      note:
        problem.dataset.x.rows > network.inputs
          ? `n = ${problem.dataset.x.rows} samples of d = ${network.inputs} numbers cannot be independent`
          : "of s₁²XXᵀ (with biases 11ᵀ added)",
    }),
    claimRow({
      id: "all-trained",
      source: "Theorem 2.1",
      claim: "all weights and biases are trained",
      verdict: frozen.length === 0 ? "holds" : "fails",
      note: frozen.length === 0 ? null : `frozen: ${frozen.join(", ")}; S1 and S3 allow it as long as W1 is trained`,
    }),
    claimRow({
      id: "positive-start",
      source: "Theorem 2.1",
      claim: "W₁ = 0, biases 0, hidden weights > 0, output weights ≥ A > 0",
      verdict: typeof positive === "string" ? "fails" : "holds",
      note:
        typeof positive === "string"
          ? positive
          : `A = ${positive.scale}, hidden entries from ${positive.omegaMin} to ${positive.omegaMax}`,
    }),
    claimRow({
      id: "slopes",
      source: "Theorem 2.8",
      claim: "0 < c₁ ≤ σ' ≤ c₂ on all of R",
      verdict: far && far.slopeMin > 1e-9 ? "holds" : "fails",
      note:
        far && far.slopeMin > 1e-9
          ? `c₁ = ${far.slopeMin.toPrecision(4)}, c₂ = ${activationOf(network.activation).slopeBound.toPrecision(4)}`
          : "σ' → 0 far out",
    }),
  ];
}
