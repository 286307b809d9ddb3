import { exp, expm1, log1p } from "@surefoot/linalg";
import { type Address, uniform } from "./draw.ts";

/**
 * N(0, 1) conditioned to [a, 2a], a > 0, by rejection from the exponential of rate a on that interval (Robert 1995): a proposal
 * t is accepted with probability e^{−(t − a)²/2}..
 */
export function boxedNormal(a: number, address: Address, first: number): number {
  const mass = -expm1(-a * a);
  for (let attempt = 0; ; attempt++) {
    const t = a - log1p(-uniform(address, first + attempt) * mass) / a;
    if (t > 2 * a) continue;
    if (uniform(address, first + attempt, 1) < exp(-0.5 * (t - a) * (t - a))) return t;
  }
}
