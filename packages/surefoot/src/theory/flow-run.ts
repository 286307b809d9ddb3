import { createBreather } from "../dynamics/breathe.ts";
import { createFlow } from "../dynamics/optimiser/flow.ts";
import type { Problem } from "../dynamics/problem.ts";
import { SurefootError } from "../error.ts";
import type { ForwardPass, Weights } from "../network/network.ts";

/** A point of the flow: its pass holds the outputs u(t). */
export interface FlowPoint {
  readonly time: number;
  readonly weights: Weights;
  readonly pass: ForwardPass;
}

/** How a flow ended. */
export interface FlowOutcome {
  /** `too-stiff`: no step meets the tolerance, as where neurons stay on their kinks. */
  readonly status: "done" | "too-many-steps" | "too-stiff" | "interrupted";
  readonly time: number;
  /** Evaluations of the gradient. */
  readonly evaluations: number;
  /** Sum of the local errors of u(t), each relative to the cotangent (u − y for the squared loss) at its step. */
  readonly error: number;
}

/** A loss of one sample, as the flow needs it. */
export interface FlowLoss {
  readonly name: string;
  value(u: number, y: number): number;
  slope(u: number, y: number): number;
}

export interface FlowOptions {
  /** Default ½(u − y)². */
  readonly loss?: FlowLoss;
  readonly until: number;
  /** Looks along the flow, evenly spaced in time; default 240. They do not change its steps. */
  readonly rows?: number;
  /** Local error of u(t) per step, relative to the cotangent. Default 1e-4. */
  readonly tolerance?: number;
  readonly maxEvaluations?: number;
  readonly signal?: AbortSignal;
  /** Called at t = 0 and at every row; the point is valid until the promise settles. */
  readonly at: (point: FlowPoint) => Promise<void>;
}

const SQUARED: FlowLoss = { name: "squared", value: (u, y) => 0.5 * (u - y) ** 2, slope: (u, y) => u - y };

/** Follows the gradient flow dθ/dt = −∇Σℓ(u_i, y_i) of the trained tensors: the flow of `surefoot train --optimiser gradient-flow`. */
export async function followFlow(problem: Problem, start: Weights, options: FlowOptions): Promise<FlowOutcome> {
  const { until, rows = 240, tolerance = 1e-4, maxEvaluations = 1500, signal, loss = SQUARED, at } = options;
  const objective = { ...loss, factor: 1, curvature: null };
  const spec = { kind: "gradient-flow", tolerance, absolute: 1e-14 } as const;
  const flow = createFlow({ ...problem, objective }, spec, until / rows);
  const breathe = createBreather();
  let state = await flow.init(start);
  await at({ time: 0, weights: state.weights, pass: state.pass });
  const ended = (status: FlowOutcome["status"]): FlowOutcome => ({
    status,
    time: state.step === rows ? until : (state.step * until) / rows,
    evaluations: state.columns.fieldEvaluations,
    error: state.columns.localErrors,
  });
  while (state.step < rows) {
    await breathe();
    if (signal?.aborted) return ended("interrupted");
    if (state.columns.fieldEvaluations >= maxEvaluations) return ended("too-many-steps");
    try {
      state = await flow.step(state);
    } catch (error) {
      if (error instanceof SurefootError && error.code === "argument") return ended("too-stiff");
      throw error;
    }
    await at({
      time: state.step === rows ? until : (state.step * until) / rows,
      weights: state.weights,
      pass: state.pass,
    });
  }
  return ended("done");
}
