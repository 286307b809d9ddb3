import { createNeuronScanner, createReferenceBackend, createWasmBackend } from "@surefoot/linalg";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { certify } from "../../src/certify/certify.ts";
import { certifyLazyStart } from "../../src/certify/certify-lazy-start.ts";
import { provedMeasurer } from "../../src/certify/measure-proved.ts";
import { certifyS2 } from "../../src/certify/s2.ts";
import { seededNeurons } from "../../src/dynamics/lazy/neuron-source.ts";
import { SurefootError } from "../../src/error.ts";
import { initialise } from "../../src/network/initialise.ts";
import { resolveNetwork } from "../../src/network/resolve.ts";
import { chooseCertifyEngine } from "../../src/train/engine.ts";
import { sphere } from "./direct.ts";

const backend = createReferenceBackend();

async function both(n: number, d: number, width: number, seed: number, antisymmetric: boolean) {
  const dataset = await sphere(backend, seed, n, d);
  const source = seededNeurons({ width, inputs: d, seed, antisymmetric }, backend);
  const lazy = await certifyLazyStart({ dataset, source, backend, mode: "proved" });
  const network = resolveNetwork({ kind: "two-layer-relu", width }, d);
  const weights = await initialise(network, { kind: antisymmetric ? "antisymmetric" : "gaussian" }, seed, backend);
  const measurer = provedMeasurer(backend);
  const evidence = await measurer.relu({ network, weights, dataset });
  if (evidence.status !== "ok") throw new Error(evidence.reason);
  return { lazy, full: await certifyS2(evidence.evidence, measurer), dataset, network, weights };
}

describe("S2 for initial weights that are drawn and dropped", () => {
  it("decides as S2 with all weights does, from either side of the least width", async () => {
    const verdicts = new Set<string>();
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom([4, 10], [6, 30], [8, 9]),
        fc.constantFrom(60, 300, 1000, 6000),
        fc.integer({ min: 0, max: 50 }),
        fc.boolean(),
        async ([n, d], width, seed, antisymmetric) => {
          const { lazy, full } = await both(n, d, width, seed, antisymmetric);
          verdicts.add(full.verdict);
          expect(lazy.outcome.verdict).toBe(full.verdict);
          expect(lazy.outcome.warrant).toBe("proved");
          if (full.verdict !== "certified") return;
          // The residual of Gaussian weights is enclosed less tightly: it can only make the set that may flip a little larger.
          expect(lazy.outcome.margin / full.margin - 1).toBeLessThan(1e-9);
          expect(lazy.outcome.margin / full.margin - 1).toBeGreaterThan(-1e-3);
          expect(lazy.outcome.residualNorm! - full.residualNorm!).toBeLessThan(1e-6);
        },
      ),
      { numRuns: 12, seed: 7 },
    );
    expect(verdicts).toEqual(new Set(["certified", "undecided"]));
  });

  it("gives the same on the threads of a scanner", async () => {
    const wasm = await createWasmBackend();
    const scanner = await createNeuronScanner({ threads: 2 });
    const dataset = await sphere(backend, 6, 8, 12);
    const found = [];
    for (const antisymmetric of [false, true]) {
      const source = seededNeurons({ width: 100_000, inputs: 12, seed: 1, antisymmetric }, wasm);
      const plain = await certifyLazyStart({ dataset, source, backend: wasm, mode: "proved" });
      const threaded = await certifyLazyStart({ dataset, source, backend: wasm, scanner, mode: "proved" });
      expect(threaded.outcome.verdict).toBe("certified");
      expect(threaded.unstable).toBe(plain.unstable);
      expect(threaded.outcome.margin / plain.outcome.margin - 1).toBeLessThan(1e-9);
      found.push(threaded.outcome.margin);
    }
    expect(found[0]).not.toBe(found[1]);
    await scanner.close();
    await wasm.close();
  });

  it("refuses what does not fit, with a width that does", async () => {
    const dataset = await sphere(backend, 6, 8, 12);
    const source = seededNeurons({ width: 1e8, inputs: 12, seed: 1 }, backend);
    const refused = certifyLazyStart({ dataset, source, backend, memoryLimit: 1e6 });
    await expect(refused).rejects.toThrow(SurefootError);
    await expect(refused).rejects.toThrow(/need \d+ MB.*width of \d+ fits/);
  });

  it("stops when it is told to", async () => {
    const dataset = await sphere(backend, 6, 8, 12);
    const source = seededNeurons({ width: 1e8, inputs: 12, seed: 1 }, backend);
    const controller = new AbortController();
    const onProgress = ({ done }: { done: number }) => done > 0 && controller.abort(new Error("enough"));
    await expect(certifyLazyStart({ dataset, source, backend, signal: controller.signal, onProgress })).rejects.toThrow(
      "enough",
    );
  });

  it("agrees with `certify` in step size and rate", async () => {
    const { lazy, dataset, network, weights } = await both(5, 40, 4000, 3, true);
    const outcome = await certify({ network, weights, dataset, backend, mode: "proved" });
    expect(lazy.outcome.stepSize).toBeCloseTo(outcome.stepSize!, 12);
    expect(lazy.outcome.radius).toBeCloseTo(outcome.radius!, 6);
  });
});

describe("certify --engine auto", () => {
  it("streams neurons only where holding them takes more than 2 GB", () => {
    const relu = (width: number) => resolveNetwork({ kind: "two-layer-relu", width }, 10);
    const choose = (width: number, fromFile = false) =>
      chooseCertifyEngine("auto", relu(width), { kind: "gaussian" }, fromFile, 10);
    expect(choose(4_900_000)).toBe("direct");
    expect(choose(5_100_000)).toBe("lazy");
    expect(choose(1e9)).toBe("lazy");
    expect(choose(1e9, true)).toBe("direct");
  });
});
