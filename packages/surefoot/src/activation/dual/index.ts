export type { Dual, DualBlock, Pairs } from "./dual.ts";
export { type HermiteSeries, hermiteSeries } from "./hermite.ts";
export { piecewiseLinearDual } from "./piecewise-linear.ts";
export { polynomialDual } from "./polynomial.ts";
export { average, type Quadrature, quadrature } from "./quadrature.ts";
export { cSigmaOf, type DualSpec, dualOf, dualSpec } from "./registry.ts";
export { dualBySeries, type Nonlinearity } from "./series.ts";
