import type { CertifyMode } from "../certify/index.ts";
import { createBreather } from "../dynamics/breathe.ts";
import { type Termination, terminateDescent } from "../dynamics/gradient-descent.ts";
import { createOptimiser, type OptimiserState, optimiserColumns } from "../dynamics/optimiser/optimiser.ts";
import { createProbe, type Probe, type ProbeName, probeColumns } from "../dynamics/probe.ts";
import { asSquared, type TrainingProblem } from "../dynamics/problem.ts";
import { snapshot } from "../dynamics/snapshot.ts";
import type { Network, Weights } from "../network/network.ts";
import { GRADIENT_DESCENT, isPlain, type OptimiserSpec } from "../spec/optimiser.ts";
import { type Certified, contradicts, createCertification, curveAt } from "./certification.ts";
import { CLASSIFICATION_COLUMNS, classified } from "./classified.ts";
import { probeInterval } from "./probe-interval.ts";

/** One row of a run's record; null: not measured at this step, or not defined. */
export type RecordRow = { readonly step: number; readonly loss: number } & Readonly<Record<string, number | null>>;

/** How to run: step size, length, probes, interruption, continuation. */
export interface TrainOptions {
  /** η in the user's loss convention; what a schedule scales, and the time between two rows of a flow. */
  readonly stepSize: number;
  /** Default: full-batch gradient descent. Only for it, and the squared loss, a run can be certified. */
  readonly optimiser?: OptimiserSpec;
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
    /** What the optimiser's state left beside the weights. */
    readonly memory?: Weights;
    readonly certified: Certified | null;
    readonly curveViolations: number;
    readonly descentCertifiable?: TrainResult["descentCertifiable"];
  };
}

/** What a run tells as it goes. */
export type TrainEvent =
  | { readonly kind: "row"; readonly row: RecordRow; readonly state: OptimiserState; readonly curveViolations: number }
  /** The first probed step at which a theorem applies to the run's own step size. */
  | { readonly kind: "certified"; readonly certified: Certified; readonly state: OptimiserState };

/** How a run ended. */
export interface TrainResult {
  readonly state: OptimiserState;
  readonly initialLoss: number;
  readonly stopped: Termination | "steps-done" | "interrupted";
  readonly certified: Certified | null;
  /**
   * For another optimiser than plain gradient descent: the first probed step from whose weights plain gradient descent, with a step size of
   * the theorem's choice, is certified as computed in floating point. It says nothing of the optimiser's own later steps.
   */
  readonly descentCertifiable: { readonly step: number; readonly loss: number; readonly margin: number } | null;
  /** Recorded losses above the certified curve (beyond rounding): 0, or a proof was wrong. */
  readonly curveViolations: number;
  readonly probeEvery: number;
  /** How far rounding can lift the last recorded loss above the exact one. */
  readonly roundingFloor: number;
}

/** What decides the columns of a record beside the probes. */
export interface ColumnsOf {
  readonly optimiser?: OptimiserSpec;
  readonly objective?: TrainingProblem["objective"];
}

/** The columns of a run's record with these probes, in order. */
export function runColumns(network: Network, probes: readonly ProbeName[], of: ColumnsOf = {}): readonly string[] {
  return [
    "step",
    "loss",
    "certifiedLoss",
    "margin",
    ...(of.objective?.margin ? CLASSIFICATION_COLUMNS : []),
    ...optimiserColumns(of.optimiser ?? GRADIENT_DESCENT),
    ...probes.flatMap((name) => probeColumns(name, network)),
  ];
}

/**
 * Trains from `weights` by the optimiser of the options and certifies as it goes: yields one row per step (probe columns null between probes)
 * and the certification event; returns how it ended. The consumer may stop it at any time by ending the iteration. Theorems speak of the
 * squared loss only, and a certified curve only of plain gradient descent: otherwise `margin` is that of plain gradient descent from
 * there (null for a classification loss), and no step is certified.
 */
export async function* train(
  problem: TrainingProblem,
  weights: Weights,
  options: TrainOptions,
): AsyncGenerator<TrainEvent, TrainResult> {
  const { stepSize, steps, signal, targetLoss = 0 } = options;
  const probeEvery = options.probeEvery ?? probeInterval(problem.network, problem.dataset.y.length);
  const breathe = createBreather();
  const spec = options.optimiser ?? GRADIENT_DESCENT;
  const optimiser = createOptimiser(problem, spec, stepSize);
  const first = await optimiser.init(weights);
  const initialLoss = first.loss;
  const probes = await Promise.all(options.probes.map((name) => createProbe(name, problem, snapshot(problem, first))));
  const squared = asSquared(problem);
  const plain = isPlain(spec);
  const certification = squared && createCertification(squared, plain ? stepSize : undefined, options.mode ?? "proved");
  let certified = options.resume?.certified ?? null;
  let curveViolations = options.resume?.curveViolations ?? 0;
  let descentCertifiable = options.resume?.descentCertifiable ?? null;
  const { resume } = options;
  let state = resume ? await optimiser.init(resume.weights, { step: resume.step, memory: resume.memory ?? {} }) : first;
  const finish = (stopped: TrainResult["stopped"]): TrainResult => ({
    state,
    initialLoss,
    stopped,
    certified,
    descentCertifiable,
    curveViolations,
    probeEvery,
    roundingFloor: certification?.floor(state) ?? 0,
  });

  for (let resumed = options.resume !== undefined; ; resumed = false) {
    const stopped =
      terminateDescent(state, initialLoss, targetLoss) ?? (state.step >= steps ? "steps-done" : undefined);
    if (!resumed) {
      const probing = state.step % probeEvery === 0 || stopped !== undefined;
      const at = snapshot(problem, state);
      const measured = probing && stopped !== "diverged" ? await measure(probes, at) : {};
      let margin: number | null = null;
      if (certification && probing && stopped !== "diverged") {
        const found = await certification.at(at, plain && certified === null);
        margin = found.margin;
        if (!plain && margin !== null && margin > 1)
          descentCertifiable ??= { step: state.step, loss: state.loss, margin };
        if (!certified && found.certified) {
          certified = found.certified;
          yield { kind: "certified", certified, state };
        }
      }
      const certifiedLoss = certified ? curveAt(certified, state.step) : null;
      if (certification && certifiedLoss !== null && contradicts(state.loss, certifiedLoss, certification.floor(state)))
        curveViolations++;
      const own = { ...(problem.objective.margin ? classified(problem, state) : {}), ...state.columns };
      const row = { step: state.step, loss: state.loss, certifiedLoss, margin, ...own, ...measured };
      yield { kind: "row", row, state, curveViolations };
    }
    if (stopped) return finish(stopped);
    await breathe();
    if (signal?.aborted) return finish("interrupted");
    state = await optimiser.step(state);
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
