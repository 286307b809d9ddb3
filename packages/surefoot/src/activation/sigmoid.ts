import { sigmoid } from "@surefoot/linalg";
import type { Activation } from "./activation.ts";

/** The logistic function shifted to σ(0) = 0: 1/(1 + e⁻ˣ) − ½. */
export const sigmoidActivation: Activation = {
  kind: "sigmoid",
  value: (x) => sigmoid(x) - 0.5,
  derivative: (x) => {
    const s = sigmoid(x);
    return s * (1 - s);
  },
  second: (x) => {
    const s = sigmoid(x);
    return s * (1 - s) * (1 - 2 * s);
  },
  slopeBound: 0.25,
  slopeMin: 0,
  curvatureBound: 0.09622504486493764, // 1/(6√3)
  thirdBound: 0.125, // tanh(x/2)/2, at 0
  valueBound: 0.5,
  homogeneous: false,
  cSigma: 23.05261009652975,
  apply: async (z, backend, out) => {
    await backend.elementwise("sigmoid", z, out);
    for (let i = 0; i < out.length; i++) out[i] -= 0.5;
  },
  timesDerivative: (_z, value, factor, out) => {
    for (let i = 0; i < value.length; i++) out[i] = factor[i] * ((0.5 + value[i]) * (0.5 - value[i]));
  },
};
