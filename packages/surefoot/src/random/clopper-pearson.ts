import { exp, log, log1p } from "@surefoot/linalg";

/** An interval for a probability, at a confidence. */
export interface Proportion {
  readonly successes: number;
  readonly trials: number;
  readonly lower: number;
  readonly upper: number;
  readonly confidence: number;
}

/**
 * The Clopper–Pearson interval of a probability p of which `successes` of `trials` independent draws were successes: the p for which
 * neither tail of the binomial law has less than (1 − confidence)/2. Ends are found by bisection on the sum of the tail itself, to a relative
 * 1e-12; cost about 60·trials operations. Each end alone is a one-sided bound at confidence 1 − (1 − confidence)/2.
 */
export function clopperPearson(successes: number, trials: number, confidence = 0.95): Proportion {
  if (!(Number.isInteger(successes) && Number.isInteger(trials) && successes >= 0 && successes <= trials && trials > 0))
    throw new RangeError(`${successes} successes of ${trials} trials`);
  if (!(confidence > 0 && confidence < 1))
    throw new RangeError(`a confidence lies between 0 and 1, not at ${confidence}`);
  const tail = (1 - confidence) / 2;
  const lower = successes === 0 ? 0 : rootOf((p) => atLeast(successes, trials, p) - tail);
  // P(X ≤ s | p) = P(X ≥ trials − s | 1 − p)
  const upper = successes === trials ? 1 : 1 - rootOf((q) => atLeast(trials - successes, trials, q) - tail);
  return { successes, trials, lower, upper, confidence };
}

/** P(X ≥ k) for X ∼ Bin(n, p), 0 < p < 1, 1 ≤ k ≤ n. */
function atLeast(k: number, n: number, p: number): number {
  const [logP, logQ] = [log(p), log1p(-p)];
  let term = 0; // log C(n, j) at j = k
  for (let j = 1; j <= k; j++) term += log((n - k + j) / j);
  let sum = 0;
  for (let j = k; j <= n; j++) {
    sum += exp(term + j * logP + (n - j) * logQ);
    term += log((n - j) / (j + 1));
  }
  return sum;
}

/** The root in (0, 1) of an increasing function. */
function rootOf(f: (p: number) => number): number {
  let [low, high] = [0, 1];
  while (high - low > 1e-12 * high) {
    const middle = (low + high) / 2;
    if (f(middle) < 0) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
