import { sigmoid } from "@surefoot/linalg";
import type { Activation } from "./activation.ts";

/** x/(1 + e⁻ˣ) (also called SiLU). */
export const swishActivation: Activation = {
  kind: "swish",
  value: (x) => x * sigmoid(x),
  derivative: (x) => {
    const s = sigmoid(x);
    return s * (1 + x * (1 - s));
  },
  second: (x) => {
    const s = sigmoid(x);
    return s * (1 - s) * (2 + x * (1 - 2 * s));
  },
  slopeBound: 1.0998393201288672,
  slopeMin: -0.0998393201288671,
  curvatureBound: 0.5,
  valueBound: Number.POSITIVE_INFINITY,
  homogeneous: false,
  cSigma: 2.810761124074471,
  apply: async (z, backend, out) => {
    await backend.elementwise("sigmoid", z, out);
    for (let i = 0; i < out.length; i++) out[i] *= z[i];
  },
  timesDerivative: (z, _value, factor, out) => {
    for (let i = 0; i < z.length; i++) {
      const s = sigmoid(z[i]);
      out[i] = factor[i] * (s * (1 + z[i] * (1 - s)));
    }
  },
};
