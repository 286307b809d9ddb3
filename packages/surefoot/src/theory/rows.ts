import { type Basis, type ClaimRow, type ClaimVerdict, judge, type Prescription } from "./desk.ts";

/** What a row needs said; the rest follows. */
export interface ClaimInput {
  readonly id: string;
  readonly source: string;
  readonly claim: string;
  /** Default null. */
  readonly relation?: ClaimRow["relation"];
  readonly bound?: number | null | undefined;
  /** Default `computed`. */
  readonly boundBasis?: Basis;
  readonly measured?: number | null | undefined;
  /** Default `computed`. */
  readonly measuredBasis?: Basis;
  /** Default: `judge` of the two numbers; `open` where one is missing or the bound hides a constant (`order-only`). */
  readonly verdict?: ClaimVerdict | undefined;
  readonly constantNeeded?: number | null | undefined;
  readonly note?: string | null | undefined;
  /** Relative tolerance of "=", absolute slack for rounding of "≤" and "≥" relative to the bound. Default 0. */
  readonly tolerance?: number;
}

/** A row with its defaults; a number that is not finite becomes null, as JSON has none. */
export function claimRow(input: ClaimInput): ClaimRow {
  const { relation = null, boundBasis = "computed", measuredBasis = "computed", tolerance = 0 } = input;
  const bound = finiteOrNull(input.bound);
  const measured = finiteOrNull(input.measured);
  const comparable = relation !== null && bound !== null && measured !== null && boundBasis !== "order-only";
  return {
    id: input.id,
    source: input.source,
    claim: input.claim,
    relation,
    bound,
    boundBasis,
    measured,
    measuredBasis,
    verdict:
      input.verdict ??
      (comparable ? judge(measured, relation, slackened(bound, relation, tolerance), tolerance) : "open"),
    constantNeeded: finiteOrNull(input.constantNeeded),
    note: input.note ?? null,
  };
}

/** A prescription with its defaults: `order-only`, no note. */
export function prescription(
  input: Omit<Prescription, "basis" | "note" | "log10"> & {
    readonly log10: number | null | undefined;
    readonly basis?: Basis;
    readonly note?: string | null;
  },
): Prescription {
  const { log10, basis = "order-only", note = null } = input;
  return { ...input, log10: finiteOrNull(log10), basis, note };
}

/** log₁₀ of the sum of numbers that are given by their log₁₀. */
export function log10Sum(...terms: readonly number[]): number {
  const largest = Math.max(...terms);
  if (!Number.isFinite(largest)) return largest;
  return largest + Math.log10(terms.reduce((sum, term) => sum + 10 ** (term - largest), 0));
}

function slackened(bound: number, relation: "≤" | "≥" | "=", tolerance: number): number {
  if (relation === "=") return bound;
  return relation === "≤" ? bound + tolerance * Math.abs(bound) : bound - tolerance * Math.abs(bound);
}

function finiteOrNull(x: number | null | undefined): number | null {
  return x === null || x === undefined || !Number.isFinite(x) ? null : x;
}
