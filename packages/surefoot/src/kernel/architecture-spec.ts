import { z } from "zod";
import { dualSpec } from "../activation/dual/index.ts";
import { convolutionFields, cRes, residualDepth as depth } from "../spec/network.ts";

/**
 * A network of infinite width (theory/02); `depth` is H, the number of hidden layers.
 *
 * `fully-connected` has two parameterisations. Without `weightStd` that of Du et al. 2019: x^(h) = √(c_σ/m) σ(W^(h) x^(h−1)), inputs as they are.
 * With it that of neural-tangents: z^(h) = weightStd/√(fan-in)·W^(h) x^(h−1) + biasStd·b^(h), x^(h) = σ(z^(h)), the readout included, so
 * that inputs enter as x·x'/d. In both, `biasStd` weighs a trained N(0, 1) bias in every layer and in the readout.
 */
export const architectureSpec = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("fully-connected"),
    depth,
    activation: dualSpec,
    weightStd: z.number().positive().optional(),
    biasStd: z.number().min(0).default(0),
  }),
  /** x^(1) = √(c_σ/m) σ(W^(1)x), x^(h) = x^(h−1) + (c_res/(H√m)) σ(W^(h)x^(h−1)). */
  z.strictObject({ kind: z.literal("residual"), depth, activation: dualSpec, cRes }),
  /**
   * The same with convolutions over one dimension: a sample is channels × pixels, row by row; patches of `filter` pixels, stride 1, zeros
   * beyond the border.
   */
  z.strictObject({
    kind: z.literal("convolutional-residual"),
    depth,
    activation: dualSpec,
    cRes,
    ...convolutionFields,
  }),
]);

export type ArchitectureSpec = z.infer<typeof architectureSpec>;
/** As a user may write it: fields with a default may be left out. */
export type ArchitectureInput = z.input<typeof architectureSpec>;

/** nngp: Σ^(H); ntk: Θ^(H), all layers trained; k-top: K^(H), the part of W^(H) alone (Du et al. 2019). */
export type InfiniteKind = "nngp" | "ntk" | "k-top";
