import { atan2 } from "@surefoot/linalg";
import { type Dual, determinant, pointwise } from "./dual.ts";

/**
 * σ(x) = xΦ(x). By Stein's identity, with D = det(I + Σ) = 1 + a + b + (ab − c²), P = E[φ(u)φ(v)] = 1/(2π√D) and
 * Q = E[Φ(u)Φ(v)] = (π − ∠)/2π, ∠ = atan2(√D, c):
 * E[σσ] = cQ + P·(a(b + ab − c²)/(1 + a) + c²/(1 + b)), E[σ'σ'] = Q + cP·(1/(1 + a) + 1/(1 + b) + 1/D).
 */
export const geluDual: Dual = pointwise({
  name: "gelu",
  value: (a, c, b) => {
    const gap = determinant(a, c, b);
    const root = Math.sqrt(1 + a + b + gap);
    return c * both(root, c) + ((a * (b + gap)) / (1 + a) + (c * c) / (1 + b)) / (2 * Math.PI * root);
  },
  derivative: (a, c, b) => {
    const det = 1 + a + b + determinant(a, c, b);
    const root = Math.sqrt(det);
    return both(root, c) + (c * (1 / (1 + a) + 1 / (1 + b) + 1 / det)) / (2 * Math.PI * root);
  },
  mean: (a) => a / Math.sqrt(2 * Math.PI * (1 + a)),
});

/** E[Φ(u)Φ(v)]: π − atan2(√D, c) = atan2(√D, −c), so nothing cancels for opposite inputs. */
function both(root: number, c: number): number {
  return atan2(root, -c) / (2 * Math.PI);
}
