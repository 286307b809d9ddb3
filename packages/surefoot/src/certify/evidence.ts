/**
 * What the theorems need to know about one starting point, and who finds it out. A formula (s1.ts, s2.ts, the κ bounds) reads
 * only these types; a `Measurer` fills them. measure.ts does so in floating point; a measurer with proved enclosures returns
 * the same types, and the same formulas then prove.
 *
 * Everything is about the exact reals that the weights and data hold. A `*Bounds` array holds upper bounds of non-negative
 * quantities (only that side is ever read); an `Interval` holds both sides. In floating point all of them are just the computed values.
 */
import type { BackendInfo, BitMasks, Matrix } from "@surefoot/linalg";
import type { Dataset } from "../data/dataset.ts";
import type { Arithmetic, Interval } from "../interval/arithmetic.ts";
import type { ForwardPass, Network, Weights } from "../network/network.ts";
import type { Warrant } from "../warrant.ts";

/** A number that a theorem needs, how far it can be trusted, and in a few words how it was found. */
export interface Measured {
  readonly value: Interval;
  readonly warrant: Warrant;
  readonly how: string;
}

/** A measurement or the reason why there is none (a NaN, no convergence, a factorisation that failed at every shift). */
export type Measurement<T> =
  | { readonly status: "ok"; readonly evidence: T }
  | { readonly status: "failed"; readonly reason: string };

/** A starting point: the network, its weights and the data; what a run has computed already is not computed again. */
export interface Point {
  readonly network: Network;
  readonly weights: Weights;
  readonly dataset: Dataset;
  readonly pass?: ForwardPass;
  /** x·xᵀ, n × n. */
  readonly gram?: Matrix;
  /** g_ℓ = ∂f/∂z_ℓ per layer, n × rows_ℓ. */
  readonly gradients?: readonly Matrix[];
  /** K = J·Jᵀ over the trained tensors, n × n. */
  readonly kernel?: Matrix;
  /** The extreme eigenvalues of K, as the same measurer finds them. */
  readonly spectrum?: Spectrum;
}

/** All symmetric n × n matrices A with ‖A − mid‖₂ ≤ radius and |A_ij − mid_ij| ≤ radius for every entry. */
export interface MatrixBall {
  readonly mid: Matrix;
  readonly radius: number;
}

/** All vectors v with ‖v − mid‖₂ ≤ radius. */
export interface VectorBall {
  readonly mid: Float64Array;
  readonly radius: number;
}

/** Extreme eigenvalues of every matrix in a ball. */
export interface Spectrum {
  readonly lambdaMin: Measured;
  readonly lambdaMax: Measured;
}

/** For S1: a network with a smooth activation, at the starting point. */
export interface SmoothEvidence {
  /** n ≥ 1. */
  readonly samples: number;
  /** p, the number of trained parameters. */
  readonly parameters: number;
  /** Of K(θ₀) = J·Jᵀ over the trained tensors. */
  readonly kernel: Spectrum;
  /** ‖e₀‖₂, e₀ = u(θ₀) − y. */
  readonly residualNorm: Measured;
  /** B₁ = sup|σ'| and B₂ = sup|σ''| (from above). */
  readonly slopeBound: Interval;
  readonly curvatureBound: Interval;
  /** B₃ ≥ sup|σ'''|, where one is proved. */
  readonly thirdBound?: number;
  /** Layers 1 … L. */
  readonly layers: readonly LayerEvidence[];
  /** ≥ √λ_max(G̃∘G̃), G̃ as in `TwoLayerEvidence`, for networks of any depth; with patches in layer 1 the n × n matrix
   * of Σ_{l,r} G̃²_{il,jr} over pairs of positions stands for G̃∘G̃. κ bound (d) is left out without it. */
  readonly hadamardNorm?: number;
  /** Only these κ bounds may be used (default: all). */
  readonly bounds?: readonly string[];
  /** The start lies within this distance of the point whose norms these are (default 0): κ on B(start, t) is that on B(point, t + offset). */
  readonly offset?: number;
  /** Present iff there is exactly one hidden layer. */
  readonly twoLayer?: TwoLayerEvidence;
  /** How far the norms in `layers` and `twoLayer` can be trusted. */
  readonly norms: { readonly warrant: Warrant; readonly how: string };
}

/** Layer ℓ: z_ℓ = s_ℓ W_ℓ P_ℓ h_{ℓ−1} + b_ℓ, h_ℓ = [h_{ℓ−1}] + t_ℓ σ(z_ℓ). Norms of a sample are over all its positions (Frobenius). */
export interface LayerEvidence {
  /** s_ℓ > 0, the exact double of the network. */
  readonly scale: number;
  readonly trainsWeight: boolean;
  readonly trainsBias: boolean;
  /** t_ℓ ≥ 0, exact; 1 where absent. */
  readonly gain?: number;
  /** Whether h_{ℓ−1} is added. */
  readonly skip?: boolean;
  /** ≥ ‖P_ℓ‖₂; 1 where absent. */
  readonly patchNorm?: number;
  /** ≥ ‖W_ℓ‖₂ for ℓ ≥ 2; 0 for ℓ = 1, where no formula reads it. */
  readonly weightNorm: number;
  /** ≥ ‖s_ℓW_ℓ diag σ'(z_{ℓ−1}(x_i))‖₂ for each sample, where it was measured; only for ℓ ≥ 2 in networks without skips and patches. */
  readonly steepBounds?: Float64Array;
  /** ≥ ‖C_ℓ(x_i)‖₂, C_ℓ = ∂²f/∂z_ℓ², for each sample, where it was measured; only for hidden layers and together with `steepBounds`. */
  readonly bendBounds?: Float64Array;
  /** ≥ ‖P_ℓh_{ℓ−1}(x_i)‖ for each sample (‖x_i‖ for ℓ = 1 without patches). */
  readonly inputBounds: Float64Array;
  /** ≥ ‖g_ℓ(x_i)‖₂, g_ℓ = ∂f/∂z_ℓ (1 for ℓ = L). */
  readonly gradientBounds: Float64Array;
  /** Hidden layers only: ≥ ‖q_ℓ(x_i)‖_∞, q_ℓ = ∂f/∂h_ℓ = [q_{ℓ+1}] + s_{ℓ+1} P_{ℓ+1}ᵀ W_{ℓ+1}ᵀ g_{ℓ+1}. */
  readonly backpropagatedBounds?: Float64Array;
  /** ≥ ‖P_ℓh_{ℓ−1}‖₂ of the (n·positions) × cols_ℓ matrix over all samples. */
  readonly stackedInputNorm: number;
  /** ≥ √λ_max((HHᵀ)∘(HHᵀ)), H = h_{ℓ−1} over all samples; only for ℓ ≥ 2 in networks without skips and patches. */
  readonly hadamardInput?: number;
  /** ≥ ‖g_ℓ‖₂ of the (n·positions) × rows_ℓ matrix over all samples. */
  readonly stackedGradientNorm: number;
}

/** X̃ has the rows (s₁x_i if W1 is trained, 1 if b1 is trained), so G̃ = X̃X̃ᵀ = [W1]·s₁²XXᵀ + [b1]·11ᵀ; 0 where neither is. */
export interface TwoLayerEvidence {
  /** ≥ √λ_max(G̃∘G̃). */
  readonly hadamardNorm: number;
  /** ≥ ‖X̃‖₂. */
  readonly inputNorm: number;
  /** |a_r| = |W2_{1r}|, exact. */
  readonly outputWeights: Float64Array;
  /** ≥ ‖(σ(z_1r), …, σ(z_nr))‖₂ for each neuron r. */
  readonly featureBounds: Float64Array;
}

/**
 * For S2: one hidden ReLU layer of which only W1 (and b1) is trained; f = s₂ Σ_r a_r max(z_r, 0) (+ b₂).
 * G̃ as in `TwoLayerEvidence`; H_ij = s₂² G̃_ij Σ_r a_r² s_ri s_rj with the pattern s_ri = 1{z_ri ≥ 0}.
 */
export interface ReluEvidence {
  readonly samples: number;
  /** m, the number of neurons. */
  readonly width: number;
  readonly parameters: number;
  /** G̃. */
  readonly gram: MatrixBall;
  /** e₀ = u(θ₀) − y. */
  readonly residual: VectorBall;
  /** a_r = W2_{1r}, exact; s₂ is `outputScale`, the exact double of the network. */
  readonly outputWeights: Float64Array;
  readonly outputScale: number;
  /** n × m: entry (i, r) ≤ |z_ri|, and ≥ 0. */
  readonly magnitudes: Matrix;
  /** Row i, bit r: s_ri, right wherever `uncertain` is 0. */
  readonly pattern: BitMasks;
  /** Row i, bit r: the sign of z_ri is not decided by the arithmetic used (always 0 in floating point). */
  readonly uncertain: BitMasks;
  /** How far `magnitudes`, `pattern`, `gram` and `residual` can be trusted. */
  readonly warrant: Warrant;
  readonly how: string;
}

/** Finds out what the theorems ask. One in floating point (measure.ts), one with proved enclosures. */
export interface Measurer {
  /** The meaning that the formulas take on with this measurer. */
  readonly arithmetic: Arithmetic;
  readonly backend: BackendInfo;
  smooth(point: Point): Promise<Measurement<SmoothEvidence>>;
  /** `evidence` of that point with `steepBounds` and `bendBounds`, which cost two spectral norms for each sample and layer (proved; `quick`: up to a tenth too large) or many products (computed). */
  steep(point: Point, evidence: SmoothEvidence, effort?: "quick"): Promise<Measurement<SmoothEvidence>>;
  relu(point: Point): Promise<Measurement<ReluEvidence>>;
  /** G̃ of `TwoLayerEvidence`, for a network of any depth. */
  gram(point: Point): Promise<MatrixBall>;
  /** λ_min and λ_max over the whole ball. */
  spectrum(matrix: MatrixBall): Promise<Measurement<Spectrum>>;
  /** C_ij = Σ_r a_r² mask_ir mask_jr; S2 asks again in every round of its search for the unstable pairs. */
  weightedCounts(masks: BitMasks, outputWeights: Float64Array): Promise<MatrixBall>;
}
