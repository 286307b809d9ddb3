import { INVERSE_ROOT_TWO_PI, TWO_OVER_ROOT_PI_HIGH } from "../interval/constants.ts";
import { addUp, mulUp } from "../interval/directed.ts";
import {
  ERF_ERROR,
  GAUSSIAN_ERROR,
  quickErf,
  quickGaussian,
  quickNormalCdf,
  quickSigmoid,
  quickSoftplusShifted,
  quickTanh,
  SIGMOID_ERROR,
  SOFTPLUS_ERROR,
  VANISHING,
} from "../interval/quick.ts";
import type { ActivationSpec } from "../spec/activation.ts";

/** Uniform bounds: |value_k − σ(z_k)| ≤ valueError and |slope_k − σ'(z_k)| ≤ slopeError for every k. */
export interface ActivationErrors {
  readonly valueError: number;
  readonly slopeError: number;
}

/** σ and σ' in double with proved errors: docs/proof.md, section 7. */
interface Approximation {
  value(x: number): number;
  /** From x and the value already computed. */
  slope(x: number, value: number): number;
  /** |value − σ(x)| ≤ valueUnit·(valueScale), valueScale = 1, |σ| or |x| + |σ|. */
  readonly valueUnit: number;
  readonly valueScale: "one" | "value" | "both";
  /** |slope − σ'(x)| ≤ slopeUnit, or slopeUnit·(1 + |x|). */
  readonly slopeUnit: number;
  readonly slopeGrows?: boolean;
}

const DENSITY = INVERSE_ROOT_TWO_PI.lower;

/** For every activation with a Lipschitz derivative; shifts are those of activation/ (σ(0) = 0). */
function approximationOf(spec: ActivationSpec): Approximation | undefined {
  if (typeof spec === "object") {
    if (spec.kind === "leaky-relu") return undefined;
    const a = spec.slope;
    const rest = 1 - a;
    return {
      value: (x) => a * x + rest * quickSoftplusShifted(x),
      slope: (x) => a + rest * quickSigmoid(x),
      valueUnit: 2 * SOFTPLUS_ERROR,
      valueScale: "both",
      slopeUnit: 2 * SIGMOID_ERROR,
    };
  }
  switch (spec) {
    case "tanh":
      return {
        value: quickTanh,
        slope: (_, h) => (1 - h) * (1 + h),
        valueUnit: SIGMOID_ERROR,
        valueScale: "value",
        slopeUnit: 4 * SIGMOID_ERROR,
      };
    case "sigmoid":
      return {
        // 1/(1 + e⁻ˣ) − ½ = ½ tanh(x/2)
        value: (x) => 0.5 * quickTanh(0.5 * x),
        slope: (_, h) => (0.5 - h) * (0.5 + h),
        valueUnit: SIGMOID_ERROR,
        valueScale: "value",
        slopeUnit: 2 * SIGMOID_ERROR,
      };
    case "softplus":
      return {
        value: quickSoftplusShifted,
        slope: quickSigmoid,
        valueUnit: SOFTPLUS_ERROR,
        valueScale: "value",
        slopeUnit: SIGMOID_ERROR,
      };
    case "erf":
      return {
        value: quickErf,
        slope: (x) => TWO_OVER_ROOT_PI_HIGH * quickGaussian(x * x),
        valueUnit: ERF_ERROR,
        valueScale: "one",
        slopeUnit: 2 * GAUSSIAN_ERROR,
      };
    case "gelu":
      return {
        value: (x) => x * quickNormalCdf(x),
        slope: (x) => quickNormalCdf(x) + x * (DENSITY * quickGaussian(0.5 * x * x)),
        valueUnit: 2 * ERF_ERROR,
        valueScale: "both",
        slopeUnit: 2 * GAUSSIAN_ERROR,
      };
    case "swish":
      return {
        value: (x) => x * quickSigmoid(x),
        slope: (x) => {
          const s = quickSigmoid(x);
          return s * (1 + x * (1 - s));
        },
        valueUnit: 2 * SIGMOID_ERROR,
        valueScale: "value",
        slopeUnit: 4 * SIGMOID_ERROR,
        slopeGrows: true,
      };
    case "relu":
      return undefined;
  }
}

/**
 * Fills `value` and `slope` with doubles near σ(z) and σ'(z) and bounds their errors, for all entries together. Returns undefined
 * for an activation without a Lipschitz derivative. NaN in z gives NaN errors.
 */
export function encloseActivation(
  spec: ActivationSpec,
  z: Float64Array,
  value: Float64Array,
  slope: Float64Array,
): ActivationErrors | undefined {
  const near = approximationOf(spec);
  if (!near) return undefined;
  let largestInput = 0;
  let largestValue = 0;
  for (let k = 0; k < z.length; k++) {
    const x = z[k];
    const v = near.value(x);
    value[k] = v;
    slope[k] = near.slope(x, v);
    largestInput = Math.max(largestInput, Math.abs(x));
    largestValue = Math.max(largestValue, Math.abs(v));
  }
  const scales = { one: 1, value: largestValue, both: addUp(largestInput, largestValue) };
  const scale = scales[near.valueScale];
  return {
    valueError: Number.isNaN(largestInput + largestValue) ? Number.NaN : addUp(mulUp(near.valueUnit, scale), VANISHING),
    slopeError: mulUp(near.slopeUnit, near.slopeGrows ? addUp(1, largestInput) : 1),
  };
}

/** σ'' in double from z, and |computed − σ''(z)| ≤ error·(1 + |z|)^power: docs/proof.md, section 7. */
interface SecondDerivative {
  value(x: number): number;
  readonly error: number;
  readonly power: 0 | 1 | 2;
}

function secondOf(spec: ActivationSpec): SecondDerivative | undefined {
  const bell = (x: number) => {
    const s = quickSigmoid(x);
    return s * (1 - s);
  };
  if (typeof spec === "object") {
    if (spec.kind === "leaky-relu") return undefined;
    const rest = 1 - spec.slope;
    return { value: (x) => rest * bell(x), error: 4 * SIGMOID_ERROR, power: 0 };
  }
  switch (spec) {
    case "tanh":
      return { value: (x) => bentTanh(quickTanh(x)), error: 16 * SIGMOID_ERROR, power: 0 };
    case "sigmoid":
      return { value: (x) => 0.25 * bentTanh(quickTanh(0.5 * x)) * 0.5, error: 16 * SIGMOID_ERROR, power: 0 };
    case "softplus":
      return { value: bell, error: 4 * SIGMOID_ERROR, power: 0 };
    case "erf":
      return {
        value: (x) => -2 * x * (TWO_OVER_ROOT_PI_HIGH * quickGaussian(x * x)),
        error: 8 * GAUSSIAN_ERROR,
        power: 1,
      };
    case "gelu":
      return { value: (x) => DENSITY * quickGaussian(0.5 * x * x) * (2 - x * x), error: 8 * GAUSSIAN_ERROR, power: 2 };
    default:
      return undefined;
  }
}

/** tanh'' from h = tanh x. */
function bentTanh(h: number): number {
  return -2 * h * ((1 - h) * (1 + h));
}

/** Fills `second` with doubles near σ''(z) and returns a bound of their errors, for activations with a proved bound of σ'''; undefined for others. */
export function encloseSecond(spec: ActivationSpec, z: Float64Array, second: Float64Array): number | undefined {
  const near = secondOf(spec);
  if (!near) return undefined;
  let largest = 0;
  for (let k = 0; k < z.length; k++) {
    second[k] = near.value(z[k]);
    const size = Math.abs(z[k]);
    if (!(size <= largest)) largest = size;
  }
  const growth = addUp(1, largest);
  let error = near.error;
  for (let k = 0; k < near.power; k++) error = mulUp(error, growth);
  return error;
}
