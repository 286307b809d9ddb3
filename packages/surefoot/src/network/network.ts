import type { Matrix } from "@surefoot/linalg";
import type { ActivationSpec } from "../spec/activation.ts";
import type { NetworkSpec } from "../spec/network.ts";

/**
 * A spec resolved for inputs of dimension d into the one form that everything else computes with, whatever the architecture:
 * z_ℓ = s_ℓ W_ℓ P_ℓ h_{ℓ−1} + b_ℓ, h_ℓ = [h_{ℓ−1} if skip] + t_ℓ σ(z_ℓ), h_0 = x, f = s_L W_L h_{L−1} + b_L. In a plain layer there is no skip,
 * t_ℓ = 1 and no patches are taken (P_ℓ = I).
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

/** Layer ℓ: z_ℓ = s_ℓ W_ℓ P_ℓ h_{ℓ−1} + b_ℓ, h_ℓ = [h_{ℓ−1}] + t_ℓ σ(z_ℓ). */
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
  /** t_ℓ as the double that defines the network; 1 where absent. */
  readonly gain?: number;
  /** Whether h_{ℓ−1} is added to t_ℓ σ(z_ℓ); not for the first and the last layer. */
  readonly skip?: boolean;
  /** Where present W_ℓ is applied at every pixel to the patch around it; such layers have no bias. */
  readonly patches?: Patches;
}

/** A convolution over one dimension with stride 1 and zeros beyond the border. */
export interface Patches {
  readonly pixels: number;
  /** Pixels in a patch: (filter − 1)/2 to either side, the odd one on the right. */
  readonly filter: number;
}

/** Positions of a sample in layer ℓ: its pixels, 1 without patches. */
export function positionsOf(layer: Layer): number {
  return layer.patches?.pixels ?? 1;
}

/** Whether every layer is plain: no skips, no gains, no patches. */
export function isFeedforward({ layers }: Network): boolean {
  return layers.every(({ gain, skip, patches }) => gain === undefined && !skip && patches === undefined);
}

/** Tensors by name: W_ℓ is rows × cols, b_ℓ is rows × 1. */
export type Weights = Readonly<Record<string, Matrix>>;

/** What the forward pass leaves, for layer ℓ at index ℓ − 1; a sample has a row for each position, row i·positions + l. */
export interface ForwardPass {
  /** z_ℓ, (n·positions) × rows. */
  readonly z: readonly Matrix[];
  /** h_ℓ of hidden layers. */
  readonly h: readonly Matrix[];
  /** σ(z_ℓ) of hidden layers: the same matrix as h_ℓ in a plain layer. */
  readonly values: readonly Matrix[];
  /** P_ℓh_{ℓ−1}, (n·positions) × cols, of layers with patches. */
  readonly patches: readonly (Matrix | undefined)[];
  /** u(θ), n outputs. */
  readonly outputs: Float64Array;
}

/** What W_ℓ multiplies, (n·positions) × cols, ℓ = index + 1. */
export function layerInput(
  { layers }: Network,
  index: number,
  x: Matrix,
  pass: Pick<ForwardPass, "h" | "patches">,
): Matrix {
  const taken = pass.patches[index];
  if (taken) return taken;
  const input = index === 0 ? x : pass.h[index - 1];
  const { cols } = layers[index];
  // all pixels of a sample side by side where a layer without patches follows one with them
  return input.cols === cols ? input : { rows: input.data.length / cols, cols, data: input.data };
}
