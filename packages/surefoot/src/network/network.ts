import type { Matrix } from "@surefoot/linalg";
import type { ActivationSpec } from "../spec/activation.ts";
import type { NetworkSpec } from "../spec/network.ts";

/**
 * A spec resolved for inputs of dimension d: one form for every fully connected network, the two-layer ReLU network included
 * (one hidden layer, s_1 = 1, s_2 = 1/√m, W2 frozen). z_ℓ = s_ℓ W_ℓ h_{ℓ−1} + b_ℓ, h_ℓ = σ(z_ℓ), f = s_L W_L h_{L−1} + b_L.
 */
export interface Network {
  readonly spec: NetworkSpec;
  readonly inputs: number;
  readonly activation: ActivationSpec;
  /** Layers 1 … L in order (index 0 is layer 1); the last has one output. */
  readonly layers: readonly Layer[];
  /** Number of trained parameters p. */
  readonly parameters: number;
}

/** Layer ℓ: z_ℓ = s_ℓ W_ℓ h_{ℓ−1} + b_ℓ. */
export interface Layer {
  /** "W1", "b1", … ; `bias` is absent in a network without biases. */
  readonly weight: string;
  readonly bias?: string;
  readonly rows: number;
  readonly cols: number;
  /** s_ℓ as the double that defines the network. */
  readonly scale: number;
  readonly trainsWeight: boolean;
  readonly trainsBias: boolean;
}

/** Tensors by name: W_ℓ is rows × cols, b_ℓ is rows × 1. */
export type Weights = Readonly<Record<string, Matrix>>;

/** What the forward pass leaves: for layer ℓ (index ℓ − 1) z_ℓ (n × rows) and, for hidden layers, h_ℓ = σ(z_ℓ). */
export interface ForwardPass {
  readonly z: readonly Matrix[];
  readonly h: readonly Matrix[];
  /** u(θ), n outputs. */
  readonly outputs: Float64Array;
}
