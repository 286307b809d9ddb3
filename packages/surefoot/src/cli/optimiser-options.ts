import { SurefootError } from "../error.ts";
import { isSquared } from "../spec/loss.ts";
import {
  GRADIENT_DESCENT,
  isPlain,
  type OptimiserSpec,
  optimiserFromText,
  optimiserSpec,
  scheduleFromText,
} from "../spec/optimiser.ts";
import { parseSpec } from "../spec/parse.ts";
import type { FinishedRun } from "./run-follow.ts";
import { format } from "./terminal.ts";
import type { TrainArguments } from "./train.ts";

type Given = Pick<TrainArguments, "optimiser" | "schedule" | "batch" | "batchSeed" | "batchSampling">;

/** The optimiser that the options name: `--optimiser`, with `--schedule` and `--batch…` put into it. */
export function chosenOptimiser(given: Given): OptimiserSpec {
  const base = given.optimiser === undefined ? GRADIENT_DESCENT : optimiserFromText(given.optimiser);
  const { schedule, batch, batchSeed, batchSampling } = given;
  const wantsBatch = batch !== undefined || batchSeed !== undefined || batchSampling !== undefined;
  if (schedule === undefined && !wantsBatch) return base;
  if (base.kind === "gradient-flow") {
    throw new SurefootError(
      "argument",
      "gradient-flow chooses its steps itself and sees every sample: leave out --schedule and --batch",
    );
  }
  const size = batch ?? base.batch?.size;
  if (wantsBatch && size === undefined) {
    throw new SurefootError("argument", "--batch-seed and --batch-sampling need a batch: give --batch B");
  }
  const batchGiven = {
    ...base.batch,
    size,
    ...(batchSeed === undefined ? {} : { seed: batchSeed }),
    ...(batchSampling === undefined ? {} : { sampling: batchSampling }),
  };
  const whole = {
    ...base,
    ...(schedule === undefined ? {} : { schedule: scheduleFromText(schedule) }),
    ...(wantsBatch ? { batch: batchGiven } : {}),
  };
  return parseSpec(optimiserSpec, whole, "optimiser");
}

/** The step size where none is given: PyTorch's own for the methods that scale each entry, for which 1/λ_max means nothing. */
export function usualStepSize({ kind }: OptimiserSpec): string {
  if (kind === "adam") return "0.001";
  return kind === "rmsprop" ? "0.01" : "1/lambda-max";
}

/** An optimiser in a few words. */
export function describeOptimiser(spec: OptimiserSpec): string {
  if (spec.kind === "gradient-flow") return `gradient flow (Dormand–Prince, tolerance ${format(spec.tolerance)})`;
  const { kind, schedule, batch } = spec;
  const numbers = Object.entries(spec).filter(([, value]) => typeof value === "number");
  const own = numbers.map(([name, value]) => `${name} ${format(value as number)}`).join(", ");
  return [
    own === "" ? kind.replace("-", " ") : `${kind} (${own})`,
    ...(batch ? [`batches of ${format(batch.size)} (${batch.sampling}, seed ${batch.seed})`] : []),
    ...(schedule.kind === "constant" ? [] : [`${schedule.kind} schedule`]),
  ].join(", ");
}

/** Why no theorem speaks of this run, and what one says of its weights; undefined where theorems do, or prove zero loss impossible. */
export function uncertifiable({ spec, result, lastOutcome }: FinishedRun): string | undefined {
  if (lastOutcome?.verdict === "impossible") return undefined;
  if (!isSquared(spec.loss)) {
    return `The theorems are about the squared loss: nothing is proved about where this run on the ${spec.loss} loss ends.`;
  }
  if (isPlain(spec.optimiser)) return undefined;
  const plainly = "The theorems are about plain gradient descent: nothing is proved about where this run ends.";
  const first = result.descentCertifiable;
  const seen = first
    ? ` From its weights at step ${format(first.step)} (loss ${format(first.loss)}) plain gradient descent has a certificate, as computed in floating point (margin ${format(first.margin)}).`
    : "";
  if (lastOutcome?.verdict !== "certified") {
    return `${plainly}${seen || " From none of its measured weights does plain gradient descent have a certificate."}`;
  }
  const how = `It is a theorem${lastOutcome.warrant === "proved" ? "" : ", given that its hypotheses hold as computed in floating point,"}`;
  if (spec.optimiser.kind === "gradient-flow" && lastOutcome.flowRate !== null) {
    // the run follows the flow up to its tolerance: the theorem is about the exact flow from the weights it has reached
    return (
      `Its iterates follow gradient flow only up to the tolerance. ${how} that the exact gradient flow from its last weights drives the loss to zero: ` +
      `after a time t it is at most e^(−${format(lastOutcome.flowRate)} t) times the loss there (${lastOutcome.theorem}; no step size enters).`
    );
  }
  return `${plainly}${seen} ${how} that plain gradient descent with step size ${format(lastOutcome.stepSize ?? Number.NaN)} from its last weights drives the loss to zero.`;
}
