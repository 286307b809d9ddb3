import { type Arithmetic, point } from "../interval/arithmetic.ts";
import type { SmoothEvidence } from "./evidence.ts";
import { neuronBound } from "./kappa-neuron.ts";
import { recursionBound } from "./kappa-recursion.ts";
import { stackedBound } from "./kappa-stacked.ts";
import { twoLayerBound } from "./kappa-two-layer.ts";

export type KappaName = "recursion" | "two-layer" | "per-neuron" | "stacked";

/**
 * An upper bound of the Lipschitz constant (spectral norm) of the Jacobian J over the trained tensors, as S1 asks for it:
 * cell by cell along a path that leaves θ₀.
 */
export interface KappaBound {
  readonly name: KappaName;
  walk(): KappaWalk;
  /** κ on B(θ₀, r); absent where the bound holds along S1's path alone. */
  readonly onBall?: (r: number) => number;
}

export interface KappaWalk {
  /**
   * κ on the cell [left, right] of path lengths, given that M ≥ `floor` > 0 up to its end. Infinity where the bound has nothing to say.
   * May be asked several times for cells from the same left end.
   */
  cell(left: number, right: number, floor: number): number;
  /** Takes the last cell asked for as walked. */
  advance(): void;
}

/** A bound on whole balls: on a cell it is its value at the right end. */
export function ballBound(name: KappaName, at: (r: number) => number): KappaBound {
  return { name, walk: () => ({ cell: (_left, right) => at(right), advance: () => {} }), onBall: at };
}

type KappaRule = (evidence: SmoothEvidence, arithmetic: Arithmetic) => KappaBound | undefined;

/** To add a bound is to add its file and a line here; a rule answers undefined for networks it does not cover. */
const RULES: readonly KappaRule[] = [twoLayerBound, neuronBound, recursionBound, stackedBound];

export function kappaBounds(evidence: SmoothEvidence, arithmetic: Arithmetic): readonly KappaBound[] {
  const { bounds, offset = 0 } = evidence;
  const found = RULES.map((rule) => rule(evidence, arithmetic))
    .filter((bound) => bound !== undefined)
    .filter(({ name }) => bounds === undefined || bounds.includes(name));
  return offset === 0 ? found : found.flatMap((bound) => shifted(bound, offset, arithmetic));
}

/** κ ≥ a Lipschitz constant of J on B(θ, radius) around the point measured: the least of the bounds on balls. */
export function kappaOnBall(evidence: SmoothEvidence, arithmetic: Arithmetic, radius: number): number {
  return Math.min(...kappaBounds(evidence, arithmetic).flatMap(({ onBall }) => (onBall ? [onBall(radius)] : [])));
}

/** The bound around a start that is `offset` away from the point measured. One that follows S1's path from that point has nothing to say. */
function shifted({ name, onBall }: KappaBound, offset: number, arithmetic: Arithmetic): KappaBound[] {
  if (!onBall) return [];
  return [ballBound(name, (r) => onBall(arithmetic.add(point(r), point(offset)).upper))];
}
