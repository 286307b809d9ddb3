import type { Snapshot } from "../dynamics/snapshot.ts";
import type { Desk } from "./desk.ts";
import { createExtremes, type Extremes } from "./extremes.ts";
import { kernelViewRows } from "./flow-kernel-rows.ts";
import { lazyRows } from "./flow-lazy-rows.ts";
import { leastEigenvalueOf } from "./matrix-norms.ts";
import type { DeskRequest, PaperDesk, RunSummary } from "./request.ts";
import { claimRow } from "./rows.ts";
import { alongRun } from "./series.ts";
import { twoLayerFacts } from "./two-layer-facts.ts";
import { type TwoLayerWatch, twoLayerWatch } from "./two-layer-watch.ts";

/** What the flow desk has seen of the run. */
export interface FlowSeen {
  /** λ_min(H(k)) at the measured steps of gradient descent. */
  readonly lambdaMin: Extremes;
  /** e(k) at the measured steps. */
  readonly residuals: readonly { readonly step: number; readonly residual: Float64Array }[];
  readonly largestInitialOutput: number;
}

/**
 * The slides "Gradient flow: a kernel point of view" (theory/00, theory/01): what holds of any network and any loss, and, for the two-layer ReLU
 * network, why H(t) stays near H^∞.
 */
export const flow: PaperDesk = {
  paper: "flow",
  title: "Global convergence of gradient descent; Gradient flow, a kernel point of view",
  reference: "slides after Du et al. 2018, Allen-Zhu et al. 2018, Zou et al. 2019",
  anyLoss: true,
  excludes: () => undefined,
  start: async (request) => {
    const twoLayer = request.problem.network.spec.kind === "two-layer-relu";
    const watch = twoLayer ? await twoLayerWatch(request) : undefined;
    const seen = {
      lambdaMin: createExtremes(),
      residuals: [] as { step: number; residual: Float64Array }[],
      largestInitialOutput: 0,
    };
    return {
      at: async (snapshot: Snapshot) => {
        const { step, residual, pass } = snapshot.state;
        await watch?.at(snapshot);
        const known = watch?.lambdaMin.last;
        const least =
          known?.step === step
            ? known.value
            : await leastEigenvalueOf(await snapshot.kernel(), request.problem.backend);
        seen.lambdaMin.see(step, least);
        if (step === 0) seen.largestInitialOutput = pass.outputs.reduce((most, u) => Math.max(most, Math.abs(u)), 0);
        if (watch) seen.residuals.push({ step, residual: residual.slice() });
      },
      finish: (run) => lay(request, run, seen, watch),
    };
  },
};

async function lay(
  request: DeskRequest,
  run: RunSummary,
  seen: FlowSeen,
  watch: TwoLayerWatch | undefined,
): Promise<Desk> {
  const facts = watch && (await twoLayerFacts(request));
  const { margin } = request.training.objective;
  return {
    paper: "flow",
    title: flow.title,
    reference: flow.reference,
    notApplicable: null,
    hypotheses: [
      claimRow({
        id: "positive-definite",
        source: "claim",
        claim: "∃λ > 0 ∀t: λ_min(H(t)) ≥ λ",
        relation: "≥",
        bound: 0,
        measured: seen.lambdaMin.least?.value,
        verdict: (seen.lambdaMin.least?.value ?? Number.NaN) > 0 ? "holds" : "open",
        note: `least along gradient descent, at step ${seen.lambdaMin.least?.step ?? 0}; the slides write ∀t ∃λ`,
      }),
      ...(facts
        ? [
            claimRow({
              id: "universal",
              source: "kernel is universal",
              claim: "λ_min(H*) ≥ λ₀ > 0",
              relation: "≥",
              bound: 0,
              measured: facts.lambda0 ?? facts.lambda0Computed,
              measuredBasis: facts.lambda0Basis,
              verdict: facts.lambda0 === null ? "open" : "holds",
            }),
          ]
        : []),
      claimRow({
        id: "outputs-start",
        source: "initialisation",
        claim: "f(θ(0), x_i) = O(1)",
        measured: seen.largestInitialOutput,
        verdict: "holds",
        constantNeeded: seen.largestInitialOutput,
      }),
    ],
    claims: [
      ...(await kernelViewRows(request, run, facts?.lambda0 ?? null)),
      ...(watch && facts && !margin ? await lazyRows(request, facts, watch, seen, run) : []),
    ],
    prescriptions: [],
    notes: [
      "t is the time of the flow of Σℓ (½‖u − y‖² for the squared loss); the slides divide by n, and their time is n times as long.",
      ...(watch ? [] : ["The rows about H* and lazy training are for the two-layer ReLU network."]),
      ...(watch && margin ? ["The rows about lazy training are for a run on the squared loss."] : []),
    ],
    series: alongRun(
      {
        id: "eigenvalue",
        title: "Least eigenvalue of H along gradient descent",
        caption: "While λ_min(H(t)) stays above a λ > 0 the loss falls at least as fast as e^{−2λt}.",
        y: "λ_min(H)",
      },
      [["λ_min(H)", seen.lambdaMin]],
      { levels: facts?.lambda0 == null ? [] : [{ name: "λ₀ = λ_min(H*)", at: facts.lambda0 }] },
    ),
  };
}
