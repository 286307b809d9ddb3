import { backward } from "../network/backward.ts";
import { forward } from "../network/forward.ts";
import { accumulateGradient } from "../network/gradient.ts";
import type { ForwardPass, Weights } from "../network/network.ts";
import { reluKernelByCounts, tangentKernel } from "../network/tangent-kernel.ts";
import type { ClaimRow } from "./desk.ts";
import { createExtremes } from "./extremes.ts";
import { ofMargin, SAMPLE_LOSSES, type SampleLoss } from "./flow-losses.ts";
import { type FlowOutcome, type FlowPoint, followFlow } from "./flow-run.ts";
import { leastEigenvalueOf } from "./matrix-norms.ts";
import type { DeskRequest, RunSummary } from "./request.ts";
import { claimRow } from "./rows.ts";

/** Inner steps of gradient descent that the flow follows at most: it costs a few times as much. */
const HORIZON = 200;
/** The kernel is measured about so many times along each flow. */
const LOOKS = 24;
/** A flow that is off by more than this (relative, of u − y) decides nothing. */
const TOO_COARSE = 0.1;

/**
 * What holds of any network: du/dt = −H ℓ', and the decay it gives, for the squared loss and for others. `lambda0` is λ_min(H^∞) where the network has
 * one and it is established.
 */
export async function kernelViewRows(
  request: DeskRequest,
  run: RunSummary,
  lambda0: number | null,
): Promise<ClaimRow[]> {
  const { problem, training } = request;
  const n = problem.dataset.y.length;
  const stiffness = await traceAt(request);
  const { margin, factor } = training.objective;
  const until = run.stepSize * factor * Math.min(Math.max(run.steps, 1), HORIZON);
  const rows: ClaimRow[] = [];
  for (const loss of margin ? [ofMargin(margin)] : SAMPLE_LOSSES) {
    if (loss.classification && !problem.dataset.y.every((y) => Math.abs(y) === 1)) continue;
    request.onProgress?.(`gradient flow of the ${loss.name} loss`);
    rows.push(await velocityRow(request, loss, stiffness));
    if (run.steps === 0 || request.signal?.aborted) continue;
    const squared = loss === SAMPLE_LOSSES[0];
    const seen = await follow(request, loss, squared ? until : until / 3);
    rows.push(...(squared ? rateRows(seen, lambda0) : [decreaseRow(loss, seen, n)]));
  }
  return rows;
}

/** du/dt by a difference of the outputs a small step along the flow, against −Hℓ'. */
async function velocityRow({ problem, weights }: DeskRequest, loss: SampleLoss, stiffness: number): Promise<ClaimRow> {
  const { network, dataset, backend } = problem;
  const pass = await forward(network, weights, dataset.x, backend);
  const slope = slopes(loss, pass.outputs, dataset.y);
  const kernel = await kernelAt(problem, weights, pass);
  const predicted = new Float64Array(slope.length);
  for (let i = 0; i < slope.length; i++) {
    for (let j = 0; j < slope.length; j++) predicted[i] -= kernel.data[i * slope.length + j] * slope[j];
  }
  const h = 1e-6 / stiffness;
  const moved: Record<string, (typeof weights)[string]> = {};
  for (const [name, { rows, cols, data }] of Object.entries(weights)) moved[name] = { rows, cols, data: data.slice() };
  const cotangents = await backward(network, weights, pass, backend, slope);
  await accumulateGradient(network, dataset.x, pass, cotangents, backend, moved, { alpha: -h, beta: 1 });
  const ahead = await forward(network, moved, dataset.x, backend);
  let [off, size] = [0, 0];
  predicted.forEach((velocity, i) => {
    off += ((ahead.outputs[i] - pass.outputs[i]) / h - velocity) ** 2;
    size += velocity ** 2;
  });
  return claimRow({
    id: `velocity-${idOf(loss)}`,
    source: "kernel point of view",
    claim: `du/dt = −H(t)·ℓ'(u, y) for ℓ = ${loss.formula} (${loss.name})`,
    relation: "≤",
    bound: 1e-4,
    measured: size === 0 ? 0 : Math.sqrt(off / size),
    note: "relative distance at t = 0, du/dt by a difference: it is as small as that allows",
  });
}

interface FlowSeen {
  readonly outcome: FlowOutcome;
  readonly times: number[];
  /** Σℓ at the times. */
  readonly values: number[];
  /** ‖ℓ'‖² at the times. */
  readonly squares: number[];
  /** The least λ_min(H) seen along the flow. */
  readonly lambda: number;
}

async function follow(request: DeskRequest, loss: SampleLoss, until: number): Promise<FlowSeen> {
  const { problem, weights, signal } = request;
  const { y } = problem.dataset;
  const lambda = createExtremes();
  const [times, values, squares]: number[][] = [[], [], []];
  let next = 0;
  const look = async ({ time, pass, weights: now }: FlowPoint) => {
    times.push(time);
    values.push(pass.outputs.reduce((sum, u, i) => sum + loss.value(u, y[i]), 0));
    squares.push(slopes(loss, pass.outputs, y).reduce((sum, s) => sum + s * s, 0));
    if (time < next) return;
    next = time + until / LOOKS;
    lambda.see(times.length, await leastEigenvalueOf(await kernelAt(problem, now, pass), problem.backend));
  };
  const outcome = await followFlow(problem, weights, {
    loss,
    until,
    at: look,
    ...(signal ? { signal } : {}),
  });
  return { outcome, times, values, squares, lambda: lambda.least?.value ?? Number.NaN };
}

/** ‖u(t) − y‖² ≤ e^{−2λt}‖u(0) − y‖², the looser exponent of the slides, and the rate of Du et al. 2018 where H^∞ gives one. */
function rateRows({ outcome, times, values, lambda }: FlowSeen, lambda0: number | null): ClaimRow[] {
  const floor = values[0] * 1e-16;
  const worst = (rate: number) =>
    times.reduce(
      (most, t, k) =>
        t > 0 && values[k] > floor ? Math.max(most, (values[k] / values[0]) * Math.exp(rate * t)) : most,
      0,
    );
  const last = times.length - 1;
  const slowest = times.reduce(
    (least, t, k) => (t > 0 && values[k] > floor ? Math.min(least, Math.log(values[0] / values[k]) / t) : least),
    Number.POSITIVE_INFINITY,
  );
  const note = `λ = ${lambda.toPrecision(4)}, the least along the flow to t = ${times[last].toPrecision(3)}${ended(outcome)}; measured: the greatest ratio of the two sides for t > 0`;
  const shared = { relation: "≤", bound: 1, ...trust(outcome) } as const;
  const rows = [
    claimRow({
      ...shared,
      id: "flow-rate",
      source: "theory/00, sharper",
      claim: "‖u(t) − y‖² ≤ e^{−2λt} ‖u(0) − y‖²",
      measured: worst(2 * lambda),
      constantNeeded: slowest / lambda,
      note: `${note}; constant: what could stand for the 2`,
    }),
    claimRow({
      ...shared,
      id: "flow-rate-slides",
      source: "slides",
      claim: "½‖u(t) − y‖² ≤ e^{−λt} ½‖u(0) − y‖²",
      measured: worst(lambda),
      note: "the exponent of the slides is half of what their proof gives",
    }),
  ];
  if (lambda0 === null) return rows;
  return [
    ...rows,
    claimRow({
      ...shared,
      id: "flow-rate-limit",
      source: "Du et al. 2018, gradient flow",
      claim: "‖u(t) − y‖² ≤ e^{−λ₀t} ‖u(0) − y‖², λ₀ = λ_min(H^∞)",
      measured: worst(lambda0),
      constantNeeded: slowest / lambda0,
      note: `λ₀ = ${lambda0.toPrecision(4)}, known before any weights are drawn; constant: what could stand for the 1`,
    }),
  ];
}

/** Σℓ(T) ≤ Σℓ(0) − λ∫‖ℓ'‖²dt, for any ℓ. */
function decreaseRow(loss: SampleLoss, { outcome, times, values, squares, lambda }: FlowSeen, n: number): ClaimRow {
  let integral = 0;
  // ‖ℓ'‖² need not fall: the smaller end of each step
  for (let k = 1; k < times.length; k++) integral += (times[k] - times[k - 1]) * Math.min(squares[k], squares[k - 1]);
  const last = times.length - 1;
  return claimRow({
    id: `flow-${idOf(loss)}`,
    source: "kernel point of view",
    claim: `(1/n)Σℓ falls by λ∫‖ℓ'‖²dt/n or more, ${loss.name} loss`,
    relation: "≤",
    bound: (values[0] - Math.max(0, lambda) * integral) / n,
    measured: values[last] / n,
    ...trust(outcome),
    note: `(1/n)Σℓ at t = ${times[last].toPrecision(3)}, from ${(values[0] / n).toPrecision(4)}; λ = ${lambda.toPrecision(4)}${ended(outcome)}`,
  });
}

/** The room that the error of the integrator needs, in squares of u − y. */
function trust({ error }: FlowOutcome): { tolerance: number; verdict?: "open" } {
  return error > TOO_COARSE ? { tolerance: 0, verdict: "open" } : { tolerance: 2 * error };
}

function ended({ status, time, error }: FlowOutcome): string {
  const how = status === "done" ? "" : `${status} at t = ${time.toPrecision(3)}, `;
  return ` (${how}u(t) − y within ${error.toPrecision(1)} of itself)`;
}

function slopes(loss: SampleLoss, outputs: Float64Array, y: Float64Array): Float64Array {
  return outputs.map((u, i) => loss.slope(u, y[i]));
}

/** tr H(0) ≥ λ_max. */
async function traceAt({ problem, weights }: DeskRequest): Promise<number> {
  const { network, dataset, backend } = problem;
  const { rows, data } = await kernelAt(problem, weights, await forward(network, weights, dataset.x, backend));
  let trace = 0;
  for (let i = 0; i < rows; i++) trace += data[i * rows + i];
  return trace;
}

async function kernelAt(
  { network, dataset, backend, gram }: DeskRequest["problem"],
  weights: Weights,
  pass: ForwardPass,
) {
  return network.spec.kind === "two-layer-relu"
    ? reluKernelByCounts(network, weights, dataset.x, pass, backend, gram)
    : tangentKernel(network, dataset.x, pass, await backward(network, weights, pass, backend), backend, gram);
}

const idOf = (loss: SampleLoss) => loss.name.toLowerCase().replaceAll(" ", "-");
