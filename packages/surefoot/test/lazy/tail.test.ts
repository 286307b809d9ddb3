import { createNeuronScanner, createReferenceBackend } from "@surefoot/linalg";
import { describe, expect, it } from "vitest";
import { createLazyRun, type LazyRun, resumeLazyRun } from "../../src/dynamics/lazy/run.ts";
import { DirectDescent, sphere } from "./direct.ts";

const backend = createReferenceBackend();

const bitsOf = ({ state }: LazyRun) => ({ ...state, looks: 0, close: 0 });

describe("where only rounding decides", () => {
  const dataset = () => sphere(backend, 3, 45, 40);

  it("unsure pairs wait until something has moved, to the same bits on threads, from a short watch list and after resuming", async () => {
    const [one, scanner] = [await createNeuronScanner({ threads: 1 }), await createNeuronScanner({ threads: 2 })];
    const options = { dataset: await dataset(), width: 400, seed: 5, stepSize: 1.2, backend };
    const plain = await createLazyRun({ ...options, scanner: one });
    const threaded = await createLazyRun({ ...options, scanner, horizon: 1 });
    let cut = await createLazyRun({ ...options, scanner });
    let waited = 0;
    for (let part = 0; part < 8; part++) {
      for (let k = 0; k < 60; k++) {
        await plain.step();
        if (plain.state.unsettled > 0) waited++;
      }
      await threaded.step(60);
      await cut.step(60);
      const checkpoint = structuredClone(cut.checkpoint());
      await cut.close();
      cut = await resumeLazyRun({ ...options, scanner: part % 2 === 0 ? one : scanner }, checkpoint);
      expect(bitsOf(threaded)).toEqual(bitsOf(plain));
      expect(bitsOf(cut)).toEqual(bitsOf(plain));
    }
    // The run has come to where the steps are far below the rounding of the sums, and pairs sit on their kinks.
    expect(plain.loss).toBeLessThan(1e-30);
    expect(plain.state.nearTies).toBeGreaterThan(100);
    expect(waited).toBeGreaterThan(50);
    const before = plain.state.flips;
    await plain.step(20);
    expect(plain.state.flips - before).toBeLessThan(plain.stepper.ledger.pairs);
    for (const thing of [plain, threaded, cut, one, scanner]) await thing.close();
  });

  it("and loses nothing against direct descent while the loss is above 1e-9", async () => {
    const options = { dataset: await dataset(), width: 400, seed: 5, stepSize: 1.2, backend };
    const run = await createLazyRun(options);
    const direct = await DirectDescent.from(options.dataset, run.problem.source, 1.2);
    let compared = 0;
    while (direct.loss > 1e-9 && compared < 400) {
      expect(Math.abs(run.loss - direct.loss)).toBeLessThanOrEqual(1e-8 * direct.loss);
      direct.step();
      await run.step();
      compared++;
    }
    expect(compared).toBeGreaterThan(20);
    expect(compared).toBeLessThan(400);
  });
});
