import type { BackendInfo, BitMasks } from "@surefoot/linalg";
import type { Interval } from "../interval/arithmetic.ts";
import type { LossSpec } from "../spec/loss.ts";
import type { Warrant } from "../warrant.ts";
import type { Obstacle } from "./obstacle.ts";
import type { Path, PathEnd } from "./s1-path.ts";

/** The three answers of `certify`. */
export type Verdict = "certified" | "undecided" | "impossible";
/** The theorems of docs/certificates.md. */
export type TheoremName = "S1" | "S2" | "S3";

/** The greatest margin written to a file: what stands for ∞ (ε = 0, or a residual of exactly 0). */
export const NO_LIMIT = 1e308;

/** One premise of a theorem, at this starting point. */
export interface Hypothesis {
  readonly name: string;
  /** How it is known to hold, or that it does not. */
  readonly status: Warrant | "failed";
  /** In words and symbols, e.g. "‖e₀‖ < ∫₀^r M". */
  readonly statement: string;
  /** The side that must stay within `bound`; null where the premise is not an inequality between two numbers. */
  readonly value: number | null;
  readonly bound: number | null;
  /** How the numbers were found: "computed in floating point", or the proof's method. */
  readonly how: string;
}

/** What a theorem says about one starting point, for the loss ½‖e‖² and step size η of that loss. */
export interface TheoremOutcome {
  readonly verdict: "certified" | "undecided";
  readonly theorem: TheoremName;
  /** Which form of the theorem decided or came closest. */
  readonly form: string;
  /** S1: the bound that gave κ at the end of the path. */
  readonly kappaBound: string | null;
  /** Greater than 1 iff certified; at most 1e308. */
  readonly margin: number;
  /** The certified step size (certified), else null. */
  readonly stepSize: number | null;
  /** 1 − (rate): the factor q in ‖e_k‖ ≤ q^k ‖e₀‖; null unless certified. */
  readonly contraction: number | null;
  /** ω, from below: the factor at a step size η that the certificate admits is 1 − ηω; null unless certified (or at zero loss). */
  readonly decay: number | null;
  /** All iterates stay within this distance of θ₀ (over all trained parameters); null unless certified. */
  readonly radius: number | null;
  readonly lambdaMin: number | null;
  readonly lambdaMax: number | null;
  readonly residualNorm: number | null;
  readonly kappa: number | null;
  readonly hypotheses: readonly Hypothesis[];
  /** A step size that S1 or S2 admits wherever it certifies near here: what a run should use until it is certified. */
  readonly suggestedStepSize: number | null;
  /** What stands in the way; null when certified. */
  readonly obstacle: Obstacle | null;
  /** S2: pairs (neuron, sample) that sit on their kink (|z| below 10⁻⁹ of the largest), 0 otherwise. */
  readonly pairsOnKink: number;
  /** The weakest warrant among the hypotheses. */
  readonly warrant: Warrant;
  /** What a program that checks the certificate need not search for; certified outcomes only. */
  readonly witness?: Witness;
}

/** S1: the partition of the path, κ on it and where it ends. S2: the pairs that may flip and the sums that bound the rest. S3: its ball. */
export type Witness = PathWitness | PairsWitness | BallWitness;

export interface PathWitness {
  readonly kind: "path";
  /** ρ: M starts at ρσ₀ (1 in the standard form). */
  readonly share: number;
  readonly path: Path;
  readonly end: PathEnd;
}

export interface PairsWitness {
  readonly kind: "pairs";
  /** U: row i, bit r. */
  readonly unstable: BitMasks;
  readonly epsilon: number;
  /** P ≥ ηΣ‖e(k)‖. */
  readonly path: number;
  /** Steps of the linear prediction that were simulated; 0 in the midpoint form. */
  readonly steps: number;
}

export interface BallWitness {
  readonly kind: "ball";
  /** λ_min(G̃), from both sides. */
  readonly inputs: Interval;
  /** Into how many equal cells the radius was cut for ∫₀^r μ. */
  readonly cells: number;
  /** ν∫₀^r μ/‖e₀‖ for the radius r of the outcome, from below: what is left at the step size of the outcome. */
  readonly margin: number;
}

/** The answer of `certify`; plain data, every number finite. Step sizes and rates are for the loss convention `loss`. */
export interface CertifyOutcome {
  readonly verdict: Verdict;
  /** The theorem that decided or came closest; null where none applies or the data themselves decide. */
  readonly theorem: TheoremName | null;
  readonly form: string | null;
  readonly kappaBound: string | null;
  readonly margin: number | null;
  readonly stepSize: number | null;
  readonly suggestedStepSize: number | null;
  /** ρ in loss(k) ≤ ρ^k loss(0). */
  readonly ratePerStep: number | null;
  /**
   * γ in loss(t) ≤ e^{−γt} loss(0) along the exact gradient flow dθ/dt = −∇(loss) from these weights, which no step size enters; null where nothing is
   * certified, for S1's larger steps and for a run that was followed, of which only gradient descent is known.
   */
  readonly flowRate: number | null;
  readonly radius: number | null;
  readonly lambdaMin: number | null;
  readonly lambdaMax: number | null;
  readonly residualNorm: number | null;
  readonly kappa: number | null;
  readonly hypotheses: readonly Hypothesis[];
  /** The constraint that binds, as data; null when certified or impossible. */
  readonly obstacle: Obstacle | null;
  /** Why it is undecided or impossible, in words; empty when certified. */
  readonly reasons: readonly string[];
  /** What would help. */
  readonly advice: readonly string[];
  /** One English sentence: what is a theorem now, or that nothing follows. */
  readonly statement: string;
  readonly pairsOnKink: number;
  /** 0-based rows of the data (not of the source file) that make zero loss impossible. */
  readonly rows: readonly number[];
  readonly loss: LossSpec;
  readonly backend: BackendInfo;
  readonly warrant: Warrant;
  /** Where gradient descent was followed first (`certifyFollowing`); margin, λ_min, λ_max and κ are then those of step `steps`. */
  readonly followed?: FollowedRun;
}

/** The steps that were followed before a theorem was asked. */
export interface FollowedRun {
  readonly steps: number;
  /** ≥ the distance of the exact weights from the computed ones after these steps. */
  readonly distance: number;
  /** ≥ ‖e‖ then. */
  readonly residualNorm: number;
  /** ρ in loss(steps + k) ≤ ρ^k loss(steps); null where undecided. */
  readonly ratePerStepAfter: number | null;
}

/** ∞ and what overflows become 1e308; NaN stays NaN so that it is seen. */
export function finite(x: number): number {
  return Math.min(x, NO_LIMIT);
}

/** At a residual of exactly 0 the gradient is 0: gradient descent stays, with any step size and whatever the kernel. */
export function atZeroLoss(outcome: TheoremOutcome, stepSize?: number): TheoremOutcome {
  const statement = "‖e₀‖ = 0";
  return {
    ...outcome,
    verdict: "certified",
    form: "zero loss",
    margin: NO_LIMIT,
    stepSize: stepSize ?? 1 / (outcome.lambdaMax || 1),
    contraction: 0,
    decay: null,
    radius: 0,
    hypotheses: [{ name: "residual", status: outcome.warrant, statement, value: 0, bound: 0, how: "exactly 0" }],
    obstacle: null,
  };
}
