import { type CertifyMode, innerStep, measurerOf, outcomeOf } from "../certify/certify.ts";
import { certifyLazyRun } from "../certify/certify-lazy.ts";
import type { CertifyOutcome } from "../certify/outcome.ts";
import { type Termination, terminateDescent } from "../dynamics/gradient-descent.ts";
import type { Long } from "../dynamics/lazy/long-work.ts";
import { lazyMemoryPlan } from "../dynamics/lazy/memory-plan.ts";
import type { LazyRun } from "../dynamics/lazy/run.ts";
import { NEURON_DRIFT, type ProbeName } from "../dynamics/probe.ts";
import type { Problem } from "../dynamics/problem.ts";
import { type Certified, contradicts, curveAt } from "./certification.ts";
import { type RecordRow, runColumns, type TrainOptions, type TrainResult } from "./train.ts";

/** What a lazy run is about, in the user's loss convention. */
export type LazySubject = Pick<Problem, "network" | "dataset" | "loss" | "backend" | "lossFactor">;

/** How to run lazily: as `TrainOptions`; probes every `probeEvery` steps (`lazyProbeInterval` says how often pays). */
export interface LazyTrainOptions extends Omit<TrainOptions, "probeEvery" | "resume">, Long {
  readonly probeEvery: number;
  readonly resume?: {
    readonly certified: Certified | null;
    readonly curveViolations: number;
    /** Of step 0; left out where that has no row yet. */
    readonly initialLoss?: number | undefined;
    /** The last step with a row; −1 without one. A run can be stopped in the middle of a probe: then the row of its step is missing. */
    readonly recordedStep: number;
  };
}

/** Where a lazy run stands: its weights are on demand. */
export interface LazyStanding {
  readonly step: number;
  /** In the user's convention. */
  readonly loss: number;
}

/** What a lazy run tells as it goes. */
export type LazyTrainEvent =
  | {
      readonly kind: "row";
      readonly row: RecordRow;
      readonly state: LazyStanding;
      readonly curveViolations: number;
      /** What S2 says of a probed state, in floating point; null where it was not asked or would have taken long. */
      readonly outcome: CertifyOutcome | null;
    }
  | { readonly kind: "certified"; readonly certified: Certified; readonly state: LazyStanding };

/** How a lazy run ended. */
export interface LazyTrainResult extends Omit<TrainResult, "state" | "stopped"> {
  readonly state: LazyStanding;
  readonly stopped: Termination | "steps-done" | "interrupted" | "out-of-memory";
  /** What S2 says of the last state; null where the run was certified, diverged or was interrupted. */
  readonly lastOutcome: CertifyOutcome | null;
}

/** The columns of a lazy run's record: those of direct descent, and its own counts of flips. */
export function lazyColumns(network: Problem["network"], probes: readonly ProbeName[]): readonly string[] {
  return [...runColumns(network, probes), ...(probes.includes("flips") ? ["flipEvents", "flippedPairs"] : [])];
}

/** A certificate inside a run may not simulate longer than this. */
const QUICK_WORK = 2e7;
/** A longer watch set is made for a certificate that is to be expected, or where it costs next to nothing. */
const HOPEFUL = 0.7;
const CHEAP_PASS = 2e9;
const CHEAP_BYTES = 2 ** 28;
/** A pass over all neurons for their drift, at every probe. */
const CHEAP_DRIFT = 2e8;
const CENSUS = 16;

/**
 * Every how many steps to probe: as often as eigenvalues, the certificate and the looks at near pairs cost no more than the steps
 * between, but at least some fifty times. From counts of operations, not from the clock.
 */
export function lazyProbeInterval(samples: number, nearPairs: number, steps: number): number {
  const step = 4 * samples ** 2 + 0.02 * nearPairs * (samples / 8 + 10) + 1e4;
  const probe = 20 * samples ** 3 + nearPairs * (samples / 4 + 20) + 1e6;
  return Math.max(1, Math.min(Math.ceil(probe / step), Math.floor(steps / 50)));
}

/**
 * `train` for a lazy run: the same rows and events. The certificate is S2 in its full form for the run's own step size. The drift of single
 * neurons is measured at every probe where that is cheap (at most 16 samples, or a short pass), otherwise in the last row alone.
 */
export async function* trainLazy(
  subject: LazySubject,
  run: LazyRun,
  options: LazyTrainOptions,
): AsyncGenerator<LazyTrainEvent, LazyTrainResult> {
  const { steps, signal, targetLoss = 0, probeEvery, mode = "proved" } = options;
  const long: Long = {
    ...(signal ? { signal } : {}),
    ...(options.onProgress ? { onProgress: options.onProgress } : {}),
  };
  const standing = (): LazyStanding => ({ step: run.state.step, loss: subject.lossFactor * run.loss });
  const initialLoss = options.resume?.initialLoss ?? standing().loss;
  let certified = options.resume?.certified ?? null;
  let curveViolations = options.resume?.curveViolations ?? 0;
  let lastOutcome: CertifyOutcome | null = null;
  const finish = (stopped: LazyTrainResult["stopped"]): LazyTrainResult => ({
    state: standing(),
    initialLoss,
    stopped,
    certified,
    descentCertifiable: null,
    curveViolations,
    probeEvery,
    roundingFloor: roundingFloor(subject, run),
    lastOutcome: certified || stopped === "diverged" || stopped === "interrupted" ? null : lastOutcome,
  });

  try {
    for (;;) {
      const { step, loss } = standing();
      const stopped = terminateDescent({ loss }, initialLoss, targetLoss) ?? (step >= steps ? "steps-done" : undefined);
      if (step !== options.resume?.recordedStep) {
        const probing = (step % probeEvery === 0 || stopped !== undefined) && stopped !== "diverged";
        const measured = probing ? await measure(run, options.probes, stopped !== undefined, long) : {};
        let margin: number | null = null;
        let quick: CertifyOutcome | undefined;
        if (probing) {
          quick = await certifyAs("float", QUICK_WORK);
          margin = quick?.margin ?? null;
          if (!certified && quick?.verdict === "certified") {
            const outcome = await certifyAs(mode);
            if (outcome?.verdict === "certified" && outcome.ratePerStep !== null) {
              certified = { step, loss, ratePerStep: outcome.ratePerStep, outcome };
              yield { kind: "certified", certified, state: { step, loss } };
            }
          }
          if (stopped && !certified) lastOutcome = (await certifyAs(mode)) ?? lastOutcome;
        }
        const certifiedLoss = certified ? curveAt(certified, step) : null;
        if (certifiedLoss !== null && contradicts(loss, certifiedLoss, roundingFloor(subject, run))) curveViolations++;
        const row = { step, loss, certifiedLoss, margin, ...measured };
        yield { kind: "row", row, state: { step, loss }, curveViolations, outcome: quick ?? null };
      }
      if (stopped) return finish(stopped);
      if (signal?.aborted) return finish("interrupted");
      const outcome = await run.step(1, long);
      if (outcome.status === "out-of-memory") return finish("out-of-memory");
    }
  } catch (error) {
    // Long work throws the signal's reason; the state is that after the last whole step.
    if (signal?.aborted && error === signal.reason) return finish("interrupted");
    throw error;
  }

  async function certifyAs(how: CertifyMode, work?: number): Promise<CertifyOutcome | undefined> {
    const { network, dataset, loss } = subject;
    const convention = { network, dataset, loss, stepSize: options.stepSize };
    const measurer = measurerOf({ mode: how, backend: subject.backend });
    const found = await certifyLazyRun(run, {
      ...long,
      mode: how,
      stepSize: innerStep(convention, measurer),
      ...(work ? { work } : {}),
      mayWiden: ({ extra, expectedMargin }) => expectedMargin > HOPEFUL || isCheap(run, extra),
    });
    if ("needs" in found || !found.measured) return undefined;
    return outcomeOf(found.outcome, convention, measurer);
  }
}

function isCheap({ problem, stepper }: LazyRun, extra: Float64Array): boolean {
  const { x, source, norms } = problem;
  if (source.width * x.rows * x.cols > CHEAP_PASS) return false;
  const reach = stepper.reach.map((length, i) => length + extra[i]);
  return lazyMemoryPlan({ n: x.rows, d: x.cols, width: source.width, reach, norms }).bytes <= CHEAP_BYTES;
}

async function measure(
  run: LazyRun,
  probes: readonly ProbeName[],
  last: boolean,
  long: Long,
): Promise<Record<string, number | null>> {
  const { x, source } = run.problem;
  const cheap = x.rows <= CENSUS || source.width * x.rows * Math.min(x.rows, x.cols) <= CHEAP_DRIFT;
  const neurons = probes.includes("neuron-drift") && (cheap || last);
  const found = await run.probe({ ...long, neurons });
  const { neurons: drift } = found;
  const all: Record<string, number | null> = {
    lambdaMin: found.lambdaMin,
    lambdaMax: found.lambdaMax,
    kernelDrift: found.kernelDrift,
    "drift:W1": found.weightDrift,
    flips: found.flips,
    flipEvents: found.flipEvents,
    flippedPairs: found.flippedPairs,
    ...(drift ? { [NEURON_DRIFT[0]]: drift.max, [NEURON_DRIFT[1]]: drift.mean, [NEURON_DRIFT[2]]: drift.neuron } : {}),
  };
  const wanted = new Set<string>(lazyProbeColumns(probes));
  return Object.fromEntries(Object.entries(all).filter(([name]) => wanted.has(name)));
}

function lazyProbeColumns(probes: readonly ProbeName[]): string[] {
  const columns = { "kernel-drift": ["kernelDrift"], drift: ["drift:W1"], "neuron-drift": NEURON_DRIFT } as const;
  return probes.flatMap((name): readonly string[] => {
    if (name === "eigenvalues") return ["lambdaMin", "lambdaMax"];
    if (name === "flips") return ["flips", "flipEvents", "flippedPairs"];
    return columns[name];
  });
}

/** As for direct descent (certification.ts): the residual is a sum of at most n terms a step, u = e + y. */
function roundingFloor({ dataset, lossFactor }: LazySubject, run: LazyRun): number {
  const { residual } = run.state;
  const outputs = residual.reduce((most, e, i) => Math.max(most, Math.abs(e + dataset.y[i])), 0);
  const labels = dataset.y.reduce((most, y) => Math.max(most, Math.abs(y)), 0);
  const depth = Math.max(dataset.x.rows, dataset.x.cols, run.problem.source.width);
  const rounding = 64 * 2 ** -53 * (1 + outputs + labels) * Math.sqrt(depth);
  return 0.5 * lossFactor * dataset.y.length * rounding * rounding;
}
