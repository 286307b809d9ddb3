import { classificationLoss } from "../dynamics/margin-loss.ts";
import { forward } from "../network/forward.ts";
import { classificationLossSpec } from "../spec/loss.ts";
import type { ClaimRow, Desk, Prescription } from "./desk.ts";
import type { DeskRequest, PaperDesk } from "./request.ts";
import { claimRow, prescription } from "./rows.ts";
import { zouHypotheses } from "./zou/hypotheses.ts";
import { initialRows, type Pull } from "./zou/initial.ts";
import { sgdWidthFactor, zouOrders } from "./zou/orders.ts";
import { perturbationRows } from "./zou/perturbation.ts";
import { affordableSteps, type ZouRun, zouRun } from "./zou/runs.ts";
import { separation } from "./zou/separation.ts";
import type { ZouSetting } from "./zou/setting.ts";

/** SGD looks at this share of the samples in a step. */
const BATCH_SHARE = 5;

/**
 * Zou et al. 2019 (theory/03): deep ReLU classification. The desk makes runs of its own from the request's weights, by gradient descent and by SGD on
 * each classification loss, as the request's run is on the squared loss.
 */
export const zou2019: PaperDesk = {
  paper: "zou2019",
  title: "Stochastic gradient descent optimizes over-parameterized deep ReLU networks",
  reference: "Zou, Cao, Zhou, Gu, arXiv 1811.08888",
  excludes: ({ problem }) => {
    const { network, dataset } = problem;
    const { spec, layers } = network;
    if (spec.kind !== "fully-connected" || network.activation !== "relu") {
      return "it is about fully connected ReLU networks";
    }
    if (spec.scaling !== "standard" || spec.biases) {
      return 'its layers are W_l without scale and biases: use "scaling": "standard", "biases": false';
    }
    if (layers[layers.length - 1].trainsWeight || layers.slice(0, -1).some((layer) => !layer.trainsWeight)) {
      return `it trains every layer but the output: use "frozen": ["W${layers.length}"]`;
    }
    if (dataset.y.some((label) => Math.abs(label) !== 1)) {
      return "it is about labels −1 and +1: choose two classes with --classes A,B";
    }
    return separation(dataset) === undefined ? "all labels are equal" : undefined;
  },
  start: async (request) => ({ at: async () => {}, finish: () => lay(request) }),
};

async function lay(request: DeskRequest): Promise<Desk> {
  const s = await settingOf(request);
  const n = s.y.length;
  const batch = Math.max(1, Math.round(n / BATCH_SHARE));
  const names = classificationLossSpec.options;
  const steps = affordableSteps(s, request.steps, 2 * names.length);
  const pulls = names.map((name): Pull => {
    const { slope } = classificationLoss(name);
    return { name, a: s.pass.outputs.map((u, i) => -slope(s.y[i] * u)) };
  });
  const claims = await initialRows(s, pulls);
  const runs: ZouRun[] = [];
  let tau: number | null = null;
  for (const name of names) {
    for (const size of [n, batch]) {
      const run = await zouRun(s, request, name, size, steps);
      if (tau === null) {
        const found = await perturbationRows(s, run.reached, run.name);
        claims.push(...found.rows);
        tau = found.tau;
      }
      runs.push({ ...run, reached: {} });
    }
  }
  return {
    paper: zou2019.paper,
    title: zou2019.title,
    reference: zou2019.reference,
    notApplicable: null,
    hypotheses: zouHypotheses(request, s),
    claims: [...claims, ...runs.flatMap(gradientRows)],
    prescriptions: prescriptions(request, s, batch, tau ?? Number.NaN, runs),
    notes: [
      `The runs of this desk start from the same weights and make ${steps} steps of ½/(λ·λ_max(K(0))/n), or the exponential loss's own; B = ${batch} for SGD.` +
        (steps < request.steps ? ` ${request.steps} steps would take too long at this size.` : ""),
      "A constant is the one for which the claim holds with equality on this network: the paper's hidden constant must be at least that (≤) or at most that (≥).",
      "The six perturbation properties are measured at the end of the first run, against the initial weights; τ is how far that run went.",
    ],
  };
}

async function settingOf({ problem, weights, delta }: DeskRequest): Promise<ZouSetting> {
  const { network, dataset, backend } = problem;
  const widths = network.layers.slice(0, -1).map((layer) => layer.rows);
  return {
    network,
    x: dataset.x,
    y: dataset.y,
    backend,
    weights,
    pass: await forward(network, weights, dataset.x, backend),
    separation: separation(dataset) ?? { phi: Number.NaN, pair: [0, 0] },
    depth: widths.length,
    widths,
    widest: Math.max(...widths),
    narrowest: Math.min(...widths),
    delta,
  };
}

/** The gradient bounds of one run. */
function gradientRows(run: ZouRun): ClaimRow[] {
  const id = run.name.replaceAll(/[^a-z]+/gi, "-").toLowerCase();
  const sum = `${run.name}: loss ${run.losses[0]?.toPrecision(3)} → ${run.losses.at(-1)?.toPrecision(3)} in ${run.steps} steps, ${run.errors} misclassified`;
  return [
    claimRow({
      id: `gradient-lower-${id}`,
      source: "gradient, lower bound",
      claim: "‖∇_{W_L}L_S‖_F² ≥ C (m_Lφ/n⁵)(Σℓ'(y_iŷ_i))²",
      relation: "≥",
      bound: 1,
      boundBasis: "order-only",
      measured: run.lower.constant,
      constantNeeded: run.lower.constant,
      note: `${sum}; least ratio, at step ${run.lower.step}`,
    }),
    claimRow({
      id: `gradient-upper-${id}`,
      source: "gradient, upper bound",
      claim: "‖∇_{W_l}‖₂ ≤ −C (L²√M/B) Σ_B ℓ'(y_iŷ_i)",
      relation: "≤",
      bound: 1,
      boundBasis: "order-only",
      measured: run.upper.constant,
      constantNeeded: run.upper.constant,
      note: `greatest ratio over l, at step ${run.upper.step}`,
    }),
  ];
}

function prescriptions(
  { epsilon }: DeskRequest,
  { y, depth, separation: { phi }, narrowest }: ZouSetting,
  batch: number,
  tau: number,
  runs: readonly ZouRun[],
): Prescription[] {
  const n = y.length;
  const log = Math.log10;
  const time = -4 * log(depth) - 3 * log(n) + 2 * log(tau) + log(phi);
  return [
    ...classificationLossSpec.options.flatMap((name) => {
      const { p } = classificationLoss(name).constants;
      const of = { n, depth, phi, p, epsilon };
      const whole = zouOrders({ ...of, batch: n });
      const part = zouOrders({ ...of, batch });
      const factor = sgdWidthFactor(p, epsilon);
      return [
        prescription({
          id: `width-${name}`,
          source: `GD, ${name} (p = ${p})`,
          quantity: `width m ≥ ${whole.width.formula}`,
          log10: whole.width.log10,
        }),
        prescription({
          id: `steps-${name}`,
          source: `GD, ${name}`,
          quantity: `iterations ≤ ${whole.iterations.formula}, B = n`,
          log10: whole.iterations.log10,
        }),
        prescription({
          id: `steps-sgd-${name}`,
          source: `SGD, ${name}`,
          quantity: `iterations ≤ ${part.iterations.formula}, B = ${batch}`,
          log10: part.iterations.log10,
        }),
        prescription({
          id: `width-sgd-${name}`,
          source: `SGD, ${name}`,
          quantity: `width m ≥ ${factor.formula}: the factor in ε`,
          log10: factor.log10,
          note: "the polynomial is not stated in the source",
        }),
      ];
    }),
    prescription({
      id: "time",
      source: "perturbation region",
      quantity: "kη ≤ T = L⁻⁴n⁻³τ²φ, with the τ measured here",
      log10: time,
      note: `the first run made kη = ${((runs[0]?.steps ?? 0) * (runs[0]?.stepSize ?? 0)).toPrecision(3)}`,
    }),
    prescription({
      id: "time-order",
      source: "perturbation region",
      quantity: "T = L⁻³⁸n⁻²¹φ⁷",
      log10: -38 * log(depth) - 21 * log(n) + 7 * log(phi),
    }),
    prescription({
      id: "width-here",
      source: "this network",
      quantity: "narrowest hidden layer",
      log10: log(narrowest),
      basis: "computed",
    }),
  ];
}
