import { type Matrix, matrix } from "@surefoot/linalg";
import type { Problem } from "../dynamics/problem.ts";
import { backward } from "../network/backward.ts";
import { forward } from "../network/forward.ts";
import { accumulateGradient } from "../network/gradient.ts";
import type { ForwardPass, Weights } from "../network/network.ts";
import { tensorShapes } from "../network/resolve.ts";

/** A point of the flow: its pass holds the outputs u(t). */
export interface FlowPoint {
  readonly time: number;
  readonly weights: Weights;
  readonly pass: ForwardPass;
}

/** How a flow ended. */
export interface FlowOutcome {
  readonly status: "done" | "too-many-steps" | "not-finite" | "interrupted";
  readonly time: number;
  readonly steps: number;
  /** Sum of the local errors of u(t), each relative to the cotangent (u − y for the squared loss) at its step. */
  readonly error: number;
}

export interface FlowOptions {
  /** ∂(Σℓ)/∂u at the outputs: the cotangent of the loss whose flow is followed. */
  readonly slope: (outputs: Float64Array) => Float64Array;
  readonly until: number;
  /** The first step. */
  readonly firstStep: number;
  /** Local error of u(t) per step, relative to the cotangent. Default 1e-4. */
  readonly tolerance?: number;
  readonly maxSteps?: number;
  readonly signal?: AbortSignal;
  /** Called at t = 0 and after every accepted step. */
  readonly at: (point: FlowPoint) => Promise<void>;
}

/**
 * Gradient flow dθ/dt = −Jᵀ·slope(u(θ)) of the trained tensors by the embedded Runge–Kutta pair of Bogacki and Shampine (orders 3 and 2).
 * The error is controlled in the outputs: where a neuron crosses its kink its own velocity jumps, but the outputs hardly notice.
 */
export async function followFlow(problem: Problem, start: Weights, options: FlowOptions): Promise<FlowOutcome> {
  const { until, tolerance = 1e-4, maxSteps = 600, signal, at } = options;
  const names = tensorShapes(problem.network).flatMap(({ name, trained }) => (trained ? [name] : []));
  let point = await pointAt(problem, start, 0);
  await at(point);
  let field = await fieldAt(problem, point, options);
  let h = options.firstStep;
  let error = 0;
  let steps = 0;
  const ended = (status: FlowOutcome["status"]): FlowOutcome => ({ status, time: point.time, steps, error });
  while (point.time < until) {
    if (signal?.aborted) return ended("interrupted");
    if (steps++ >= maxSteps) return ended("too-many-steps");
    h = Math.min(h, until - point.time);
    const ahead = (...terms: Terms) => shifted(point.weights, names, h, terms);
    const second = await fieldAt(problem, await pointAt(problem, ahead([1 / 2, field]), 0), options);
    const third = await fieldAt(problem, await pointAt(problem, ahead([3 / 4, second]), 0), options);
    const next = await pointAt(problem, ahead([2 / 9, field], [1 / 3, second], [4 / 9, third]), point.time + h);
    const fourth = await fieldAt(problem, next, options);
    const lower = ahead([7 / 24, field], [1 / 4, second], [1 / 3, third], [1 / 8, fourth]);
    const off = distance(next.pass.outputs, (await pointAt(problem, lower, 0)).pass.outputs);
    if (!Number.isFinite(off)) return ended("not-finite");
    const size = length(options.slope(point.pass.outputs));
    const relative = off === 0 ? 0 : off / size;
    if (relative <= tolerance) {
      error += relative;
      point = until - next.time <= 1e-12 * until ? { ...next, time: until } : next;
      field = fourth;
      await at(point);
    }
    h *= relative === 0 ? 4 : Math.min(4, Math.max(0.2, 0.9 * (tolerance / relative) ** (1 / 3)));
  }
  return ended("done");
}

async function pointAt({ network, dataset, backend }: Problem, weights: Weights, time: number): Promise<FlowPoint> {
  return { time, weights, pass: await forward(network, weights, dataset.x, backend) };
}

/** dθ/dt at a point, by trained tensor. */
async function fieldAt(
  { network, dataset, backend }: Problem,
  { weights, pass }: FlowPoint,
  { slope }: FlowOptions,
): Promise<Weights> {
  const cotangents = await backward(network, weights, pass, backend, slope(pass.outputs));
  const target: Record<string, Matrix> = {};
  for (const { name, rows, cols, trained } of tensorShapes(network)) if (trained) target[name] = matrix(rows, cols);
  await accumulateGradient(network, dataset.x, pass, cotangents, backend, target, { alpha: -1, beta: 0 });
  return target;
}

type Terms = readonly (readonly [factor: number, field: Weights])[];

/** weights + h·Σ factor·field on the trained tensors; the others are shared. */
function shifted(weights: Weights, names: readonly string[], h: number, terms: Terms): Weights {
  const out: Record<string, Matrix> = { ...weights };
  for (const name of names) {
    const { rows, cols, data } = weights[name];
    const moved = data.slice();
    for (const [factor, field] of terms) {
      const step = h * factor;
      const velocity = field[name].data;
      for (let k = 0; k < moved.length; k++) moved[k] += step * velocity[k];
    }
    out[name] = { rows, cols, data: moved };
  }
  return out;
}

function distance(a: Float64Array, b: Float64Array): number {
  return length(a.map((value, i) => value - b[i]));
}

function length(values: Float64Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
}
