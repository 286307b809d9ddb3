import { arcCosine } from "@surefoot/linalg";
import { arcSineRatio } from "./arc-sine.ts";
import { type Dual, type DualBlock, determinant, type Pairs } from "./dual.ts";

const INVERSE_TWO_PI = 1 / (2 * Math.PI);

/**
 * σ(x) = max(x, 0) + slope·min(x, 0): ReLU (slope 0), leaky ReLU, |x| (slope −1). With κ₀, κ₁ the arc-cosine kernels (Cho & Saul 2009):
 * E[σσ] = slope·c + (1 − slope)²κ₁, E[σ'σ'] = slope + (1 − slope)²κ₀.
 */
export function piecewiseLinearDual(name: string, slope: number): Dual {
  const square = (1 - slope) * (1 - slope);

  const evaluate = ({ covariances, rowVariances, colVariances }: Pairs, out: DualBlock): void => {
    const { rows, cols, data } = covariances;
    const { value, derivative } = out;
    const rowRoots = rowVariances.map(Math.sqrt);
    const colRoots = colVariances.map(Math.sqrt);
    for (let i = 0, k = 0; i < rows; i++) {
      const [a, root] = [rowVariances[i], rowRoots[i]];
      for (let j = 0; j < cols; j++, k++) {
        const s = root * colRoots[j];
        const c = data[k] > s ? s : Math.max(data[k], -s);
        const h = Math.abs(c);
        let kappa: number;
        if (h <= 0.5 * s) {
          const x = s === 0 ? 0 : c / s;
          // arcsin ρ: the angle is π/2 less this, and so nothing cancels near ρ = 0.
          const sine = x * arcSineRatio(x * x);
          kappa = INVERSE_TWO_PI * (Math.sqrt((s - c) * (s + c)) + (0.5 * Math.PI + sine) * c);
          if (derivative)
            derivative[k] =
              s === 0 ? AT_ZERO * square + slope : 0.25 * (1 + slope) * (1 + slope) + square * INVERSE_TWO_PI * sine;
        } else {
          // 1 − |ρ| from the determinant where the difference would lose digits; the angle to the nearer of ±1 is 2·arcsin √((1 − |ρ|)/2).
          const gap = h > 0.9 * s ? determinant(a, data[k], colVariances[j]) / (s + h) : s - h;
          const t = gap / (2 * s);
          const angle = 2 * Math.sqrt(t) * arcSineRatio(t);
          const tail = INVERSE_TWO_PI * (Math.sqrt(gap * (s + h)) - angle * h);
          kappa = c > 0 ? 0.5 * c + tail : tail;
          if (derivative)
            derivative[k] = slope + square * (c > 0 ? 0.5 - INVERSE_TWO_PI * angle : INVERSE_TWO_PI * angle);
          // κ₁ vanishes like the third power of the angle to −1, and its two terms cancel.
          if (value && c < -0.9 * s) kappa = byItself(a, c, colVariances[j]);
        }
        if (value) value[k] = slope * c + square * kappa;
      }
    }
  };

  const single = (part: "value" | "derivative", a: number, c: number, b: number): number => {
    const out = new Float64Array(1);
    const covariances = { rows: 1, cols: 1, data: Float64Array.of(c) };
    evaluate({ covariances, rowVariances: Float64Array.of(a), colVariances: Float64Array.of(b) }, { [part]: out });
    return out[0];
  };

  return {
    name,
    value: (a, c, b) => single("value", a, c, b),
    derivative: (a, c, b) => single("derivative", a, c, b),
    mean: (a) => ((1 - slope) * Math.sqrt(a)) / Math.sqrt(2 * Math.PI),
    fill: async (pairs, out) => evaluate(pairs, out),
  };
}

/** κ₀ where a vector is zero: its angle to every other counts as 0, as in linalg's arcCosine. */
const AT_ZERO = 0.5;

/** κ₁ of one pair, to a few units in the last place as ρ → −1. */
function byItself(a: number, c: number, b: number): number {
  const gram = { rows: 1, cols: 1, data: Float64Array.of(c) };
  return arcCosine(1, gram, Float64Array.of(a), Float64Array.of(b)).data[0];
}
