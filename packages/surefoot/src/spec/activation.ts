import { z } from "zod";

/** Activations without a parameter. `sigmoid`, `softplus` and the like are shifted so that σ(0) = 0 (theory/04). */
export const PLAIN_ACTIVATIONS = ["relu", "tanh", "sigmoid", "softplus", "erf", "gelu", "swish"] as const;

const slope = z.number().min(0).max(1);

const parametrised = z.discriminatedUnion("kind", [
  /** σ(x) = max(x, slope·x). */
  z.strictObject({ kind: z.literal("leaky-relu"), slope }),
  /** σ(x) = a x + (1 − a) log((1 + eˣ)/2), a = slope (Chatterjee 2022, remark 2.5). */
  z.strictObject({ kind: z.literal("smooth-leaky-relu"), slope }),
]);

/** Schema of an activation. */
export const activationSpec = z.union([z.enum(PLAIN_ACTIVATIONS), parametrised], {
  error: `unknown activation: use one of ${PLAIN_ACTIVATIONS.join(", ")}, or {"kind":"leaky-relu","slope":0.1}, {"kind":"smooth-leaky-relu","slope":0.3}`,
});

/** An activation as data: a name, or a kind with its slope. */
export type ActivationSpec = z.infer<typeof activationSpec>;
export type ActivationKind = (typeof PLAIN_ACTIVATIONS)[number] | "leaky-relu" | "smooth-leaky-relu";
