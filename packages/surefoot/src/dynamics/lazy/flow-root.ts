/**
 * First roots of exponential sums f(t) = constant − Σ_q weight_q·(1 − e^{−λ_q t})/λ_q, the motion of one pre-activation between two
 * events of the flow (λ_q = 0: the term is weight_q·t).
 */
export interface ExponentialSum {
  readonly constant: number;
  readonly weights: Float64Array;
}

/**
 * The first t in (0, horizon] where f reaches 0, from above if `side` is 1 and from below if it is −1; undefined if it does not.
 *
 * Never steps over a root: within h of t, f moves towards 0 by at most vh + ½Bh², v its speed towards 0 and B = Σ|weight_q|λ_q e^{−λ_q t}, which only
 * falls; the largest h for which that cannot use up |f| is the next step. Near a simple root these steps become Newton's. f(0) = 0 is
 * allowed if f leaves 0 towards `side`: the search then begins where that motion is over for certain at the earliest.
 * `resolution`: |f| at or below it counts as 0.
 */
export function firstRoot(
  { constant, weights }: ExponentialSum,
  rates: Float64Array,
  side: 1 | -1,
  horizon: number,
  resolution: number,
): number | undefined {
  let t = 0;
  for (let round = 0; ; round++) {
    let value = side * constant;
    let speed = 0;
    let bend = 0;
    let rest = 0;
    for (let q = 0; q < weights.length; q++) {
      const decay = Math.exp(-rates[q] * t);
      value -= side * weights[q] * sumOfDecay(rates[q], t);
      speed += side * weights[q] * decay;
      bend += Math.abs(weights[q]) * rates[q] * decay;
      rest += Math.max(0, side * weights[q]) * (rates[q] > 0 ? decay / rates[q] : horizon - t);
    }
    if (round === 0 && value <= resolution) {
      if (speed > 0) return 0;
      if (speed === 0 && bend === 0) return undefined;
      // f(h) ≥ |v|h − ½Bh² is above 0 up to 2|v|/B.
      t = bend > 0 ? -speed / bend : horizon;
      if (t >= horizon) return undefined;
      continue;
    }
    if (value <= resolution) return t;
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
