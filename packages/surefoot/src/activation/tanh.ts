import { tanh } from "@surefoot/linalg";
import type { Activation } from "./activation.ts";

export const tanhActivation: Activation = {
  kind: "tanh",
  value: tanh,
  derivative: (x) => {
    const h = tanh(x);
    return (1 - h) * (1 + h);
  },
  second: (x) => {
    const h = tanh(x);
    return -2 * h * (1 - h) * (1 + h);
  },
  slopeBound: 1,
  slopeMin: 0,
  curvatureBound: 0.7698003589195012, // 4/(3√3), at tanh x = 1/√3
  thirdBound: 2, // −2(1 − h²)(1 − 3h²), at 0
  valueBound: 1,
  homogeneous: false,
  cSigma: 2.5361754332174535,
  apply: async (z, backend, out) => void (await backend.elementwise("tanh", z, out)),
  timesDerivative: (_z, value, factor, out) => {
    for (let i = 0; i < value.length; i++) out[i] = factor[i] * ((1 - value[i]) * (1 + value[i]));
  },
};
