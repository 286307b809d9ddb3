import { type Matrix, matrix } from "@surefoot/linalg";
import { describe, expect, it } from "vitest";
import { activationOf } from "../../src/activation/registry.ts";
import { certify } from "../../src/certify/certify.ts";
import { floatMeasurer } from "../../src/certify/measure.ts";
import { provedMeasurer } from "../../src/certify/measure-proved.ts";
import { certifyS1 } from "../../src/certify/s1.ts";
import { point } from "../../src/interval/arithmetic.ts";
import { forward } from "../../src/network/forward.ts";
import type { NetworkInput } from "../../src/spec/network.ts";
import { backend, copied, descend, type Setting, setting } from "./setting.ts";

const data = (n: number, d: number) => ({ kind: "sphere", n, d, labels: "gaussian" }) as const;

/** ‖s W diag σ'(z)‖₂ from all eigenvalues of the small Gram matrix. */
async function exactNorm({ network, weights, dataset }: Setting, l: number, i: number): Promise<number> {
  const { weight, rows, cols, scale } = network.layers[l];
  const pass = await forward(network, weights, dataset.x, backend);
  const slopes = new Float64Array(pass.z[l - 1].data.length).fill(1);
  activationOf(network.activation).timesDerivative(pass.z[l - 1].data, pass.h[l - 1].data, slopes, slopes);
  const a: Matrix = matrix(
    rows,
    cols,
    weights[weight].data.map((w, k) => scale * w * slopes[i * cols + (k % cols)]),
  );
  const found = await backend.eigenvalues(await backend.syrk(a));
  if (found.status !== "ok") throw new Error(found.status);
  return Math.sqrt(Math.max(...found.values));
}

const NETWORKS: readonly NetworkInput[] = [
  { kind: "fully-connected", widths: [9, 7], activation: "tanh" },
  { kind: "fully-connected", widths: [6, 8, 5], activation: "softplus", biases: true },
  { kind: "fully-connected", widths: [5, 12], activation: "gelu", scaling: "standard" },
];

describe("measured products of weights and slopes", () => {
  it("lie above the exact norms, proved ones by less than a millionth, estimated ones by less than 3 %", async () => {
    for (const [seed, spec] of NETWORKS.entries()) {
      const at = await setting(spec, data(5, 4), { kind: "gaussian" }, seed + 1);
      for (const [measurer, slack] of [
        [provedMeasurer(backend), 1e-5],
        [floatMeasurer(backend), 0.031],
      ] as const) {
        const plain = await measurer.smooth(at);
        if (plain.status !== "ok") throw new Error(plain.reason);
        const steep = await measurer.steep(at, plain.evidence);
        if (steep.status !== "ok") throw new Error(steep.reason);
        const { layers } = steep.evidence;
        for (let l = 1; l < layers.length; l++) {
          for (let i = 0; i < 5; i++) {
            const exact = await exactNorm(at, l, i);
            expect(layers[l].steepBounds![i]).toBeGreaterThanOrEqual(exact * (1 - 1e-12));
            expect(layers[l].steepBounds![i]).toBeLessThanOrEqual(exact * (1 + slack) + 1e-12);
          }
        }
      }
    }
  });

  it("certify earlier, proved, and the run obeys", async () => {
    const spec: NetworkInput = { kind: "fully-connected", widths: [32, 32], activation: "tanh" };
    const at = await setting(spec, data(5, 10), { kind: "gaussian", output: "sign" }, 3);
    const measurer = floatMeasurer(backend);
    let certified: { loss: number; ratePerStep: number; step: number } | undefined;
    let eta = 0;
    const first = await measurer.smooth(at);
    if (first.status === "ok") eta = 0.5 / first.evidence.kernel.lambdaMax.value.upper;
    const losses: number[] = [];
    await descend(at, eta, 400, async (state) => {
      losses.push(state.loss);
      if (certified) return losses.length < certified.step + 60;
      const weights = copied(state.weights);
      const request = { ...at, weights, backend, stepSize: eta };
      if ((await certify({ ...request, mode: "float" })).verdict !== "certified") return true;
      const outcome = await certify({ ...request, mode: "proved" });
      if (outcome.verdict !== "certified") return true;
      expect(outcome.warrant).toBe("proved");
      const plain = await measurer.smooth({ ...at, weights });
      if (plain.status !== "ok") throw new Error(plain.reason);
      // the plain bounds do not certify this checkpoint
      expect(certifyS1(plain.evidence, measurer.arithmetic, point(eta)).verdict).toBe("undecided");
      certified = { loss: state.loss, ratePerStep: outcome.ratePerStep!, step: losses.length - 1 };
      return true;
    });
    expect(certified).toBeDefined();
    const { loss, ratePerStep, step } = certified!;
    for (let k = step; k < losses.length; k++) {
      expect(losses[k]).toBeLessThanOrEqual(loss * ratePerStep ** (k - step) * (1 + 1e-9));
    }
    expect(losses.length).toBeGreaterThan(step + 30);
  });
});
