import { erf, exp, log, log1p, normalCdf } from "@surefoot/linalg";
import type { Network } from "../network/network.ts";

/**
 * log P(Z > x) for Z ∼ N(0, 1), x ≥ 0, accurate to a few units in 1e-15 of max(1, |log|) however far out: beyond 30 by the asymptotic series
 * of Mills' ratio, whose eighth term is below 1e-15 there.
 */
export function logNormalTail(x: number): number {
  if (x < 30) return log(normalCdf(-x));
  const square = 1 / (x * x);
  let [series, term] = [1, 1];
  for (let k = 1; k <= 7; k++) {
    term *= -(2 * k - 1) * square;
    series += term;
  }
  return -0.5 * x * x - log(x) - 0.5 * log(2 * Math.PI) + log(series);
}

/** log(Φ(2t) − Φ(t)) for t > 0: the probability that a normal variable lies in [t, 2t]. */
export function logBoxed(t: number): number {
  if (t < 0.5) return log(0.5 * (erf(2 * t * Math.SQRT1_2) - erf(t * Math.SQRT1_2)));
  const near = logNormalTail(t);
  return near + log1p(-exp(logNormalTail(2 * t) - near));
}

/**
 * log of the probability that under LeCun initialisation N(0, 1/d_{ℓ−1}) every entry of W_2 … W_L lies in [box, 2·box] (Chatterjee 2022,
 * theorem 2.8; theory/04): Σ_ℓ d_ℓ d_{ℓ−1} log(Φ(2·box·√d_{ℓ−1}) − Φ(box·√d_{ℓ−1})), exact up to rounding.
 */
export function logBoxProbability(network: Network, box: number): number {
  let sum = 0;
  for (const { rows, cols } of network.layers.slice(1)) sum += rows * cols * logBoxed(box * Math.sqrt(cols));
  return sum;
}

/** The box that the draw hits most often; by golden section, log P being concave in log box near its only peak. */
export function likeliestBox(network: Network): { readonly box: number; readonly logProbability: number } {
  const widest = Math.max(...network.layers.slice(1).map(({ cols }) => cols));
  let [low, high] = [log(1e-3 / Math.sqrt(widest)), log(10)];
  const ratio = (Math.sqrt(5) - 1) / 2;
  const at = (t: number) => logBoxProbability(network, exp(t));
  while (high - low > 1e-9) {
    const [left, right] = [high - ratio * (high - low), low + ratio * (high - low)];
    if (at(left) > at(right)) high = right;
    else low = left;
  }
  const box = exp((low + high) / 2);
  return { box, logProbability: logBoxProbability(network, box) };
}

/** log₁₀ of the expected number of independent draws until the event, 1/P. */
export const log10Draws = (logProbability: number) => -logProbability / Math.LN10;

/** log₁₀ of the number of draws after which the event has happened with the given confidence: log(1 − c)/log(1 − P). */
export function log10DrawsFor(logProbability: number, confidence: number): number {
  const p = exp(logProbability);
  // log(1 − P) ≈ −P where P is below what 1 − P can tell
  const perDraw = p > 1e-300 ? log(-log1p(-p)) : logProbability;
  return (log(-log1p(-confidence)) - perDraw) / Math.LN10;
}
