import { sigmoid, softplus } from "@surefoot/linalg";
import type { Activation } from "./activation.ts";

/** E[log((1 + eˣ)/2)²] for x ∼ N(0, 1). */
const SOFTPLUS_SQUARE = 0.2842636221740419;

/** σ(x) = a x + (1 − a) log((1 + eˣ)/2): σ' ∈ (a, 1), |σ''| ≤ (1 − a)/4 (Chatterjee 2022, remark 2.5). */
export function smoothLeakyRelu(a: number): Activation {
  const rest = 1 - a;
  return {
    kind: "smooth-leaky-relu",
    value: (x) => a * x + rest * (softplus(x) - Math.LN2),
    derivative: (x) => a + rest * sigmoid(x),
    second: (x) => {
      const s = sigmoid(x);
      return rest * s * (1 - s);
    },
    slopeBound: 1,
    slopeMin: a,
    // 1 − a is at most half a unit in the last place too small; the next double up bounds the exact value.
    curvatureBound: (rest + rest * Number.EPSILON) / 4,
    thirdBound: (rest + rest * Number.EPSILON) * 0.0963, // softplus: 1/(6√3)
    valueBound: Number.POSITIVE_INFINITY,
    homogeneous: false,
    // E[x·log((1 + eˣ)/2)] = E[sigmoid(x)] = ½ (Stein).
    cSigma: 1 / (a * a + a * rest + rest * rest * SOFTPLUS_SQUARE),
    apply: async (z, backend, out) => {
      await backend.elementwise("softplus", z, out);
      for (let i = 0; i < out.length; i++) out[i] = a * z[i] + rest * (out[i] - Math.LN2);
    },
    timesDerivative: (z, _value, factor, out) => {
      for (let i = 0; i < z.length; i++) out[i] = factor[i] * (a + rest * sigmoid(z[i]));
    },
  };
}
