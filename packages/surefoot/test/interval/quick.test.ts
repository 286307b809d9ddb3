import { describe, expect, test } from "vitest";
import type { Interval } from "../../src/interval/arithmetic.ts";
import { erfAt, normalCdfAt } from "../../src/interval/error-function.ts";
import { expAt, expm1At, sigmoidAt, softplusShiftedAt, tanhAt } from "../../src/interval/exponential.ts";
import {
  ERF_ERROR,
  EXP_ERROR,
  GAUSSIAN_ERROR,
  quickErf,
  quickExp,
  quickExpm1,
  quickGaussian,
  quickNormalCdf,
  quickSigmoid,
  quickSoftplusShifted,
  quickTanh,
  SIGMOID_ERROR,
  SOFTPLUS_ERROR,
  VANISHING,
} from "../../src/interval/quick.ts";

/** Inputs over the whole range: an even grid, geometric sizes of both signs, and the seams of the argument reductions. */
function inputs(reach: number): number[] {
  const seams = Array.from({ length: 12 }, (_, k) => [(k + 0.5) * Math.LN2, (2 * k + 1) / 16]).flat();
  const even = Array.from({ length: 6001 }, (_, k) => ((k - 3000) / 3000) * reach);
  const sizes = Array.from({ length: 600 }, (_, k) => reach * 2 ** (-k / 2));
  return [...even, ...[...seams, ...sizes].flatMap((x) => [x, -x, x * (1 + 2 ** -52), x * (1 - 2 ** -53)])].filter(
    (x) => Math.abs(x) <= reach,
  );
}

const cases: [
  string,
  (x: number) => number,
  (x: number) => Interval,
  relative: number,
  absolute: number,
  reach: number,
][] = [
  ["exp", quickExp, expAt, EXP_ERROR, VANISHING, 705],
  ["expm1", quickExpm1, expm1At, EXP_ERROR, 0, 690],
  ["tanh", quickTanh, tanhAt, SIGMOID_ERROR, 0, 50],
  ["sigmoid", quickSigmoid, sigmoidAt, SIGMOID_ERROR, VANISHING, 800],
  ["softplus", quickSoftplusShifted, softplusShiftedAt, SOFTPLUS_ERROR, 0, 100],
  ["erf", quickErf, erfAt, 0, ERF_ERROR, 7],
  ["normal-cdf", quickNormalCdf, normalCdfAt, 0, ERF_ERROR, 10],
];

describe("quick functions", () => {
  test.each(cases)(
    "%s keeps its stated error against the enclosures, by a factor two at least",
    (_, quick, at, relative, absolute, reach) => {
      for (const x of inputs(reach)) {
        const { lower, upper } = at(x);
        const got = quick(x);
        const size = Math.max(Math.abs(lower), Math.abs(upper));
        if (size === Number.POSITIVE_INFINITY || x > 700) continue;
        const error = Math.max(lower - got, got - upper, 0);
        if (error > (relative * size + absolute) / 2)
          throw new Error(`${x}: ${got} is ${error} outside [${lower}, ${upper}]`);
      }
      expect(quick(Number.NaN)).toBeNaN();
    },
  );

  test("e^{−q} with a rounded square keeps its absolute error", () => {
    for (const x of inputs(40)) {
      // expAt(−x²) with the exact square between two doubles.
      const { lower } = expAt(-(x * x) * (1 + 2 ** -52));
      const { upper } = expAt(-(x * x) * (1 - 2 ** -52));
      const got = quickGaussian(x * x);
      expect(Math.max(lower - got, got - upper)).toBeLessThanOrEqual(GAUSSIAN_ERROR / 2);
    }
  });
});
