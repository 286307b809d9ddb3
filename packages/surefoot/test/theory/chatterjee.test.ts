import { createReferenceBackend } from "@surefoot/linalg";
import { describe, expect, it } from "vitest";
import {
  type ClaimRow,
  certify,
  createProblem,
  explain,
  initialise,
  initialiserFromText,
  loadDataset,
  networkFromText,
  resolveNetwork,
} from "../../src/index.ts";
import { leastScale } from "../../src/theory/positive-scale.ts";

const backend = createReferenceBackend();
const leaky = (widths: readonly number[], biases = true) =>
  JSON.stringify({
    kind: "fully-connected",
    widths,
    activation: { kind: "smooth-leaky-relu", slope: 0.3 },
    scaling: "standard",
    biases,
  });

async function rowsOf(init: string, data = "sphere:n=8,d=20,labels=gaussian", network = leaky([4]), steps = 20) {
  const dataset = await loadDataset(data);
  const resolved = resolveNetwork(networkFromText(network), dataset.x.cols);
  const initialiser = initialiserFromText(init);
  const weights = await initialise(resolved, initialiser, 0, backend);
  const problem = await createProblem(resolved, dataset, "sum", backend);
  const { ratePerStep: _, ...certificate } = await certify({ network: resolved, weights, dataset, backend });
  const stepSize = certificate.suggestedStepSize ?? 1e-3;
  const found = await explain({ problem, weights, initialiser, seed: 0, stepSize, steps, papers: ["chatterjee2022"] });
  const desk = found.desks[0];
  const rows: Record<string, ClaimRow> = Object.fromEntries(
    [...desk.hypotheses, ...desk.claims].map((row) => [row.id, row]),
  );
  return { rows, desk };
}

describe("the desk of Chatterjee 2022", () => {
  it("establishes (1.1) and everything that follows from it for a large output scale, and runs obey", async () => {
    const { rows, desk } = await rowsOf("positive:60");
    for (const id of [
      "criterion",
      "alpha",
      "s3",
      "flow-decay",
      "flow-tail",
      "descent-ball",
      "descent-decay",
      "descent-tail",
      "smoothness",
    ]) {
      expect(rows[id].verdict, id).toBe("holds");
    }
    expect(rows.criterion.measuredBasis).toBe("proved");
    const numbers = Object.fromEntries(desk.prescriptions.map((one) => [one.id, one.log10]));
    // p and 2r make the paper's step size much smaller than S0's
    expect(numbers["step-paper"]).toBeLessThan((numbers["step-s0"] ?? 0) - 2);
    expect(numbers["steps-paper"]).toBeGreaterThan((numbers["steps-s0"] ?? 0) + 2);
  });

  it("refutes (1.1) at every radius tried, or leaves it open, for a small one; and then compares nothing with α and r", async () => {
    const { rows } = await rowsOf("positive:0.05");
    expect(rows.criterion.verdict).not.toBe("holds");
    expect(rows.s3.verdict).toBe("open");
    for (const id of ["flow-decay", "flow-tail", "descent-ball", "descent-decay"])
      expect(rows[id].verdict, id).toBe("not-applicable");
  });

  it("names what a start lacks", async () => {
    const { rows } = await rowsOf("lecun");
    expect(rows["positive-start"]).toMatchObject({ verdict: "fails", note: "W1 is not 0" });
    expect(rows.s3.verdict).toBe("not-applicable");
    const tanh = await rowsOf(
      "lecun",
      "sphere:n=6,d=4",
      '{"kind":"fully-connected","widths":[4],"activation":"tanh"}',
      0,
    );
    expect(tanh.rows.slopes.verdict).toBe("fails");
    expect(tanh.rows["independent-inputs"].verdict).toBe("fails");
    expect(tanh.rows["independent-inputs"].note).toMatch(/cannot be independent/);
  });

  it("has the box of boxed weights with its exact probability", async () => {
    const { rows } = await rowsOf("boxed-lecun:0.4");
    expect(rows["box-here"].measured).toBeGreaterThan(0);
    expect(rows["box-here"].measured).toBeLessThanOrEqual((rows["box-likeliest"].measured ?? 0) * (1 + 1e-9));
  });
});

describe("the least output scale of S3", () => {
  // theory/04: n = 20, d = 50, slope 0.3, λ = 0.151, ‖y‖ = 4.5
  it.each([
    [[5, 5], 75, 280],
    [[50, 50], 198, 786],
    [[5], 4.1, 21.7],
  ])(
    "for widths %j is that of the notes, and the entrywise constant at its best radius asks no more than there",
    (widths, integral, crude) => {
      const network = resolveNetwork(networkFromText(leaky(widths)), 50);
      const found = leastScale({ network, lambda: 0.151, longestInput: 1, labelNorm: 4.5 });
      expect(Math.abs((found.integral ?? 0) / integral - 1)).toBeLessThan(0.01);
      expect(found.crude).toBeLessThanOrEqual(crude);
      expect(found.crude).toBeGreaterThan(found.integral ?? Number.POSITIVE_INFINITY);
    },
  );

  it("separates what `certify` certifies by S3 from what it does not, up to the room that descent needs", async () => {
    const dataset = await loadDataset("sphere:n=8,d=20,labels=gaussian");
    const network = resolveNetwork(
      networkFromText('{"kind":"fully-connected","widths":[4],"activation":"tanh","scaling":"standard"}'),
      20,
    );
    const problem = await createProblem(network, dataset, "sum", backend);
    const lambda = await backend.extremalEigenvalues(problem.gram);
    const found = leastScale({
      network,
      lambda: lambda.status === "ok" ? (lambda.smallest?.value ?? 0) : 0,
      longestInput: 1,
      labelNorm: Math.sqrt(dataset.y.reduce((sum, y) => sum + y * y, 0)),
    });
    const by = async (scale: number) => {
      const weights = await initialise(network, { kind: "positive", scale }, 0, backend);
      const outcome = await certify({ network, weights, dataset, backend });
      return outcome.theorem === "S3" ? outcome.verdict : outcome.hypotheses.length;
    };
    const least = found.integral ?? 0;
    expect(least).toBeGreaterThan(0);
    expect(await by(1.2 * least)).toBe("certified");
  });

  it("is null where the inputs are dependent", () => {
    const network = resolveNetwork(networkFromText(leaky([5])), 50);
    expect(leastScale({ network, lambda: 0, longestInput: 1, labelNorm: 1 })).toEqual({ integral: null, crude: null });
  });
});
