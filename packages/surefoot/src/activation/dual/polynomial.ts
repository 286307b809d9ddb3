import { SurefootError } from "../../error.ts";
import { type Dual, pointwise } from "./dual.ts";

/**
 * σ(x) = Σ_k p_k x^k, exactly: moments by Isserlis' recursion E[u^i v^j] = (i − 1)a·E[u^{i−2}v^j] + jc·E[u^{i−1}v^{j−1}]. Throws `spec` for
 * an empty list or a coefficient that is not finite. The identity is [0, 1].
 */
export function polynomialDual(coefficients: readonly number[], name = "polynomial"): Dual {
  if (coefficients.length === 0 || !coefficients.every(Number.isFinite)) {
    throw new SurefootError(
      "spec",
      "polynomial: coefficients must be a list of at least one finite number, lowest degree first",
    );
  }
  const slopes = coefficients.length === 1 ? [0] : coefficients.slice(1).map((p, k) => (k + 1) * p);
  return pointwise({
    name,
    value: (a, c, b) => expectation(coefficients, a, c, b),
    derivative: (a, c, b) => expectation(slopes, a, c, b),
    mean: (a) => {
      let sum = 0;
      for (let k = 0, moment = 1; k < coefficients.length; k += 2, moment *= (k - 1) * a)
        sum += coefficients[k] * moment;
      return sum;
    },
  });
}

function expectation(p: readonly number[], a: number, c: number, b: number): number {
  const moments: number[][] = [];
  let sum = 0;
  for (let i = 0; i < p.length; i++) {
    const row: number[] = [];
    moments.push(row);
    for (let j = 0; j < p.length; j++) {
      if (i === 0) row.push(j === 0 ? 1 : j === 1 ? 0 : (j - 1) * b * row[j - 2]);
      else row.push((i > 1 ? (i - 1) * a * moments[i - 2][j] : 0) + (j > 0 ? j * c * moments[i - 1][j - 1] : 0));
      sum += p[i] * p[j] * row[j];
    }
  }
  return sum;
}

export const identityDual: Dual = pointwise({
  name: "identity",
  value: (_a, c) => c,
  derivative: () => 1,
  mean: () => 0,
});
