import type { Long } from "../dynamics/lazy/long-work.ts";
import type { LazyMemoryPlan } from "../dynamics/lazy/memory-plan.ts";
import type { LazyRun } from "../dynamics/lazy/run.ts";
import { type Interval, point } from "../interval/arithmetic.ts";
import { type CertifyMode, measurerOf } from "./certify.ts";
import { computedPairs, type LazyMoment, momentOfRun } from "./near-pairs.ts";
import { provedPairs } from "./near-pairs-proved.ts";
import type { TheoremOutcome } from "./outcome.ts";
import { certifyNear, type NearOutcome } from "./s2-near.ts";
import { unmeasured } from "./theorems.ts";

/** What S2 says of a lazy run at its present step. */
export interface LazyCertificate {
  readonly outcome: TheoremOutcome;
  /** Pairs that may flip. */
  readonly unstable: number;
  /** By sample, in units of |a_r|/√m: no pair outside the ones that may flip ever moves farther. Null unless certified. */
  readonly movement: Float64Array | null;
  /** False where the watch set was too short and was not made longer: the outcome's margin is then no measure. */
  readonly measured: boolean;
}

/** What is asked about a lazy run. */
export interface LazyCertifyOptions extends Long {
  /** Default `float`. */
  readonly mode?: CertifyMode;
  /** η of ½‖e‖² where it is not the double that the run uses: that double is a rounded product in conventions other than `sum`. */
  readonly stepSize?: Interval;
  /** Bounds the work of the linear prediction: see s2-linear.ts. */
  readonly work?: number;
  /** Whether a longer watch set, a pass over all neurons, may be made; by default always. */
  readonly mayWiden?: (short: Extract<NearOutcome, { status: "reach" }>) => boolean;
}

/** Times that it is made longer before the answer is undecided: U grows by the round, and what it grows by shrinks. */
const WIDENINGS = 6;

/**
 * Theorem S2, full form, for the state of a lazy run and its own step size, from the pairs near their kinks and exact counts of the
 * rest (near-pairs.ts). Where the watch set does not reach far enough the run makes it longer; returns the plan when that does not fit the
 * run's memory limit. `proved`: for the weights that near-pairs-proved.ts defines. Needs a_r = ±1.
 */
export async function certifyLazyRun(
  run: LazyRun,
  options: LazyCertifyOptions = {},
): Promise<LazyCertificate | LazyMemoryPlan> {
  for (let widened = 0; ; widened++) {
    const found = await certifyMoment(momentOfRun(run), options, options.stepSize ?? point(run.problem.stepSize));
    if (found.status === "decided") return { ...found, measured: true };
    if (widened === WIDENINGS || options.mayWiden?.(found) === false)
      return { outcome: found.outcome, unstable: 0, movement: null, measured: false };
    const plan = await run.watchFarther(found.extra, options);
    if (plan) return plan;
  }
}

/** S2 at a moment; without a step size at 1/λ_max(M). */
export async function certifyMoment(
  moment: LazyMoment,
  { mode = "float", work }: LazyCertifyOptions,
  stepSize?: Interval,
): Promise<NearOutcome> {
  const measurer = measurerOf({ mode, backend: moment.problem.backend });
  const measured =
    mode === "proved" ? await provedPairs(moment) : { status: "ok" as const, evidence: computedPairs(moment) };
  if (measured.status === "failed") {
    const outcome = unmeasured("S2", measured.reason, measurer);
    return { status: "decided", outcome, unstable: 0, movement: null };
  }
  return certifyNear(measured.evidence, measurer, stepSize, work);
}
