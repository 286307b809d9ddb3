import type { Interval } from "./arithmetic.ts";
import { ROOT_HALF, TWO_OVER_ROOT_PI_HIGH, TWO_OVER_ROOT_PI_LOW } from "./constants.ts";
import { addDown, addUp, mulDown, mulUp, nextDown, nextUp, powerOfTwo } from "./directed.ts";
import * as dd from "./double-double.ts";
import { expPair, settle } from "./exponential.ts";

/** Twice the proved relative error of the pair below (docs/proof.md, section 3). */
const PAIR_ERROR = powerOfTwo(-54);
const TINY = powerOfTwo(-100);
const NODES = 49; // c = j/8, j = 0 … 48
const TERMS = 14;

export interface ErfNode {
  /** erf(c). */
  readonly value: readonly [number, number];
  /** erf'(c) = (2/√π)e^{−c²}. */
  readonly slope: readonly [number, number];
  /** Coefficients a_k/(k + 1), k = 2 … 13, of ∫ e^{−2ct − t²} dt. */
  readonly tail: Float64Array;
}

let nodes: readonly ErfNode[] | undefined;

/** erf(c) = erf'(c)·Σ (2c²)ᵏ c/(1·3·…·(2k + 1)): positive terms, so nothing cancels. 2c² is exact for c = j/8. */
function makeNode(c: number): ErfNode {
  const e = expPair(-c * c, 0);
  const slopeHigh = dd.mul(e, dd.low[0], TWO_OVER_ROOT_PI_HIGH, TWO_OVER_ROOT_PI_LOW);
  const slopeLow = dd.low[0];
  const factor = 2 * c * c;
  let [termHigh, termLow] = [c, 0];
  let [sumHigh, sumLow] = [c, 0];
  for (let k = 1; termHigh > sumHigh * powerOfTwo(-110) || factor > k; k++) {
    termHigh = dd.mulDouble(termHigh, termLow, factor);
    termHigh = dd.div(termHigh, dd.low[0], 2 * k + 1, 0);
    termLow = dd.low[0];
    sumHigh = dd.add(sumHigh, sumLow, termHigh, termLow);
    sumLow = dd.low[0];
  }
  const value = dd.mul(slopeHigh, slopeLow, sumHigh, sumLow);
  const tail = new Float64Array(TERMS - 2);
  let [before, now] = [1, -2 * c];
  for (let k = 2; k < TERMS; k++) {
    [before, now] = [now, (-2 * c * now - 2 * before) / k];
    tail[k - 2] = now / (k + 1);
  }
  return { value: [value, dd.low[0]], slope: [slopeHigh, slopeLow], tail };
}

/** The expansions of erf around j/8, j = 0 … 48, made on first use. */
export function erfNodes(): readonly ErfNode[] {
  nodes ??= Array.from({ length: NODES }, (_, j) => makeNode(j / 8));
  return nodes;
}

/** j with |x − j/8| ≤ 1/16 and x − j/8 exact, for 0 ≤ x < 6. */
export function erfNodeIndex(x: number): number {
  const j = Math.floor(8 * x + 0.5);
  return x < (j - 0.5) / 8 ? j - 1 : j; // 8x + ½ may have been rounded up
}

/** erf(c + h) = erf(c) + erf'(c)(h − ch² + …), c the nearest multiple of 1/8. */
export function erfAt(x: number): Interval {
  if (Number.isNaN(x)) return { lower: x, upper: x };
  if (x < 0) {
    const mirrored = erfAt(-x);
    return { lower: -mirrored.upper, upper: -mirrored.lower };
  }
  if (x === 0) return { lower: 0, upper: 0 };
  if (x < TINY) {
    return {
      lower: mulDown(x, nextDown(TWO_OVER_ROOT_PI_HIGH)),
      upper: mulUp(x, nextUp(TWO_OVER_ROOT_PI_HIGH)),
    };
  }
  if (x >= 6) return { lower: nextDown(1), upper: 1 }; // 1 − erf 6 < 2.2e-17
  const j = erfNodeIndex(x);
  const node = erfNodes()[j];
  const c = j / 8;
  const h = x - c;
  let p = node.tail[TERMS - 3];
  for (let k = TERMS - 4; k >= 0; k--) p = p * h + node.tail[k];
  const square = dd.twoProduct(h, h);
  let high = dd.mulDouble(square, dd.low[0], -c);
  high = dd.addDouble(high, dd.low[0], h * h * h * p);
  high = dd.addDouble(high, dd.low[0], h);
  high = dd.mul(high, dd.low[0], node.slope[0], node.slope[1]);
  high = dd.add(high, dd.low[0], node.value[0], node.value[1]);
  const bound = settle(high, dd.low[0], PAIR_ERROR);
  return bound.upper > 1 ? { lower: bound.lower, upper: 1 } : bound;
}

/** Φ(x) = (1 + erf(x/√2))/2, with an absolute error of a few 2⁻⁵⁴ (the left tail is not resolved relatively). */
export function normalCdfAt(x: number): Interval {
  if (Number.isNaN(x)) return { lower: x, upper: x };
  const lower = erfAt(x > 0 ? mulDown(x, ROOT_HALF.lower) : mulDown(x, ROOT_HALF.upper)).lower;
  const upper = erfAt(x > 0 ? mulUp(x, ROOT_HALF.upper) : mulUp(x, ROOT_HALF.lower)).upper;
  return { lower: 0.5 * addDown(1, lower), upper: 0.5 * addUp(1, upper) };
}
