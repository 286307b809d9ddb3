import { createReferenceBackend } from "@surefoot/linalg";
import { describe, expect, it } from "vitest";
import { certifyLazyRun } from "../../src/certify/certify-lazy.ts";
import { floatMeasurer } from "../../src/certify/measure.ts";
import { provedMeasurer } from "../../src/certify/measure-proved.ts";
import { certifyS2 } from "../../src/certify/s2.ts";
import { createLazyRun } from "../../src/dynamics/lazy/run.ts";
import { point } from "../../src/interval/arithmetic.ts";
import { initialise } from "../../src/network/initialise.ts";
import { resolveNetwork } from "../../src/network/resolve.ts";
import { sphere } from "./direct.ts";

const backend = createReferenceBackend();

async function both(
  n: number,
  d: number,
  width: number,
  seed: number,
  steps: number,
  mode: "float" | "proved" = "float",
) {
  const dataset = await sphere(backend, 6, n, d);
  const stepSize = 0.5;
  const run = await createLazyRun({ dataset, width, seed, antisymmetric: true, stepSize, backend, horizon: 1 });
  await run.step(steps);
  const lazy = await certifyLazyRun(run, { mode });
  if ("needs" in lazy) throw new Error("no memory limit was set");
  const network = resolveNetwork({ kind: "two-layer-relu", width }, d);
  const weights = await initialise(network, { kind: "antisymmetric" }, seed, backend);
  for (let r = 0; r < width && steps > 0; r++) weights.W1.data.set((await run.neuron(r)).w, r * d);
  const measurer = mode === "float" ? floatMeasurer(backend) : provedMeasurer(backend);
  const dense = await measurer.relu({ network, weights, dataset });
  if (dense.status !== "ok") throw new Error(dense.reason);
  return { lazy, full: await certifyS2(dense.evidence, measurer, point(stepSize)), run };
}

describe("S2 on the state of a lazy run", () => {
  for (const [n, d, width, steps] of [
    [5, 40, 4000, 0],
    [5, 40, 4000, 3],
    [8, 12, 60_000, 0],
  ]) {
    it(`certifies from the pairs near their kinks what all neurons give (n = ${n}, m = ${width}, step ${steps})`, async () => {
      const { lazy, full } = await both(n, d, width, 3, steps);
      expect(full.verdict).toBe("certified");
      expect(lazy.outcome.verdict).toBe("certified");
      if (full.witness?.kind !== "pairs") throw new Error("no witness");
      expect(lazy.unstable).toBe(full.witness.unstable.words.reduce((sum, word) => sum + bitsIn(word), 0));
      // The same pairs may flip, so the same kernels: margins agree to the rounding of an eigenvalue.
      expect(Math.abs(lazy.outcome.margin / full.margin - 1)).toBeLessThan(1e-9);
      expect(lazy.movement!.every((length) => length > 0)).toBe(true);
    });
  }

  for (const [width, steps] of [
    [4000, 0],
    [4000, 7],
  ]) {
    it(`proves from the state what is proved from all weights (m = ${width}, step ${steps})`, async () => {
      const { lazy, full } = await both(5, 40, width, 3, steps, "proved");
      expect([lazy.outcome.verdict, full.verdict]).toEqual(["certified", "certified"]);
      expect([lazy.outcome.warrant, full.warrant]).toEqual(["proved", "proved"]);
      // Enclosures of a few ulps against enclosures of a few ulps.
      expect(Math.abs(lazy.outcome.margin / full.margin - 1)).toBeLessThan(1e-6);
      expect(Math.abs(lazy.outcome.residualNorm! / full.residualNorm! - 1)).toBeLessThan(1e-8);
    });
  }

  it("is undecided where all neurons give undecided, and becomes certified further down", async () => {
    const { lazy, full, run } = await both(8, 12, 1000, 3, 0);
    expect([lazy.outcome.verdict, full.verdict]).toEqual(["undecided", "undecided"]);
    let later = lazy.outcome.verdict;
    for (let k = 0; k < 40 && later !== "certified"; k++) {
      await run.step(5);
      const found = await certifyLazyRun(run);
      if ("outcome" in found) later = found.outcome.verdict;
    }
    expect(later).toBe("certified");
  });

  it("keeps its promise: no pair that was settled flips, the loss stays below the curve", async () => {
    const { lazy, run } = await both(5, 40, 4000, 3, 0);
    const before = run.loss;
    const { contraction } = lazy.outcome;
    for (let k = 1; k <= 60; k++) {
      await run.step();
      expect(run.loss).toBeLessThanOrEqual(before * contraction! ** (2 * k) * (1 + 1e-9));
    }
    expect(run.stepper.ledger.pairs).toBeLessThanOrEqual(lazy.unstable);
    expect(run.stepper.ledger.pairs).toBeGreaterThan(0);
  });
});

function bitsIn(word: number): number {
  let count = 0;
  for (let bits = word; bits !== 0; bits &= bits - 1) count++;
  return count;
}
