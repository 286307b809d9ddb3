import type { Warrant } from "../warrant.ts";

/** The papers that have a desk. */
export const PAPERS = ["du2018", "flow", "du2019", "zou2019", "chatterjee2022"] as const;
/** One of `PAPERS`. */
export type Paper = (typeof PAPERS)[number];

/**
 * How a number came about: a warrant, `sampled` (drawn, with an interval in the note), or `order-only` (an asymptotic bound
 * evaluated with every hidden constant taken as 1, theory/00).
 */
export type Basis = Warrant | "sampled" | "order-only";

/** What became of a claim: `open` where the paper leaves a constant unknown or the instance cannot decide. */
export type ClaimVerdict = "holds" | "fails" | "open" | "not-applicable";

/** One hypothesis or intermediate claim of a paper, next to what was measured on this instance. */
export interface ClaimRow {
  /** Stable name, kebab-case, e.g. "lemma-1.7". */
  readonly id: string;
  /** Where the paper says it, e.g. "Lemma 1.7". */
  readonly source: string;
  /** The claim in symbols, e.g. "‖G^(H)(k) − G^(H)(0)‖₂ ≤ λ₀/4". */
  readonly claim: string;
  /** Which way the inequality goes; null for a claim that is no inequality between two numbers. */
  readonly relation: "≤" | "≥" | "=" | null;
  /** What the paper allows; null where it gives no number. */
  readonly bound: number | null;
  readonly boundBasis: Basis;
  readonly measured: number | null;
  readonly measuredBasis: Basis;
  readonly verdict: ClaimVerdict;
  /** The constant for which the claim holds with equality on this instance, where the paper hides one; else null. */
  readonly constantNeeded: number | null;
  /** What the reader must know beside the numbers: why it is open, where an extreme is attained, an interval. */
  readonly note: string | null;
}

/** A width, step size, number of steps … that a paper prescribes for these data, beside what was certified and what trains. */
export interface Prescription {
  readonly id: string;
  readonly source: string;
  /** What it prescribes, with its unit, e.g. "width m ≥ n⁶/(λ₀⁴δ³)". */
  readonly quantity: string;
  /** log₁₀ of the number, as such numbers exceed every float; null where undefined here (λ₀ = 0). */
  readonly log10: number | null;
  readonly basis: Basis;
  readonly note: string | null;
}

/** What was measured along a run, for a figure beside the rows. */
export interface DeskSeries {
  readonly id: string;
  readonly title: string;
  /** How to read it, in full sentences. */
  readonly caption: string;
  /** The quantities of the axes, with their units. */
  readonly x: string;
  readonly y: string;
  /** Whether y is shown on a logarithmic axis. */
  readonly log: boolean;
  readonly curves: readonly { readonly name: string; readonly x: readonly number[]; readonly y: readonly number[] }[];
  /** Levels that the paper names. */
  readonly levels?: readonly { readonly name: string; readonly at: number }[];
}

/** A paper laid out for one instance; plain data, every number finite. */
export interface Desk {
  readonly paper: Paper;
  readonly title: string;
  /** e.g. "arXiv 1810.02054". */
  readonly reference: string;
  /** Why the paper does not speak of this instance (another loss, another network); then its rows may be empty. */
  readonly notApplicable: string | null;
  readonly hypotheses: readonly ClaimRow[];
  readonly claims: readonly ClaimRow[];
  readonly prescriptions: readonly Prescription[];
  readonly notes: readonly string[];
  readonly series: readonly DeskSeries[];
}

/** `holds` or `fails` by comparing the two numbers; a relative tolerance only for "=". */
export function judge(measured: number, relation: "≤" | "≥" | "=", bound: number, tolerance = 0): ClaimVerdict {
  if (Number.isNaN(measured) || Number.isNaN(bound)) return "open";
  if (relation === "≤") return measured <= bound ? "holds" : "fails";
  if (relation === "≥") return measured >= bound ? "holds" : "fails";
  return Math.abs(measured - bound) <= tolerance * Math.max(Math.abs(measured), Math.abs(bound)) ? "holds" : "fails";
}
