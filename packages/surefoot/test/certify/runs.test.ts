import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { floatMeasurer } from "../../src/certify/measure.ts";
import type { CertifyOutcome, TheoremOutcome } from "../../src/certify/outcome.ts";
import { certifyS2 } from "../../src/certify/s2.ts";
import type { ActivationSpec } from "../../src/spec/activation.ts";
import type { InitialiserSpec } from "../../src/spec/initialiser.ts";
import type { NetworkInput } from "../../src/spec/network.ts";
import { backend, certifyHere, checkCertifiedRun, descend, type Setting, setting, withResidual } from "./setting.ts";

const ACTIVATIONS: readonly ActivationSpec[] = [
  "tanh",
  "sigmoid",
  "softplus",
  "erf",
  "gelu",
  "swish",
  { kind: "smooth-leaky-relu", slope: 0.3 },
];

const smoothNetworks: fc.Arbitrary<NetworkInput> = fc
  .record({
    widths: fc.array(fc.integer({ min: 3, max: 12 }), { minLength: 1, maxLength: 2 }),
    activation: fc.constantFrom(...ACTIVATIONS),
    scaling: fc.constantFrom("ntk" as const, "standard" as const),
    biases: fc.boolean(),
    freeze: fc.constantFrom("none", "W1", "W2", "last"),
  })
  .map(({ widths, activation, scaling, biases, freeze }) => {
    const last = `W${widths.length + 1}`;
    const frozen = freeze === "none" ? [] : [freeze === "last" ? last : freeze];
    return { kind: "fully-connected", widths, activation, scaling, biases, frozen };
  });

const data = fc.record({
  kind: fc.constant("sphere" as const),
  n: fc.integer({ min: 2, max: 5 }),
  d: fc.integer({ min: 2, max: 6 }),
  seed: fc.integer({ min: 0, max: 1000 }),
  labels: fc.constant("gaussian" as const),
});

/** Labels moved towards the outputs until the margin is `aim` (it is linear in 1/‖e‖ at one θ₀ for S1). */
async function atMargin(at: Setting, aim: number): Promise<{ at: Setting; outcome: CertifyOutcome } | undefined> {
  const first = await certifyHere(at);
  if (first.margin === null || !(first.margin > 0) || first.residualNorm === null || first.residualNorm === 0)
    return undefined;
  const moved = await withResidual(at, first.residualNorm * (first.margin / aim));
  return { at: moved, outcome: await certifyHere(moved) };
}

describe("runs from certified starts", () => {
  it("S1: placed at margin 1.001, at the certified step size, keep under the curve and in the ball", async () => {
    let runs = 0;
    let closest = 0;
    await fc.assert(
      fc.asyncProperty(smoothNetworks, data, fc.integer({ min: 0, max: 1e6 }), async (spec, source, seed) => {
        const found = await atMargin(await setting(spec, source, { kind: "gaussian" }, seed), 1.001);
        if (!found) return;
        const { at, outcome } = found;
        if (outcome.verdict !== "certified") return;
        runs++;
        const run = await checkCertifiedRun(at, outcome, 60);
        expect(run.violations).toEqual([]);
        closest = Math.max(closest, run.worst);
      }),
      { seed: 11, numRuns: 60 },
    );
    expect(runs).toBeGreaterThan(40);
    expect(closest).toBeGreaterThan(0.5); // the curve is near the run at its first steps: the check can fail
  });

  it("S1: at a step size of the run's own between the certificate's and 2/λ_max", async () => {
    let larger = 0;
    await fc.assert(
      fc.asyncProperty(
        smoothNetworks,
        data,
        fc.double({ min: 0.9, max: 1.9, noNaN: true }),
        async (spec, source, share) => {
          const found = await atMargin(await setting(spec, source, { kind: "gaussian" }, source.seed), 4);
          if (!found?.outcome.lambdaMax) return;
          const stepSize = share / found.outcome.lambdaMax;
          const outcome = await certifyHere(found.at, { stepSize });
          if (outcome.verdict !== "certified") return;
          expect(outcome.stepSize).toBe(stepSize);
          if (outcome.form === "larger step") larger++;
          expect((await checkCertifiedRun(found.at, outcome, 60)).violations).toEqual([]);
        },
      ),
      { seed: 12, numRuns: 60 },
    );
    expect(larger).toBeGreaterThan(10);
  });

  it("S2: full and midpoint form, any output weights, keep under the curve and in the ball", async () => {
    let runs = 0;
    let close = 0;
    const initialisers: readonly InitialiserSpec[] = [
      { kind: "gaussian" },
      { kind: "antisymmetric" },
      { kind: "gaussian", output: "uniform" },
      { kind: "gaussian", output: "gaussian" },
    ];
    await fc.assert(
      fc.asyncProperty(
        data.map((source) => ({ ...source, d: source.d + 3 })),
        fc.constantFrom(...initialisers),
        fc.integer({ min: 20, max: 100 }).map((half) => 2 * half),
        fc.double({ min: -4, max: -0.5, noNaN: true }),
        async (source, initialiser, width, scale) => {
          const start = await setting({ kind: "two-layer-relu", width }, source, initialiser, source.seed);
          const at = await withResidual(start, 10 ** scale);
          const outcome = await certifyHere(at);
          if (outcome.verdict !== "certified") return;
          runs++;
          if (outcome.margin! < 5) close++;
          expect((await checkCertifiedRun(at, outcome, 80)).violations).toEqual([]);
        },
      ),
      { seed: 13, numRuns: 120 },
    );
    expect(runs).toBeGreaterThan(40);
    expect(close).toBeGreaterThan(5);
  });

  it("S2: the structured form, at nearly the largest residual that it certifies", async () => {
    const measurer = floatMeasurer(backend);
    let further = 0;
    let runs = 0;
    for (let seed = 0; seed < 12; seed++) {
      const source = { kind: "sphere", n: 5, d: 8, seed, labels: "gaussian" } as const;
      const start = await setting({ kind: "two-layer-relu", width: 300 }, source, { kind: "gaussian" }, seed);
      const certified = async (norm: number, structured: boolean) => {
        const at = await withResidual(start, norm);
        const measured = await measurer.relu(at);
        if (measured.status === "failed") throw new Error(measured.reason);
        return { at, outcome: await certifyS2(measured.evidence, measurer, undefined, { structured }) };
      };
      let found: { at: Setting; outcome: TheoremOutcome } | undefined;
      for (let norm = 1e-3; norm < 100; norm *= 1.3) {
        const tried = await certified(norm, true);
        if (tried.outcome.verdict === "undecided") break;
        found = tried;
        if ((await certified(norm, false)).outcome.verdict === "undecided") further++;
      }
      if (!found) continue;
      runs++;
      const { stepSize, contraction, radius } = found.outcome;
      const run = await checkCertifiedRun(found.at, { stepSize, ratePerStep: contraction! ** 2, radius }, 80);
      expect(run.violations).toEqual([]);
    }
    expect(runs).toBeGreaterThan(8);
    expect(further).toBeGreaterThan(0);
  });

  it("S2 as a fully connected network with one ReLU layer and a frozen output layer, biases of layer 1 included", async () => {
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(
        data,
        fc.boolean(),
        fc.double({ min: -3, max: -0.5, noNaN: true }),
        async (source, biases, scale) => {
          const frozen = biases ? ["W2", "b2"] : ["W2"];
          const spec: NetworkInput = { kind: "fully-connected", widths: [60], activation: "relu", biases, frozen };
          const at = await withResidual(await setting(spec, source, { kind: "gaussian" }, source.seed), 10 ** scale);
          const outcome = await certifyHere(at);
          if (outcome.verdict !== "certified") return;
          expect(outcome.theorem).toBe("S2");
          runs++;
          expect((await checkCertifiedRun(at, outcome, 80)).violations).toEqual([]);
        },
      ),
      { seed: 14, numRuns: 40 },
    );
    expect(runs).toBeGreaterThan(10);
  });

  it("a checkpoint: the first certified step of a run, and the run itself from there on", async () => {
    const at = await setting(
      { kind: "fully-connected", widths: [300], activation: "tanh" },
      { kind: "sphere", n: 6, d: 10 },
      { kind: "gaussian" },
    );
    const stepSize = (await certifyHere(at)).suggestedStepSize!;
    let start: { k: number; loss: number; rate: number } | undefined;
    let checked = 0;
    await descend(at, stepSize, 150, async ({ weights, loss }, k) => {
      if (!start) {
        const outcome = await certifyHere({ ...at, weights }, { stepSize });
        if (outcome.verdict === "certified") start = { k, loss, rate: outcome.ratePerStep! };
      } else {
        checked++;
        expect(loss).toBeLessThanOrEqual(start.loss * start.rate ** (k - start.k) * (1 + 1e-9));
      }
      return checked < 60;
    });
    expect(start?.k).toBeGreaterThan(0);
    expect(checked).toBe(60);
  });
});

describe("the loss convention", () => {
  it("c·L with step η/c is the same certificate, for sum, half-mean and mean", async () => {
    const at = await setting(
      { kind: "fully-connected", widths: [2000], activation: "tanh", frozen: ["W2"] },
      { kind: "sphere", n: 5, d: 10 },
      { kind: "antisymmetric" },
    );
    const sum = await certifyHere(at);
    expect(sum.verdict).toBe("certified");
    for (const [loss, c] of [
      ["half-mean", 1 / 5],
      ["mean", 2 / 5],
    ] as const) {
      const scaled = await certifyHere(at, { loss });
      for (const field of ["margin", "ratePerStep", "radius", "lambdaMin", "residualNorm", "kappa"] as const) {
        expect(scaled[field]).toBe(sum[field]);
      }
      expect(scaled.stepSize! * c).toBeCloseTo(sum.stepSize!, 14);
      const own = await certifyHere(at, { loss, stepSize: scaled.stepSize! });
      expect(own.ratePerStep).toBeCloseTo(sum.ratePerStep!, 12);
      expect((await checkCertifiedRun(at, own, 40, loss)).violations).toEqual([]);
    }
  });
});
