import type { ActivationKind } from "../spec/activation.ts";
import type { Activation } from "./activation.ts";

/** σ(x) = x for x ≥ 0 and slope·x below; σ'(0) = 1, as the sign pattern of theory/00 has it. */
export function piecewiseLinear(kind: ActivationKind, slope: number): Activation {
  return {
    kind,
    value: (x) => (x >= 0 ? x : slope * x),
    derivative: (x) => (x >= 0 ? 1 : slope),
    second: () => 0,
    slopeBound: 1,
    slopeMin: slope,
    curvatureBound: slope === 1 ? 0 : Number.POSITIVE_INFINITY,
    valueBound: Number.POSITIVE_INFINITY,
    homogeneous: true,
    cSigma: 2 / (1 + slope * slope),
    apply: async (z, _backend, out) => {
      for (let i = 0; i < z.length; i++) out[i] = z[i] * slopeAt(z[i], slope);
    },
    timesDerivative: (z, _value, factor, out) => {
      for (let i = 0; i < z.length; i++) out[i] = factor[i] * slopeAt(z[i], slope);
    },
  };
}

/** σ'(z) without a branch: signs are random, and a branch that is guessed wrong every other time costs five times the arithmetic. */
function slopeAt(z: number, slope: number): number {
  const on = z >= 0;
  return Number(on) + slope * Number(!on);
}
