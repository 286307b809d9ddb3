import { createOptimiser, createProblem, initialise, networkSpec, optimiserFromText, resolveNetwork } from "surefoot";
import { curvesFigure } from "surefoot/figure";
import { kernelAt } from "../descend.ts";
import { digits } from "../digits.ts";
import { lambdaMax } from "../measure.ts";
import { column, numberOf, rowsOf } from "../rows.ts";
import type { CellContext, Conclusion, Judgement, Row, Study, Tables } from "../study.ts";

/** The optimisers, as on the command line, with the step size in units of 1/λ_max(K(0)) or, for the adaptive ones, absolute. */
const OPTIMISERS = [
  { name: "gradient-descent", eta: 1, relative: true },
  { name: "momentum:0.9", eta: 1, relative: true },
  { name: "nesterov:0.9", eta: 1, relative: true },
  { name: "rmsprop", eta: 0.01, relative: false },
  { name: "adam", eta: 0.01, relative: false },
  { name: "sgd:10", eta: 0.5, relative: true },
] as const;

const SETTINGS = {
  quick: { n: 20, width: 1000, steps: 1500 },
  full: { n: 50, width: 4000, steps: 4000 },
};
type Setting = (typeof SETTINGS)["quick"];

/** A run has reached zero when its loss is this share of its start. */
const ZERO = 1e-6;

/** The review's question: other first-order methods on the same problem. */
export const study: Study = {
  id: "optimisers",
  question: "How do momentum, RMSProp, Adam and minibatches compare with gradient descent on Du et al.'s problem?",
  source: "review of Du et al. 2018, §§ 1 and 4",
  setting:
    "MNIST digits 0 and 1, centred unit rows, two-layer ReLU, only W trained; η = 1/λ_max(H(0)) (half of it for batches of 10), 0.01 for RMSProp and Adam. The step sizes are ours",
  claims: [
    {
      id: "optimisers-zero",
      source: "review § 4: similar results may hold for other first-order methods",
      says: "every method reaches zero training loss here, as gradient descent does",
    },
    {
      id: "optimisers-faster",
      source: "review § 1: accelerated algorithms",
      says: "momentum and Nesterov's method are faster than gradient descent at its step size",
    },
    {
      id: "optimisers-movement",
      source: "ours",
      says: "RMSProp and Adam move the weights further than gradient descent does: the region of the theory is not theirs",
    },
  ],
  plan: (form) => {
    const setting = SETTINGS[form];
    return {
      parameters: { setting, OPTIMISERS },
      cells: OPTIMISERS.map((optimiser) => ({
        key: optimiser.name,
        measure: (context: CellContext) => measure(setting, optimiser, context),
      })),
      conclude: (tables) => conclude(setting, tables),
    };
  },
};

async function measure(
  setting: Setting,
  { name, eta, relative }: (typeof OPTIMISERS)[number],
  context: CellContext,
): Promise<Tables> {
  const { backend, signal, progress } = context;
  const { n, width, steps } = setting;
  const dataset = await digits(n);
  const network = resolveNetwork(networkSpec.parse({ kind: "two-layer-relu", width }), dataset.x.cols);
  const weights = await initialise(network, { kind: "gaussian" }, 0, backend);
  const problem = await createProblem(network, dataset, "sum", backend);
  const stepSize = relative ? eta / (await lambdaMax(await kernelAt(problem, weights), backend)) : eta;
  const optimiser = createOptimiser(problem, optimiserFromText(name), stepSize);
  let state = await optimiser.init(weights);
  const rows: Row[] = [{ optimiser: name, step: 0, loss: state.loss }];
  for (let k = 1; k <= steps; k++) {
    signal.throwIfAborted();
    state = await optimiser.step(state);
    rows.push({ optimiser: name, step: k, loss: state.loss });
    if (k % 100 === 0) progress(`step ${k}, loss ${state.loss.toExponential(2)}`);
    if (!Number.isFinite(state.loss)) break;
  }
  const [a, b] = [weights.W1, state.weights.W1];
  const moved = Math.sqrt(b.data.reduce((sum, value, i) => sum + (value - a.data[i]) ** 2, 0));
  return { losses: rows, ends: [{ optimiser: name, share: state.loss / numberOf(rows[0], "loss"), moved, stepSize }] };
}

function conclude(setting: Setting, tables: Tables): Conclusion {
  const [losses, ends] = [rowsOf(tables, "losses"), rowsOf(tables, "ends")];
  const of = (name: string) => losses.filter((row) => row.optimiser === name);
  /** Steps to `ZERO`; ∞ where it is not reached. */
  const reach = (name: string) => {
    const mine = column(of(name), "loss");
    const at = mine.findIndex((loss) => loss <= ZERO * mine[0]);
    return at < 0 ? Number.POSITIVE_INFINITY : at;
  };
  const moved = (name: string) => numberOf(ends.find((row) => row.optimiser === name) ?? {}, "moved");
  const reached = OPTIMISERS.map(
    ({ name }) => `${name}: ${Number.isFinite(reach(name)) ? `step ${reach(name)}` : "not reached"}`,
  ).join(", ");
  const plain = reach("gradient-descent");
  const faster = reach("momentum:0.9") < plain && reach("nesterov:0.9") < plain;
  const further = ["rmsprop", "adam"].every((name) => moved(name) > moved("gradient-descent"));
  const judgements: Record<string, Judgement> = {
    "optimisers-zero": {
      verdict: OPTIMISERS.every(({ name }) => Number.isFinite(reach(name))) ? "agrees" : "disagrees",
      measured: `loss at ${ZERO.toExponential(0)} of its start: ${reached} (${setting.steps} steps at most)`,
    },
    "optimisers-faster": { verdict: faster ? "agrees" : "disagrees", measured: reached },
    "optimisers-movement": {
      verdict: further ? "agrees" : "disagrees",
      measured: `‖W − W(0)‖_F: ${OPTIMISERS.map(({ name }) => `${name} ${moved(name).toPrecision(3)}`).join(", ")}`,
    },
  };
  return {
    judgements,
    figures: {
      optimisers: curvesFigure({
        title: "Six optimisers on one problem",
        caption: `${setting.n} MNIST digits, width ${setting.width}; loss as a share of its start.`,
        x: { label: "step k", scale: "linear" },
        y: { label: "loss / initial loss", scale: "log" },
        curves: OPTIMISERS.map(({ name }) => {
          const y = column(of(name), "loss");
          return { name, x: column(of(name), "step"), y: y.map((loss) => loss / y[0]) };
        }),
      }),
    },
  };
}
