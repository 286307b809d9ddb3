import { createReferenceBackend } from "@surefoot/linalg";
import { describe, expect, it } from "vitest";
import {
  createProblem,
  DESKS,
  type ExplainOptions,
  explain,
  initialise,
  initialiserFromText,
  loadDataset,
  networkFromText,
  resolveNetwork,
} from "../../src/index.ts";

const backend = createReferenceBackend();

async function instance(data: string, network: string, init = "gaussian"): Promise<ExplainOptions> {
  const dataset = await loadDataset(data);
  const resolved = resolveNetwork(networkFromText(network), dataset.x.cols);
  const initialiser = initialiserFromText(init);
  const weights = await initialise(resolved, initialiser, 0, backend);
  const problem = await createProblem(resolved, dataset, "sum", backend);
  return { problem, weights, initialiser, seed: 0, stepSize: 0.5, steps: 12 };
}

describe("explain", () => {
  it("gives every paper a desk, in plain finite numbers, and says why a paper is silent", async () => {
    const found = await explain(await instance("sphere:n=5,d=6", "tanh:12"));
    expect(found.desks.map((desk) => desk.paper)).toEqual(DESKS.map((desk) => desk.paper));
    expect(found.desks.find((desk) => desk.paper === "du2018")?.notApplicable).toMatch(/two-layer-relu/);
    expect(JSON.parse(JSON.stringify(found))).toEqual(found);
    for (const desk of found.desks) {
      if (desk.notApplicable !== null) expect([...desk.hypotheses, ...desk.claims, ...desk.prescriptions]).toEqual([]);
    }
  });

  it("measures at every step asked for, and at the last", async () => {
    const steps: number[] = [];
    const options = await instance("sphere:n=4,d=5", "two-layer-relu:32");
    const found = await explain({
      ...options,
      steps: 7,
      every: 3,
      onProgress: (line) => steps.push(Number(/^step (\d+)/.exec(line)?.[1] ?? -1)),
    });
    expect(found.run).toMatchObject({ steps: 7, measuredEvery: 3, stopped: "steps-done" });
    expect(found.run.losses).toHaveLength(8);
    expect(steps.filter((step) => step >= 0)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    const eigenvalue = found.desks[0].claims.find((row) => row.id === "eigenvalue");
    expect(eigenvalue?.note).toMatch(/step 7:/);
  });

  it("speaks of a run that diverged without numbers that are not finite", async () => {
    const found = await explain({
      ...(await instance("sphere:n=4,d=5", "two-layer-relu:32")),
      stepSize: 1e4,
      steps: 50,
    });
    expect(found.run.stopped).toBe("diverged");
    expect(JSON.parse(JSON.stringify(found))).toEqual(found);
    expect(found.desks[0].claims.find((row) => row.id === "rate")?.verdict).toBe("fails");
  });

  it("ends early when aborted, with the steps made", async () => {
    const controller = new AbortController();
    const onProgress = (line: string) => {
      if (line.startsWith("step 3/")) controller.abort();
    };
    const options = await instance("sphere:n=4,d=5", "two-layer-relu:32");
    const found = await explain({ ...options, steps: 1000, signal: controller.signal, onProgress });
    expect(found.run).toMatchObject({ stopped: "interrupted", steps: 3 });
  });

  it("refuses probabilities and papers that are none", async () => {
    const options = await instance("sphere:n=4,d=5", "two-layer-relu:32");
    await expect(explain({ ...options, delta: 1 })).rejects.toThrow(/delta must lie between 0 and 1/);
    await expect(explain({ ...options, epsilon: 0 })).rejects.toThrow(/epsilon must be positive/);
  });
});

describe("the desk of Du et al. 2018", () => {
  it("has λ₀ = ½ on orthonormal data, proved, with Gershgorin at equality", async () => {
    const found = await explain(await instance("orthonormal:n=6,d=6", "two-layer-relu:400", "antisymmetric"));
    const desk = found.desks[0];
    const row = (id: string) => [...desk.hypotheses, ...desk.claims].find((one) => one.id === id);
    expect(row("lambda0")).toMatchObject({ verdict: "holds", measuredBasis: "proved" });
    expect(row("lambda0")?.measured).toBeCloseTo(0.5, 6);
    expect(row("lambda0")?.measured).toBeLessThanOrEqual(0.5);
    expect(row("gershgorin")?.bound).toBeCloseTo(0.5, 12);
    expect(row("gershgorin")?.verdict).toBe("holds");
    // R' = 4√n‖y‖/(√m λ₀) with ‖y‖ = √6, u(0) = 0
    expect(row("neuron-drift")?.bound).toBeCloseTo((4 * Math.sqrt(6) * Math.sqrt(6)) / (20 * 0.5), 5);
    expect(row("neuron-drift")?.verdict).toBe("holds");
    expect(row("rate")?.verdict).toBe("holds");
    expect(row("flips-by-drift")).toMatchObject({ measured: 0, verdict: "holds" });
    expect(row("gaussian-weights")?.verdict).toBe("fails");
    const width = desk.prescriptions.find((one) => one.id === "width");
    expect(width).toMatchObject({ basis: "order-only" });
    expect(width?.log10).toBeCloseTo(6 * Math.log10(6) - 4 * Math.log10(0.5) - 3 * Math.log10(0.05), 5);
    const hoeffding = desk.prescriptions.find((one) => one.id === "width-hoeffding-start");
    expect(hoeffding?.log10).toBeCloseTo(Math.log10((8 * 6 * Math.log(42 / 0.05)) / 0.25), 5);
  });

  it("leaves what needs λ₀ open where two samples are equal, and names them", async () => {
    const options = await instance("sphere:n=4,d=5", "two-layer-relu:32");
    const { dataset } = options.problem;
    dataset.x.data.copyWithin(0, 5, 10);
    const problem = await createProblem(options.problem.network, dataset, "sum", backend);
    const found = await explain({ ...options, problem });
    const desk = found.desks[0];
    const row = (id: string) => [...desk.hypotheses, ...desk.claims].find((one) => one.id === id);
    expect(row("lambda0")?.verdict).toBe("fails");
    expect(row("lambda0")?.note).toMatch(/samples 0 and 1/);
    for (const id of ["eigenvalue", "neuron-drift", "rate", "width"]) expect(row(id)?.verdict, id).toBe("open");
    expect(desk.prescriptions.find((one) => one.id === "width")?.log10).toBeNull();
  });

  it("shows that H depends on a when a is not ±1: H(0) tends to E[a²]·H^∞", async () => {
    const uniform = '{"kind":"gaussian","output":"uniform"}';
    const found = await explain({
      ...(await instance("orthonormal:n=4,d=4", "two-layer-relu:6000", uniform)),
      steps: 0,
    });
    const desk = found.desks[0];
    const row = (id: string) => [...desk.hypotheses, ...desk.claims].find((one) => one.id === id);
    expect(row("sign-outputs")?.verdict).toBe("fails");
    expect(row("hoeffding")?.verdict).toBe("not-applicable");
    // ‖½/3 − ½‖ = 1/3 against λ₀/4 = 1/8
    expect(row("start-spectral")?.verdict).toBe("fails");
    expect(row("start-spectral")?.measured).toBeCloseTo(1 / 3, 1);
    expect(row("start-variant")?.measured).toBeLessThan(0.02);
  });
});
