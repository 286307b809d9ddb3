import type { CertifyOutcome } from "surefoot";
import type { Experiment } from "../state/experiment.ts";

/** A file that the user chose; it goes to the worker and nowhere else. */
export interface OwnFile {
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export const LOOKS = ["kernel", "limit", "patterns", "circle", "certificate"] as const;
export type LookName = (typeof LOOKS)[number];

/** Page to worker. `run` numbers the experiments of a page; messages about an older one are ignored. */
export type Order =
  | {
      readonly kind: "start";
      readonly run: number;
      readonly experiment: Experiment;
      readonly files: readonly OwnFile[];
      readonly playing: boolean;
      readonly speed: number;
      /** Where the extracts lie. */
      readonly base: string;
    }
  | { readonly kind: "pace"; readonly playing: boolean; readonly speed: number }
  | { readonly kind: "step" }
  | { readonly kind: "look"; readonly ticket: number; readonly look: LookName };

/** Facts of a run that stay as they are. */
export interface RunFacts {
  readonly run: number;
  readonly experiment: Experiment;
  readonly n: number;
  readonly d: number;
  readonly parameters: number;
  /** η in the user's loss convention. */
  readonly stepSize: number;
  /** 1/λ_max(K(0)) in the user's convention; 2/λ_max is twice that. Null where λ_max is 0 or was not found. */
  readonly inverseLambdaMax: number | null;
  /** The largest step size that a theorem admits at the initial weights (or would near them); null: none. */
  readonly certifiedLimit: number | null;
  readonly columns: readonly string[];
  readonly backend: string;
  readonly threads: number;
  readonly y: Float64Array;
  readonly source: string;
  readonly steps: readonly string[];
}

export interface CertifiedFacts {
  readonly step: number;
  readonly loss: number;
  readonly ratePerStep: number;
  readonly outcome: CertifyOutcome;
}

/** Worker to page. */
export type News =
  | { readonly kind: "started"; readonly facts: RunFacts }
  /** The experiment cannot be run; the one before goes on. */
  | { readonly kind: "refused"; readonly run: number; readonly reason: string }
  /** Rows of the record, row-major, in the order of the columns; null is NaN. */
  | { readonly kind: "rows"; readonly run: number; readonly rows: Float64Array }
  /** What a theorem says of a recent iterate, in floating point: what is missing so far. */
  | { readonly kind: "outcome"; readonly run: number; readonly step: number; readonly outcome: CertifyOutcome }
  | { readonly kind: "certified"; readonly run: number; readonly certified: CertifiedFacts }
  | {
      readonly kind: "finished";
      readonly run: number;
      readonly stopped: string;
      readonly roundingFloor: number | null;
      readonly curveViolations: number;
    }
  | {
      readonly kind: "seen";
      readonly ticket: number;
      readonly run: number;
      readonly seen: Seen | null;
      readonly why?: string;
    }
  | { readonly kind: "failed"; readonly reason: string };

export type Seen = KernelSeen | LimitSeen | PatternsSeen | CircleSeen | CertificateSeen;

/** The certificate of the run as `surefoot verify` reads it, and the certified weights as safetensors. */
export interface CertificateSeen {
  readonly look: "certificate";
  /** The certified one. */
  readonly step: number;
  readonly certificate: string;
  readonly weights: Uint8Array<ArrayBuffer>;
}

/** λ₀, the least eigenvalue of the kernel at infinite width; null where that is not known. */
export interface LimitSeen {
  readonly look: "limit";
  readonly step: number;
  readonly lambdaMin: number | null;
}

/** n × n kernels, row-major, and their eigenvalues, ascending (null where the solver did not converge). */
export interface KernelSeen {
  readonly look: "kernel";
  readonly step: number;
  readonly n: number;
  readonly initial: Float64Array;
  readonly now: Float64Array;
  readonly limit: Float64Array | null;
  readonly spectra: {
    readonly initial: Float64Array | null;
    readonly now: Float64Array | null;
    readonly limit: Float64Array | null;
  };
}

/** Sign patterns of the first layer: byte i·neurons + r is bit 0: s_ri(0), bit 1: s_ri(k). */
export interface PatternsSeen {
  readonly look: "patterns";
  readonly step: number;
  readonly n: number;
  readonly neurons: number;
  /** Of the whole layer; `neurons` of them are shown. */
  readonly width: number;
  readonly cells: Uint8Array;
  /** Pairs of the whole layer that differ from step 0. */
  readonly flips: number;
}

/** Two-dimensional inputs. */
export interface CircleSeen {
  readonly look: "circle";
  readonly step: number;
  /** Samples, n × 2, and their labels. */
  readonly x: Float64Array;
  readonly y: Float64Array;
  /** W1 of the neurons shown now and at step 0, neurons × 2. */
  readonly now: Float64Array;
  readonly initial: Float64Array;
  /** 1 where a neuron's sign pattern has changed since the last look. */
  readonly flipped: Uint8Array;
  /** f on the circle of radius ‖x_1‖ at angles 2πk/count. */
  readonly fitted: Float64Array;
  readonly outputs: Float64Array;
}
