import { type Backend, correlation, seriesOfPair } from "@surefoot/linalg";
import { SurefootError } from "../../error.ts";
import type { Dual, Pairs } from "./dual.ts";
import { type HermiteSeries, hermiteSeries } from "./hermite.ts";
import { average, quadrature } from "./quadrature.ts";

/** σ and σ' as plain functions. */
export interface Nonlinearity {
  readonly name: string;
  value(x: number): number;
  derivative(x: number): number;
}

type Part = "value" | "derivative";
type Series = Extract<HermiteSeries, { status: "ok" }>;

/** Series of so many variances are kept; data on a sphere need one per layer. */
const KEPT = 32_768;
/** Stands for the series that there is none of. */
const ZERO = new Float64Array(1);

/**
 * The duals of any σ by Mehler's formula (hermite.ts), and where its series would be too long by quadrature in two dimensions. Both check
 * their error; throws `spec` when σ is not square-integrable under a variance, and `argument` with the error estimate when neither
 * reaches its tolerance (σ with a kink: give a closed form).
 */
export function dualBySeries(sigma: Nonlinearity): Dual {
  const known: Record<Part, Map<number, Series | null>> = { value: new Map(), derivative: new Map() };

  const seriesOf = (part: Part, variance: number): Series | null => {
    const map = known[part];
    const found = map.get(variance);
    if (found !== undefined) return found;
    const series = hermiteSeries(part === "value" ? sigma.value : sigma.derivative, Math.sqrt(variance));
    if (series.status === "not-square-integrable") throw notSquareIntegrable(sigma.name, part, variance);
    if (map.size >= KEPT) map.clear();
    map.set(variance, series.status === "ok" ? series : null);
    return series.status === "ok" ? series : null;
  };

  const expectation = (part: Part, a: number, c: number, b: number): number => {
    if (Number.isNaN(a + b + c)) return Number.NaN;
    const [left, right] = [seriesOf(part, a), seriesOf(part, b)];
    if (left !== null && right !== null)
      return seriesOfPair(left.coefficients, right.coefficients, correlation(a, c, b));
    const found = quadrature(part === "value" ? sigma.value : sigma.derivative, a, c, b);
    if (found.status === "ok") return found.value;
    if (found.status === "not-square-integrable") throw notSquareIntegrable(sigma.name, part, Math.max(a, b));
    throw tooInaccurate(sigma.name, `E[σσ] at variances ${a}, ${b} and covariance ${c}`, found.value, found.error);
  };

  const averageOf = (a: number): number => {
    const found = average(sigma.value, a);
    if (found.status === "ok") return found.value;
    if (found.status === "not-square-integrable") throw notSquareIntegrable(sigma.name, "value", a);
    throw tooInaccurate(sigma.name, `E[σ] at variance ${a}`, found.value, found.error);
  };

  return {
    name: sigma.name,
    value: (a, c, b) => expectation("value", a, c, b),
    derivative: (a, c, b) => expectation("derivative", a, c, b),
    mean: (a) => seriesOf("value", a)?.coefficients[0] ?? averageOf(a),
    fill: async (pairs, out, backend) => {
      for (const part of ["value", "derivative"] as const) {
        const target = out[part];
        if (target !== undefined) await fillPart(part, pairs, target, backend);
      }
    },
  };

  async function fillPart(part: Part, pairs: Pairs, out: Float64Array, backend: Backend): Promise<void> {
    const { covariances, rowVariances, colVariances } = pairs;
    const rowSeries = Array.from(rowVariances, (a) => seriesOf(part, a));
    const colSeries = Array.from(colVariances, (b) => seriesOf(part, b));
    const terms = (series: Series | null) => series?.coefficients ?? ZERO;
    const [rowTerms, colTerms] = [rowSeries.map(terms), colSeries.map(terms)];
    await backend.dualPairs(covariances, { kind: "series", rowVariances, colVariances, rowTerms, colTerms }, out);
    if (!rowSeries.includes(null) && !colSeries.includes(null)) return;
    const { cols, data } = covariances;
    rowSeries.forEach((left, i) => {
      colSeries.forEach((right, j) => {
        const k = i * cols + j;
        if (left === null || right === null) out[k] = expectation(part, rowVariances[i], data[k], colVariances[j]);
      });
    });
  }
}

function tooInaccurate(name: string, what: string, value: number, error: number): SurefootError {
  return new SurefootError(
    "argument",
    `${name}: ${what} is ${value} with an estimated error of ${error.toExponential(1)}, more than can be used; ` +
      "scale the inputs down, or use an activation with a closed form",
  );
}

function notSquareIntegrable(name: string, part: Part, variance: number): SurefootError {
  return new SurefootError(
    "spec",
    `${name}: ${part === "value" ? "σ" : "σ'"} is not square-integrable under N(0, ${variance}), so its kernel does not exist`,
  );
}
