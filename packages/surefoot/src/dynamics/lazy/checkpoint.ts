import { SurefootError } from "../../error.ts";
import type { LazyProblem } from "./problem.ts";
import type { LazyState, SavedFlip } from "./state.ts";
import type { Stepper } from "./stepper.ts";

/** A run between two steps: numbers and float64 arrays only, for any container. */
export interface LazyCheckpoint {
  readonly kind: "surefoot-lazy-checkpoint";
  readonly version: 2;
  /** Data, labels, step size and initial weights that it belongs to. */
  readonly fingerprint: string;
  readonly numbers: Readonly<Record<ScalarName, number>>;
  readonly arrays: Readonly<Record<ArrayName, Float64Array>>;
}

/** `firstNearTie` and `frozenAt` are −1 for "not yet". */
type ScalarName = "step" | "path" | "flips" | "looks" | "unsettled" | "nearTies" | "firstNearTie" | "frozenAt";

type ArrayName =
  | "residual"
  | "sums"
  | "up"
  | "down"
  | "reach"
  | "counts"
  /** Four numbers to each pair that has flipped, in order of its first flip: neuron, sample, base, flips. */
  | "flipped";

export function writeCheckpoint(problem: LazyProblem, stepper: Stepper): LazyCheckpoint {
  const { state, tangent, reach } = stepper;
  const flipped = new Float64Array(4 * stepper.ledger.pairs);
  let at = 0;
  for (const { neuron, sample, base, flips } of stepper.savedFlips()) {
    flipped.set([neuron, sample, base, flips], at);
    at += 4;
  }
  return {
    kind: "surefoot-lazy-checkpoint",
    version: 2,
    fingerprint: problem.fingerprint,
    numbers: {
      step: state.step,
      path: state.path,
      flips: state.flips,
      looks: state.looks,
      unsettled: state.unsettled,
      nearTies: state.nearTies,
      firstNearTie: state.firstNearTie ?? -1,
      frozenAt: state.frozenAt ?? -1,
    },
    arrays: {
      residual: state.residual.slice(),
      sums: state.sums.slice(),
      up: state.up.slice(),
      down: state.down.slice(),
      reach: reach.slice(),
      counts: tangent.counts.slice(),
      flipped,
    },
  };
}

export interface SavedRun {
  readonly state: LazyState;
  readonly counts: Float64Array;
  readonly reach: Float64Array;
  readonly entries: Iterable<SavedFlip>;
}

/** Throws `file` when the checkpoint belongs to another problem or is not whole. */
export function readCheckpoint(checkpoint: LazyCheckpoint, problem: LazyProblem): SavedRun {
  if (checkpoint.kind !== "surefoot-lazy-checkpoint" || checkpoint.version !== 2) {
    throw new SurefootError("file", "not a checkpoint of the lazy simulator, or of another version");
  }
  if (checkpoint.fingerprint !== problem.fingerprint) {
    throw new SurefootError(
      "file",
      `the checkpoint is of another problem: it has ${checkpoint.fingerprint}, this run ${problem.fingerprint}`,
    );
  }
  const { numbers, arrays } = checkpoint;
  const n = problem.x.rows;
  const lengths = { residual: n, sums: n, up: n, down: n, reach: n, counts: n * n } as const;
  for (const name of Object.keys(lengths) as (keyof typeof lengths)[]) {
    if (arrays[name]?.length !== lengths[name]) {
      throw new SurefootError(
        "file",
        `checkpoint: "${name}" has ${arrays[name]?.length} entries, not ${lengths[name]}`,
      );
    }
  }
  if (!arrays.flipped || arrays.flipped.length % 4 !== 0) {
    throw new SurefootError("file", 'checkpoint: "flipped" is missing or cut off');
  }
  return {
    state: {
      step: numbers.step,
      residual: arrays.residual.slice(),
      sums: arrays.sums.slice(),
      up: arrays.up.slice(),
      down: arrays.down.slice(),
      path: numbers.path,
      flips: numbers.flips,
      looks: numbers.looks,
      unsettled: numbers.unsettled,
      nearTies: numbers.nearTies,
      firstNearTie: numbers.firstNearTie < 0 ? undefined : numbers.firstNearTie,
      frozenAt: numbers.frozenAt < 0 ? undefined : numbers.frozenAt,
    },
    counts: arrays.counts.slice(),
    reach: arrays.reach.slice(),
    entries: entriesOf(arrays.flipped),
  };
}

function* entriesOf(flipped: Float64Array): Generator<SavedFlip> {
  for (let at = 0; at < flipped.length; at += 4) {
    yield { neuron: flipped[at], sample: flipped[at + 1], base: flipped[at + 2], flips: flipped[at + 3] };
  }
}
