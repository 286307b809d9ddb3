/**
 * How far a number or a hypothesis can be trusted. Combining weakens, nothing strengthens:
 * `proved`: rigorous for the exact reals the inputs hold; `computed`: evaluated in floating point; `assumed`: taken on trust.
 */
export type Warrant = "proved" | "computed" | "assumed";

const STRENGTH: Record<Warrant, number> = { assumed: 0, computed: 1, proved: 2 };

/** The warrant of a conclusion from several premises: the weakest of theirs (`proved` for none). */
export function weakest(...warrants: readonly Warrant[]): Warrant {
  return warrants.reduce<Warrant>((worst, next) => (STRENGTH[next] < STRENGTH[worst] ? next : worst), "proved");
}
