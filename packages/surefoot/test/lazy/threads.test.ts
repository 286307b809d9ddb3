import { createNeuronScanner, createReferenceBackend } from "@surefoot/linalg";
import { describe, expect, it } from "vitest";
import { seededNeurons } from "../../src/dynamics/lazy/neuron-source.ts";
import { lazyProblem } from "../../src/dynamics/lazy/problem.ts";
import { startPass } from "../../src/dynamics/lazy/start.ts";
import type { CloseDecision, LazyState } from "../../src/dynamics/lazy/state.ts";
import { Stepper } from "../../src/dynamics/lazy/stepper.ts";
import { TangentCounts } from "../../src/dynamics/lazy/tangent-counts.ts";
import { sphere } from "./direct.ts";

const backend = createReferenceBackend();

describe("steps on threads", () => {
  it.each([
    {
      what: "down to frozen patterns, close decisions included",
      ...{ n: 70, d: 60, width: 1500, stepSize: 1, steps: 220, reach: 60, share: 0, uneven: false },
    },
    {
      what: "where a quarter of all pairs flip at once and their number takes more room than there is",
      ...{ n: 70, d: 60, width: 1500, stepSize: 300, steps: 3, reach: 1e5, share: 0.25, uneven: false },
    },
    {
      what: "where samples are of very different lengths, two of them nearly the same, and patterns of an odd number of words",
      ...{ n: 300, d: 12, width: 700, stepSize: 0.02, steps: 60, reach: 200, share: 0, uneven: true },
    },
  ])(
    "are those of one thread to the bit, $what",
    async ({ n, d, width, stepSize, steps, reach: far, share, uneven }) => {
      const dataset = await sphere(backend, 14, n, d, uneven ? 1e-5 : 0);
      if (uneven) for (let at = 0; at < n * d; at++) dataset.x.data[at] *= 3 ** ((Math.floor(at / d) % 7) - 5);
      const source = seededNeurons({ width, inputs: d, seed: 6 }, backend);
      const problem = await lazyProblem(dataset, source, stepSize, backend);
      const reach = new Float64Array(n).fill(far);
      const scanner = await createNeuronScanner({ threads: 2 });
      const trace: unknown[][] = [];
      for (const threaded of [false, true]) {
        const { outputs, counts, watch } = await startPass(dataset.x, source, reach, { backend }, {});
        expect(watch.slots.length).toBeGreaterThan(50_000);
        const state: LazyState = {
          ...{
            step: 0,
            path: 0,
            flips: 0,
            looks: 0,
            nearTies: 0,
            unsettled: 0,
            firstNearTie: undefined,
            frozenAt: undefined,
          },
          residual: outputs.map((u, i) => u - dataset.y[i]),
          sums: new Float64Array(n),
          up: new Float64Array(n),
          down: new Float64Array(n),
        };
        const shape = { samples: n, patternBytes: watch.bytes, slots: watch.neurons.length, offsets: watch.offsets };
        const looker = threaded ? await scanner.looker(shape) : undefined;
        const tangent = new TangentCounts(problem.gram, counts.slice(), width);
        const stepper = await Stepper.create(problem, state, tangent, watch, reach, looker);
        let close = 0;
        for (let k = 0; k < steps; k++) {
          const decisions: CloseDecision[] = [];
          const before = state.flips;
          expect(await stepper.advance(decisions)).toBe("ok");
          if (k === 0) expect(state.flips - before).toBeGreaterThanOrEqual(share * watch.slots.length);
          close += decisions.length;
        }
        expect(state.flips).toBeGreaterThan(5000);
        if (steps > 200) expect(close).toBeGreaterThan(0);
        // How many pairs are looked at is work, not a result: rough sums on threads decide a little earlier when to look again.
        trace.push([
          { ...state, looks: 0 },
          stepper.tangent.counts,
          stepper.tangent.h,
          stepper.ledger.pairs,
          [...stepper.savedFlips()],
          close,
        ]);
        await looker?.close();
      }
      await scanner.close();
      expect(trace[1]).toEqual(trace[0]);
    },
  );
});
