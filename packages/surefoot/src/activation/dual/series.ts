import { SurefootError } from "../../error.ts";
import type { Dual, Pairs } from "./dual.ts";
import { type HermiteSeries, hermiteSeries, MAX_TERMS } from "./hermite.ts";
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
const ONES = new Float64Array(MAX_TERMS).fill(1);

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
    if (left !== null && right !== null) return mehler(left.coefficients, right.coefficients, correlation(a, c, b));
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
    fill: async (pairs, out) => {
      for (const part of ["value", "derivative"] as const) {
        const target = out[part];
        if (target !== undefined) fillPart(part, pairs, target);
      }
    },
  };

  function fillPart(part: Part, { covariances, rowVariances, colVariances }: Pairs, out: Float64Array): void {
    const { rows, cols, data } = covariances;
    const right = Array.from(colVariances, (b) => seriesOf(part, b));
    // Data of one length have one series: its products with a row's are formed once.
    const shared = right.length > 0 && right.every((series) => series === right[0]) ? right[0] : null;
    for (let i = 0; i < rows; i++) {
      const a = rowVariances[i];
      const left = seriesOf(part, a);
      const product = shared && left !== null ? products(left.coefficients, shared.coefficients) : undefined;
      for (let j = 0; j < cols; j++) {
        const k = i * cols + j;
        const other = right[j];
        const rho = correlation(a, data[k], colVariances[j]);
        if (product !== undefined) out[k] = sumOfPowers(product, ONES, product.length, rho);
        else if (left !== null && other !== null) out[k] = mehler(left.coefficients, other.coefficients, rho);
        else out[k] = expectation(part, a, data[k], colVariances[j]);
      }
    }
  }
}

function correlation(a: number, c: number, b: number): number {
  const size = Math.sqrt(a) * Math.sqrt(b);
  if (size === 0) return 0;
  const rho = c / size;
  return rho > 1 ? 1 : Math.max(rho, -1);
}

function mehler(left: Float64Array, right: Float64Array, rho: number): number {
  return sumOfPowers(left, right, Math.min(left.length, right.length), rho);
}

function products(left: Float64Array, right: Float64Array): Float64Array {
  const length = Math.min(left.length, right.length);
  const out = new Float64Array(length);
  for (let k = 0; k < length; k++) out[k] = left[k] * right[k];
  return out;
}

/** Σ_{k<length} p_k q_k ρ^k, even and odd powers apart: two chains that do not wait for one another. */
function sumOfPowers(p: Float64Array, q: Float64Array, length: number, rho: number): number {
  const square = rho * rho;
  let k = length - 1;
  let even = 0;
  let odd = 0;
  if (k % 2 === 0) {
    even = p[k] * q[k];
    k -= 1;
  }
  for (; k >= 1; k -= 2) {
    odd = odd * square + p[k] * q[k];
    even = even * square + p[k - 1] * q[k - 1];
  }
  return even + rho * odd;
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
