import { measurerOf } from "../certify/certify.ts";
import { THEOREMS } from "../certify/theorems.ts";
import type { Warrant } from "../warrant.ts";
import type { Ball } from "./ball.ts";
import type { DescentSeen } from "./chatterjee2022.ts";
import type { ClaimRow, ClaimVerdict } from "./desk.ts";
import { followFlow } from "./flow-run.ts";
import { flatten, norm, plus } from "./parameters.ts";
import { type RatioSearch, searchRatio } from "./pl-ratio.ts";
import type { DeskRequest, RunSummary } from "./request.ts";
import { claimRow } from "./rows.ts";
import { type StepRules, stepRules } from "./step-rules.ts";

/** The ball in which (1.1) is known to hold, f = ½‖e‖². */
export interface Criterion {
  readonly r: number;
  /** α(θ₀, r) from below. */
  readonly alpha: number;
}

/** Radii of the grid on which the criterion is looked for. */
const GRID = 240;

/** The criterion from both sides, Theorems 1.1 and 1.2 beside the flow and the descent, and S3. */
export async function plRows(
  request: DeskRequest,
  run: RunSummary,
  seen: DescentSeen,
  ball: Ball | string,
): Promise<{ readonly rows: ClaimRow[]; readonly step: StepRules | undefined }> {
  const { problem, weights, onProgress, signal } = request;
  const start = seen.steps[0]?.value ?? Number.NaN;
  const best = typeof ball === "string" ? undefined : bestRadius(ball);
  onProgress?.("chatterjee2022: searching the ball for a small ‖∇f‖²/f");
  const search = await searchRatio(problem, weights, {
    radii: await radiiToTry(request, start, best?.r),
    seed: request.seed ?? 0,
    ...budget(problem.network.parameters * problem.dataset.y.length),
    ...(signal ? { signal } : {}),
  });
  const holds = best !== undefined && best.alpha * best.r ** 2 > 4 * start;
  const known = holds ? best : undefined;
  const step =
    known && typeof ball !== "string" ? stepRules(ball, known, start, problem.network.parameters) : undefined;
  return {
    rows: [
      criterionRow(start, best, search, ball),
      alphaRow(best, search, typeof ball === "string" ? "computed" : ball.warrant),
      ...(await s3Rows(request, ball)),
      ...(await flowRows(request, run, start, known)),
      ...descentRows(request, run, seen, known, step),
      ...(typeof ball === "string" ? [] : [await smoothnessRow(request, ball, known)]),
    ],
    step,
  };
}

/** The radius with the greatest r²α(θ₀, r), by the lower bound of α; undefined where that is 0 throughout. */
export function bestRadius(ball: Ball): Criterion | undefined {
  let best: Criterion | undefined;
  for (let k = 1; k <= GRID; k++) {
    const r = (ball.reach * k) / GRID;
    const alpha = 2 * ball.rate(r) ** 2;
    if (alpha > 0 && (!best || alpha * r * r > best.alpha * best.r * best.r)) best = { r, alpha };
  }
  return best;
}

/** (1.1) fails below r_c = 2√(f₀/ratio(θ₀)) whatever α is; from there upwards, and the radius of the lower bound. */
async function radiiToTry(request: DeskRequest, start: number, chosen: number | undefined): Promise<number[]> {
  const at = await searchRatio(request.problem, request.weights, { radii: [1], samples: 0, descent: 0 });
  const least = 2 * Math.sqrt(start / at.ratios[0]);
  if (!(least > 0 && Number.isFinite(least))) return chosen === undefined ? [1] : [chosen];
  const radii = [1.05, 1.5, 2, 3, 4.5, 7].map((factor) => factor * least);
  return (chosen === undefined ? radii : [...radii, chosen]).sort((a, b) => a - b);
}

function budget(work: number): { samples: number; descent: number } {
  const evaluations = Math.min(20, Math.max(4, Math.floor(5e7 / work)));
  return { samples: evaluations, descent: evaluations };
}

function criterionRow(start: number, best: Criterion | undefined, search: RatioSearch, ball: Ball | string): ClaimRow {
  const lower = best ? best.r ** 2 * best.alpha : 0;
  const upper = search.radii.reduce((most, r, k) => Math.max(most, r * r * search.ratios[k]), 0);
  const holds = lower > 4 * start;
  const fails = upper < 4 * start;
  const warrant = typeof ball === "string" ? "computed" : ball.warrant;
  return claimRow({
    id: "criterion",
    source: "(1.1)",
    claim: "4f(θ₀) < r²α(θ₀, r) for some r",
    relation: "≥",
    bound: 4 * start,
    measured: holds ? lower : fails ? upper : lower,
    measuredBasis: holds ? warrant : fails ? "sampled" : warrant,
    verdict: holds ? "holds" : fails ? "fails" : "open",
    note: holds
      ? `r = ${best?.r.toPrecision(4)}; α from below by S1's M(r) or S3's μ(r)`
      : fails
        ? `at every radius tried (${search.radii[0].toPrecision(3)} to ${search.radii.at(-1)?.toPrecision(3)}) a point was found whose ‖∇f‖²/f is too small`
        : `the lower bound is not enough (greatest r²α: ${lower.toPrecision(3)}), and the search has not refuted it (${upper.toPrecision(3)})`,
  });
}

function alphaRow(best: Criterion | undefined, search: RatioSearch, warrant: Warrant): ClaimRow {
  const k = best ? search.radii.findIndex((r) => r >= best.r * (1 - 1e-12)) : 0;
  const above = search.ratios[Math.max(0, k)];
  const radius = search.radii[Math.max(0, k)];
  return claimRow({
    id: "alpha",
    source: "definition of α",
    claim: "α(θ₀, r) from below (S1's 2M(r)², S3's 2μ(r)²) ≤ from above (search)",
    relation: "≤",
    bound: above,
    boundBasis: "sampled",
    measured: best?.alpha ?? 0,
    measuredBasis: warrant,
    note: `r = ${radius.toPrecision(4)}; ${search.evaluations} points: random, and by descent on ‖∇f‖²/f`,
  });
}

/** The positive initialisation: S3, with the integral condition at its best radius. */
async function s3Rows({ problem, weights, mode }: DeskRequest, ball: Ball | string): Promise<ClaimRow[]> {
  const { network, dataset, backend, gram } = problem;
  const s3 = THEOREMS.find(({ name }) => name === "S3");
  const why =
    s3?.excludes(network) ??
    (typeof ball === "string" ? ball : typeof ball.positive === "string" ? ball.positive : undefined);
  const shared = {
    id: "s3",
    source: "Theorem 2.1, constants of theory/04",
    claim: "‖y‖ < ν ∫₀^r μ(s)ds for some r (S3)",
  };
  if (!s3 || why !== undefined) return [claimRow({ ...shared, verdict: "not-applicable", note: why ?? null })];
  const outcome = await s3.certify({ network, weights, dataset, gram }, measurerOf({ mode, backend }));
  const reach = outcome.hypotheses.find(({ name }) => name === "reach");
  return [
    claimRow({
      ...shared,
      relation: "≥",
      bound: reach?.value,
      boundBasis: outcome.warrant,
      measured: reach?.bound,
      measuredBasis: outcome.warrant,
      verdict: outcome.verdict === "certified" ? "holds" : "open",
      note:
        outcome.verdict === "certified"
          ? `‖y‖ below, ∫₀^r μ above, r = ${outcome.radius?.toPrecision(4)}; step size ${outcome.stepSize?.toPrecision(4)} certified`
          : "a sufficient condition: where it fails nothing follows; a larger A helps (surefoot plan)",
    }),
  ];
}

/** Theorem 1.1 beside the gradient flow. */
async function flowRows(
  { problem, weights, stepSize, signal, onProgress }: DeskRequest,
  run: RunSummary,
  start: number,
  known: Criterion | undefined,
): Promise<ClaimRow[]> {
  const [first, second] = [
    { id: "flow-decay", source: "Theorem 1.1", claim: "f(φ(t)) ≤ e^{−αt} f(θ₀)" },
    { id: "flow-tail", source: "Theorem 1.1", claim: "‖φ(t) − θ*‖ ≤ r e^{−αt/2}" },
  ];
  if (!known) {
    const note = "(1.1) is not established here: the theorem gives no α and r to compare with";
    return [
      claimRow({ ...first, verdict: "not-applicable", note }),
      claimRow({ ...second, verdict: "not-applicable", note }),
    ];
  }
  onProgress?.("chatterjee2022: gradient flow");
  const { network, dataset, lossFactor } = problem;
  const until = stepSize * lossFactor * Math.min(Math.max(run.steps, 1), 200);
  const points: { time: number; value: number; path: number }[] = [];
  let before = flatten(network, weights);
  const outcome = await followFlow(problem, weights, {
    until,
    ...(signal ? { signal } : {}),
    at: async ({ time, weights: now, pass }) => {
      const theta = flatten(network, now);
      const moved = norm(plus(theta, -1, before));
      before = theta;
      const value = 0.5 * pass.outputs.reduce((sum, u, i) => sum + (u - dataset.y[i]) ** 2, 0);
      points.push({ time, value, path: (points.at(-1)?.path ?? 0) + moved });
    },
  });
  const { alpha, r } = known;
  const later = points.filter(({ time, value }) => time > 0 && value > 1e-16 * start);
  const total = points.at(-1)?.path ?? 0;
  const decay = later.reduce((most, { time, value }) => Math.max(most, (value / start) * Math.exp(alpha * time)), 0);
  const tail = later.reduce(
    (most, { time, path }) => Math.max(most, ((total - path) / r) * Math.exp(0.5 * alpha * time)),
    0,
  );
  const note = `greatest ratio of the two sides to t = ${outcome.time.toPrecision(3)}; α = ${alpha.toPrecision(3)}, r = ${r.toPrecision(3)}`;
  const tolerance = 2 * outcome.error;
  return [
    claimRow({ ...first, relation: "≤", bound: 1, measured: decay, tolerance, note }),
    claimRow({
      ...second,
      relation: "≤",
      bound: 1,
      measured: tail,
      tolerance,
      note: `${note}; the rest of the path stands for the distance, which is shorter`,
    }),
  ];
}

/** Theorem 1.2 beside the run, with the paper's constants at the run's own step size. */
function descentRows(
  { problem, stepSize }: DeskRequest,
  run: RunSummary,
  { steps }: DescentSeen,
  known: Criterion | undefined,
  rules: StepRules | undefined,
): ClaimRow[] {
  const farthest = steps.reduce((most, { distance }) => Math.max(most, distance), 0);
  const shared = [
    { id: "descent-ball", source: "Theorem 1.2", claim: "the iterates stay in B(θ₀, r)" },
    { id: "descent-decay", source: "Theorem 1.2", claim: "f(θ_k) ≤ (1 − δ)^k f(θ₀), δ = min{1, (1 − ε)αη}" },
    { id: "descent-tail", source: "Theorem 1.2", claim: "‖θ_k − θ*‖ ≤ (1 − δ)^{k/2} r" },
  ] as const;
  if (!known || !rules) {
    return shared.map((row, k) =>
      claimRow({
        ...row,
        verdict: "not-applicable",
        measured: k === 0 ? farthest : null,
        note: "(1.1) is not established here: the theorem gives no r, α and ε to compare with",
      }),
    );
  }
  const eta = stepSize * problem.lossFactor;
  const delta = Math.min(1, (1 - rules.epsilon) * known.alpha * eta);
  const start = steps[0].value;
  const total = steps.at(-1)?.path ?? 0;
  const kept = steps.filter(({ value }) => value * problem.lossFactor > run.roundingFloor);
  const decay = kept.reduce(
    (most, { step, value }) => Math.max(most, step === 0 ? 0 : value / start / (1 - delta) ** step),
    0,
  );
  const tail = kept.reduce(
    (most, { step, path }) => Math.max(most, (total - path) / known.r / (1 - delta) ** (step / 2)),
    0,
  );
  const outside =
    eta > rules.paper
      ? `; η of the run is ${(eta / rules.paper).toPrecision(2)} times what the paper's rule allows`
      : "";
  const note = `greatest ratio of the two sides; ε = ${rules.epsilon.toPrecision(3)}, δ = ${delta.toPrecision(3)}${outside}`;
  const verdict: ClaimVerdict | undefined = delta === 1 ? "open" : undefined;
  return [
    claimRow({
      ...shared[0],
      relation: "≤",
      bound: known.r,
      measured: farthest,
      note: `greatest ‖θ_k − θ₀‖ of the run${outside}`,
    }),
    claimRow({ ...shared[1], relation: "≤", bound: 1, measured: decay, verdict, note }),
    claimRow({
      ...shared[2],
      relation: "≤",
      bound: 1,
      measured: tail,
      verdict,
      note: `${note}; the rest of the path stands for the distance`,
    }),
  ];
}

/** β of S0 against difference quotients of the gradient along the run's first direction. */
async function smoothnessRow(request: DeskRequest, ball: Ball, known: Criterion | undefined): Promise<ClaimRow> {
  const { smoothness } = await import("./smoothness.ts");
  const r = known?.r ?? ball.reach;
  const kappa = ball.kappa(r);
  const beta = (ball.sigma1 + r * kappa) ** 2 + ball.residual * kappa;
  const seen = await smoothness(request, r);
  return claimRow({
    id: "smoothness",
    source: "S0's β",
    claim: "‖∇²f‖₂ ≤ β = (σ₁ + rκ(r))² + ‖e₀‖κ(r) on B(θ₀, r) ∩ {f ≤ f(θ₀)}",
    relation: "≤",
    bound: beta,
    measured: seen.largest,
    measuredBasis: "sampled",
    note: `greatest of ${seen.points} points of the set by power iteration; r = ${r.toPrecision(3)}`,
  });
}
