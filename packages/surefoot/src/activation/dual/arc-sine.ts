/**
 * arcsin(x)/x for t = x² in [0, ¼]: the Chebyshev fit of degree 13 in t, off by 1e-18 (mpmath, chebyfit with 50 digits), so that the value has
 * the rounding of a few operations. Only operations that IEEE 754 fixes: the same bits everywhere.
 */
export function arcSineRatio(t: number): number {
  const q = t * t;
  // Even and odd powers apart: two chains that do not wait for one another.
  const even =
    (((((-0.02093065831518245 * q + 0.0037180577483250537) * q + 0.011398850408440755) * q + 0.017351600625343435) * q +
      0.030381942642327187) *
      q +
      0.07499999999966611) *
      q +
    1.0;
  const odd =
    (((((0.03257934796692842 * q + 0.02166805886905636) * q + 0.010778675120995992) * q + 0.01398088299217101) * q +
      0.022372216106072148) *
      q +
      0.04464285717686322) *
      q +
    0.16666666666666796;
  return even + t * odd;
}
