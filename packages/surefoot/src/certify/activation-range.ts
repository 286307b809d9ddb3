import { type Arithmetic, type Interval, point } from "../interval/arithmetic.ts";
import type { ActivationSpec } from "../spec/activation.ts";

/** What a strictly increasing activation with σ(0) = 0 does on [−ρ, ρ]. */
export interface ActivationRange {
  /** ≤ min σ', positive. */
  readonly slopeMin: number;
  /** ≥ max |σ|. */
  readonly valueMax: number;
}

/**
 * min σ' and max |σ| on [−ρ, ρ] for the activations that theorem S3 covers; undefined for the others (kinks, or σ' ≤ 0 somewhere).
 * With E = e^{−ρ} or e^{−2ρ} every formula is a quotient of positive terms: nothing cancels. σ' is even and falls away from 0 for tanh,
 * sigmoid and erf; for softplus and the smooth leaky ReLU it grows, so that the minimum is at −ρ and the largest |σ| at ρ.
 */
export function activationRange(
  spec: ActivationSpec,
  rho: number,
  arithmetic: Arithmetic,
): ActivationRange | undefined {
  const { add, sub, mul, div, exp, log, square } = arithmetic;
  const one = point(1);
  const decay = (factor: number) => exp(mul(point(-factor), point(rho)));
  const logistic = () => {
    const e = decay(1);
    return { e, low: div(e, add(one, e)) }; // sigmoid(−ρ)
  };
  /** log((1 + e^ρ)/2) = ρ + log((1 + e^{−ρ})/2). */
  const softplus = (e: Interval) => add(point(rho), log(mul(point(0.5), add(one, e))));
  if (typeof spec === "object") {
    if (spec.kind === "leaky-relu") return undefined;
    const { e, low } = logistic();
    const slope = point(spec.slope);
    const rest = sub(one, slope);
    const value = add(mul(slope, point(rho)), mul(rest, softplus(e)));
    return { slopeMin: add(slope, mul(rest, low)).lower, valueMax: value.upper };
  }
  switch (spec) {
    case "tanh": {
      const e = decay(2);
      const slope = div(mul(point(4), e), square(add(one, e)));
      return { slopeMin: slope.lower, valueMax: Math.min(1, div(sub(one, e), add(one, e)).upper) };
    }
    case "sigmoid": {
      const e = decay(1);
      const value = mul(point(0.5), div(sub(one, e), add(one, e)));
      return { slopeMin: div(e, square(add(one, e))).lower, valueMax: Math.min(0.5, value.upper) };
    }
    case "softplus": {
      const { e, low } = logistic();
      return { slopeMin: low.lower, valueMax: softplus(e).upper };
    }
    case "erf": {
      const factor: Interval = { lower: 1.1283791670955123, upper: 1.1283791670955128 }; // 2/√π = 1.12837916709551257…
      const bell = exp(mul(point(-1), square(point(rho))));
      return { slopeMin: mul(factor, bell).lower, valueMax: Math.min(1, mul(factor, point(rho)).upper) };
    }
    default:
      return undefined;
  }
}
