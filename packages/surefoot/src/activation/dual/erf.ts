import { atan2 } from "@surefoot/linalg";
import { type Dual, determinant, pointwise } from "./dual.ts";

/** σ = erf (Williams 1997): E[σσ] = (2/π) arcsin(2c/√((1 + 2a)(1 + 2b))), E[σ'σ'] = (4/π)/√((1 + 2a)(1 + 2b) − 4c²). */
export const erfDual: Dual = pointwise({
  name: "erf",
  value: (a, c, b) => (2 / Math.PI) * atan2(2 * c, Math.sqrt(gap(a, c, b))),
  derivative: (a, c, b) => 4 / (Math.PI * Math.sqrt(gap(a, c, b))),
  mean: () => 0,
});

/** (1 + 2a)(1 + 2b) − 4c² without cancellation. */
function gap(a: number, c: number, b: number): number {
  return 1 + 2 * a + 2 * b + 4 * determinant(a, c, b);
}
