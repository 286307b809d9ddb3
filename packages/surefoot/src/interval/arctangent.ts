import type { Interval } from "./arithmetic.ts";
import { HALF_PI, HALF_PI_HIGH, HALF_PI_LOW } from "./constants.ts";
import { nextDown, powerOfTwo } from "./directed.ts";
import * as dd from "./double-double.ts";
import { settle } from "./exponential.ts";

/** Twice the proved relative error of the pairs below (docs/proof.md, section 3). */
const PAIR_ERROR = powerOfTwo(-55);
const TINY = powerOfTwo(-100);
/** Nodes of the table are multiples of 1/STEPS. */
export const STEPS = 16;

/** arctan t for |t| ≤ 1/16: the first term as a pair, the others in double. */
function series(high: number, low: number): number {
  const z = high * high;
  let p = 1 / 19;
  for (let i = 17; i >= 3; i -= 2) p = 1 / i - z * p;
  return dd.addDouble(high, low, -high * z * p);
}

let known: Float64Array | undefined;

/** arctan(j/16), j = 0 … 16, as pairs high, low; made on first use. */
export function atanTable(): Float64Array {
  known ??= makeTable();
  return known;
}

/** arctan c' = arctan c + arctan((c' − c)/(1 + cc')). */
function makeTable(): Float64Array {
  const out = new Float64Array(2 * (STEPS + 1));
  for (let j = 0; j < STEPS; j++) {
    const quotient = dd.div(1 / STEPS, 0, 1 + (j * (j + 1)) / (STEPS * STEPS), 0);
    const step = series(quotient, dd.low[0]);
    out[2 * j + 2] = dd.add(out[2 * j], out[2 * j + 1], step, dd.low[0]);
    out[2 * j + 3] = dd.low[0];
  }
  return out;
}

/** arctan x for 0 < x ≤ 1. */
function unitPair(xHigh: number, xLow: number): number {
  const table = atanTable();
  const j = Math.floor(STEPS * xHigh + 0.5);
  if (j === 0) return series(xHigh, xLow);
  const c = j / STEPS;
  const product = dd.mulDouble(xHigh, xLow, c);
  const denominator = dd.addDouble(product, dd.low[0], 1);
  const denominatorLow = dd.low[0];
  const numerator = dd.addDouble(xHigh, xLow, -c);
  const t = dd.div(numerator, dd.low[0], denominator, denominatorLow);
  const rest = series(t, dd.low[0]);
  return dd.add(table[2 * j], table[2 * j + 1], rest, dd.low[0]);
}

/** arctan x. */
export function atanAt(x: number): Interval {
  if (Number.isNaN(x)) return { lower: x, upper: x };
  if (x < 0) {
    const mirrored = atanAt(-x);
    return { lower: -mirrored.upper, upper: -mirrored.lower };
  }
  if (x < TINY) return x === 0 ? { lower: 0, upper: 0 } : { lower: nextDown(x), upper: x };
  if (x > powerOfTwo(100)) return { lower: nextDown(HALF_PI.lower), upper: HALF_PI.upper };
  if (x <= 1) {
    const high = unitPair(x, 0);
    return settle(high, dd.low[0], PAIR_ERROR);
  }
  const inverse = dd.div(1, 0, x, 0);
  const angle = unitPair(inverse, dd.low[0]);
  const high = dd.add(HALF_PI_HIGH, HALF_PI_LOW, -angle, -dd.low[0]);
  return settle(high, dd.low[0], PAIR_ERROR);
}
