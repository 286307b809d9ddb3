import { sigmoid, softplus } from "@surefoot/linalg";
import type { Activation } from "./activation.ts";

/** log((1 + eˣ)/2): softplus shifted to σ(0) = 0. */
export const softplusActivation: Activation = {
  kind: "softplus",
  value: (x) => softplus(x) - Math.LN2,
  derivative: sigmoid,
  second: (x) => {
    const s = sigmoid(x);
    return s * (1 - s);
  },
  slopeBound: 1,
  slopeMin: 0,
  curvatureBound: 0.25,
  thirdBound: 0.09622504486493764, // the curvature of the sigmoid
  valueBound: Number.POSITIVE_INFINITY,
  homogeneous: false,
  cSigma: 3.5178613160277847,
  apply: async (z, backend, out) => {
    await backend.elementwise("softplus", z, out);
    for (let i = 0; i < out.length; i++) out[i] -= Math.LN2;
  },
  timesDerivative: (z, _value, factor, out) => {
    for (let i = 0; i < z.length; i++) out[i] = factor[i] * sigmoid(z[i]);
  },
};
