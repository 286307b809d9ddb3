import { createBreather } from "../dynamics/breathe.ts";
import type { DescentState } from "../dynamics/gradient-descent.ts";
import { classificationLoss } from "../dynamics/margin-loss.ts";
import { forward } from "../network/forward.ts";
import { classificationLossSpec } from "../spec/loss.ts";
import type { ClaimRow, Desk, DeskSeries, Prescription } from "./desk.ts";
import type { DeskRequest, PaperDesk } from "./request.ts";
import { claimRow, prescription } from "./rows.ts";
import { createGradientWatch } from "./zou/gradient-watch.ts";
import { zouHypotheses } from "./zou/hypotheses.ts";
import { initialRows, type Pull } from "./zou/initial.ts";
import { sgdWidthFactor, zouOrders } from "./zou/orders.ts";
import { perturbationRows } from "./zou/perturbation.ts";
import { affordableSteps, ended, LOOKS, runName, type ZouRun, zouRun } from "./zou/runs.ts";
import { separation } from "./zou/separation.ts";
import type { ZouSetting } from "./zou/setting.ts";

/** SGD looks at this share of the samples in a step. */
const BATCH_SHARE = 5;

/**
 * Zou et al. 2019 (theory/03): deep ReLU classification. Where the request's run is on a classification loss the desk looks along it, and makes the
 * other run of that loss (SGD beside gradient descent) itself; where it is on the squared loss the desk makes both of every loss that has a name.
 */
export const zou2019: PaperDesk = {
  paper: "zou2019",
  title: "Stochastic gradient descent optimizes over-parameterized deep ReLU networks",
  reference: "Zou, Cao, Zhou, Gu, arXiv 1811.08888",
  anyLoss: true,
  batches: true,
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
  start: async (request) => {
    const { training, optimiser } = request;
    const { margin } = training.objective;
    const s = await settingOf(request);
    if (!margin) return { at: async () => {}, finish: () => lay(request, s, undefined) };
    const batch = optimiser.kind === "gradient-descent" ? optimiser.batch : undefined;
    const watch = createGradientWatch(s, training.dataset, training.objective, batch);
    const every = Math.ceil(request.steps / LOOKS);
    const name = runName(margin, batch?.size ?? s.y.length, s.y.length);
    let last: DescentState | undefined;
    return {
      at: async ({ state }) => {
        last = state;
        if (state.step % Math.max(1, every) === 0 || state.step === request.steps) await watch.look(state);
      },
      finish: (run) =>
        lay(
          request,
          s,
          last && { ...ended(s, name, margin, run.stepSize, run.initialLoss, last), ratios: watch.ratios },
        ),
    };
  },
};

/** The rows in their order, with the runs that the desk makes itself besides `observed`, the request's; an abort leaves out what is missing. */
async function lay(request: DeskRequest, s: ZouSetting, observed: ZouRun | undefined): Promise<Desk> {
  const n = s.y.length;
  const asked = request.optimiser.kind === "gradient-descent" ? request.optimiser.batch?.size : undefined;
  const batch = Math.min(n, asked ?? Math.max(1, Math.round(n / BATCH_SHARE)));
  const wanted = s.losses.flatMap((loss) => [...new Set([n, batch])].map((size) => ({ loss, size })));
  const own = wanted.filter(({ loss, size }) => runName(loss, size, n) !== observed?.name);
  const steps = affordableSteps(s, request.steps, own.length);
  const pulls = s.losses.map(
    ({ name, slope }): Pull => ({ name, a: s.pass.outputs.map((u, i) => -slope(s.y[i] * u)) }),
  );
  const claims: ClaimRow[] = [];
  const runs: ZouRun[] = observed ? [observed] : [];
  let tau: number | null = null;
  try {
    for await (const rows of initialRows(s, pulls)) claims.push(...rows);
    if (observed) tau = await perturbed(observed);
    for (const { loss, size } of own) {
      const run = await zouRun(s, request, loss, size, steps);
      tau ??= await perturbed(run);
      runs.push({ ...run, reached: {} });
    }
  } catch (error) {
    if (!request.signal?.aborted) throw error;
  }
  return {
    paper: zou2019.paper,
    title: zou2019.title,
    reference: zou2019.reference,
    notApplicable: null,
    hypotheses: zouHypotheses(request, s),
    claims: [...claims, ...runs.flatMap(gradientRows)],
    prescriptions: prescriptions(request, s, batch, tau, runs),
    notes: [
      ...(request.signal?.aborted ? ["Interrupted: the rows that are missing were not reached."] : []),
      ...(own.length === 0 || request.steps === 0 ? [] : [ownRuns(request, s, own.length, steps, observed)]),
      "A constant is the one for which the claim holds with equality on this network: the paper's hidden constant must be at least that (≤) or at most that (≥).",
      "The six perturbation properties are measured at the end of the first run, against the initial weights; τ is how far that run went.",
    ],
    series: runs.flatMap(ratioSeries),
  };

  async function perturbed({ reached, name }: ZouRun): Promise<number> {
    const found = await perturbationRows(s, reached, name);
    claims.push(...found.rows);
    return found.tau;
  }
}

function ownRuns(
  { steps: asked }: DeskRequest,
  { losses }: ZouSetting,
  count: number,
  steps: number,
  observed: ZouRun | undefined,
): string {
  const what = observed
    ? `Beside the run (${observed.name}) this desk makes ${count === 1 ? "another" : `${count} others`} from the same weights,`
    : `The run above is on the squared loss, of which the paper does not speak: this desk makes ${count} runs of its own from the same weights,`;
  const exponential = losses.some(({ constants }) => constants.smoothness === null)
    ? " (for a loss without λ, ℓ'' at the worst initial margin stands for it)"
    : "";
  const short = steps < asked ? `; ${asked} steps would take too long at this size` : "";
  return `${what} with ${steps} steps of ½/(λ·λ_max(K(0))/n)${exponential}${short}.`;
}

async function settingOf({ problem, training, weights, delta, signal, onProgress }: DeskRequest): Promise<ZouSetting> {
  const { network, dataset, backend } = problem;
  const { margin } = training.objective;
  const widths = network.layers.slice(0, -1).map((layer) => layer.rows);
  const breathe = createBreather();
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
    losses: margin ? [margin] : classificationLossSpec.options.map(classificationLoss),
    pace: async (line) => {
      onProgress?.(line);
      await breathe();
      signal?.throwIfAborted();
    },
  };
}

/** The gradient bounds of one run. */
function gradientRows(run: ZouRun): ClaimRow[] {
  const { ratios } = run;
  if (ratios.length === 0) return [];
  const id = slug(run.name);
  const sum = `${run.name}: loss ${run.initialLoss.toPrecision(3)} → ${run.finalLoss.toPrecision(3)} in ${run.steps} steps, ${run.errors} misclassified`;
  const least = ratios.reduce((worst, each) => (each.lower < worst.lower ? each : worst));
  const greatest = ratios.reduce((worst, each) => (each.upper > worst.upper ? each : worst));
  return [
    claimRow({
      id: `gradient-lower-${id}`,
      source: "gradient, lower bound",
      claim: "‖∇_{W_L}L_S‖_F² ≥ C (m_Lφ/n⁵)(Σℓ'(y_iŷ_i))²",
      relation: "≥",
      bound: 1,
      boundBasis: "order-only",
      measured: least.lower,
      constantNeeded: least.lower,
      note: `${sum}; least ratio, at step ${least.step}`,
    }),
    claimRow({
      id: `gradient-upper-${id}`,
      source: "gradient, upper bound",
      claim: "‖∇_{W_l}‖₂ ≤ −C (L²√M/B) Σ_B ℓ'(y_iŷ_i)",
      relation: "≤",
      bound: 1,
      boundBasis: "order-only",
      measured: greatest.upper,
      constantNeeded: greatest.upper,
      note: `greatest ratio over l, at step ${greatest.step}`,
    }),
  ];
}

/** "squared hinge loss, SGD" as part of an id. */
function slug(name: string): string {
  return name.replaceAll(/[^a-z0-9]+/gi, "-").toLowerCase();
}

/** The two ratios along the run: their least and greatest value are the constants of the rows. */
function ratioSeries({ name, ratios }: ZouRun): DeskSeries[] {
  if (ratios.length < 2) return [];
  const step = ratios.map((each) => each.step);
  return [
    {
      id: `gradient-ratios-${slug(name)}`,
      title: `Gradient bounds, ${name}`,
      caption:
        "The gradient in units of the orders that bound it: its square from below, (m_Lφ/n⁵)(Σℓ')², and its norm from above, L²√M·Σ|ℓ'|/B. The least " +
        "value of the first and the greatest of the second are the constants of this run.",
      x: "step",
      y: "ratio to the order",
      curves: [
        { name: "‖∇_{W_L}‖_F² over the lower bound", x: step, y: ratios.map(({ lower }) => lower) },
        { name: "max_l ‖∇_{W_l}‖₂ over the upper bound", x: step, y: ratios.map(({ upper }) => upper) },
      ],
      log: true,
    },
  ];
}

function prescriptions(
  { epsilon }: DeskRequest,
  { y, depth, separation: { phi }, narrowest, losses }: ZouSetting,
  batch: number,
  tau: number | null,
  runs: readonly ZouRun[],
): Prescription[] {
  const n = y.length;
  const log = Math.log10;
  const time = -4 * log(depth) - 3 * log(n) + 2 * log(tau ?? Number.NaN) + log(phi);
  return [
    ...losses.flatMap(({ name: title, constants: { p } }) => {
      const name = slug(title);
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
