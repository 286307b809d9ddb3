import { readdirSync, readFileSync } from "node:fs";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { activationOf } from "../src/activation.ts";
import { type Ball, exact } from "../src/balls.ts";
import { down, gamma, raise, sqrtDown, sqrtUp, up } from "../src/directed.ts";
import { definite } from "../src/eigenvalues.ts";

const here = new URL(".", import.meta.url);
const sources = readdirSync(new URL("../src", here)).map((name) => ({
  name,
  text: readFileSync(new URL(`../src/${name}`, here), "utf8"),
}));

describe("the checker", () => {
  it("imports nothing but its own files", () => {
    for (const { name, text } of sources) {
      for (const [, target] of text.matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g)) {
        expect(target, name).toMatch(/^\.\/[a-z0-9-]+\.ts$/);
      }
    }
  });

  it("uses no function of Math whose last digit is open, except the square root as a guess, and no powers", () => {
    for (const { name, text } of sources) {
      const code = text.replaceAll(/\/\*\*.*?\*\//gs, "").replaceAll(/\/\/.*/g, "");
      const used = Array.from(code.matchAll(/Math\.(\w+)/g), ([, member]) => member);
      const allowed = ["abs", "max", "min", "round", "floor", "sign", "sqrt", "LN2", "SQRT2", "SQRT1_2"];
      expect(
        used.filter((member) => !allowed.includes(member)),
        name,
      ).toEqual([]);
      expect(code, name).not.toContain("**");
    }
  });

  it("proves in fewer than 600 lines of code (reading files and hashes apart)", () => {
    const proving = sources.filter(({ name }) => !/^(check|reading|index)\.ts$/.test(name));
    const lines = proving.flatMap(({ text }) => text.replaceAll(/\/\*\*.*?\*\//gs, "").split("\n"));
    expect(lines.filter((line) => !/^\s*(\/\/.*)?$/.test(line)).length).toBeLessThan(600);
  });
});

/** x·2¹⁰⁷⁴ for a finite x. */
function units(x: number): bigint {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, x);
  const word = view.getBigUint64(0);
  const exponent = Number((word >> 52n) & 0x7ffn);
  const fraction = word & 0xfffffffffffffn;
  const size = exponent === 0 ? fraction : (fraction | 0x10000000000000n) << BigInt(exponent - 1);
  return word >> 63n === 1n ? -size : size;
}

describe("directed rounding", () => {
  const double = fc.double({ noNaN: true, noDefaultInfinity: true });
  const runs = { seed: 3, numRuns: 5000 };

  it("up and down enclose exact sums and products", () => {
    fc.assert(
      fc.property(double, double, (a, b) => {
        const [low, high] = [down(a + b), up(a + b)];
        if (Number.isFinite(low) && Number.isFinite(high)) {
          expect(units(low) < units(a) + units(b) && units(a) + units(b) < units(high)).toBe(true);
        }
        const [least, most] = [down(a * b), up(a * b)];
        if (Number.isFinite(least) && Number.isFinite(most)) {
          const exact = units(a) * units(b);
          expect(units(least) << 1074n < exact && exact < units(most) << 1074n).toBe(true);
        }
      }),
      runs,
    );
  });

  it("roots enclose, NaN stays NaN and ∞ bounds nothing from below", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e300, noNaN: true }), (x) => {
        const exact = units(x) << 1074n;
        expect(units(sqrtDown(x)) ** 2n <= exact && exact <= units(sqrtUp(x)) ** 2n).toBe(true);
      }),
      runs,
    );
    for (const rounded of [up(Number.NaN), down(Number.NaN), sqrtUp(-1), sqrtDown(-1), sqrtUp(Number.NaN)]) {
      expect(rounded).toBeNaN();
    }
    expect(down(Number.POSITIVE_INFINITY)).toBeNaN();
    expect(up(Number.POSITIVE_INFINITY)).toBe(Number.POSITIVE_INFINITY);
  });

  it("raise bounds sums of squares computed in floating point, in any order", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1e100, noNaN: true }), { maxLength: 40 }), (v) => {
        const sum = v.reduce((a, x) => a + x * x, 0);
        const exact = v.reduce((a, x) => a + units(x) * units(x), 0n);
        expect(units(raise(sum, v.length + 1)) << 1074n >= exact).toBe(true);
      }),
      { seed: 3, numRuns: 500 },
    );
    expect(gamma(1000)).toBeGreaterThan((1000 * 2 ** -53) / (1 - 1000 * 2 ** -53));
  });
});

describe("activations, against mpmath at 60 digits", () => {
  const golden: Record<string, number[][]> = JSON.parse(readFileSync(new URL("golden/activations.json", here), "utf8"));
  const kinds = Object.keys(golden);
  const within = (computed: number, high: number, low: number, allowed: number) =>
    Math.abs(computed - high - low) <= allowed;

  it.each(kinds)("%s: value and slope are within the stated error", (kind) => {
    const activation = activationOf(kind, 0);
    if (!activation) throw new Error(`no ${kind}`);
    for (const [z, high, low, slopeHigh, slopeLow] of golden[kind]) {
      const [value, slope] = activation.at(z);
      const allowed = activation.error * (1 + Math.abs(z));
      expect(within(value, high, low, allowed), `${kind}(${z})`).toBe(true);
      expect(within(slope, slopeHigh, slopeLow, allowed), `slope of ${kind} at ${z}`).toBe(true);
      expect(Math.abs(slopeHigh)).toBeLessThanOrEqual(activation.slope);
    }
  });

  it.each(kinds)("%s: difference quotients of the slope stay below the curvature and come near it", (kind) => {
    const activation = activationOf(kind, 0);
    if (!activation) throw new Error(`no ${kind}`);
    let steepest = 0;
    const h = 2 ** -14;
    for (let z = -8; z < 8; z += h)
      steepest = Math.max(steepest, Math.abs(activation.at(z + h)[1] - activation.at(z)[1]) / h);
    expect(steepest).toBeLessThanOrEqual(activation.curvature * (1 + (4 * activation.error * 9) / h));
    expect(steepest).toBeGreaterThan(0.999 * activation.curvature);
  });

  it("smooth-leaky-relu is a·z + (1 − a)·softplus, for parameters from 0 to 1 alone", () => {
    for (const a of [0, 0.3, 1]) {
      const mixed = activationOf("smooth-leaky-relu", a);
      for (const [z, high, , slope] of golden.softplus) {
        const [value, derivative] = mixed?.at(z) ?? [Number.NaN, Number.NaN];
        const allowed = 2 ** -45 * (1 + Math.abs(z));
        expect(Math.abs(value - (a * z + (1 - a) * high))).toBeLessThanOrEqual(allowed);
        expect(Math.abs(derivative - (a + (1 - a) * slope))).toBeLessThanOrEqual(allowed);
      }
    }
    for (const a of [-0.1, 1.1, Number.NaN]) expect(activationOf("smooth-leaky-relu", a)).toBeUndefined();
    for (const kind of ["relu", "leaky-relu", "constructor", ""]) expect(activationOf(kind, 0)).toBeUndefined();
  });
});

/** Whether a symmetric matrix of whole numbers is positive definite: leading minors by Bareiss's elimination, exactly. */
function positive(entries: bigint[][]): boolean {
  const a = entries.map((row) => row.slice());
  let before = 1n;
  for (let k = 0; k < a.length; k++) {
    if (a[k][k] <= 0n) return false;
    for (let i = k + 1; i < a.length; i++) {
      for (let j = k + 1; j < a.length; j++) a[i][j] = (a[i][j] * a[k][k] - a[i][k] * a[k][j]) / before;
    }
    before = a[k][k];
  }
  return true;
}

const ballOf = (rows: number[][]): Ball => {
  const n = rows.length;
  return exact(n, n, Float64Array.from(rows.flat()));
};

describe("definite", () => {
  const matrix = fc.integer({ min: 1, max: 6 }).chain((n) =>
    fc.array(fc.array(fc.integer({ min: -9, max: 9 }), { minLength: n, maxLength: n }), {
      minLength: n,
      maxLength: n,
    }),
  );
  const square = (b: number[][]) => b.map((r) => b.map((s) => r.reduce((sum, x, k) => sum + x * s[k], 0)));
  const shifted = (a: number[][], c: number) =>
    a.map((row, i) => row.map((x, j) => BigInt(x) * 2n ** 30n - (i === j ? BigInt(Math.round(c * 2 ** 30)) : 0n)));

  it("never proves what is false, and proves what is true by one part in a billion", () => {
    let [proved, refused] = [0, 0];
    fc.assert(
      fc.property(matrix, (b) => {
        const a = square(b);
        const top = a.reduce((sum, row, i) => sum + row[i], 0);
        // c within 2⁻³⁰ of the least eigenvalue, by exact bisection
        let [low, high] = [-1, top + 1];
        while (high - low > 2 ** -29) {
          const middle = Math.round(((low + high) / 2) * 2 ** 30) / 2 ** 30;
          if (positive(shifted(a, middle))) low = middle;
          else high = middle;
        }
        if (definite(ballOf(a), low - 1e-9 * (top + 1), 1)) proved++;
        if (!definite(ballOf(a), high + 2 ** -29, 1)) refused++;
      }),
      { seed: 9, numRuns: 300 },
    );
    expect([proved, refused]).toEqual([300, 300]);
  });

  it("counts the radius, takes both signs, and refuses NaN and ∞", () => {
    const a = ballOf([
      [3, 1],
      [1, 3],
    ]); // eigenvalues 2 and 4
    expect([definite(a, 1.999999, 1), definite(a, 2.000001, 1)]).toEqual([true, false]);
    expect([definite(a, 4.000001, -1), definite(a, 3.999999, -1)]).toEqual([true, false]);
    const wide = { ...a, rad: new Float64Array(4).fill(0.1) }; // ‖rad‖ = 0.2, of which the test may lose a fourfold
    expect([definite(wide, 1, 1), definite(wide, 1.81, 1)]).toEqual([true, false]);
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(definite(ballOf([[bad]]), 1, 1)).toBe(false);
      expect(definite(a, bad, 1)).toBe(false);
      expect(definite({ ...a, rad: new Float64Array(4).fill(bad) }, 0, 1)).toBe(false);
    }
  });
});
