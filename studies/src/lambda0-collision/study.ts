import { type Backend, type Matrix, matrix, row } from "@surefoot/linalg";
import { generate, hInfinity } from "surefoot";
import { curvesFigure } from "surefoot/figure";
import { lambdaMin } from "../measure.ts";
import { column, numberOf, rowsOf } from "../rows.ts";
import { powerLaw } from "../statistics.ts";
import type { CellContext, Conclusion, Judgement, Row, Study, Tables } from "../study.ts";
import { CLAIMS, EXPECTED, SETTINGS, type Setting } from "./spec.ts";

/** λ₀ as one pair of points closes up. */
export const study: Study = {
  id: "lambda0-collision",
  question: "How does λ₀ fall as one pair of inputs closes up, all else fixed?",
  source: "review of Du et al. 2018, § 3, the concentrated case",
  setting:
    "points on the unit sphere, x_2 at distance ε from x_1 in a fixed direction; the pair rotated into sum and difference, so that nothing cancels",
  claims: CLAIMS,
  plan: (form) => {
    const setting = SETTINGS[form];
    return {
      parameters: setting,
      cells: setting.data.map((data) => ({
        key: data.name,
        measure: (context: CellContext) => measure(setting, data, context),
      })),
      conclude: (tables) => conclude(setting, tables),
    };
  },
};

async function measure(setting: Setting, data: Setting["data"][number], { backend }: CellContext): Promise<Tables> {
  const rows: Row[] = [];
  for (const epsilon of setting.epsilon) {
    const { x } = generate({ kind: "colliding-pair", n: data.n, d: data.d, seed: data.seed, epsilon: 1 });
    const direction = tangent(row(x, 0), row(x, 1));
    const lambda0 = await rotated(x, direction, epsilon, backend);
    row(x, 1).set(pointAt(row(x, 0), direction, epsilon));
    const plain = await lambdaMin(await hInfinity(x, backend), backend);
    rows.push({ data: data.name, epsilon, lambda0, plain, predicted: epsilon / (2 * Math.PI) });
  }
  return { collisions: rows };
}

/** The unit tangent at u towards v. */
function tangent(u: Float64Array, v: Float64Array): Float64Array {
  const t = v.slice();
  for (let pass = 0; pass < 2; pass++) {
    const along = dot(t, u);
    for (let j = 0; j < t.length; j++) t[j] -= along * u[j];
    const length = Math.sqrt(dot(t, t));
    for (let j = 0; j < t.length; j++) t[j] /= length;
  }
  return t;
}

/** u cos θ + t sin θ at chord ε: cos θ = 1 − ε²/2, sin θ = ε√(1 − ε²/4). */
const pointAt = (u: Float64Array, t: Float64Array, epsilon: number) =>
  u.map((value, j) => value * (1 - epsilon ** 2 / 2) + t[j] * epsilon * Math.sqrt(1 - epsilon ** 2 / 4));

/** f(ρ) = ρ(π − arccos ρ)/(2π), the entry of H^∞ for unit rows, and its derivative. */
const entry = (rho: number) => (rho * (Math.PI - Math.acos(rho))) / (2 * Math.PI);
const slope = (rho: number) => (Math.PI - Math.acos(rho) + rho / Math.sqrt(1 - rho * rho)) / (2 * Math.PI);

/**
 * λ₀ in the basis (x_1 − x_2)/√2, (x_1 + x_2)/√2, e_3 …: with M = [[δ, bᵀ], [b, C]] the least eigenvalue is the root of
 * λ = δ − bᵀ(C − λ)⁻¹b. δ = ½ − H_12 = (θ cos θ + 2π sin²(θ/2))/(2π) has no cancellation; b comes from the differences x_1·x_k − x_2·x_k =
 * (x_1 − x_2)·x_k by integrating f' (Simpson), never by subtracting entries.
 */
async function rotated(x: Matrix, t: Float64Array, epsilon: number, backend: Backend): Promise<number> {
  const n = x.rows;
  const u = row(x, 0);
  const half = epsilon / 2;
  const theta = 2 * Math.atan2(half, Math.sqrt(1 - half * half));
  const delta = (theta * Math.cos(theta) + 2 * Math.PI * half * half) / (2 * Math.PI);
  const others = matrix(n - 2, x.cols, x.data.slice(2 * x.cols));
  const among = await hInfinity(others, backend);
  const c = matrix(n - 1, n - 1);
  const b = new Float64Array(n - 1);
  c.data[0] = 1 - delta; // (H_11 + H_22)/2 + H_12
  for (let k = 0; k < n - 2; k++) {
    const z = row(others, k);
    const first = dot(u, z);
    const fall = (epsilon ** 2 / 2) * first - epsilon * Math.sqrt(1 - half * half) * dot(t, z); // x_1·z − x_2·z
    const middle = first - fall / 2;
    b[k + 1] = (fall * (slope(first) + 4 * slope(middle) + slope(first - fall))) / 6 / Math.SQRT2;
    const sum = (entry(first) + entry(first - fall)) / Math.SQRT2;
    c.data[k + 1] = sum;
    c.data[(k + 1) * (n - 1)] = sum;
    for (let l = 0; l < n - 2; l++) c.data[(k + 1) * (n - 1) + l + 1] = among.data[k * (n - 2) + l];
  }
  let lambda = delta;
  for (let round = 0; round < 60; round++) {
    const fall = await quadratic(c, lambda, b, backend);
    if (fall === undefined) return lambdaMin(bordered(delta, b, c), backend);
    const next = delta - fall;
    if (Math.abs(next - lambda) <= 1e-16 * Math.abs(next)) return next;
    lambda = next;
  }
  return lambda;
}

/** [[δ, bᵀ], [b, C]]: for a pair so far apart that another direction is the least; then λ₀ is not small and needs no care. */
function bordered(delta: number, b: Float64Array, c: Matrix): Matrix {
  const out = matrix(c.rows + 1, c.rows + 1);
  out.data[0] = delta;
  for (let i = 0; i < c.rows; i++) {
    out.data[i + 1] = b[i];
    out.data[(i + 1) * out.cols] = b[i];
    out.data.set(c.data.subarray(i * c.cols, (i + 1) * c.cols), (i + 1) * out.cols + 1);
  }
  return out;
}

/** bᵀ(C − λ)⁻¹b; undefined where C − λ is not positive definite. */
async function quadratic(c: Matrix, lambda: number, b: Float64Array, backend: Backend): Promise<number | undefined> {
  const shifted = matrix(c.rows, c.cols, c.data.slice());
  for (let i = 0; i < c.rows; i++) shifted.data[i * c.cols + i] -= lambda;
  const factored = await backend.cholesky(shifted);
  if (factored.status !== "ok") return undefined;
  const solved = await backend.solveTriangular(factored.factor, matrix(b.length, 1, b));
  if (solved.status !== "ok") throw new Error(`C − λ is singular: ${solved.status}`);
  return dot(solved.solution.data, solved.solution.data);
}

const dot = (a: Float64Array, b: Float64Array) => a.reduce((sum, value, i) => sum + value * b[i], 0);

function conclude(setting: Setting, tables: Tables): Conclusion {
  const rows = rowsOf(tables, "collisions");
  const off = (row: Row) => Math.abs(numberOf(row, "lambda0") / numberOf(row, "predicted") - 1);
  const smallest = Math.max(...rows.filter((row) => row.epsilon === 1e-12).map((row) => numberOf(row, "lambda0")));
  const fits = setting.data.map(({ name }) => {
    const mine = rows.filter(
      (row) =>
        row.data === name && numberOf(row, "epsilon") <= EXPECTED.below && numberOf(row, "epsilon") >= EXPECTED.above,
    );
    return { name, fit: powerLaw(column(mine, "epsilon"), mine.map(off)), nearest: off(mine[mine.length - 1]) };
  });
  const least = Math.min(...fits.map(({ fit }) => fit.slope));
  const judgements: Record<string, Judgement> = {
    "lambda0-collision-zero": {
      verdict: smallest < 1e-12 ? "agrees" : "disagrees",
      measured: `λ₀ ≤ ${smallest.toExponential(2)} at ε = 1e-12 in every set`,
    },
    "lambda0-collision-rate": {
      verdict: least >= EXPECTED.exponent - EXPECTED.tolerance ? "agrees" : "disagrees",
      measured:
        `relative deviation from ε/(2π) falls with exponent ${least.toFixed(2)} or more ` +
        `(${fits.map(({ name, fit }) => `${name}: ${fit.slope.toFixed(2)}`).join(", ")})`,
    },
  };
  return { judgements, figures: { "lambda0-collision": figure(setting, rows) } };
}

function figure(setting: Setting, rows: readonly Row[]) {
  const of = (name: string, value: string) =>
    rows.filter((row) => row.data === name).map((row) => numberOf(row, value));
  return curvesFigure({
    title: "λ₀ as one pair closes up",
    caption:
      "λ₀ against the distance ε of the pair, the other points fixed. Dots: the eigenvalue that plain double precision gives, which says nothing " +
      "below about 1e-15. Dashed: ε/(2π).",
    x: { label: "distance ε of the pair", scale: "log" },
    y: { label: "λ₀", scale: "log" },
    curves: [
      ...setting.data.map(({ name }) => ({ name, x: of(name, "epsilon"), y: of(name, "lambda0") })),
      ...setting.data.slice(-1).map(({ name }) => ({
        name: `${name}, plain eigenvalue`,
        x: of(name, "epsilon"),
        y: of(name, "plain"),
        draw: "dots" as const,
      })),
      {
        name: "ε/(2π)",
        x: setting.epsilon.slice(),
        y: setting.epsilon.map((epsilon) => epsilon / (2 * Math.PI)),
        stroke: "dashed" as const,
      },
    ],
  });
}
