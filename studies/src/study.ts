import type { Backend } from "@surefoot/linalg";
import type { FigureSpec } from "surefoot/figure";

/** `quick`: under a minute on two cores; `full`: minutes to an hour, the form whose figures stand in docs/studies. */
export type Form = "quick" | "full";

/** One row of a table that a study leaves: values by column. */
export type Row = Readonly<Record<string, number | string | null>>;

/** Rows by table; every table becomes a Parquet file. */
export type Tables = Readonly<Record<string, readonly Row[]>>;

/** What a source says. */
export interface Claim {
  readonly id: string;
  /** Where, e.g. "Du et al. 2018, figure (b)"; "ours" where the sources ask and nobody answered. */
  readonly source: string;
  readonly says: string;
}

/** What became of a claim. */
export interface Judgement {
  readonly verdict: "agrees" | "disagrees" | "not comparable";
  /** What was measured, in a sentence with its numbers. */
  readonly measured: string;
}

/** What a cell works with. */
export interface CellContext {
  readonly backend: Backend;
  /** Aborted by Ctrl-C: cells that run for seconds look at it and call `signal.throwIfAborted()`. */
  readonly signal: AbortSignal;
  /** A line of progress within the cell. */
  readonly progress: (text: string) => void;
}

/** A piece of work that is done whole, kept, and not repeated when the study goes on. */
export interface Cell {
  /** Unique within the plan and stable: it names the file of the result. */
  readonly key: string;
  readonly measure: (context: CellContext) => Promise<Tables>;
}

/** What a study concludes from all its rows. */
export interface Conclusion {
  /** A judgement for every claim, by its id. */
  readonly judgements: Readonly<Record<string, Judgement>>;
  /** Figures by name. */
  readonly figures: Readonly<Record<string, FigureSpec>>;
}

/** The work of one form of a study. */
export interface Plan {
  /** The setting as data; a kept cell is used again only under the same parameters. */
  readonly parameters: unknown;
  readonly cells: readonly Cell[];
  readonly conclude: (tables: Tables) => Conclusion | Promise<Conclusion>;
}

/** A study: its question, its claims, and its work in two forms. */
export interface Study {
  readonly id: string;
  /** Other names that `surefoot study` takes for it: the figures that it holds. */
  readonly aliases?: readonly string[];
  readonly question: string;
  /** The document it is about. */
  readonly source: string;
  /** The setting in words; says which of its numbers are ours. */
  readonly setting: string;
  readonly claims: readonly Claim[];
  readonly plan: (form: Form) => Plan;
}
