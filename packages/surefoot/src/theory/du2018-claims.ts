import type { ClaimRow } from "./desk.ts";
import { difference, frobenius, spectralNorm } from "./matrix-norms.ts";
import { rateRow } from "./rate-row.ts";
import type { DeskRequest, RunSummary } from "./request.ts";
import { claimRow } from "./rows.ts";
import type { TwoLayerFacts } from "./two-layer-facts.ts";
import { hoeffdingRow } from "./two-layer-rows.ts";
import { shareNear, type TwoLayerWatch } from "./two-layer-watch.ts";

/** The intermediate claims of the proof, in its order (theory/01). Bounds with λ₀ are left out where λ₀ > 0 is not established. */
export async function du2018Claims(
  request: DeskRequest,
  facts: TwoLayerFacts,
  watch: TwoLayerWatch,
  run: RunSummary,
): Promise<ClaimRow[]> {
  return [
    ...limitRows(facts, watch),
    ...(await startRows(request, facts, watch)),
    ...kernelRows(facts, watch),
    ...movementRows(facts, watch),
    rateRow(
      { id: "rate", source: "theorem", claim: "‖u(k) − y‖² ≤ (1 − ηλ₀/2)^k ‖u(0) − y‖²" },
      facts.lambda0,
      facts.innerStep,
      run,
    ),
  ];
}

/** λ₀-multiples as bounds: NaN, hence no bound, where λ₀ is not established. */
const share = (facts: TwoLayerFacts, factor: number) => factor * (facts.lambda0 ?? Number.NaN);

/** What the review says of H^∞ itself. */
function limitRows({ n, lambda0Computed }: TwoLayerFacts, { limit }: TwoLayerWatch): ClaimRow[] {
  let offDiagonal = 0;
  let gershgorin = Number.POSITIVE_INFINITY;
  for (let i = 0; i < n; i++) {
    let others = 0;
    for (let j = 0; j < n; j++) {
      if (j === i) continue;
      const entry = Math.abs(limit.data[i * n + j]);
      others += entry;
      offDiagonal = Math.max(offDiagonal, entry);
    }
    gershgorin = Math.min(gershgorin, limit.data[i * n + i] - others);
  }
  return [
    claimRow({
      id: "entries",
      source: "review, section 3",
      claim: "|H^∞_ij| < ½ for i ≠ j",
      relation: "≤",
      bound: 0.5,
      measured: offDiagonal,
      note: "for unit inputs; equality only for equal samples (theory/01, fact 1)",
    }),
    claimRow({
      id: "gershgorin",
      source: "review, section 3",
      claim: "λ₀ ≥ min_i (H^∞_ii − Σ_j≠i |H^∞_ij|)  (Gershgorin)",
      relation: "≥",
      bound: gershgorin,
      measured: lambda0Computed,
      tolerance: 1e-9,
      note: gershgorin > 0 ? null : "the bound is not positive here: it says nothing about these data",
    }),
  ];
}

/** H(0) against H^∞. */
async function startRows(request: DeskRequest, facts: TwoLayerFacts, watch: TwoLayerWatch): Promise<ClaimRow[]> {
  const { problem, initialiser } = request;
  const { limit, initialKernel, lambdaMin } = watch;
  const { unitOutputs, largestOutputSquare } = facts;
  const off = difference(initialKernel, limit);
  const bound = share(facts, 0.25);
  const meanSquare = outputMeanSquare(initialiser);
  const rows = [
    claimRow({
      id: "start-spectral",
      source: "proof, initialisation",
      claim: "‖H(0) − H^∞‖₂ ≤ λ₀/4",
      relation: "≤",
      bound,
      measured: await spectralNorm(off, problem.backend),
    }),
    claimRow({
      id: "start-frobenius",
      source: "proof, initialisation",
      claim: "‖H(0) − H^∞‖_F ≤ λ₀/4",
      relation: "≤",
      bound,
      measured: frobenius(off),
      note: "what the proof bounds on the way",
    }),
    claimRow({
      id: "start-eigenvalue",
      source: "proof, initialisation",
      claim: "λ_min(H(0)) ≥ ¾λ₀",
      relation: "≥",
      bound: share(facts, 0.75),
      measured: lambdaMin.first?.value,
      constantNeeded: (lambdaMin.first?.value ?? Number.NaN) / share(facts, 1),
    }),
    hoeffdingRow(request, facts, watch),
  ];
  if (meanSquare === undefined || unitOutputs) return rows;
  rows.push(
    claimRow({
      id: "start-variant",
      source: "review, section 3 (variant of a)",
      claim: "‖H(0) − E[a²]H^∞‖₂ → 0 as m → ∞",
      measured: await spectralNorm(difference(initialKernel, limit, meanSquare), problem.backend),
      note: `E[a²] = ${meanSquare.toPrecision(4)}, greatest a_r² = ${largestOutputSquare.toPrecision(4)}: H depends on a, and the theorem's λ₀ becomes E[a²]λ₀`,
    }),
  );
  return rows;
}

type Law = DeskRequest["initialiser"];

/** E[a²] of the draw of the output weights; undefined where it is not one of ±1, uniform or Gaussian. */
function outputMeanSquare(initialiser: Law): number | undefined {
  if (initialiser === null || !("output" in initialiser)) return undefined;
  return initialiser.output === "uniform" ? 1 / 3 : 1;
}

/** H(k) along the run. */
function kernelRows(facts: TwoLayerFacts, watch: TwoLayerWatch): ClaimRow[] {
  const least = watch.lambdaMin.least;
  const far = watch.kernelDrift.greatest;
  return [
    claimRow({
      id: "eigenvalue",
      source: "proof, all steps",
      claim: "λ_min(H(k)) ≥ λ₀/2 for every k",
      relation: "≥",
      bound: share(facts, 0.5),
      measured: least?.value,
      constantNeeded: (least?.value ?? Number.NaN) / share(facts, 1),
      note: trajectory(watch.lambdaMin, "least"),
    }),
    claimRow({
      id: "kernel-drift",
      source: "proof, all steps",
      claim: "‖H(k) − H(0)‖₂ ≤ λ₀/4",
      relation: "≤",
      bound: share(facts, 0.25),
      measured: far?.value,
      note: `${trajectory(watch.kernelDrift, "greatest")}; → 0 as m → ∞`,
    }),
    claimRow({
      id: "kernel-drift-frobenius",
      source: "proof, all steps",
      claim: "‖H(k) − H(0)‖_F ≤ λ₀/4",
      relation: "≤",
      bound: share(facts, 0.25),
      measured: watch.kernelDriftFrobenius.greatest?.value,
    }),
  ];
}

function trajectory(of: TwoLayerWatch["lambdaMin"], which: "least" | "greatest"): string {
  const [first, last, worst] = [of.first, of.last, of[which]];
  if (!first || !last || !worst) return "";
  const text = (x: number) => x.toPrecision(4);
  return `step 0: ${text(first.value)}, ${which} at step ${worst.step}: ${text(worst.value)}, step ${last.step}: ${text(last.value)}`;
}

/** How far neurons move, and how many patterns flip. */
function movementRows(facts: TwoLayerFacts, watch: TwoLayerWatch): ClaimRow[] {
  const { n, m, innerStep: _, delta, independentNeurons, inputNorms } = facts;
  const allowed = (4 * Math.sqrt(n * watch.initialSquare)) / (Math.sqrt(m) * share(facts, 1));
  const moved = watch.neuronDrift.greatest;
  const spread = Math.sqrt(Math.log(1 / delta) / (2 * independentNeurons));
  const cauchy = (reach: number) => Math.min(1, (2 * reach) / Math.sqrt(2 * Math.PI));
  const nearAllowed = shareNear(watch.initialZ, inputNorms, allowed);
  return [
    claimRow({
      id: "neuron-drift",
      source: "proof, all steps",
      claim: "max_r ‖w_r(k) − w_r(0)‖ ≤ R' = 4√n‖y − u(0)‖/(√m λ₀)",
      relation: "≤",
      bound: allowed,
      measured: moved?.value,
      constantNeeded: (4 * (moved?.value ?? Number.NaN)) / allowed,
      note: "constant: what the 4 would have to be on this run",
    }),
    claimRow({
      id: "near-pairs",
      source: "anti-concentration",
      claim: "share of pairs with |w_r(0)·x_i| ≤ R' is at most 2R'/√(2π)",
      relation: "≤",
      bound: cauchy(allowed),
      measured: nearAllowed,
      measuredBasis: "sampled",
      verdict: Number.isNaN(allowed) ? "open" : nearAllowed - spread <= cauchy(allowed) ? "holds" : "fails",
      note: `the bound is on a probability; a sample may lie ${spread.toPrecision(2)} above it (Hoeffding, δ = ${delta})${cauchy(allowed) === 1 ? "; at this width R' bounds nothing" : ""}`,
    }),
    claimRow({
      id: "flips",
      source: "proof, all steps",
      claim: "share of flipped patterns ≤ 2R'/√(2π)",
      relation: "≤",
      bound: cauchy(allowed),
      measured: watch.flipShare.greatest?.value,
      note: trajectory(watch.flipShare, "greatest"),
    }),
    claimRow({
      id: "flips-by-drift",
      source: "proof, all steps",
      claim: "no pair with |w_r(0)·x_i| > ‖w_r(k) − w_r(0)‖‖x_i‖ flips",
      relation: "=",
      bound: 0,
      measured: watch.impossibleFlips.greatest?.value,
      note: "exact: a count of pairs; anything but 0 would be an error of arithmetic",
    }),
  ];
}
