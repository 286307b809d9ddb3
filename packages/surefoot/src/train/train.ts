import type { CertifyMode } from "../certify/index.ts";
import {
  type DescentState,
  initDescent,
  stepDescent,
  type Termination,
  terminateDescent,
} from "../dynamics/gradient-descent.ts";
import { createProbe, type Probe, type ProbeName, probeColumns } from "../dynamics/probe.ts";
import type { Problem } from "../dynamics/problem.ts";
import { snapshot } from "../dynamics/snapshot.ts";
import type { Network, Weights } from "../network/network.ts";
import { createBreather } from "./breathe.ts";
import { type Certified, contradicts, createCertification, curveAt } from "./certification.ts";
import { probeInterval } from "./probe-interval.ts";

/** One row of a run's record; null: not measured at this step, or not defined. */
export type RecordRow = { readonly step: number; readonly loss: number } & Readonly<Record<string, number | null>>;

/** How to run: step size, length, probes, interruption, continuation. */
export interface TrainOptions {
  /** η in the user's loss convention. */
  readonly stepSize: number;
  /** Last step of the run, counted from iterate 0. */
  readonly steps: number;
  readonly targetLoss?: number;
  readonly probes: readonly ProbeName[];
  /** How sure the announced certificate is; default `proved`. */
  readonly mode?: CertifyMode;
  /** Probe every so many steps; by default so that probing costs no more than training. */
  readonly probeEvery?: number;
  readonly signal?: AbortSignal;
  /** Where a run that was interrupted stood. */
  readonly resume?: {
    readonly step: number;
    readonly weights: Weights;
    readonly certified: Certified | null;
    readonly curveViolations: number;
  };
}

/** What a run tells as it goes. */
export type TrainEvent =
  | { readonly kind: "row"; readonly row: RecordRow; readonly state: DescentState; readonly curveViolations: number }
  /** The first probed step at which a theorem applies to the run's own step size. */
  | { readonly kind: "certified"; readonly certified: Certified; readonly state: DescentState };

/** How a run ended. */
export interface TrainResult {
  readonly state: DescentState;
  readonly initialLoss: number;
  readonly stopped: Termination | "steps-done" | "interrupted";
  readonly certified: Certified | null;
  /** Recorded losses above the certified curve (beyond rounding): 0, or a proof was wrong. */
  readonly curveViolations: number;
  readonly probeEvery: number;
  /** How far rounding can lift the last recorded loss above the exact one. */
  readonly roundingFloor: number;
}

/** The columns of a run's record with these probes, in order. */
export function runColumns(network: Network, probes: readonly ProbeName[]): readonly string[] {
  return ["step", "loss", "certifiedLoss", "margin", ...probes.flatMap((name) => probeColumns(name, network))];
}

/**
 * Trains by gradient descent from `weights` and certifies as it goes: yields one row per step (probe columns null between probes)
 * and the certification event; returns how it ended. The consumer may stop it at any time by ending the iteration.
 */
export async function* train(
  problem: Problem,
  weights: Weights,
  options: TrainOptions,
): AsyncGenerator<TrainEvent, TrainResult> {
  const { stepSize, steps, signal, targetLoss = 0 } = options;
  const probeEvery = options.probeEvery ?? probeInterval(problem.network, problem.dataset.y.length);
  const breathe = createBreather();
  const first = await initDescent(problem, weights);
  const initialLoss = first.loss;
  const probes = await Promise.all(options.probes.map((name) => createProbe(name, problem, snapshot(problem, first))));
  const certification = createCertification(problem, stepSize, options.mode ?? "proved");
  let certified = options.resume?.certified ?? null;
  let curveViolations = options.resume?.curveViolations ?? 0;
  let state = options.resume ? await initDescent(problem, options.resume.weights, options.resume.step) : first;
  const finish = (stopped: TrainResult["stopped"]): TrainResult => ({
    state,
    initialLoss,
    stopped,
    certified,
    curveViolations,
    probeEvery,
    roundingFloor: certification.floor(state),
  });

  for (let resumed = options.resume !== undefined; ; resumed = false) {
    const stopped =
      terminateDescent(state, initialLoss, targetLoss) ?? (state.step >= steps ? "steps-done" : undefined);
    if (!resumed) {
      const probing = state.step % probeEvery === 0 || stopped !== undefined;
      const at = snapshot(problem, state);
      const measured = probing && stopped !== "diverged" ? await measure(probes, at) : {};
      let margin: number | null = null;
      if (probing && stopped !== "diverged") {
        const found = await certification.at(at, certified === null);
        margin = found.margin;
        if (!certified && found.certified) {
          certified = found.certified;
          yield { kind: "certified", certified, state };
        }
      }
      const certifiedLoss = certified ? curveAt(certified, state.step) : null;
      if (certifiedLoss !== null && contradicts(state.loss, certifiedLoss, certification.floor(state)))
        curveViolations++;
      const row = { step: state.step, loss: state.loss, certifiedLoss, margin, ...measured };
      yield { kind: "row", row, state, curveViolations };
    }
    if (stopped) return finish(stopped);
    await breathe();
    if (signal?.aborted) return finish("interrupted");
    state = await stepDescent(problem, state, stepSize);
  }
}

async function measure(
  probes: readonly Probe[],
  at: ReturnType<typeof snapshot>,
): Promise<Record<string, number | null>> {
  const row: Record<string, number | null> = {};
  for (const probe of probes) Object.assign(row, await probe.measure(at));
  return row;
}
