import type { Fields } from "./fields.ts";

/** z_ℓ = scale·W h + b, W rows × cols; `bias` is empty without biases. */
export interface ProblemLayer {
  readonly rows: number;
  readonly cols: number;
  readonly scale: number;
  readonly trainsWeight: boolean;
  readonly trainsBias: boolean;
  readonly weight: Float64Array;
  readonly bias: Float64Array;
}

/** A certificate with the data and weights that it is about. */
export interface Problem {
  readonly n: number;
  readonly d: number;
  readonly x: Float64Array;
  readonly y: Float64Array;
  readonly layers: readonly ProblemLayer[];
  readonly activation: string;
  readonly activationSlope: number;
  readonly form: string;
  readonly constants: Fields;
  readonly witness: Fields;
  /** The step size for the loss ½‖e‖². */
  readonly step: { readonly lower: number; readonly upper: number };
}
