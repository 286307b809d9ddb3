import { z } from "zod";

/** How the output layer is drawn: `sign` ±1 with equal probability, `uniform` on [−1, 1], `gaussian` N(0, 1). */
const output = z.enum(["sign", "uniform", "gaussian"]);

/** Weight initialisers; biases start at 0 in all of them. d_ℓ: number of neurons of layer ℓ, d_0 = d. */
export const initialiserSpec = z.discriminatedUnion("kind", [
  /** Every weight N(0, 1) (Du et al.); `output` overrides the output layer (default: sign for two-layer-relu, gaussian otherwise). */
  z.strictObject({ kind: z.literal("gaussian"), output: output.optional() }),
  /** N(0, 1/d_{ℓ−1}). */
  z.strictObject({ kind: z.literal("lecun") }),
  /** N(0, 2/d_ℓ) for the hidden layers (Zou et al. 2019: variance 2/m_l), output ±1, balanced. */
  z.strictObject({ kind: z.literal("he") }),
  /** Rows of W1 uniform on the sphere of radius 1, the rest as `gaussian`. */
  z.strictObject({ kind: z.literal("sphere"), output: output.optional() }),
  /** Rows of W1 with the second moments of the data, N(0, d·XᵀX/n), the rest as `gaussian` (the review of Du et al., after Xie et al.). */
  z.strictObject({ kind: z.literal("matched"), output: output.optional() }),
  /** As `gaussian` with every neuron of the last hidden layer twice and opposite output weights (default ±1): u(0) = 0 exactly. Even width. */
  z.strictObject({ kind: z.literal("antisymmetric"), output: output.optional() }),
  /** Chatterjee 2022: W1 = 0, hidden entries 1/d_{ℓ−1}, output entries `scale` = A (theory/04). */
  z.strictObject({ kind: z.literal("positive"), scale: z.number().positive() }),
  /** |entries| of `lecun`. */
  z.strictObject({ kind: z.literal("absolute-lecun") }),
  /** `lecun` with W2 … W_L conditioned to lie entrywise in [box, 2·box] (theory/04, theorem 2.8). */
  z.strictObject({ kind: z.literal("boxed-lecun"), box: z.number().positive() }),
]);

/** An initialiser as data. */
export type InitialiserSpec = z.infer<typeof initialiserSpec>;
