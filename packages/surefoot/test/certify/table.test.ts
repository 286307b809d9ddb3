import { describe, expect, it } from "vitest";
import type { NetworkInput } from "../../src/spec/network.ts";
import { certifyHere, descend, setting } from "./setting.ts";

const SPHERE = { kind: "sphere", n: 10, d: 20 } as const;

/** The rows of issue and theory that fix what the certificates must be able to do; data on the unit sphere, labels ±1. */
describe("widths that must be certified", () => {
  it("S1, tanh, all layers trained, width 1 000: undecided at k = 0, certified within 60 steps at its own step size", async () => {
    const at = await setting({ kind: "fully-connected", widths: [1000], activation: "tanh" }, SPHERE, {
      kind: "gaussian",
    });
    const first = await certifyHere(at);
    expect(first.verdict).toBe("undecided");
    const stepSize = first.suggestedStepSize!;
    let certifiedStep = -1;
    await descend(at, stepSize, 60, async ({ weights }, k) => {
      if ((await certifyHere({ ...at, weights }, { stepSize })).verdict === "certified") certifiedStep = k;
      return certifiedStep < 0;
    });
    expect(certifiedStep).toBeGreaterThan(0);
  });

  it("S1, tanh, first layer trained, antisymmetric, width 5 000: certified at k = 0", async () => {
    const spec: NetworkInput = { kind: "fully-connected", widths: [5000], activation: "tanh", frozen: ["W2"] };
    const outcome = await certifyHere(await setting(spec, SPHERE, { kind: "antisymmetric" }));
    expect(outcome).toMatchObject({ verdict: "certified", theorem: "S1", kappaBound: "two-layer" });
  });

  it.each([
    [1000, "certified"],
    [20, "undecided"],
  ])("S2, orthonormal inputs, antisymmetric, width %i: %s", async (width, verdict) => {
    const data = { kind: "orthonormal", n: 10, d: 10 } as const;
    const at = await setting({ kind: "two-layer-relu", width }, data, { kind: "antisymmetric" });
    expect(await certifyHere(at)).toMatchObject({ verdict, theorem: "S2" });
  });

  it("S2, n = 10, d = 100, antisymmetric, width 3 000: certified", async () => {
    const data = { kind: "sphere", n: 10, d: 100 } as const;
    const at = await setting({ kind: "two-layer-relu", width: 3000 }, data, { kind: "antisymmetric" });
    expect(await certifyHere(at)).toMatchObject({ verdict: "certified", theorem: "S2" });
  });

  it.each([
    [1000, "certified"],
    [1, "undecided"],
  ])("S1, positive initialisation with A = %i: %s", async (scale, verdict) => {
    const spec: NetworkInput = {
      kind: "fully-connected",
      widths: [5, 5],
      activation: { kind: "smooth-leaky-relu", slope: 0.3 },
      scaling: "standard",
    };
    const at = await setting(spec, { kind: "sphere", n: 20, d: 50 }, { kind: "positive", scale });
    // Undecided: S3 comes closer. Certified: both do, and S1's rate is the better one.
    expect(await certifyHere(at)).toMatchObject({ verdict, theorem: verdict === "certified" ? "S1" : "S3" });
  });
});
