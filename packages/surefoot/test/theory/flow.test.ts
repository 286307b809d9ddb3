import { createReferenceBackend } from "@surefoot/linalg";
import { describe, expect, it } from "vitest";
import {
  createProblem,
  explain,
  forward,
  initialise,
  loadDataset,
  networkFromText,
  resolveNetwork,
} from "../../src/index.ts";
import { SAMPLE_LOSSES } from "../../src/theory/flow-losses.ts";
import { followFlow } from "../../src/theory/flow-run.ts";

const backend = createReferenceBackend();

async function instance(data: string, network: string, labels = 1) {
  const loaded = await loadDataset(data);
  const dataset = { ...loaded, y: loaded.y.map((y) => labels * y) };
  const resolved = resolveNetwork(networkFromText(network), dataset.x.cols);
  const initialiser = { kind: "antisymmetric" } as const;
  const weights = await initialise(resolved, initialiser, 1, backend);
  const problem = await createProblem(resolved, dataset, "sum", backend);
  return { problem, weights, initialiser, seed: 1, stepSize: 0.4, steps: 10 };
}

describe("gradient flow", () => {
  it("is e(t) = e^{−Ht}e(0) where no pattern flips: orthonormal inputs, labels too small to flip any", async () => {
    const { problem, weights } = await instance("orthonormal:n=3,d=3", "two-layer-relu:40", 1e-4);
    const pass = await forward(problem.network, weights, problem.dataset.x, backend);
    // H = diag(active neurons of sample i)/m for orthonormal rows
    const shares = Array.from(
      { length: 3 },
      (_, i) => pass.z[0].data.subarray(40 * i, 40 * i + 40).filter((z) => z >= 0).length / 40,
    );
    const last = { time: 0, outputs: new Float64Array(3) };
    const outcome = await followFlow(problem, weights, {
      until: 3,
      tolerance: 1e-6,
      at: async ({ time, pass }) => void Object.assign(last, { time, outputs: pass.outputs.slice() }),
    });
    expect(outcome).toMatchObject({ status: "done", time: 3 });
    expect(last.time).toBe(3);
    const { y } = problem.dataset;
    for (let i = 0; i < 3; i++) {
      const expected = y[i] * (1 - Math.exp(-3 * shares[i]));
      expect(Math.abs(last.outputs[i] - expected)).toBeLessThan(1e-5 * Math.abs(y[i]));
    }
    expect(outcome.error).toBeLessThan(1e-4);
  });

  it.each(SAMPLE_LOSSES)(
    "has $name with a slope that is its derivative, zero at the best output or falling to it",
    (loss) => {
      for (const y of [-1, 1]) {
        for (const u of [-3.1, -0.7, 0.2, 0.9, 2.5]) {
          const h = 1e-6;
          const difference = (loss.value(u + h, y) - loss.value(u - h, y)) / (2 * h);
          expect(loss.slope(u, y)).toBeCloseTo(difference, 6);
          expect(loss.value(u, y)).toBeGreaterThanOrEqual(0);
        }
        expect(Math.abs(loss.slope(loss.classification ? 40 * y : y, y))).toBeLessThan(1e-15);
      }
    },
  );
});

describe("the desk of the kernel view", () => {
  it("holds for the squared loss and others on a two-layer ReLU network", async () => {
    const found = await explain({ ...(await instance("sphere:n=5,d=8", "two-layer-relu:300")), papers: ["flow"] });
    const { claims, hypotheses } = found.desks[0];
    const verdicts = Object.fromEntries([...hypotheses, ...claims].map((row) => [row.id, row.verdict]));
    for (const id of [
      "positive-definite",
      "universal",
      "velocity-squared",
      "flow-rate",
      "flow-rate-slides",
      "flow-rate-limit",
      "flow-huber",
      "flow-log-cosh",
      "flow-logistic",
      "flow-squared-hinge",
      "hoeffding",
      "weights-move",
      "anti-concentration",
      "entry-drift",
    ]) {
      expect(verdicts[id], id).toBe("holds");
    }
    const rate = claims.find((row) => row.id === "flow-rate");
    expect(rate?.constantNeeded).toBeGreaterThan(2 * (1 - 0.05));
  });

  it("speaks of a deep smooth network too, without the rows on lazy training", async () => {
    const found = await explain({ ...(await instance("sphere:n=4,d=6", "tanh:30,30")), papers: ["flow"], steps: 4 });
    const { claims, notApplicable } = found.desks[0];
    expect(notApplicable).toBeNull();
    expect(claims.map((row) => row.id)).not.toContain("entry-drift");
    for (const row of claims) expect(row.verdict, row.id).toBe("holds");
  });

  it("does not say that a kernel is positive definite which is not", async () => {
    const options = await instance("sphere:n=4,d=6", "two-layer-relu:40");
    options.problem.dataset.x.data.copyWithin(0, 6, 12);
    const problem = await createProblem(options.problem.network, options.problem.dataset, "sum", backend);
    const found = await explain({ ...options, problem, papers: ["flow"], steps: 2 });
    const row = found.desks[0].hypotheses.find((one) => one.id === "universal");
    expect(row?.verdict).toBe("open");
  });
});
