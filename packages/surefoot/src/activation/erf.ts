import { erf, exp } from "@surefoot/linalg";
import type { Activation } from "./activation.ts";

const TWO_OVER_ROOT_PI = 1.1283791670955126;

/** The error function. */
export const erfActivation: Activation = {
  kind: "erf",
  value: erf,
  derivative: (x) => TWO_OVER_ROOT_PI * exp(-x * x),
  second: (x) => -2 * x * TWO_OVER_ROOT_PI * exp(-x * x),
  slopeBound: 1.1283791670955128,
  slopeMin: 0,
  curvatureBound: 0.9678828980765736, // 4/√(2πe), at x = 1/√2
  thirdBound: 2.256758334191026, // (2/√π)(4x² − 2)e^{−x²}: 4/√π, at 0
  valueBound: 1,
  homogeneous: false,
  cSigma: 2.1525788606075986,
  apply: async (z, backend, out) => void (await backend.elementwise("erf", z, out)),
  timesDerivative: (z, _value, factor, out) => {
    for (let i = 0; i < z.length; i++) out[i] = factor[i] * (TWO_OVER_ROOT_PI * exp(-z[i] * z[i]));
  },
};
