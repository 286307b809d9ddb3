import { readFileSync } from "node:fs";
import { createReferenceBackend } from "@surefoot/linalg";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  cSigmaOf,
  type DualSpec,
  dualBySeries,
  dualOf,
  hermiteSeries,
  quadrature,
} from "../../src/activation/dual/index.ts";
import { activationOf } from "../../src/activation/registry.ts";
import { PLAIN_ACTIVATIONS } from "../../src/spec/activation.ts";

type Row = [name: string, what: "value" | "derivative", a: number, c: number, b: number, expected: number];
const golden: Row[] = JSON.parse(readFileSync(new URL("../golden/duals-mpmath.json", import.meta.url), "utf8"));

function specOf(name: string): DualSpec {
  if (name === "leaky-relu") return { kind: name, slope: 0.1 };
  if (name === "smooth-leaky-relu") return { kind: name, slope: 0.3 };
  if (name === "polynomial") return { kind: name, coefficients: [0.5, -1, 0, 0.25] };
  return name as DualSpec;
}

const NAMES = [...new Set(golden.map(([name]) => name))];
const backend = createReferenceBackend();

describe("dual kernels", () => {
  it.each(NAMES)("%s agrees with mpmath to 1e-12, at correlations up to ±(1 − 1e-16) and ±1", (name) => {
    const dual = dualOf(specOf(name));
    const rows = golden.filter((row) => row[0] === name);
    expect(rows.length).toBeGreaterThan(20);
    for (const [, what, a, c, b, expected] of rows) {
      const found = dual[what](a, c, b);
      // ReLU's kernels vanish at correlation −1, exactly.
      const error = expected === 0 ? Math.abs(found) : Math.abs(found / expected - 1);
      // 1e-12 of the value is asked for; the value of |x| at opposite inputs and the like may be a zero that mpmath gives as 1e-50.
      if (Math.abs(expected) > 1e-30)
        expect(error, `${what}(${a}, ${c}, ${b}) = ${found}, expected ${expected}`).toBeLessThan(1e-12);
      else expect(Math.abs(found)).toBeLessThan(1e-30);
    }
  });

  it("have in bulk the bits that they have one by one, whatever the variances", async () => {
    const rowVariances = Float64Array.of(0.3, 1, 0, 2);
    const colVariances = Float64Array.of(1, 1, 0.5);
    const data = new Float64Array(12);
    for (let k = 0; k < 12; k++)
      data[k] = (Math.sin(k) * Math.sqrt(rowVariances[Math.floor(k / 3)] * colVariances[k % 3])) / 1.1;
    const pairs = { covariances: { rows: 4, cols: 3, data }, rowVariances, colVariances };
    for (const name of [...NAMES, "identity"]) {
      const dual = dualOf(specOf(name));
      const [value, derivative] = [new Float64Array(12), new Float64Array(12)];
      await dual.fill(pairs, { value, derivative }, backend);
      for (let k = 0; k < 12; k++) {
        const [a, b] = [rowVariances[Math.floor(k / 3)], colVariances[k % 3]];
        expect(value[k], name).toBe(dual.value(a, data[k], b));
        expect(derivative[k], name).toBe(dual.derivative(a, data[k], b));
      }
    }
  });

  it("are positive semidefinite in (u, v), symmetric, and never above Cauchy–Schwarz", () => {
    const variance = fc.double({ min: 1e-3, max: 4, noNaN: true });
    const rho = fc.double({ min: -1, max: 1, noNaN: true });
    for (const name of NAMES) {
      const dual = dualOf(specOf(name));
      fc.assert(
        fc.property(variance, rho, variance, (a, r, b) => {
          const c = r * Math.sqrt(a) * Math.sqrt(b);
          for (const part of ["value", "derivative"] as const) {
            const bound = Math.sqrt(dual[part](a, a, a) * dual[part](b, b, b));
            expect(Math.abs(dual[part](a, c, b))).toBeLessThanOrEqual(bound * (1 + 1e-12));
            expect(Math.abs(dual[part](a, c, b) - dual[part](b, c, a))).toBeLessThanOrEqual(1e-13 * bound);
          }
        }),
        { numRuns: 20 },
      );
    }
  });

  it("count a covariance that rounding has taken beyond √(ab) as parallel, and a zero variance as u = 0", () => {
    for (const name of NAMES) {
      const dual = dualOf(specOf(name));
      for (const part of ["value", "derivative"] as const) {
        const parallel = dual[part](1, 1, 1);
        // Two units in the last place beyond: what is not a function of ρ alone (exp, polynomials) moves by as much.
        expect(Math.abs(dual[part](1, 1 + 2 ** -51, 1) - parallel)).toBeLessThan(
          1e-14 * Math.max(1, Math.abs(parallel)) * 10,
        );
        expect(Number.isFinite(dual[part](0, 0, 1))).toBe(true);
        expect(Number.isFinite(dual[part](0, 0, 0))).toBe(true);
      }
      const sigma = dual.value(0, 0, 0);
      const mean = dual.mean(0);
      expect(Math.abs(sigma - mean * mean), `${name}: E[σσ] = σ(0)²`).toBeLessThan(1e-15);
    }
  });

  it("give NaN for NaN", () => {
    for (const name of NAMES) expect(dualOf(specOf(name)).value(1, Number.NaN, 1)).toBeNaN();
  });

  it("give the networks' c_σ = 1/E[σ(N(0, 1))²]", () => {
    for (const name of PLAIN_ACTIVATIONS) {
      const product = dualOf(name).value(1, 1, 1) * cSigmaOf(name);
      expect(Math.abs(product - 1), name).toBeLessThan(1e-14);
    }
    expect(cSigmaOf("identity")).toBe(1);
    expect(() => cSigmaOf({ kind: "polynomial", coefficients: [0] })).toThrow(/zero/);
  });
});

describe("series and quadrature for any σ", () => {
  it("agree with the closed forms of erf and GELU, and with one another at large variances", () => {
    for (const name of ["erf", "gelu"] as const) {
      const { value, derivative } = activationOf(name);
      const series = dualBySeries({ name, value, derivative });
      for (const [a, c, b] of [
        [1, 0.3, 1],
        [2, -1.2, 0.8],
        [1, 1 - 2 ** -53, 1],
        [49, 20, 36],
      ] as const) {
        for (const part of ["value", "derivative"] as const) {
          const closed = dualOf(name)[part](a, c, b);
          expect(Math.abs(series[part](a, c, b) / closed - 1), `${name} ${part} ${a} ${c} ${b}`).toBeLessThan(1e-12);
        }
      }
    }
  });

  it("bound what a series leaves out: the tail falls with the terms and covers the difference to the quadrature", () => {
    for (const [name, s] of [
      ["tanh", 1],
      ["swish", 3],
      ["softplus", 0.1],
    ] as const) {
      const sigma = activationOf(name).value;
      const series = hermiteSeries(sigma, s);
      if (series.status !== "ok") throw new Error(series.status);
      const found = quadrature(sigma, s * s, s * s, s * s);
      if (found.status !== "ok") throw new Error(found.status);
      const sum = series.coefficients.reduce((total, a) => total + a * a, 0);
      expect(Math.abs(sum - found.value)).toBeLessThanOrEqual(series.tail + found.error);
      expect(series.tail).toBeLessThan(1e-13 * series.square);
    }
  });

  it("refuse a σ that is not square-integrable, and say so for the variance at which it stops being so", () => {
    const growing = (x: number) => Math.exp(x * x);
    expect(hermiteSeries(growing, 1)).toEqual({ status: "not-square-integrable" });
    expect(quadrature(growing, 1, 0.5, 1)).toEqual({ status: "not-square-integrable" });
    expect(hermiteSeries(growing, 0.1).status).toBe("ok");
    const dual = dualBySeries({ name: "growing", value: growing, derivative: (x) => 2 * x * growing(x) });
    expect(() => dual.value(1, 0.5, 1)).toThrow(/growing: σ is not square-integrable under N\(0, 1\)/);
    // E[exp(u² + v²)] = det(I − 2Σ)^{−1/2}.
    const [a, c, b] = [0.01, 0.004, 0.02];
    const exact = 1 / Math.sqrt((1 - 2 * a) * (1 - 2 * b) - 4 * c * c);
    expect(Math.abs(dual.value(a, c, b) / exact - 1)).toBeLessThan(1e-13);
  });

  it("say how wrong they may be when σ has a kink, instead of returning a number", () => {
    const relu = (x: number) => Math.max(x, 0);
    expect(hermiteSeries(relu, 1).status).toBe("no-convergence");
    const found = quadrature(relu, 1, 0.3, 1);
    if (found.status !== "no-convergence") throw new Error(found.status);
    expect(Math.abs(found.value - dualOf("relu").value(1, 0.3, 1))).toBeLessThan(found.error);
    expect(() =>
      dualBySeries({ name: "kink", value: relu, derivative: (x) => (x > 0 ? 1 : 0) }).value(1, 0.3, 1),
    ).toThrow(/estimated error/);
  });
});
