import { C_X0, type DeepSmoothFacts, geometric } from "./deep-smooth-facts.ts";
import type { DeepSmoothWatch } from "./deep-smooth-watch.ts";
import type { ClaimRow } from "./desk.ts";
import type { Extreme, Extremes } from "./extremes.ts";
import { difference, leastEigenvalueOf, spectralNorm } from "./matrix-norms.ts";
import { rateRow } from "./rate-row.ts";
import type { DeskRequest, RunSummary } from "./request.ts";
import { claimRow } from "./rows.ts";

/** Lemmas 1.4 – 1.10, Condition 1.3 and the displays of the proof, in the order in which the proof needs them (theory/02). */
export async function du2019Claims(
  request: DeskRequest,
  facts: DeepSmoothFacts,
  watch: DeepSmoothWatch,
  run: RunSummary,
): Promise<ClaimRow[]> {
  const lambda0 = facts.lambda0 > 0 ? facts.lambda0 : Number.NaN;
  return [
    ...normRows(facts, watch),
    ...(await startRows(request, facts, watch, lambda0)),
    stateRow(facts, watch),
    ...gramRows(facts, watch, lambda0),
    ...movementRows(facts, watch, lambda0),
    ...stepRows(facts, watch, lambda0),
    ...proofRows(watch),
    rateRow(
      {
        id: "condition-1.3",
        source: "Condition 1.3, Theorem 1.2",
        claim: "‖y − u(k)‖² ≤ (1 − ηλ₀/2)^k ‖y − u(0)‖² at every step",
      },
      lambda0,
      facts.innerStep,
      run,
    ),
  ];
}

function normRows({ architecture }: DeepSmoothFacts, { start }: DeepSmoothWatch): ClaimRow[] {
  const note =
    architecture === "fully-connected"
      ? null
      : "c_{x,0} = 2 is for fully connected networks; other architectures have another constant";
  const source = "Lemma 1.4";
  return [
    claimRow({
      id: "lemma-1.4-below",
      source,
      claim: "‖x_i^(h)(0)‖₂ ≥ 1/c_{x,0}, c_{x,0} = 2",
      relation: "≥",
      bound: 1 / C_X0,
      measured: start.leastNorm,
      constantNeeded: 1 / start.leastNorm,
      note,
    }),
    claimRow({
      id: "lemma-1.4-above",
      source,
      claim: "‖x_i^(h)(0)‖₂ ≤ c_{x,0} = 2",
      relation: "≤",
      bound: C_X0,
      measured: start.greatestNorm,
      constantNeeded: start.greatestNorm,
      note,
    }),
  ];
}

/** G^(H)(0) against K^(H). */
async function startRows(
  { problem }: DeskRequest,
  { limit, misprinted }: DeepSmoothFacts,
  { start, lambdaTop }: DeepSmoothWatch,
  lambda0: number,
): Promise<ClaimRow[]> {
  const { backend } = problem;
  const least = lambdaTop.first?.value;
  const rows = [
    claimRow({
      id: "gram-limit",
      source: "Lemma 1.5, eq. (1)",
      claim: "‖G^(H)(0) − K^(H)‖₂ ≤ λ₀/4",
      relation: "≤",
      bound: lambda0 / 4,
      measured: await spectralNorm(difference(start.gram, limit), backend),
      note: "A^(H) built from K^(H−1); → 0 as m → ∞",
    }),
    claimRow({
      id: "lemma-1.5",
      source: "Lemma 1.5",
      claim: "λ_min(G^(H)(0)) ≥ ¾λ₀",
      relation: "≥",
      bound: 0.75 * lambda0,
      measured: least,
      constantNeeded: (least ?? Number.NaN) / lambda0,
    }),
  ];
  if (misprinted === null) return rows;
  const other = await leastEigenvalueOf(misprinted, backend);
  rows.splice(
    1,
    0,
    claimRow({
      id: "gram-limit-printed",
      source: "eq. (1) as printed",
      claim: "‖G^(H)(0) − K^(H)‖₂ ≤ λ₀/4 with A^(H−1) in eq. (1)",
      relation: "≤",
      bound: other / 4,
      measured: await spectralNorm(difference(start.gram, misprinted), backend),
      note: `the printed index gives λ₀ = ${other.toPrecision(4)} and is not the limit of G^(H)(0)`,
    }),
  );
  return rows;
}

function stateRow({ cW, architecture }: DeepSmoothFacts, watch: DeepSmoothWatch): ClaimRow {
  const reach = watch.hiddenReach.greatest?.value ?? Number.NaN;
  const applies = reach <= cW;
  const claim =
    architecture === "fully-connected"
      ? "‖x^(h)(k) − x^(h)(0)‖₂ ≤ √c_σ L c_{x,0} g_{c_x}(h) R"
      : "‖x^(h)(k) − x^(h)(0)‖₂ ≤ the same recursion with skips";
  return claimRow({
    id: "lemma-1.6",
    source: "Lemma 1.6",
    claim,
    relation: "≤",
    bound: 1,
    measured: watch.stateDriftShare.greatest?.value,
    verdict: applies ? undefined : "not-applicable",
    tolerance: 1e-6,
    note: applies
      ? `measured: the greatest ratio of the two sides over h, i, k, at step ${watch.stateDriftShare.greatest?.step}, with R as measured; greatest drift ${text(watch.stateDrift.greatest)}`
      : `needs R ≤ c_{w,0} = ${cW.toPrecision(4)}, and R = ${reach.toPrecision(4)} here`,
  });
}

/** G^(H)(k) along the run. */
function gramRows(facts: DeepSmoothFacts, watch: DeepSmoothWatch, lambda0: number): ClaimRow[] {
  const { n, depth, cX, architecture } = facts;
  const reach = watch.reach.greatest?.value ?? Number.NaN;
  const g = geometric(cX, depth);
  const needed = Math.max((reach * g * n) / lambda0, reach * g);
  return [
    claimRow({
      id: "lemma-1.7",
      source: "Lemma 1.7",
      claim: "‖G^(H)(k) − G^(H)(0)‖₂ ≤ λ₀/4",
      relation: "≤",
      bound: lambda0 / 4,
      measured: watch.gramDrift.greatest?.value,
      constantNeeded: architecture === "fully-connected" ? needed : null,
      note: `${trajectory(watch.gramDrift, "greatest")}${architecture === "fully-connected" ? "; constant: the c in R ≤ c g_{c_x}(H)⁻¹ min(λ₀/n, 1) on this run" : ""}`,
    }),
    claimRow({
      id: "top-eigenvalue",
      source: "proof of Theorem 1.2",
      claim: "λ_min(G^(H)(k)) ≥ λ₀/2",
      relation: "≥",
      bound: lambda0 / 2,
      measured: watch.lambdaTop.least?.value,
      constantNeeded: (watch.lambdaTop.least?.value ?? Number.NaN) / lambda0,
      note: trajectory(watch.lambdaTop, "least"),
    }),
    claimRow({
      id: "psd-sum",
      source: "inequality (3)",
      claim: "λ_min(G(k)) ≥ λ_min(G^(H)(k)): G is the sum of G^(1), …, G^(H+1)",
      relation: "≥",
      bound: 0,
      measured: watch.psdGap.least?.value,
      verdict: (watch.psdGap.least?.value ?? Number.NaN) >= -1e-12 ? "holds" : "fails",
      note: `measured: the least gap in units of ‖G(k)‖_F; λ_min(G): ${trajectory(watch.lambdaAll, "least")}`,
    }),
  ];
}

/** Lemma 1.8. */
function movementRows(facts: DeepSmoothFacts, watch: DeepSmoothWatch, lambda0: number): ClaimRow[] {
  const { n, m, depth, a2, architecture } = facts;
  const fully = architecture === "fully-connected";
  const cX = fully ? Math.max(facts.cX, 1) : Number.NaN;
  const allowed = (16 * C_X0 * a2 * cX ** depth * Math.sqrt(n) * watch.start.residual) / (lambda0 * Math.sqrt(m));
  const perStep = 4 * C_X0 * a2 * cX ** depth;
  const moved = watch.reach.greatest?.value ?? Number.NaN;
  const step = watch.stepLength.greatest?.value ?? Number.NaN;
  const note = (constant: string) =>
    fully
      ? `the constants c_x, a_{2,0} as measured; constant: what could stand for the ${constant}`
      : "the notes give R' and Q' for fully connected networks only";
  return [
    claimRow({
      id: "lemma-1.8",
      source: "Lemma 1.8",
      claim: "‖W^(h)(k) − W^(h)(0)‖_F, ‖a(k) − a(0)‖₂ ≤ R'√m, R' = 16c_{x,0}a_{2,0}c_x^H √n‖y − u(0)‖/(λ₀√m)",
      relation: "≤",
      bound: allowed * Math.sqrt(m),
      measured: moved * Math.sqrt(m),
      constantNeeded: (16 * moved) / allowed,
      note: note("16"),
    }),
    claimRow({
      id: "lemma-1.8-step",
      source: "Lemma 1.8",
      claim: "‖W^(h)(k+1) − W^(h)(k)‖_F ≤ ηQ'(k), Q' = 4c_{x,0}a_{2,0}c_x^H √n‖y − u(k)‖",
      relation: "≤",
      bound: perStep,
      measured: step,
      constantNeeded: (4 * step) / perStep,
      note: `both sides in units of η√n‖y − u(k)‖, the greatest over k; ${note("4")}`,
    }),
  ];
}

/** Lemmas 1.9 and 1.10. */
function stepRows(facts: DeepSmoothFacts, watch: DeepSmoothWatch, lambda0: number): ClaimRow[] {
  const { n, depth, innerStep, architecture } = facts;
  const cX = architecture === "fully-connected" ? Math.max(facts.cX, 1) : Number.NaN;
  const needed = (power: number) =>
    (innerStep * n ** 2 * depth ** 2 * cX ** (power * depth) * geometric(2 * cX, depth)) / lambda0;
  const row = (id: string, source: string, claim: string, of: Extremes, power: number, note = "") =>
    claimRow({
      id,
      source,
      claim,
      relation: "≤",
      bound: Number.isNaN(lambda0) ? Number.NaN : 1 / 8,
      measured: of.greatest?.value,
      constantNeeded: needed(power),
      note: `${note}the greatest over k, at step ${of.greatest?.step}${Number.isNaN(cX) ? "" : `; constant: the c in η ≤ cλ₀/(n²H²c_x^{${power}H}g_{2c_x}(H)) on this run`}`,
    });
  return [
    row("lemma-1.9", "Lemma 1.9", "‖I₂(k)‖₂/(ηλ₀‖y − u(k)‖₂) ≤ ⅛", watch.secondOrder, 3),
    row("lemma-1.10", "Lemma 1.10", "‖u(k+1) − u(k)‖²/(ηλ₀‖y − u(k)‖²) ≤ ⅛", watch.outputStep, 2),
    row(
      "lemma-1.10-printed",
      "Lemma 1.10 as printed",
      "‖u(k+1) − u(k)‖²/(ηλ₀‖y − u(k)‖) ≤ ⅛",
      watch.outputStepPrinted,
      2,
      "a square is lost on the right side; ",
    ),
  ];
}

/** The displays of the proof of Theorem 1.2, repaired and as the notes print them. */
function proofRows(watch: DeepSmoothWatch): ClaimRow[] {
  const display = (id: string, source: string, claim: string, of: Extremes, note: string) =>
    claimRow({
      id,
      source,
      claim,
      relation: "≤",
      bound: 0,
      measured: of.greatest?.value,
      verdict: of.greatest === undefined ? "open" : of.greatest.value <= 1e-9 ? "holds" : "fails",
      note: `left side less right side, in units of ‖y − u(k)‖²; ${note}`,
    });
  const share = (id: string, source: string, claim: string, of: Extremes, note: string | null) =>
    claimRow({ id, source, claim, relation: "≥", bound: 1, measured: of.least?.value, tolerance: 1e-9, note });
  return [
    share(
      "inequality-3",
      "inequality (3)",
      "(y − u)ᵀI₁/(η λ_min(G^(H))‖y − u‖²) ≥ 1",
      watch.firstOrder,
      "the least over k",
    ),
    share(
      "inequality-3-printed",
      "inequality (3) as printed",
      "(y − u)ᵀI₁/(λ_min(G^(H))‖y − u‖²) ≥ 1",
      watch.firstOrderPrinted,
      "an η is lost in both lower bounds: false for small η",
    ),
    display(
      "display-1",
      "proof, ①",
      "‖y − u(k+1)‖² ≤ (1 − 2ηλ_min(G^(H)))‖y − u‖² − 2(y − u)ᵀI₂ + ‖u(k+1) − u(k)‖²",
      watch.display,
      "with λ_min ≥ λ₀/2 it gives ②",
    ),
    display(
      "display-1-printed",
      "proof, ① as printed",
      "‖y − u(k+1)‖² ≤ (1 − ηλ_min(G^(H)))‖y − u‖² − 2(y − u)ᵀI₂ + ‖u(k+1) − u(k)‖²",
      watch.displayPrinted,
      "a factor 2 is lost: true, but too weak for ②",
    ),
  ];
}

function trajectory(of: Extremes, which: "least" | "greatest"): string {
  const worst = of[which];
  if (!of.first || !of.last || !worst) return "";
  return `step 0: ${text(of.first)}, ${which} at step ${worst.step}: ${text(worst)}, step ${of.last.step}: ${text(of.last)}`;
}

function text(of: Extreme | undefined): string {
  return of === undefined ? "–" : of.value.toPrecision(4);
}
