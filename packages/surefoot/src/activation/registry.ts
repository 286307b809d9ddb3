import type { ActivationSpec, PLAIN_ACTIVATIONS } from "../spec/activation.ts";
import type { Activation } from "./activation.ts";
import { erfActivation } from "./erf.ts";
import { geluActivation } from "./gelu.ts";
import { piecewiseLinear } from "./piecewise-linear.ts";
import { sigmoidActivation } from "./sigmoid.ts";
import { smoothLeakyRelu } from "./smooth-leaky-relu.ts";
import { softplusActivation } from "./softplus.ts";
import { swishActivation } from "./swish.ts";
import { tanhActivation } from "./tanh.ts";

const PLAIN: Record<(typeof PLAIN_ACTIVATIONS)[number], Activation> = {
  relu: piecewiseLinear("relu", 0),
  tanh: tanhActivation,
  sigmoid: sigmoidActivation,
  softplus: softplusActivation,
  erf: erfActivation,
  gelu: geluActivation,
  swish: swishActivation,
};

/** The activation that a spec names. */
export function activationOf(spec: ActivationSpec): Activation {
  if (typeof spec === "string") return PLAIN[spec];
  return spec.kind === "leaky-relu" ? piecewiseLinear("leaky-relu", spec.slope) : smoothLeakyRelu(spec.slope);
}
