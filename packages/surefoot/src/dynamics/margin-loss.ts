import { exp, log1p, sigmoid } from "@surefoot/linalg";
import { SurefootError } from "../error.ts";
import type { ClassificationLossSpec } from "../spec/loss.ts";

/**
 * A loss ℓ of the margin z = y·u, y = ±1, in the family of Zou et al. 2019 (theory/03): ℓ' ≤ 0, ℓ, ℓ' → 0 at ∞, ℓ' Lipschitz, and
 * −ℓ'(z) ≥ min{α₀, α₁ ℓ(z)^p}. A loss of one's own is an object of this form; `marginLoss` checks it.
 */
export interface MarginLoss {
  readonly name: string;
  readonly formula: string;
  value(z: number): number;
  slope(z: number): number;
  readonly constants: LossConstants;
}

/** The numbers that the theorem of Zou et al. needs of a loss. */
export interface LossConstants {
  /** The exponent p in −ℓ' ≥ min{α₀, α₁ ℓ^p}. */
  readonly p: number;
  /** null: no limit. */
  readonly alpha0: number | null;
  readonly alpha1: number;
  /** λ: the Lipschitz constant of ℓ'; null where ℓ' has none on the whole line. */
  readonly smoothness: number | null;
}

const ALL: Readonly<Record<ClassificationLossSpec, MarginLoss>> = {
  logistic: {
    name: "logistic",
    formula: "log(1 + exp(−z))",
    value: (z) => Math.max(0, -z) + log1p(exp(-Math.abs(z))),
    slope: (z) => -sigmoid(-z),
    // −ℓ' = 1 − exp(−ℓ): concave in ℓ, so at least (1 − 1/e)·min(1, ℓ)
    constants: { p: 1, alpha0: 0.632, alpha1: 0.632, smoothness: 0.25 },
  },
  exponential: {
    name: "exponential",
    formula: "exp(−z)",
    value: (z) => exp(-z),
    slope: (z) => -exp(-z),
    constants: { p: 1, alpha0: null, alpha1: 1, smoothness: null },
  },
  "squared-hinge": {
    name: "squared hinge",
    formula: "½max(0, 1 − z)²",
    value: (z) => 0.5 * Math.max(0, 1 - z) ** 2,
    slope: (z) => -Math.max(0, 1 - z),
    // −ℓ' = √(2ℓ)
    constants: { p: 0.5, alpha0: null, alpha1: Math.SQRT2, smoothness: 1 },
  },
};

/** The loss of that name. */
export function classificationLoss(name: ClassificationLossSpec): MarginLoss {
  return ALL[name];
}

/** ℓ as a caller gives it; constants that are left out are estimated on the grid. */
export interface CustomLoss {
  readonly name: string;
  readonly formula?: string;
  readonly value: (z: number) => number;
  readonly slope: (z: number) => number;
  readonly constants?: Partial<LossConstants>;
  /** Where the family's conditions are looked at; default [−30, 30]. */
  readonly range?: readonly [number, number];
}

const GRID = 4001;
/** A loss that has not fallen to this share of its value at 0 by the end of the grid is not taken to vanish at ∞. */
const VANISHES = 0.05;

/**
 * A loss of one's own, with p, α₀, α₁ and λ given or estimated, and all conditions of the family checked on a grid of 4001 margins: what is
 * checked holds there, which is evidence and not a proof. Throws `argument` naming the first condition that fails and where.
 */
export function marginLoss(custom: CustomLoss): MarginLoss {
  const { name, formula = name, value, slope, constants: given = {} } = custom;
  const grid = gridOf(custom.range ?? [-30, 30]);
  checkShape(custom, grid);
  const p = given.p ?? estimateExponent(custom, grid);
  const smoothness = given.smoothness === undefined ? steepest(slope, grid) : given.smoothness;
  const estimated = estimateBounds(custom, p, grid);
  const constants: LossConstants = {
    p,
    alpha0: given.alpha0 === undefined ? estimated.alpha0 : given.alpha0,
    alpha1: given.alpha1 ?? estimated.alpha1,
    smoothness,
  };
  checkConstants(custom, constants, grid);
  return { name, formula, value, slope, constants };
}

function gridOf([from, to]: readonly [number, number]): Float64Array {
  if (!(from < 0 && to > 0 && Number.isFinite(to - from))) {
    throw new SurefootError("argument", `loss: the range [${from}, ${to}] must hold 0 inside`);
  }
  return Float64Array.from({ length: GRID }, (_, k) => from + ((to - from) * k) / (GRID - 1));
}

function checkShape({ name, value, slope }: CustomLoss, grid: Float64Array): void {
  const fail = (what: string) => new SurefootError("argument", `loss ${name}: ${what}`);
  const h = 1e-6;
  for (const z of grid) {
    const [l, s] = [value(z), slope(z)];
    if (!Number.isFinite(l) || !Number.isFinite(s)) throw fail(`ℓ or ℓ' is not finite at margin ${z}`);
    if (l < 0) throw fail(`ℓ(${z}) = ${l} is negative`);
    if (s > 0) throw fail(`ℓ'(${z}) = ${s} is positive; the loss must not grow with the margin`);
    const secant = (value(z + h) - value(z - h)) / (2 * h);
    const between = Math.abs(slope(z + h) - slope(z - h)) + 1e-4 * (Math.abs(s) + Math.abs(l) + 1);
    if (!(Math.abs(secant - s) <= between)) throw fail(`ℓ' is ${s} at margin ${z}, but ℓ changes there by ${secant}`);
  }
  const last = grid[grid.length - 1];
  if (!(value(last) <= VANISHES * value(0)) || !(-slope(last) <= VANISHES * -slope(0))) {
    throw fail(`ℓ and ℓ' must vanish at ∞, but at margin ${last} they are ${value(last)} and ${slope(last)}`);
  }
}

/** The slope of log(−ℓ') against log ℓ where ℓ is small, at most 1. */
function estimateExponent({ name, value, slope }: CustomLoss, grid: Float64Array): number {
  const small = value(0);
  const points = [...grid].flatMap((z) => {
    const [l, s] = [value(z), -slope(z)];
    return l > 1e-9 * small && l < 1e-2 * small && s > 0 ? [[Math.log(l), Math.log(s)]] : [];
  });
  if (points.length < 3) {
    throw new SurefootError("argument", `loss ${name}: p cannot be estimated on the grid; give it as constants.p`);
  }
  const mean = (k: number) => points.reduce((sum, point) => sum + point[k], 0) / points.length;
  const [mx, my] = [mean(0), mean(1)];
  let [xy, xx] = [0, 0];
  for (const [x, y] of points) {
    xy += (x - mx) * (y - my);
    xx += (x - mx) * (x - mx);
  }
  return Math.min(1, Math.max(0, Math.round((xy / xx) * 100) / 100));
}

/** α₁ from the margins with small loss, α₀ from the others: the best pair with the break at ℓ = ℓ(0). */
function estimateBounds({ value, slope }: CustomLoss, p: number, grid: Float64Array) {
  let [alpha0, alpha1] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  const edge = value(0);
  for (const z of grid) {
    const [l, s] = [value(z), -slope(z)];
    if (l > edge) alpha0 = Math.min(alpha0, s);
    else if (l > 0) alpha1 = Math.min(alpha1, s / l ** p);
  }
  return { alpha0: Number.isFinite(alpha0) ? alpha0 : null, alpha1 };
}

function steepest(slope: (z: number) => number, grid: Float64Array): number {
  let most = 0;
  for (let k = 1; k < grid.length; k++) {
    most = Math.max(most, Math.abs(slope(grid[k]) - slope(grid[k - 1])) / (grid[k] - grid[k - 1]));
  }
  return most;
}

/** Room for the rounding of powers, and of the differences that λ is checked by. */
const SLACK = 1e-9;

function checkConstants({ name, value, slope }: CustomLoss, c: LossConstants, grid: Float64Array): void {
  const fail = (what: string) => new SurefootError("argument", `loss ${name}: ${what}`);
  if (!(c.p >= 0 && c.p <= 1)) throw fail(`p = ${c.p} does not lie between 0 and 1`);
  if (!(c.alpha1 > 0) || (c.alpha0 !== null && !(c.alpha0 > 0))) throw fail("α₀ and α₁ must be positive");
  for (const z of grid) {
    const bound = Math.min(c.alpha0 ?? Number.POSITIVE_INFINITY, c.alpha1 * value(z) ** c.p);
    if (!(-slope(z) >= bound * (1 - SLACK))) {
      throw fail(`−ℓ'(${z}) = ${-slope(z)} is below min{α₀, α₁ℓ^p} = ${bound} with p = ${c.p}`);
    }
  }
  const measured = steepest(slope, grid);
  if (c.smoothness !== null && !(measured <= c.smoothness * (1 + SLACK))) {
    throw fail(`ℓ' changes by ${measured} per unit of margin, more than λ = ${c.smoothness}`);
  }
}
