import { type Interval, point } from "../interval/arithmetic.ts";
import { INVERSE_ROOT_TWO_PI, TWO_OVER_ROOT_PI_HIGH } from "../interval/constants.ts";
import { mulDown, mulUp, nextUp, subUp } from "../interval/directed.ts";
import { erfAt, normalCdfAt } from "../interval/error-function.ts";
import { expAt, sigmoidAt, softplusShiftedAt, tanhAt } from "../interval/exponential.ts";
import { outward } from "../interval/outward.ts";
import type { ActivationSpec } from "../spec/activation.ts";

const { add, mul, square, sub } = outward;
const ONE = point(1);
const QUARTER = point(0.25);
const TWO_OVER_ROOT_PI: Interval = { lower: TWO_OVER_ROOT_PI_HIGH, upper: nextUp(TWO_OVER_ROOT_PI_HIGH) };

interface Enclosure {
  /** σ(x). */
  readonly value: Interval;
  /** σ'(x). */
  readonly slope: Interval;
}

/** σ and σ' at one double, for every activation with a Lipschitz derivative. Shifts are those of activation/ (σ(0) = 0). */
function enclosureOf(spec: ActivationSpec): ((x: number) => Enclosure) | undefined {
  if (typeof spec === "object") {
    if (spec.kind === "leaky-relu") return undefined;
    const slope = point(spec.slope);
    const rest = sub(ONE, slope);
    return (x) => ({
      value: add(mul(slope, point(x)), mul(rest, softplusShiftedAt(x))),
      slope: add(slope, mul(rest, sigmoidAt(x))),
    });
  }
  switch (spec) {
    case "tanh":
      return (x) => {
        const value = tanhAt(x);
        return { value, slope: sub(ONE, square(value)) };
      };
    case "sigmoid":
      return (x) => {
        // 1/(1 + e⁻ˣ) − ½ = ½ tanh(x/2)
        const value = mul(point(0.5), hull(tanhAt(mulDown(0.5, x)), tanhAt(mulUp(0.5, x))));
        return { value, slope: sub(QUARTER, square(value)) };
      };
    case "softplus":
      return (x) => ({ value: softplusShiftedAt(x), slope: sigmoidAt(x) });
    case "erf":
      return (x) => ({ value: erfAt(x), slope: mul(TWO_OVER_ROOT_PI, gaussian(square(point(x)))) });
    case "gelu":
      return (x) => {
        const cdf = normalCdfAt(x);
        const density = mul(INVERSE_ROOT_TWO_PI, gaussian(mul(point(0.5), square(point(x)))));
        return { value: mul(point(x), cdf), slope: add(cdf, mul(point(x), density)) };
      };
    case "swish":
      return (x) => {
        const s = sigmoidAt(x);
        return { value: mul(point(x), s), slope: mul(s, add(ONE, mul(point(x), sub(ONE, s)))) };
      };
    case "relu":
      return undefined;
  }
}

function hull(a: Interval, b: Interval): Interval {
  return { lower: a.lower, upper: b.upper };
}

/** e^{−q}, q ≥ 0. */
function gaussian(q: Interval): Interval {
  return { lower: expAt(-q.upper).lower, upper: expAt(-q.lower).upper };
}

/** Uniform bounds: |value_k − σ(z_k)| ≤ valueError and |slope_k − σ'(z_k)| ≤ slopeError for every k. */
export interface ActivationErrors {
  readonly valueError: number;
  readonly slopeError: number;
}

/**
 * Fills `value` and `slope` with doubles next to σ(z) and σ'(z) and bounds their errors by enclosures of each entry, about half a
 * microsecond apiece. Returns undefined for an activation without a Lipschitz derivative. NaN in z gives NaN errors.
 */
export function encloseActivation(
  spec: ActivationSpec,
  z: Float64Array,
  value: Float64Array,
  slope: Float64Array,
): ActivationErrors | undefined {
  const at = enclosureOf(spec);
  if (!at) return undefined;
  let valueError = 0;
  let slopeError = 0;
  for (let k = 0; k < z.length; k++) {
    const found = at(z[k]);
    value[k] = found.value.lower;
    slope[k] = found.slope.lower;
    valueError = Math.max(valueError, subUp(found.value.upper, found.value.lower));
    slopeError = Math.max(slopeError, subUp(found.slope.upper, found.slope.lower));
  }
  return { valueError, slopeError };
}
