import { exp, normalCdf } from "@surefoot/linalg";
import type { Activation } from "./activation.ts";

const density = (x: number) => 0.3989422804014327 * exp(-0.5 * x * x);

/** x·Φ(x), Φ the normal distribution function (the exact form, not the tanh approximation). */
export const geluActivation: Activation = {
  kind: "gelu",
  value: (x) => x * normalCdf(x),
  derivative: (x) => normalCdf(x) + x * density(x),
  second: (x) => density(x) * (2 - x * x),
  slopeBound: 1.128904145185155,
  slopeMin: -0.128904145185155,
  curvatureBound: 0.7978845608028655, // √(2/π), at 0
  thirdBound: 0.78, // φ(x)(x³ − 4x): below 0.7788, where x⁴ − 7x² + 4 = 0
  valueBound: Number.POSITIVE_INFINITY,
  homogeneous: false,
  cSigma: 2.351715614073373,
  apply: async (z, backend, out) => {
    await backend.elementwise("normal-cdf", z, out);
    for (let i = 0; i < out.length; i++) out[i] *= z[i];
  },
  timesDerivative: (z, _value, factor, out) => {
    for (let i = 0; i < z.length; i++) out[i] = factor[i] * (normalCdf(z[i]) + z[i] * density(z[i]));
  },
};
