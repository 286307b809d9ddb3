import type { Backend } from "@surefoot/linalg";
import type { Dataset } from "../data/dataset.ts";
import { SurefootError } from "../error.ts";
import { type Arithmetic, type Interval, point } from "../interval/arithmetic.ts";
import type { Network, Weights } from "../network/network.ts";
import { fitWeights } from "../network/resolve.ts";
import { type LossSpec, lossFactor } from "../spec/loss.ts";
import { adviceFor, reasonOf } from "./advice.ts";
import type { Measurer } from "./evidence.ts";
import { type Impossibility, impossibility } from "./impossible.ts";
import { floatMeasurer } from "./measure.ts";
import { provedMeasurer } from "./measure-proved.ts";
import { type CertifyOutcome, finite, NO_LIMIT, type TheoremOutcome } from "./outcome.ts";
import { THEOREMS, type Theorem, unmeasured } from "./theorems.ts";

/** How the hypotheses are established. To add a mode is to write its measurer and a line here. */
const MEASURERS = {
  /** Computed in floating point: quick, and labelled so. */
  float: floatMeasurer,
  /** Proved for the exact reals that weights and data hold. */
  proved: provedMeasurer,
} satisfies Record<string, (backend: Backend) => Measurer>;

/** `proved`: for the exact reals; `float`: computed in floating point. */
export type CertifyMode = keyof typeof MEASURERS;

/** What `certify` is asked about. */
export interface CertifyOptions {
  readonly network: Network;
  readonly weights: Weights;
  readonly dataset: Dataset;
  /** The convention that `stepSize` and the result are in (default `sum`). */
  readonly loss?: LossSpec;
  /** The step size that must be certified; without it the largest admissible one is found. */
  readonly stepSize?: number;
  readonly backend: Backend;
  readonly mode?: CertifyMode;
}

/**
 * Is it a theorem that gradient descent on these data, from these weights, reaches zero training loss, how fast and with which step size?
 *
 * Tries every theorem that covers the network and returns the best answer: `certified` with the step size, the rate per step and the
 * radius; `impossible` when the data contradict every choice of weights; otherwise `undecided` with the constraint that binds.
 * A priori (an initialisation) and a posteriori (a checkpoint) alike. Throws `weights` for tensors that do not fit the network or
 * are not finite, `data` for data that do not fit it, `argument` for a step size that is not a positive number.
 */
export async function certify(options: CertifyOptions): Promise<CertifyOutcome> {
  return (await decide(options, measurerOf(options))).outcome;
}

/** The measurer of the options' mode and backend. */
export function measurerOf({ mode = "float", backend }: Pick<CertifyOptions, "mode" | "backend">): Measurer {
  return MEASURERS[mode](backend);
}

/** What `certify` answers, with the theorem's own outcome behind it where one decided or came closest. */
export interface Decision {
  readonly outcome: CertifyOutcome;
  readonly theorem?: TheoremOutcome;
}

/** `certify` with a measurer and a choice of theorems of the caller's. */
export async function decide(
  options: CertifyOptions,
  measurer: Measurer,
  theorems: readonly Theorem[] = THEOREMS,
): Promise<Decision> {
  const { network, dataset, loss = "sum", stepSize } = options;
  checkData(network, dataset);
  if (stepSize !== undefined && !(stepSize > 0 && Number.isFinite(stepSize))) {
    throw new SurefootError("argument", `the step size must be a positive number, not ${stepSize}`);
  }
  const weights = fitWeights(network, options.weights);
  const contradiction = contradictionOf({ network, dataset, weights, loss }, measurer);
  if (contradiction) return { outcome: contradiction };

  const { arithmetic } = measurer;
  const factor = factorOf(loss, dataset.y.length, arithmetic);
  const inner = stepSize === undefined ? undefined : arithmetic.mul(point(stepSize), factor);
  const covering = theorems.filter((theorem) => theorem.excludes(network) === undefined);
  const outcomes: TheoremOutcome[] = [];
  for (const theorem of covering) {
    outcomes.push(withinRange(await theorem.certify({ network, weights, dataset }, measurer, inner), measurer));
  }
  const best = outcomes.sort(byMerit)[0];
  if (best === undefined) return { outcome: uncovered(network, loss, measurer) };
  return { outcome: present(best, options, factor, measurer), theorem: best };
}

/** A theorem's outcome as `certify` reports it. */
export function outcomeOf(
  theorem: TheoremOutcome,
  options: Omit<CertifyOptions, "weights" | "backend" | "mode">,
  measurer: Measurer,
): CertifyOutcome {
  const { dataset, loss = "sum" } = options;
  return present(theorem, options, factorOf(loss, dataset.y.length, measurer.arithmetic), measurer);
}

/** The outcome that no weights of this network whatever have zero loss; undefined where that is not proved. */
export function contradictionOf(
  options: Pick<CertifyOptions, "network" | "dataset" | "weights" | "loss">,
  measurer: Measurer,
): CertifyOutcome | undefined {
  checkData(options.network, options.dataset);
  const found = impossibility(options.network, options.weights, options.dataset);
  return found && impossible(found, options.loss ?? "sum", measurer);
}

function checkData(network: Network, { x, y }: Dataset): void {
  if (x.rows === 0) throw new SurefootError("data", "there are no samples to certify anything about");
  if (y.length !== x.rows) throw new SurefootError("data", `${x.rows} samples but ${y.length} labels`);
  if (x.cols !== network.inputs) {
    throw new SurefootError("data", `samples have ${x.cols} entries, the network takes ${network.inputs}`);
  }
  const badInput = x.data.findIndex((value) => !Number.isFinite(value));
  if (badInput >= 0) {
    const where = `row ${Math.floor(badInput / x.cols)}, column ${badInput % x.cols}`;
    throw new SurefootError("data", `the input at ${where} is ${x.data[badInput]}; inputs must be finite`);
  }
  const badLabel = y.findIndex((value) => !Number.isFinite(value));
  if (badLabel >= 0) throw new SurefootError("data", `the label of row ${badLabel} is ${y[badLabel]}`);
}

/** η of ½‖e‖² from η in the user's convention. */
export function innerStep(
  {
    stepSize,
    loss = "sum",
    dataset,
  }: { readonly stepSize: number; readonly loss?: LossSpec; readonly dataset: Dataset },
  { arithmetic }: Measurer,
): Interval {
  return arithmetic.mul(point(stepSize), factorOf(loss, dataset.y.length, arithmetic));
}

/** c of theory/00 as an interval: 2/n need not be a double. */
function factorOf(loss: LossSpec, n: number, arithmetic: Arithmetic): Interval {
  if (loss === "sum") return point(1);
  return arithmetic.warrant === "computed"
    ? point(lossFactor(loss, n))
    : arithmetic.div(point(loss === "mean" ? 2 : 1), point(n));
}

/** Certified first, the faster guaranteed rate first; else by margin. */
function byMerit(a: TheoremOutcome, b: TheoremOutcome): number {
  const certified = Number(b.verdict === "certified") - Number(a.verdict === "certified");
  if (certified !== 0) return certified;
  return a.contraction !== null && b.contraction !== null ? a.contraction - b.contraction : b.margin - a.margin;
}

/** A certificate with a step size or a radius that no double can hold is of no use to anybody: undecided instead. */
function withinRange(outcome: TheoremOutcome, measurer: Measurer): TheoremOutcome {
  const { verdict, theorem, stepSize, radius } = outcome;
  if (verdict !== "certified") return outcome;
  const holds = (x: number | null) => x !== null && x <= NO_LIMIT;
  if (holds(stepSize) && stepSize !== 0 && holds(radius)) return outcome;
  const reason = `step size ${stepSize} and radius ${radius} leave the range of double precision: rescale the inputs or the labels`;
  return unmeasured(theorem, reason, measurer);
}

function present(
  best: TheoremOutcome,
  { network, dataset, loss = "sum", stepSize }: Omit<CertifyOptions, "weights" | "backend" | "mode">,
  factor: Interval,
  measurer: Measurer,
): CertifyOutcome {
  const certified = best.verdict === "certified";
  const outer = (step: number) => finite(measurer.arithmetic.div(point(step), factor).lower);
  const step = best.stepSize === null ? null : (stepSize ?? outer(best.stepSize));
  const rate = step === null ? null : ratePerStep(best, step, factor, measurer.arithmetic);
  const { contraction: _, decay: __, witness: ___, ...rest } = best;
  return {
    ...rest,
    residualNorm: rest.residualNorm === null ? null : finite(rest.residualNorm),
    stepSize: step,
    suggestedStepSize: best.suggestedStepSize === null ? null : outer(best.suggestedStepSize),
    ratePerStep: rate,
    flowRate: flowRate(best, factor, measurer.arithmetic),
    reasons: best.obstacle ? [reasonOf(best.obstacle)] : [],
    advice: certified ? [] : adviceFor(network, dataset, best, factor.upper),
    statement: certified ? theoremSentence(best, loss, step, rate) : openSentence(best),
    rows: [],
    loss,
    backend: measurer.backend,
  };
}

/** The square of 1 − cηω for the step size that is reported: converted to the user's loss it may be rounded. */
function ratePerStep(best: TheoremOutcome, step: number, factor: Interval, arithmetic: Arithmetic): number | null {
  if (best.contraction === null || best.decay === null) return best.contraction;
  const gain = arithmetic.mul(arithmetic.mul(point(step), factor), point(best.decay));
  const contraction = Math.max(0, arithmetic.sub(point(1), point(gain.lower)).upper);
  return arithmetic.square(point(contraction)).upper;
}

/** 2cω: ‖e(t)‖ ≤ e^{−ωt}‖e(0)‖ along the flow of ½‖e‖², under the conditions of the standard forms (docs/certificates.md). */
function flowRate({ decay, form }: TheoremOutcome, factor: Interval, arithmetic: Arithmetic): number | null {
  if (decay === null || form === "larger step") return null;
  return arithmetic.mul(arithmetic.mul(point(2), factor), point(decay)).lower;
}

function theoremSentence(best: TheoremOutcome, loss: LossSpec, step: number | null, rate: number | null): string {
  const trust =
    best.warrant === "proved"
      ? "It is a theorem"
      : "It is a theorem, provided that the floating-point values of the hypotheses are right,";
  return (
    `${trust} that gradient descent from these weights on these data with step size ${step} (${loss} loss) reaches zero training loss: ` +
    `after k steps the loss is at most ${rate}^k times the loss now, and the weights stay within ${best.radius} of where they are (${best.theorem}, ${best.form} form).`
  );
}

function openSentence(best: TheoremOutcome): string {
  const why = best.obstacle ? `: ${reasonOf(best.obstacle)}` : "";
  return `Nothing is proved either way from these weights${why}.`;
}

const SILENT = {
  theorem: null,
  form: null,
  kappaBound: null,
  margin: null,
  stepSize: null,
  suggestedStepSize: null,
  ratePerStep: null,
  flowRate: null,
  radius: null,
  lambdaMin: null,
  lambdaMax: null,
  residualNorm: null,
  kappa: null,
  obstacle: null,
  pairsOnKink: 0,
};

function impossible(found: Impossibility, loss: LossSpec, measurer: Measurer): CertifyOutcome {
  return {
    ...SILENT,
    verdict: "impossible",
    hypotheses: [
      {
        name: found.kind,
        status: "proved",
        statement: found.reason,
        value: null,
        bound: null,
        how: "exact comparison",
      },
    ],
    reasons: [found.reason],
    advice: ["remove or relabel one of the samples named, or change the network"],
    statement: `No choice of the trained weights has zero training loss: ${found.reason}.`,
    rows: found.rows,
    loss,
    backend: measurer.backend,
    warrant: "proved",
  };
}

function uncovered(network: Network, loss: LossSpec, measurer: Measurer): CertifyOutcome {
  const reasons = THEOREMS.map((theorem) => theorem.excludes(network)).filter((why) => why !== undefined);
  return {
    ...SILENT,
    verdict: "undecided",
    hypotheses: [],
    reasons,
    advice: [],
    statement: "Nothing is proved either way: no theorem here covers this network.",
    rows: [],
    loss,
    backend: measurer.backend,
    warrant: measurer.arithmetic.warrant,
  };
}
