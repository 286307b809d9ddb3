import { exp, log, type Matrix, matrix } from "@surefoot/linalg";
import { SurefootError } from "../../error.ts";
import { backward } from "../../network/backward.ts";
import { forward } from "../../network/forward.ts";
import { accumulateGradient } from "../../network/gradient.ts";
import type { Weights } from "../../network/network.ts";
import { tensorShapes } from "../../network/resolve.ts";
import type { OptimiserSpec } from "../../spec/optimiser.ts";
import { type DescentState, initDescent, residualAndLoss } from "../gradient-descent.ts";
import type { TrainingProblem } from "../problem.ts";
import { type Attempt, attempt, between, type Velocity } from "./dormand-prince.ts";
import { type Optimiser, type OptimiserState, optimiserColumns } from "./optimiser.ts";

type FlowSpec = Extract<OptimiserSpec, { readonly kind: "gradient-flow" }>;

/** An accepted step from `time` on, with all that the next one needs. */
interface Span {
  readonly time: number;
  readonly step: Attempt;
  /** Error of the step over its tolerance, and of the one before. */
  readonly error: number;
  readonly before: number;
}

/** Evaluations of the field between two rows after which the flow is given up. */
const PATIENCE = 60_000;
const [SAFETY, SHRINK, GROW] = [0.9, 0.2, 5];
/** Exponents of the PI controller for a fifth-order method (Hairer, Nørsett and Wanner, section II.4; Gustafsson 1991). */
const [PROPORTIONAL, INTEGRAL] = [0.7 / 5, 0.4 / 5];
const CLOCK = ["time", "h", "before", "evaluations", "errors"] as const;

/**
 * Gradient flow dθ/dt = −∇L(θ) of any objective by the pair of Dormand and Prince with PI step-size control, seen at the times kη through
 * the continuous extension: how often rows are taken does not change the steps. What is controlled is the cotangent ℓ'(u), which drives the
 * flow (u − y for the squared loss): per step it is off by at most tolerance·‖ℓ'(u)‖ + absolute·√n, as estimated by the embedded pair.
 * Where a ReLU crosses its kink the velocity jumps and steps become short. Memory: ten copies of the trained tensors.
 */
export function createFlow(problem: TrainingProblem, spec: FlowSpec, every: number): Optimiser {
  const { network, dataset, backend, objective } = problem;
  const names = tensorShapes(network).flatMap(({ name, trained }) => (trained ? [name] : []));
  let span: Span | undefined;
  let start: Weights = {};
  let evaluations = 0;
  let errors = 0;

  async function cotangentAt(weights: Weights) {
    const pass = await forward(network, weights, dataset.x, backend);
    return { pass, slope: pass.outputs.map((u, i) => objective.slope(u, dataset.y[i])) };
  }

  async function field(weights: Weights): Promise<Velocity> {
    evaluations++;
    const { pass, slope } = await cotangentAt(weights);
    const cotangents = await backward(network, weights, pass, backend, slope);
    const out: Record<string, Matrix> = {};
    for (const name of names) out[name] = matrix(weights[name].rows, weights[name].cols);
    const scale = { alpha: -objective.factor, beta: 0 };
    await accumulateGradient(network, dataset.x, pass, cotangents, backend, out, scale);
    return out;
  }

  /** The estimated error of an attempt over its tolerance. */
  async function errorOf({ start, end, lower }: Attempt): Promise<number> {
    const [from, to, low] = [await cotangentAt(start), await cotangentAt(end), await cotangentAt(lower)];
    const off = length(to.slope.map((value, i) => value - low.slope[i]));
    const size = Math.max(length(from.slope), length(to.slope));
    if (!Number.isFinite(off)) return Number.POSITIVE_INFINITY;
    const allowed = spec.tolerance * size + spec.absolute * Math.sqrt(dataset.y.length);
    return off === 0 ? 0 : off / allowed;
  }

  /** Replaces `span` by the accepted step that follows it. */
  async function advance(step: number, budget: { left: number }): Promise<void> {
    const time = endOf(span);
    const from = span?.step.end ?? start;
    const first = span?.step.stages[6] ?? (await field(from));
    let h = span ? span.step.h * factorOf(span.error, span.before) : every;
    for (let rejected = false; ; rejected = true) {
      const found = await attempt(from, first, h, names, field);
      const error = await errorOf(found);
      budget.left -= 6;
      if (error <= 1) {
        errors += error * spec.tolerance;
        // after a rejection the step may not grow at once
        span = { time, step: found, error: rejected ? Math.max(error, 0.5) : error, before: span?.error ?? 1 };
        return;
      }
      h *= Number.isFinite(error) ? Math.max(SHRINK, SAFETY * power(error, -1 / 5)) : SHRINK;
      if (budget.left <= 0 || !(h > 1e-15 * Math.max(time, every))) {
        throw new SurefootError(
          "argument",
          `gradient flow: after row ${step}, at time ${time}, steps of ${h.toExponential(1)} do not meet the tolerance (neurons that stay on their ` +
            "kinks do this); use a greater tolerance in --optimiser gradient-flow:TOLERANCE, or a smooth activation",
        );
      }
    }
  }

  const wrap = (state: DescentState): OptimiserState => ({
    ...state,
    memory,
    columns: { time: state.step * every, fieldEvaluations: evaluations, localErrors: errors },
  });

  /** The start of the step that holds this row, and the controller: the step itself is made again when the run goes on. */
  function memory(): Weights {
    const at = span?.step.start ?? start;
    const values = { time: span?.time ?? 0, h: span?.step.h ?? 0, before: span?.before ?? 1, evaluations, errors };
    const clock = Float64Array.from([...CLOCK.map((name) => values[name]), span?.error ?? 1]);
    return {
      ...Object.fromEntries(names.map((name) => [`start.${name}`, at[name]])),
      clock: { rows: 1, cols: clock.length, data: clock },
    };
  }

  async function restore(weights: Weights, memory: Weights): Promise<void> {
    const clock = memory.clock?.data;
    if (clock?.length !== CLOCK.length + 1 || names.some((name) => !memory[`start.${name}`])) {
      throw new SurefootError("file", "the state of the flow is missing: the run cannot go on");
    }
    const from = {
      ...weights,
      ...Object.fromEntries(names.map((name) => [name, fitted(weights[name], memory[`start.${name}`])])),
    };
    const [time, h, before] = clock;
    start = from;
    span = undefined;
    if (h > 0) {
      const step = await attempt(from, await field(from), h, names, field);
      span = { time, step, error: clock[5], before };
    }
    [evaluations, errors] = [clock[3], clock[4]];
  }

  return {
    columns: optimiserColumns(spec),
    init: async (weights, at) => {
      const first = await initDescent(problem, weights, at?.step);
      if (at && at.step > 0) await restore(first.weights, at.memory);
      else {
        [span, start, evaluations, errors] = [undefined, copies(first.weights), 0, 0];
      }
      return wrap(first);
    },
    step: async (state) => {
      const until = (state.step + 1) * every;
      const budget = { left: PATIENCE };
      while (endOf(span) < until) await advance(state.step, budget);
      if (!span) return state;
      const share = Math.min(1, (until - span.time) / span.step.h);
      const weights = between(span.step, names, share);
      const pass = await forward(network, weights, dataset.x, backend, state.pass);
      const next = { step: state.step + 1, weights, pass, cotangents: state.cotangents };
      return wrap({ ...next, ...residualAndLoss(problem, pass.outputs) });
    },
  };
}

function endOf(span: Span | undefined): number {
  return span ? span.time + span.step.h : 0;
}

function factorOf(error: number, before: number): number {
  if (error === 0) return GROW;
  const factor = SAFETY * power(error, -PROPORTIONAL) * power(Math.max(before, 1e-4), INTEGRAL);
  return Math.min(GROW, Math.max(SHRINK, factor));
}

/** x^p for x > 0, the same bits in every engine. */
function power(x: number, p: number): number {
  return exp(p * log(x));
}

function copies(weights: Weights): Weights {
  return Object.fromEntries(Object.entries(weights).map(([name, a]) => [name, { ...a, data: a.data.slice() }]));
}

/** A vector of a file in the shape of the tensor that it belongs to. */
function fitted({ rows, cols }: Matrix, { data }: Matrix): Matrix {
  return { rows, cols, data: data.slice() };
}

function length(values: Float64Array): number {
  let squares = 0;
  for (const value of values) squares += value * value;
  return Math.sqrt(squares);
}
