import { exp, expm1 } from "@surefoot/linalg";
import { type Dual, pointwise } from "./dual.ts";

/** E[e^{u+v}] = e^{(a+b)/2 + c}; ∞ where that exceeds the doubles. */
const exponential = (a: number, c: number, b: number) => exp((a + b) / 2 + c);

/** e^{c − (a+b)/2}, the exponent from differences that are exact for nearly parallel pairs. */
const decay = (a: number, c: number, b: number) => exp((c - a) / 2 + (c - b) / 2);

/** e^{−(a+b)/2} sinh c and e^{−(a+b)/2} cosh c, without overflow. */
const sinh = (a: number, c: number, b: number) => (c < 0 ? -sinh0(a, -c, b) : sinh0(a, c, b));
const sinh0 = (a: number, c: number, b: number) => decay(a, c, b) * (-expm1(-2 * c) / 2);
const cosh = (a: number, c: number, b: number) => (decay(a, Math.abs(c), b) * (1 + exp(-2 * Math.abs(c)))) / 2;

export const exponentialDual: Dual = pointwise({
  name: "exp",
  value: exponential,
  derivative: exponential,
  mean: (a) => exp(a / 2),
});

/** Random Fourier features (Rahimi & Recht 2007): E[sin u sin v] = e^{−(a+b)/2} sinh c, E[cos u cos v] = e^{−(a+b)/2} cosh c. */
export const sinDual: Dual = pointwise({ name: "sin", value: sinh, derivative: cosh, mean: () => 0 });
export const cosDual: Dual = pointwise({ name: "cos", value: cosh, derivative: sinh, mean: (a) => exp(-a / 2) });
