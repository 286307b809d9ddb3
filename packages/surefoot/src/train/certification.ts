import { exp, log } from "@surefoot/linalg";
import { type CertifyMode, certify } from "../certify/certify.ts";
import type { Point } from "../certify/evidence.ts";
import { floatMeasurer } from "../certify/measure.ts";
import type { CertifyOutcome, TheoremOutcome } from "../certify/outcome.ts";
import { THEOREMS } from "../certify/theorems.ts";
import type { DescentState } from "../dynamics/gradient-descent.ts";
import type { Problem } from "../dynamics/problem.ts";
import type { Snapshot } from "../dynamics/snapshot.ts";
import { point } from "../interval/arithmetic.ts";

/** The step from which a run's convergence is certified at the run's own step size, and what the loss obeys from there on. */
export interface Certified {
  readonly step: number;
  readonly loss: number;
  /** ρ: loss(k) ≤ ρ^(k − step)·loss. */
  readonly ratePerStep: number;
  readonly outcome: CertifyOutcome;
}

export interface Certification {
  /** The best margin of any theorem that covers the network (null: none does), and at margin > 1, if `wanted`, the certificate. */
  at(
    snapshot: Snapshot,
    wanted: boolean,
  ): Promise<{ readonly margin: number | null; readonly certified: Certified | null }>;
  /** How far rounding can lift a recorded loss above the exact one (theory/05, law 1). */
  floor(state: DescentState): number;
}

/** A proof that failed at one margin is tried again when the margin has grown by this factor. */
const RETRY_GROWTH = 1.01;

/**
 * Offers the iterates of a run with step size `stepSize` (in the user's convention; undefined: whatever step size suits a theorem) to the theorems: quickly in floating point at every
 * probe, and where that passes once more in `mode`, so that what is announced is as sure as `mode` makes it.
 */
export function createCertification(problem: Problem, stepSize: number | undefined, mode: CertifyMode): Certification {
  const { network, dataset, backend, gram, loss, lossFactor } = problem;
  const measurer = floatMeasurer(backend);
  const covering = THEOREMS.filter((theorem) => theorem.excludes(network) === undefined);
  const smooth = covering.some(({ name }) => name === "S1");
  const inner = stepSize === undefined ? undefined : point(stepSize * lossFactor);
  const depth = Math.max(network.inputs, ...network.layers.map((layer) => layer.cols));

  let retryAt = 0;
  return {
    at: async (snapshot, wanted) => {
      const { weights, pass, step, loss: lossNow } = snapshot.state;
      const known = { network, weights, dataset, pass, gram };
      const at: Point = smooth
        ? { ...known, gradients: await snapshot.cotangents(), kernel: await snapshot.kernel() }
        : known;
      const outcomes: TheoremOutcome[] = [];
      for (const theorem of covering) outcomes.push(await theorem.certify(at, measurer, inner, "quick"));
      const margin = outcomes.length === 0 ? null : Math.max(...outcomes.map((outcome) => outcome.margin));
      if (!wanted || margin === null || margin < retryAt) return { margin, certified: null };
      if (!outcomes.some((outcome) => outcome.verdict === "certified")) return { margin, certified: null };
      const outcome = await certify({
        network,
        weights,
        dataset,
        loss,
        backend,
        mode,
        ...(stepSize === undefined ? {} : { stepSize }),
      });
      if (outcome.verdict !== "certified" || outcome.ratePerStep === null) {
        retryAt = margin * RETRY_GROWTH;
        return { margin, certified: null };
      }
      return { margin, certified: { step, loss: lossNow, ratePerStep: outcome.ratePerStep, outcome } };
    },
    floor: ({ pass, weights }) => {
      const output = network.layers[network.layers.length - 1];
      // an activation is off by a rounding of 1 even where its value is small, and the output weights may be large
      const gain = output.scale * length(weights[output.weight].data);
      const size = 1 + largest(pass.outputs) + largest(dataset.y) + gain;
      const rounding = 64 * 2 ** -53 * size * Math.sqrt(depth);
      return 0.5 * lossFactor * dataset.y.length * rounding * rounding;
    },
  };
}

/** The certified curve at step k ≥ the certified step; by elementary functions that are the same in every engine, which `**` is not. */
export function curveAt({ step, loss, ratePerStep }: Certified, k: number): number {
  return k === step ? loss : loss * exp((k - step) * log(ratePerStep));
}

/**
 * Whether a recorded loss contradicts its certified bound: rounding changes the residual, not its square, so the floor is
 * compared on the scale of ‖e‖ (a floor added to the loss raises false alarms where the bound is tight). NaN contradicts.
 */
export function contradicts(loss: number, bound: number, floor: number): boolean {
  return !(Math.sqrt(loss) <= Math.sqrt(bound) * (1 + 1e-9) + Math.sqrt(floor));
}

function length(values: Float64Array): number {
  let squares = 0;
  for (const value of values) squares += value * value;
  return Math.sqrt(squares);
}

function largest(values: Float64Array): number {
  let most = 0;
  for (const value of values) most = Math.max(most, Math.abs(value));
  return most;
}
