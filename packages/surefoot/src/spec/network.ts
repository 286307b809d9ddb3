import { z } from "zod";
import { activationSpec } from "./activation.ts";

const width = z
  .number()
  .int()
  .min(1)
  .max(2 ** 40);

/** Names of tensors that stay as initialised, e.g. ["W2"]; weights and biases apart. */
const frozen = z.array(z.string().regex(/^[Wb][1-9]\d*$/, "a tensor is named W1, b1, W2, …")).default([]);

/** H of a residual network: finite networks and those of infinite width have the same fields. */
export const residualDepth = z.number().int().min(1).max(1000);
/** c_res of theory/02. */
export const cRes = z.number().gt(0).lt(1).default(0.5);
/** Of a convolution over one dimension. */
export const convolutionFields = { pixels: z.number().int().min(1), filter: z.number().int().min(1).default(3) };

/**
 * f(x) = (1/√m) Σ_r a_r max(w_r·x, 0); only W1 (m × d) is trained, W2 = a (1 × m) is fixed (Du et al. 2018; theory/01).
 */
export const twoLayerRelu = z.strictObject({ kind: z.literal("two-layer-relu"), width });

/**
 * h_0 = x, z_ℓ = s_ℓ W_ℓ h_{ℓ−1} + b_ℓ, h_ℓ = σ(z_ℓ) for ℓ = 1 … H = widths.length, f = s_{H+1} W_{H+1} h_H + b_{H+1} (theory/02, 04).
 * Tensors: W1 … W{H+1}, and with biases b1 … b{H+1}.
 */
export const fullyConnected = z.strictObject({
  kind: z.literal("fully-connected"),
  widths: z.array(width).min(1),
  activation: activationSpec,
  /** `ntk`: s_1 = 1, s_ℓ = √(c_σ/m_{ℓ−1}) (Du et al. 2019); `standard`: every s_ℓ = 1. */
  scaling: z.enum(["ntk", "standard"]).default("ntk"),
  biases: z.boolean().default(false),
  frozen,
});

const residualFields = {
  /** H, the number of hidden layers. */
  depth: residualDepth,
  width,
  activation: activationSpec,
  cRes,
  frozen,
};

/**
 * x^(1) = √(c_σ/m) σ(W1 x), x^(h) = x^(h−1) + (c_res/(H√m)) σ(W_h x^(h−1)) for h = 2 … H, f = W_{H+1} x^(H) (Du et al. 2019; theory/02).
 * Tensors: W1 (m × d), W2 … WH (m × m), W{H+1} = aᵀ (1 × m); no biases.
 */
export const residual = z.strictObject({ kind: z.literal("residual"), ...residualFields });

/**
 * The same with convolutions over one dimension: a sample is channels × pixels, row by row; W_h is m × (filter·channels), columns patch offset
 * by patch offset, and multiplies every patch of `filter` pixels (stride 1, zeros beyond the border). The readout W{H+1} = a is
 * 1 × (pixels·m), pixel by pixel.
 */
export const convolutionalResidual = z.strictObject({
  kind: z.literal("convolutional-residual"),
  ...residualFields,
  ...convolutionFields,
});

/** Schema of a network. */
export const networkSpec = z
  .discriminatedUnion("kind", [twoLayerRelu, fullyConnected, residual, convolutionalResidual])
  .superRefine((spec, context) => {
    if (spec.kind === "two-layer-relu") return;
    const layers = (spec.kind === "fully-connected" ? spec.widths.length : spec.depth) + 1;
    const biases = spec.kind === "fully-connected" && spec.biases;
    spec.frozen.forEach((name, i) => {
      const known = Number(name.slice(1)) <= layers && (name[0] === "W" || biases);
      if (!known) {
        context.addIssue({ code: "custom", path: ["frozen", i], message: `this network has no tensor ${name}` });
      }
    });
  });

export type TwoLayerReluSpec = z.infer<typeof twoLayerRelu>;
export type FullyConnectedSpec = z.infer<typeof fullyConnected>;
export type ResidualSpec = z.infer<typeof residual>;
export type ConvolutionalResidualSpec = z.infer<typeof convolutionalResidual>;
/** A network as data, every default filled in. */
export type NetworkSpec = z.infer<typeof networkSpec>;
/** As a user may write it: fields with a default may be left out. */
export type NetworkInput = z.input<typeof networkSpec>;
