import type { CertifyMode, CertifyOutcome } from "../certify/index.ts";
import type { Problem, TrainingProblem } from "../dynamics/problem.ts";
import type { Snapshot } from "../dynamics/snapshot.ts";
import type { Weights } from "../network/network.ts";
import type { InitialiserSpec } from "../spec/initialiser.ts";
import type { OptimiserSpec } from "../spec/optimiser.ts";
import type { TrainResult } from "../train/train.ts";
import type { Desk, Paper } from "./desk.ts";

/**
 * What a desk is given: an instance and the run that will be made on it. The network, the data, the loss convention and the backend are
 * in `problem`; ½‖e‖² is the loss inside, so a step size of ½‖e‖² is `stepSize · problem.lossFactor` (theory/00).
 */
export interface DeskRequest {
  /** With the squared loss: the run's own convention, or ½‖e‖² where the run is on another loss. */
  readonly problem: Problem;
  /** What the run minimises: `problem`, or the same instance with a classification loss. */
  readonly training: TrainingProblem;
  /** How the run moves: gradient descent, full-batch or on batches. */
  readonly optimiser: OptimiserSpec;
  /** θ₀. Not to be changed; a desk may keep it. */
  readonly weights: Weights;
  /** The law that θ₀ was drawn from; null for weights from a file. */
  readonly initialiser: InitialiserSpec | null;
  /** The seed of the draw; null for weights from a file. */
  readonly seed: number | null;
  /** η of the run, in the user's loss convention. */
  readonly stepSize: number;
  /** Last step of the run, counted from iterate 0. */
  readonly steps: number;
  /** δ: the failure probability that the paper's statements are evaluated for. */
  readonly delta: number;
  /** The accuracy that prescriptions with an ε are evaluated for (a target loss, or an entrywise distance: the desk says which). */
  readonly epsilon: number;
  /** How bounds that rest on evidence about θ₀ are established: proved, or in floating point. */
  readonly mode: CertifyMode;
  /** What `certify` proves of θ₀ for the squared loss with the best step size that it finds; computed on first use, then kept. */
  certificate(): Promise<CertifyOutcome>;
  readonly signal?: AbortSignal;
  /** For work of the desk's own that takes long: a line for the person who waits. */
  readonly onProgress?: (line: string) => void;
}

/** How the run ended; losses are in the user's convention. */
export interface RunSummary {
  readonly stepSize: number;
  /** The last step that was made. */
  readonly steps: number;
  /** Loss at steps 0 … steps; only finite ones. */
  readonly losses: readonly number[];
  readonly initialLoss: number;
  /** null where it is not finite. */
  readonly finalLoss: number | null;
  readonly stopped: TrainResult["stopped"];
  /** k*: the first measured step from which the run's own step size is certified, and how; null where it never was. */
  readonly certified: { readonly step: number; readonly loss: number; readonly theorem: string } | null;
  /** Every how many steps the desks measured. */
  readonly measuredEvery: number;
  /** Losses below this are rounding (theory/05, law 1): a curve that falls under it is no longer comparable. */
  readonly roundingFloor: number;
}

/**
 * One desk at work. Keeps the numbers it needs (extremes over the run, the kernel at step 0), never all weights. `at` is called at
 * step 0, then every `measuredEvery` steps, and at the last step unless the run diverged there; the snapshot is valid until the promise settles, its
 * kernel and cotangents are computed once for all desks.
 */
export interface DeskObserver {
  at(snapshot: Snapshot): Promise<void>;
  /** Lays the paper out for what was seen; called once, after the last `at`. */
  finish(run: RunSummary): Promise<Desk>;
}

/**
 * A paper, as `explain` uses it; one line per paper in desks.ts. Rows and prescriptions are made with rows.ts, extremes over a run are
 * kept with extremes.ts.
 */
export interface PaperDesk {
  readonly paper: Paper;
  readonly title: string;
  /** e.g. "arXiv 1810.02054". */
  readonly reference: string;
  /** Set where it speaks of classification losses too, and of minibatches; otherwise the desk is empty for such a run. */
  readonly anyLoss?: boolean;
  readonly batches?: boolean;
  /**
   * Why the paper does not speak of this instance at all (another architecture, another loss); undefined where it does. A hypothesis that
   * merely fails here (inputs that are not unit vectors) is a row that fails, not a reason to be silent.
   */
  excludes(request: DeskRequest): string | undefined;
  /** Called before step 0, where `excludes` is undefined. */
  start(request: DeskRequest): Promise<DeskObserver>;
}
