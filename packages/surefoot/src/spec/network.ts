import { z } from "zod";
import { activationSpec } from "./activation.ts";

const width = z
  .number()
  .int()
  .min(1)
  .max(2 ** 40);

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
  /** Names of tensors that stay as initialised, e.g. ["W2"]; weights and biases apart. */
  frozen: z.array(z.string().regex(/^[Wb][1-9]\d*$/, "a tensor is named W1, b1, W2, …")).default([]),
});

/** Schema of a network. */
export const networkSpec = z.discriminatedUnion("kind", [twoLayerRelu, fullyConnected]).superRefine((spec, context) => {
  if (spec.kind !== "fully-connected") return;
  const layers = spec.widths.length + 1;
  spec.frozen.forEach((name, i) => {
    const known = Number(name.slice(1)) <= layers && (name[0] === "W" || spec.biases);
    if (!known) {
      context.addIssue({ code: "custom", path: ["frozen", i], message: `this network has no tensor ${name}` });
    }
  });
});

export type TwoLayerReluSpec = z.infer<typeof twoLayerRelu>;
export type FullyConnectedSpec = z.infer<typeof fullyConnected>;
/** A network as data, every default filled in. */
export type NetworkSpec = z.infer<typeof networkSpec>;
/** As a user may write it: fields with a default may be left out. */
export type NetworkInput = z.input<typeof networkSpec>;
