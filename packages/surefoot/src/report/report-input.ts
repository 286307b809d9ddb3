import type { RunColumns, Spectrum } from "../figure/index.ts";
import type { Warrant } from "../warrant.ts";

/** What a report is made from. Every part may be missing: the report then says that it was not recorded, or leaves it out. */
export interface ReportInput {
  /** Heading of the page; made from the data's name by default. */
  readonly title?: string;
  /** The certificate at the certified step; if none was reached, the outcome of the last attempt. */
  readonly certificate?: ReportCertificate;
  readonly run?: ReportRun;
  /** Columns of the run's record. */
  readonly record?: RunColumns;
  /** Spectra to show, e.g. of K(0) and H^∞. */
  readonly spectra?: readonly Spectrum[];
  readonly data?: ReportData;
  /** The network's spec: JSON data. */
  readonly network?: unknown;
  /** The initialiser's spec: JSON data. */
  readonly initialiser?: unknown;
  readonly seed?: number | string;
  /** Number of trained parameters. */
  readonly parameters?: number;
  /** Names and versions of the software, e.g. { surefoot: "0.1.0", node: "20.19.0" }. */
  readonly versions?: Readonly<Record<string, string>>;
  /** The command line that repeats the run. */
  readonly command?: string;
  /** Files left beside the report, with what each holds. */
  readonly files?: readonly { readonly name: string; readonly holds: string }[];
}

/** The outcome of `certify`; step sizes and rates in the run's loss convention. A number is null where it is not known. */
export interface ReportCertificate {
  readonly verdict: "certified" | "undecided" | "impossible";
  /** e.g. "S1"; null if the data themselves decide. */
  readonly theorem?: string | null;
  /** Which form of the theorem decided or came closest. */
  readonly form?: string | null;
  readonly margin?: number | null;
  readonly stepSize?: number | null;
  /** ρ in loss(k) ≤ ρ^k loss(0). */
  readonly ratePerStep?: number | null;
  /** All later iterates stay within this distance, over all trained parameters. */
  readonly radius?: number | null;
  readonly lambdaMin?: number | null;
  readonly lambdaMax?: number | null;
  /** ‖e‖₂, e = outputs − labels. */
  readonly residualNorm?: number | null;
  readonly hypotheses?: readonly ReportHypothesis[];
  /** Why nothing could be decided, the binding constraint first. */
  readonly reasons?: readonly string[];
  /** What would help. */
  readonly advice?: readonly string[];
  /** The outcome in one sentence. */
  readonly statement?: string;
  readonly warrant?: Warrant;
}

/** One premise of the theorem, as the report shows it. */
export interface ReportHypothesis {
  readonly name: string;
  readonly status: Warrant | "failed";
  readonly statement?: string;
  /** The side that must stay within `bound`. */
  readonly value?: number | null;
  readonly bound?: number | null;
}

/** How the run went. */
export interface ReportRun {
  readonly steps?: number;
  readonly initialLoss?: number;
  readonly finalLoss?: number;
  /** First step at which the run was certified; null if it never was. */
  readonly certifiedStep?: number | null;
  readonly stepSize?: number;
  /** How the weights were moved, in words. */
  readonly optimiser?: string;
  /** False where the margin is that of plain gradient descent from the run's weights, not of the run. */
  readonly plainDescent?: boolean;
  /** Why no theorem speaks of this run at all, and what one says of its weights; shown where there is no certificate. */
  readonly unspoken?: string;
  /** Loss convention "sum", "half-mean" or "mean", or a classification loss. */
  readonly loss?: string;
  /** Wall-clock time. */
  readonly seconds?: number;
  readonly backend?: { readonly name: string; readonly detail?: string; readonly threads?: number };
  /** Why the run ended, e.g. "all steps done"; of a run that "diverged" the verdict says so. */
  readonly stopped?: string;
  /** Losses are known up to this much rounding error; in units of the loss. */
  readonly roundingFloor?: number;
  /** ‖K(0)‖_F. */
  readonly kernelNorm?: number;
}

/** Where the data come from. */
export interface ReportData {
  readonly source?: string;
  /** What was done to the data, in order. */
  readonly steps?: readonly string[];
  /** Number of samples. */
  readonly n?: number;
  /** Number of features. */
  readonly d?: number;
}
