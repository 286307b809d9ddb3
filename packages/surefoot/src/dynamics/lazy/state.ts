/** The state of a run in function space; with the initial weights it determines every weight (theory/06). */
export interface LazyState {
  /** k: gradient steps done. */
  step: number;
  /** e = u − y. */
  readonly residual: Float64Array;
  /** S_j = η Σ_{s<k} e_j(s). */
  readonly sums: Float64Array;
  /** Per sample the upward and the downward path length: bounds of the movement of any ζ_ri since step 0. */
  readonly up: Float64Array;
  readonly down: Float64Array;
  /** η Σ_s Σ_j ‖x_j‖|e_j(s)|: √m/|a_r| times a bound of the way of any w_r. */
  path: number;
  /** Flips so far, over all pairs. */
  flips: number;
  /** Pairs looked at so far: the work that was done, not part of the result. */
  looks: number;
  /**
   * Movement since unsure pairs were last decided: the longest of any ζ_ri, in units of 2⁻⁵² of its sample's paths. A pair is unsure where |z|
   * is so small that rounding may have decided its sign (as for `nearTies`); such pairs are decided in every step in which this reaches 1.
   */
  unsettled: number;
  /** Decisions so far with |z| ≤ 16·2⁻⁵²·‖w(0)‖‖x‖, which rounding may have decided, and the step of the first. */
  nearTies: number;
  firstNearTie: number | undefined;
  /** First step at which no S_j changed any more: patterns are frozen from there on. */
  frozenAt: number | undefined;
}

/** A decision so close that the neuron's own norm must say whether it counts as a near tie. */
export interface CloseDecision {
  readonly slot: number;
  readonly sample: number;
  readonly zeta: number;
}

/** An entry of the ledger by the neuron's own index, which outlives a watch set. */
export interface SavedFlip {
  readonly neuron: number;
  readonly sample: number;
  readonly base: number;
  readonly flips: number;
}
