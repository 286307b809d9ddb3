import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Measured, SmoothEvidence } from "../../src/certify/evidence.ts";
import { ballBound } from "../../src/certify/kappa.ts";
import { certifyS1 } from "../../src/certify/s1.ts";
import { pathEnd, walkPath } from "../../src/certify/s1-path.ts";
import { point, rounded } from "../../src/interval/arithmetic.ts";

const constant = (kappa: number) => [ballBound("two-layer", () => kappa)];
const measured = (value: number): Measured => ({ value: point(value), warrant: "computed", how: "given" });

/** Evidence for a network whose κ is the given constant: one hidden layer with B₂ = κ and all other factors 1, W2 frozen. */
function evidence(lambdaMin: number, lambdaMax: number, residual: number, kappa: number): SmoothEvidence {
  const layer = {
    scale: 1,
    trainsWeight: true,
    trainsBias: false,
    weightNorm: 1,
    inputBounds: Float64Array.of(1),
    gradientBounds: Float64Array.of(1),
    stackedInputNorm: 1,
    stackedGradientNorm: 1,
  };
  return {
    samples: 1,
    parameters: 1,
    kernel: { lambdaMin: measured(lambdaMin), lambdaMax: measured(lambdaMax) },
    residualNorm: measured(residual),
    slopeBound: point(1),
    curvatureBound: point(kappa),
    layers: [layer, { ...layer, trainsWeight: false }],
    twoLayer: {
      hadamardNorm: 1,
      inputNorm: 1,
      outputWeights: Float64Array.of(1),
      featureBounds: Float64Array.of(1),
    },
    norms: { warrant: "computed", how: "given" },
  };
}

/** Gradient descent on ½(u(θ) − y)² with u = σ₀θ − κθ²/2 from θ = 0: J = σ₀ − κθ, the sharp example of theory/05. */
function sharpRun(sigma: number, kappa: number, y: number, eta: number, steps: number) {
  const residuals = [-y];
  let theta = 0;
  let length = 0;
  for (let k = 0; k < steps; k++) {
    const e = sigma * theta - (kappa * theta * theta) / 2 - y;
    const step = -eta * (sigma - kappa * theta) * e;
    theta += step;
    length += Math.abs(step);
    residuals.push(sigma * theta - (kappa * theta * theta) / 2 - y);
  }
  return { residuals, length };
}

const positive = (min: number, max: number) => fc.double({ min, max, noNaN: true });

describe("the path of S1", () => {
  it("has ∫M = σ₀²/2κ, ℓ* = 2‖e₀‖/(σ₀ + μ*) and μ*² = σ₀² − 2κ‖e₀‖ for constant κ", () => {
    fc.assert(
      fc.property(positive(0.01, 100), positive(1e-3, 1e3), positive(1e-6, 0.999), (sigma, kappa, share) => {
        const path = walkPath(sigma, constant(kappa), rounded);
        const whole = sigma ** 2 / (2 * kappa);
        expect(path.integral / whole).toBeGreaterThan(1 - 1e-7); // END² = 1e-8 of it is left out
        expect(path.integral / whole).toBeLessThan(1 + 1e-12);
        const residual = share * path.integral;
        const end = pathEnd(path, residual, rounded)!;
        const mu = Math.sqrt(sigma ** 2 - 2 * kappa * residual);
        expect(Math.abs(end.mu - mu) / mu).toBeLessThan(1e-10);
        expect(Math.abs(end.length / ((2 * residual) / (sigma + mu)) - 1)).toBeLessThan(1e-10);
      }),
      { seed: 1, numRuns: 200 },
    );
  });

  it("stays below the exact M and its integral for a growing κ, and within 4 % of them", () => {
    // κ(t) = a + bt: M = σ − at − bt²/2, ∫₀^ℓ M = σℓ − aℓ²/2 − bℓ³/6
    fc.assert(
      fc.property(positive(0.1, 10), positive(0.01, 10), positive(0, 30), (sigma, a, b) => {
        const path = walkPath(sigma, [ballBound("recursion", (t) => a + b * t)], rounded);
        const zero = b < 1e-9 ? sigma / a : (Math.sqrt(a * a + 2 * b * sigma) - a) / b;
        const exact = sigma * zero - (a * zero ** 2) / 2 - (b * zero ** 3) / 6;
        expect(path.integral).toBeLessThanOrEqual(exact * (1 + 1e-9));
        expect(path.integral).toBeGreaterThan(0.96 * exact);
        for (const { left, m, integral } of path.cells) {
          expect(m).toBeLessThanOrEqual(sigma - a * left - (b * left ** 2) / 2 + 1e-12 * sigma);
          expect(integral).toBeLessThanOrEqual(
            sigma * left - (a * left ** 2) / 2 - (b * left ** 3) / 6 + 1e-12 * exact,
          );
        }
      }),
      { seed: 2, numRuns: 100 },
    );
  });

  it("reports no end where κ is infinite or NaN", () => {
    for (const kappa of [Number.POSITIVE_INFINITY, Number.NaN]) {
      const path = walkPath(1, constant(kappa), rounded);
      expect(path.integral).toBe(0);
      expect(pathEnd(path, 1e-300, rounded)).toBeUndefined();
    }
  });

  it("is without limit where κ = 0", () => {
    const end = pathEnd(walkPath(2, constant(0), rounded), 1e6, rounded)!;
    expect(end.mu).toBe(2);
    expect(end.length).toBeCloseTo(5e5, 4);
  });
});

describe("S1 on the sharp example u = σ₀θ − κθ²/2", () => {
  it("certifies up to ‖e₀‖ = σ₀²/2κ, and runs at 99.9 % of the limit obey the rate and the radius", () => {
    fc.assert(
      fc.property(positive(0.1, 10), positive(0.01, 10), positive(0.05, 0.999), (sigma, kappa, share) => {
        const y = (share * sigma ** 2) / (2 * kappa);
        const outcome = certifyS1(evidence(sigma ** 2, sigma ** 2, y, kappa), rounded);
        expect(outcome.verdict).toBe("certified");
        const { residuals, length } = sharpRun(sigma, kappa, y, outcome.stepSize!, 300);
        expect(
          residuals.findIndex((e, k) => Math.abs(e) > y * outcome.contraction! ** k * (1 + 1e-9) + 1e-13 * (1 + y)),
        ).toBe(-1);
        expect(length).toBeLessThanOrEqual(outcome.radius! * (1 + 1e-9));
      }),
      { seed: 3, numRuns: 200 },
    );
  });

  it("is undecided beyond the limit, where gradient descent indeed does not reach zero loss", () => {
    fc.assert(
      fc.property(positive(0.1, 10), positive(0.01, 10), positive(1.001, 3), (sigma, kappa, share) => {
        const y = (share * sigma ** 2) / (2 * kappa);
        const outcome = certifyS1(evidence(sigma ** 2, sigma ** 2, y, kappa), rounded);
        expect(outcome).toMatchObject({ verdict: "undecided", obstacle: { kind: "residual" }, contraction: null });
        expect(outcome.margin).toBeLessThanOrEqual(1);
        const { residuals } = sharpRun(sigma, kappa, y, 0.1 / sigma ** 2, 2000);
        // max u = σ²/2κ: the residual cannot fall below y − σ²/2κ
        expect(Math.abs(residuals[2000])).toBeGreaterThanOrEqual(((share - 1) * sigma ** 2) / (2 * kappa) - 1e-12);
      }),
      { seed: 4, numRuns: 100 },
    );
  });

  it("at a step size of its own up to 2/σ₀² certifies only what the run then does", () => {
    let larger = 0;
    fc.assert(
      fc.property(positive(0.02, 1), positive(0.05, 2.2), (share, etaShare) => {
        const [sigma, kappa] = [1.3, 0.7];
        const y = (share * sigma ** 2) / (2 * kappa);
        const eta = etaShare / sigma ** 2;
        const outcome = certifyS1(evidence(sigma ** 2, sigma ** 2, y, kappa), rounded, point(eta));
        if (outcome.verdict === "undecided") return;
        if (outcome.form === "larger step") larger++;
        expect(eta).toBeLessThan(2 / sigma ** 2);
        const { residuals, length } = sharpRun(sigma, kappa, y, eta, 300);
        expect(residuals.findIndex((e, k) => Math.abs(e) > y * outcome.contraction! ** k * (1 + 1e-9) + 1e-13)).toBe(
          -1,
        );
        expect(length).toBeLessThanOrEqual(outcome.radius! * (1 + 1e-9));
      }),
      { seed: 5, numRuns: 1000 },
    );
    expect(larger).toBeGreaterThan(0);
  });

  it("refuses η ≥ 2/λ_max and says so", () => {
    const outcome = certifyS1(evidence(1, 4, 1e-6, 1), rounded, point(0.51));
    expect(outcome).toMatchObject({ verdict: "undecided", margin: 0, obstacle: { kind: "step size" } });
    expect(certifyS1(evidence(1, 4, 1e-6, 1), rounded, point(0.3)).verdict).toBe("certified");
  });
});

describe("S1 on linear models with several eigenvalues (κ = 0)", () => {
  it("holds for e ← (I − ηK)e at every step size it certifies, up to η = 2/(λ_min + λ_max)", () => {
    let larger = 0;
    fc.assert(
      fc.property(
        positive(0.001, 1),
        fc.array(positive(-1, 1), { minLength: 3, maxLength: 3 }),
        positive(0.1, 2.2),
        (low, start, share) => {
          const spectrum = [low, 0.5 * (low + 1), 1];
          const norm = Math.hypot(...start);
          if (norm === 0) return;
          const outcome = certifyS1(evidence(low, 1, norm, 0), rounded, point(share));
          if (outcome.verdict === "undecided") {
            expect(share * (low + 1)).toBeGreaterThan(2 - 1e-9);
            return;
          }
          if (outcome.form === "larger step") larger++;
          let e = start;
          for (let k = 1; k <= 60; k++) {
            e = e.map((x, i) => (1 - share * spectrum[i]) * x);
            expect(Math.hypot(...e)).toBeLessThanOrEqual(norm * outcome.contraction! ** k * (1 + 1e-9) + 1e-15);
          }
        },
      ),
      { seed: 6, numRuns: 500 },
    );
    expect(larger).toBeGreaterThan(50);
  });
});

describe("S1 says why not", () => {
  it("fewer parameters than samples", () => {
    const few = { ...evidence(1, 1, 0.1, 1), samples: 3, parameters: 2 };
    expect(certifyS1(few, rounded).obstacle).toEqual({ kind: "parameters", parameters: 2, samples: 3 });
  });
  it("a kernel that is singular to working precision, however small the residual", () => {
    const outcome = certifyS1(evidence(1e-17, 1, 1e-300, 1), rounded);
    expect(outcome).toMatchObject({ verdict: "undecided", obstacle: { kind: "singular" } });
    expect(certifyS1(evidence(-1e-17, 1, 1e-300, 1), rounded).verdict).toBe("undecided");
  });
  it("but a residual of exactly 0 needs no kernel", () => {
    expect(certifyS1(evidence(0, 1, 0, 1), rounded)).toMatchObject({ verdict: "certified", radius: 0, margin: 1e308 });
    expect(certifyS1(evidence(1, 1, 0, 1), rounded)).toMatchObject({ verdict: "certified", radius: 0, margin: 1e308 });
  });
  it("NaN anywhere is never certified", () => {
    for (let field = 0; field < 4; field++) {
      const values = [1, 1, 0.1, 1];
      values[field] = Number.NaN;
      const [low, high, residual, kappa] = values;
      expect(certifyS1(evidence(low, high, residual, kappa), rounded).verdict, `field ${field}`).toBe("undecided");
    }
  });
});
