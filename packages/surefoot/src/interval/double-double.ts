/**
 * Pairs of doubles (high + low, |low| ≤ u|high|) as the working precision of the elementary functions. Each operation returns
 * the high part and leaves the low part in `low[0]` (nothing is allocated). Relative error of each at most 2⁻¹⁰⁰
 * for arguments and results between 2⁻⁴⁰⁰ and 2⁴⁰⁰ in size: the bounds of Joldes, Muller and Popescu 2017 (Tight and rigorous
 * error bounds for basic building blocks of double-word arithmetic) are 2u² … 15u² + O(u³), u² = 2⁻¹⁰⁶. See docs/proof.md, section 3.
 */
import { productError } from "./directed.ts";

/** Low part of the last result. */
export const low = new Float64Array(1);

/** a + b exactly. */
export function twoSum(a: number, b: number): number {
  const s = a + b;
  const t = s - a;
  low[0] = a - (s - t) + (b - t);
  return s;
}

/** a + b exactly for |a| ≥ |b| or a = 0. */
function quickTwoSum(a: number, b: number): number {
  const s = a + b;
  low[0] = b - (s - a);
  return s;
}

/** ab exactly. */
export function twoProduct(a: number, b: number): number {
  const p = a * b;
  low[0] = productError(a, b, p);
  return p;
}

/** (aHigh + aLow) + b: DWPlusFP, 2u². */
export function addDouble(aHigh: number, aLow: number, b: number): number {
  const s = twoSum(aHigh, b);
  return quickTwoSum(s, aLow + low[0]);
}

/** AccurateDWPlusDW: 3u² + O(u³), whatever the signs. */
export function add(aHigh: number, aLow: number, bHigh: number, bLow: number): number {
  const s = twoSum(aHigh, bHigh);
  const sError = low[0];
  const t = twoSum(aLow, bLow);
  const tError = low[0];
  const v = quickTwoSum(s, sError + t);
  return quickTwoSum(v, tError + low[0]);
}

/** DWTimesFP: 4u². */
export function mulDouble(aHigh: number, aLow: number, b: number): number {
  const p = twoProduct(aHigh, b);
  return quickTwoSum(p, low[0] + aLow * b);
}

/** DWTimesDW: 7u². */
export function mul(aHigh: number, aLow: number, bHigh: number, bLow: number): number {
  const p = twoProduct(aHigh, bHigh);
  return quickTwoSum(p, low[0] + (aHigh * bLow + aLow * bHigh));
}

/** DWDivDW2: 15u² + O(u³). */
export function div(aHigh: number, aLow: number, bHigh: number, bLow: number): number {
  const q = aHigh / bHigh;
  const r = mulDouble(bHigh, bLow, q);
  const difference = aHigh - r + (aLow - low[0]);
  return quickTwoSum(q, difference / bHigh);
}
