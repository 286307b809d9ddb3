/**
 * First roots of exponential sums f(t) = constant − Σ_q weight_q·(1 − e^{−λ_q t})/λ_q, the motion of one pre-activation between two
 * events of the flow (λ_q = 0: the term is weight_q·t).
 */
export interface ExponentialSum {
  readonly constant: number;
  readonly weights: Float64Array;
}

/** A speed below this share of the sum of its terms' sizes may be rounding. */
const ROUNDING = 1e-12;

/**
 * The first t in (0, horizon] where f reaches 0, from above if `side` is 1 and from below if it is −1; undefined if it does not.
 *
 * Never steps over a root: within h of t, f moves towards 0 by at most vh + ½Bh², v its speed towards 0 and B = Σ|weight_q|λ_q e^{−λ_q t}, which only
 * falls; the largest h for which that cannot use up |f| is the next step. Near a simple root these steps become Newton's.
 * `resolution`: |f| at or below it counts as 0. f(0) = 0 is allowed if f leaves 0 towards `side`, however slowly: until it has left, nothing is
 * a root but a speed towards 0 that is more than rounding, and steps are those in which f can come back by no more than `resolution`.
 */
export function firstRoot(
  { constant, weights }: ExponentialSum,
  rates: Float64Array,
  side: 1 | -1,
  horizon: number,
  resolution: number,
): number | undefined {
  let t = 0;
  for (let left = false; ; ) {
    let value = side * constant;
    let speed = 0;
    let size = 0;
    let bend = 0;
    let rest = 0;
    for (let q = 0; q < weights.length; q++) {
      const decay = Math.exp(-rates[q] * t);
      value -= side * weights[q] * sumOfDecay(rates[q], t);
      speed += side * weights[q] * decay;
      size += Math.abs(weights[q]) * decay;
      bend += Math.abs(weights[q]) * rates[q] * decay;
      rest += Math.max(0, side * weights[q]) * (rates[q] > 0 ? decay / rates[q] : horizon - t);
    }
    if (value <= resolution) {
      if (left || speed > ROUNDING * size) return t;
      if (speed === 0 && bend === 0) return undefined;
      t += bend > 0 ? Math.max(-speed / bend, Math.sqrt(resolution / bend)) : horizon;
      if (t >= horizon) return undefined;
      continue;
    }
    left = true;
    if (rest < value) return undefined; // all that can still pull towards 0, together
    const towards = Math.max(0, speed);
    const root = Math.sqrt(towards * towards + 2 * bend * value);
    const step = towards + root > 0 ? (2 * value) / (towards + root) : Number.POSITIVE_INFINITY;
    const next = t + step;
    if (!(next < horizon)) return next > horizon ? undefined : horizon;
    if (next === t) return t;
    t = next;
  }
}

/** ∫₀ᵗ e^{−λs} ds. */
export function sumOfDecay(rate: number, t: number): number {
  return rate === 0 ? t : -Math.expm1(-rate * t) / rate;
}
