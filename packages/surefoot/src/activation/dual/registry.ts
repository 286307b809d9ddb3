import { z } from "zod";
import { SurefootError } from "../../error.ts";
import { activationSpec } from "../../spec/activation.ts";
import { activationOf } from "../registry.ts";
import type { Dual } from "./dual.ts";
import { erfDual } from "./erf.ts";
import { cosDual, exponentialDual, sinDual } from "./exponential.ts";
import { geluDual } from "./gelu.ts";
import { piecewiseLinearDual } from "./piecewise-linear.ts";
import { identityDual, polynomialDual } from "./polynomial.ts";
import { dualBySeries } from "./series.ts";

/** What has a dual kernel: every activation of a network, and functions that only infinite width needs (random features). */
export const dualSpec = z.union(
  [
    activationSpec,
    z.enum(["identity", "abs", "sin", "cos", "exp"]),
    /** Σ_k coefficients[k]·x^k. */
    z.strictObject({ kind: z.literal("polynomial"), coefficients: z.array(z.number()).min(1).max(32) }),
  ],
  {
    error:
      'unknown activation: use relu, tanh, sigmoid, softplus, erf, gelu, swish, identity, abs, sin, cos, exp, {"kind":"leaky-relu","slope":0.1}, ' +
      '{"kind":"smooth-leaky-relu","slope":0.3} or {"kind":"polynomial","coefficients":[0,1,0.5]}',
  },
);

export type DualSpec = z.infer<typeof dualSpec>;

const CLOSED: Readonly<Record<string, Dual>> = {
  relu: piecewiseLinearDual("relu", 0),
  abs: piecewiseLinearDual("abs", -1),
  identity: identityDual,
  erf: erfDual,
  gelu: geluDual,
  sin: sinDual,
  cos: cosDual,
  exp: exponentialDual,
};

const series = new Map<string, Dual>();

/** The dual of a named activation: its closed form, or the series of series.ts where there is none. */
export function dualOf(spec: DualSpec): Dual {
  const kind = typeof spec === "string" ? spec : spec.kind;
  if (Object.hasOwn(CLOSED, kind)) return CLOSED[kind];
  if (typeof spec !== "string" && spec.kind === "leaky-relu") return piecewiseLinearDual(kind, spec.slope);
  if (typeof spec !== "string" && spec.kind === "polynomial") return polynomialDual(spec.coefficients);
  const key = JSON.stringify(spec);
  const known = series.get(key);
  if (known) return known;
  const { value, derivative } = activationOf(activationSpec.parse(spec));
  const dual = dualBySeries({ name: kind, value, derivative });
  series.set(key, dual);
  return dual;
}

/** c_σ = 1/E[σ(N(0, 1))²] (theory/02): the double of the finite network where there is one. Throws `spec` for σ = 0. */
export function cSigmaOf(spec: DualSpec): number {
  const known = activationSpec.safeParse(spec);
  if (known.success) return activationOf(known.data).cSigma;
  const square = dualOf(spec).value(1, 1, 1);
  if (!(square > 0)) throw new SurefootError("spec", "activation: σ is zero, so c_σ = 1/E[σ²] does not exist");
  return 1 / square;
}
