import { describe, expect, it } from "vitest";
import { certifyToFile } from "../../src/certificate/certificate.ts";
import type { SmoothEvidence } from "../../src/certify/evidence.ts";
import { kappaBounds } from "../../src/certify/kappa.ts";
import { floatMeasurer } from "../../src/certify/measure.ts";
import { provedMeasurer } from "../../src/certify/measure-proved.ts";
import { THEOREMS } from "../../src/certify/theorems.ts";
import { rounded } from "../../src/interval/arithmetic.ts";
import { outward } from "../../src/interval/outward.ts";
import { forward } from "../../src/network/forward.ts";
import type { NetworkInput } from "../../src/spec/network.ts";
import { backend, certifyHere, checkCertifiedRun, type Setting, setting } from "./setting.ts";

const NETWORKS: readonly [string, NetworkInput][] = [
  ["residual", { kind: "residual", depth: 3, width: 16, activation: "tanh", cRes: 0.5 }],
  [
    "residual, W1 and readout frozen",
    { kind: "residual", depth: 2, width: 24, activation: "erf", frozen: ["W1", "W3"] },
  ],
  ["convolutional", { kind: "convolutional-residual", depth: 2, width: 12, activation: "tanh", cRes: 0.5, pixels: 4 }],
];

/** Labels so close to the outputs that S1's margin is `margin`: a start at 1/margin of its own limit. */
async function atMargin(spec: NetworkInput, margin: number, seed: number): Promise<Setting> {
  const at = await setting(spec, { kind: "sphere", n: 5, d: 8, labels: "gaussian" }, { kind: "gaussian" }, seed);
  const { outputs } = await forward(at.network, at.weights, at.dataset.x, backend);
  const near = (share: number): Setting => ({
    ...at,
    dataset: { ...at.dataset, y: outputs.map((u, i) => u + share * (at.dataset.y[i] - u)) },
  });
  const unit = await certifyHere(near(1e-3));
  // the margin is ∫M over ‖e₀‖, and ∫M does not depend on the labels
  return near((1e-3 * (unit.margin ?? Number.NaN)) / margin);
}

async function evidenceOf(at: Setting, measurer: typeof floatMeasurer): Promise<SmoothEvidence> {
  const measured = await measurer(backend).smooth(at);
  if (measured.status === "failed") throw new Error(measured.reason);
  return measured.evidence;
}

describe("S1 on networks with skips and convolutions", () => {
  it.each(NETWORKS)(
    "certifies up to its limit and not beyond; runs from there obey the certificate: %s",
    async (_, spec) => {
      for (const [seed, margin] of [
        [1, 1.001],
        [2, 1.02],
      ] as const) {
        const at = await atMargin(spec, margin, seed);
        const outcome = await certifyHere(at, { mode: "proved" });
        expect(outcome.verdict).toBe("certified");
        expect(outcome.warrant).toBe("proved");
        expect(outcome.theorem).toBe("S1");
        const { violations, worst } = await checkCertifiedRun(at, outcome, 100);
        expect(violations).toEqual([]);
        expect(worst).toBeLessThan(1);
        const beyond = await certifyHere(await atMargin(spec, 0.999, seed), { mode: "proved" });
        expect(beyond.verdict).toBe("undecided");
      }
    },
  );

  it.each(NETWORKS)(
    "has bounds in outward arithmetic that are no smaller than in floating point, and near: %s",
    async (_, spec) => {
      const at = await setting(spec, { kind: "sphere", n: 5, d: 8, labels: "gaussian" }, { kind: "gaussian" }, 3);
      const float = kappaBounds(await evidenceOf(at, floatMeasurer), rounded);
      const proved = kappaBounds(await evidenceOf(at, provedMeasurer), outward);
      expect(proved.map(({ name }) => name)).toEqual(["recursion", "stacked"]);
      for (const [b, { walk }] of proved.entries()) {
        for (const r of [0, 0.1, 2]) {
          const [above, near] = [walk().cell(0, r, 1), float[b].walk().cell(0, r, 1)];
          expect(above).toBeGreaterThanOrEqual(near * (1 - 1e-6));
          // spectral norms are computed to 1e-3 in floating point, with the residual added
          expect(above).toBeLessThanOrEqual(near * (1 + 1e-2));
        }
      }
    },
  );

  it("is the only theorem that covers them, and leaves a certificate file", async () => {
    const at = await atMargin(NETWORKS[0][1], 2, 1);
    expect(THEOREMS.filter((theorem) => theorem.excludes(at.network) === undefined).map(({ name }) => name)).toEqual([
      "S1",
    ]);
    const { certificate } = await certifyToFile({ ...at, backend, version: "0.0.0" });
    expect(certificate?.network.layers.map(({ skip = false }) => skip)).toEqual([false, true, true, false]);
  });

  it("covers none with ReLU, and finds the impossible there as elsewhere", async () => {
    const spec: NetworkInput = { kind: "residual", depth: 2, width: 8, activation: "relu" };
    const at = await setting(spec, { kind: "sphere", n: 4, d: 5, labels: "gaussian" }, { kind: "gaussian" });
    const outcome = await certifyHere(at);
    expect(outcome.verdict).toBe("undecided");
    expect(outcome.theorem).toBeNull();
    const { x, y } = at.dataset;
    for (let k = 0; k < x.cols; k++) x.data[x.cols + k] = 2 * x.data[k];
    y[1] = 2 * y[0];
    expect((await certifyHere(at)).verdict).toBe("undecided");
    y[1] = 3 * y[0];
    expect((await certifyHere(at)).verdict).toBe("impossible");
  });

  it("a frozen readout with a bounded activation bounds no outputs here: skips add up", async () => {
    const spec: NetworkInput = { kind: "residual", depth: 2, width: 4, activation: "tanh", frozen: ["W3"] };
    const at = await setting(spec, { kind: "sphere", n: 2, d: 3, labels: "gaussian" }, { kind: "gaussian" });
    at.dataset.y.fill(1e6);
    expect((await certifyHere(at)).verdict).toBe("undecided");
  });
});
