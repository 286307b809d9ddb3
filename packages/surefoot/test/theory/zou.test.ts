import { fromRows, type Matrix } from "@surefoot/linalg";
import { describe, expect, it } from "vitest";
import type { Dataset } from "../../src/data/dataset.ts";
import { loadDataset } from "../../src/data/index.ts";
import { initDescent } from "../../src/dynamics/gradient-descent.ts";
import { marginLoss } from "../../src/dynamics/margin-loss.ts";
import { asSquared, createTrainingProblem } from "../../src/dynamics/problem.ts";
import { backward } from "../../src/network/backward.ts";
import { gradient } from "../../src/network/gradient.ts";
import { explain } from "../../src/theory/explain.ts";
import { gradientSizes } from "../../src/theory/zou/gradients.ts";
import { nthActivity, outputRowsOf } from "../../src/theory/zou/initial.ts";
import { sgdWidthFactor, zouOrders } from "../../src/theory/zou/orders.ts";
import { largestEntry, largestNorms, normOf, products, sparseForms, topNorms } from "../../src/theory/zou/products.ts";
import { separation } from "../../src/theory/zou/separation.ts";
import { backend, setting } from "../optimiser/support.ts";

const DEEP = { kind: "fully-connected", widths: [7, 6, 5], activation: "relu", scaling: "standard", frozen: ["W4"] };
const HE = { kind: "he" } as const;

async function deep(network: object = DEEP, data = "two-clusters:n=6,d=4") {
  const dataset = await loadDataset(data, { mu: 0.3 });
  const made = await setting({ dataset, network, initialiser: HE, loss: "logistic", seed: 3 });
  return { ...made, state: await initDescent(made.problem, made.weights) };
}

/** W_{l2} Σ_{l2−1,i} ⋯ Σ_{l1,i} W_{l1} entry by entry. */
function formed(weights: readonly Matrix[], z: readonly Matrix[], i: number, l1: number, l2: number): number[][] {
  let a = Array.from({ length: weights[l1 - 1].rows }, (_, r) => [
    ...weights[l1 - 1].data.subarray(r * weights[l1 - 1].cols, (r + 1) * weights[l1 - 1].cols),
  ]);
  for (let l = l1 + 1; l <= l2; l++) {
    const [w, before] = [weights[l - 1], z[l - 2]];
    const masked = a.map((row, r) => (before.data[i * before.cols + r] >= 0 ? row : row.map(() => 0)));
    a = Array.from({ length: w.rows }, (_, r) =>
      masked[0].map((_, c) => masked.reduce((sum, row, k) => sum + w.data[r * w.cols + k] * row[c], 0)),
    );
  }
  return a;
}

async function norm(a: number[][]): Promise<number> {
  const found = await backend.eigenvalues(await backend.syrk(fromRows(a)));
  return found.status === "ok" ? Math.sqrt(found.values[found.values.length - 1]) : Number.NaN;
}

const pairsOf = (n: number) => Array.from({ length: n }, (_, i) => Array.from({ length: i }, (_, j) => [j, i])).flat();

describe("products of a deep ReLU network", () => {
  it("have the norm and the largest entry of the matrices that they stand for", async () => {
    const { network, weights, state } = await deep();
    const tensors = network.layers.map(({ weight }) => weights[weight]);
    for (const [l1, l2] of [
      [1, 2],
      [1, 3],
      [2, 3],
    ]) {
      const matrices = Array.from({ length: 6 }, (_, i) => formed(tensors, state.pass.z, i, l1, l2));
      const of = products(network, weights, state.pass, backend, { pairs: [[l1, l2]], samples: 6 });
      const norms = await Promise.all(matrices.map(norm));
      const [found] = await largestNorms(of, backend);
      expect(found).toBeCloseTo(Math.max(...norms), 4);
      expect(found).toBeLessThanOrEqual(Math.max(...norms) * (1 + 1e-12));
      expect(await largestEntry(of)).toBeCloseTo(Math.max(...matrices.flat(2).map(Math.abs)), 12);
    }
  });

  it("are the same when several chains share a pass over the weights", async () => {
    const { network, weights, state } = await deep();
    const pairs = [
      [1, 2],
      [2, 3],
      [1, 3],
    ] as const;
    for (const masked of [false, true]) {
      const together = products(network, weights, state.pass, backend, { pairs, samples: 6, masked });
      const [norms, forms] = [await largestNorms(together, backend), await sparseForms(together, 2)];
      for (const [k, pair] of pairs.entries()) {
        const alone = products(network, weights, state.pass, backend, { pairs: [pair], samples: 6, masked });
        expect(norms[k]).toBeCloseTo((await largestNorms(alone, backend))[0], 4);
        expect(forms[k]).toBeCloseTo((await sparseForms(alone, 2))[0], 12);
      }
    }
  });

  it("have a 2-sparse form between what truncated power iteration finds and both upper bounds", async () => {
    const { network, weights, state } = await deep();
    const tensors = network.layers.map(({ weight }) => weights[weight]);
    const of = products(network, weights, state.pass, backend, { pairs: [[1, 3]], samples: 6 });
    let truth = 0;
    for (let i = 0; i < 6; i++) {
      const a = formed(tensors, state.pass.z, i, 1, 3);
      for (const rows of pairsOf(a.length)) {
        for (const cols of pairsOf(a[0].length))
          truth = Math.max(truth, await norm(rows.map((r) => cols.map((c) => a[r][c]))));
      }
    }
    const [below] = await sparseForms(of, 2);
    expect(below).toBeLessThanOrEqual(truth * (1 + 1e-12));
    expect(below).toBeGreaterThan(0.8 * truth);
    expect(truth).toBeLessThanOrEqual(2 * (await largestEntry(of)) * (1 + 1e-12));
    expect(truth).toBeLessThanOrEqual((await largestNorms(of, backend))[0] * 1.01);
  });

  it("applied to v have the largest sparse value at the largest entries, ties included", async () => {
    const { network, weights, state, problem } = await deep();
    const rows = await outputRowsOf({ network, weights, pass: state.pass, backend, depth: 3 });
    const g = await backward(network, weights, state.pass, backend);
    expect(rows).toHaveLength(3);
    // q_1·x is what the network computes: f(x) = vᵀΣ_LW_L⋯Σ_1W_1x
    problem.dataset.y.forEach((_, i) => {
      const d = network.inputs;
      const value = rows[0].data
        .subarray(i * d, (i + 1) * d)
        .reduce((sum, q, k) => sum + q * problem.dataset.x.data[i * d + k], 0);
      expect(value).toBeCloseTo(state.pass.outputs[i], 12);
    });
    expect(g).toHaveLength(4);
    expect([
      ...topNorms(
        fromRows([
          [3, -4, 1],
          [2, 2, -2],
        ]),
        2,
      ),
    ]).toEqual([5, Math.sqrt(8)]);
    expect([
      ...topNorms(
        fromRows([
          [3, -4, 1],
          [2, 2, -2],
        ]),
        1,
      ),
    ]).toEqual([4, 2]);
  });
});

describe("the activity of nodes", () => {
  it("is the norm of Σ a_iσ'(z_ij)x_i over max a", async () => {
    const x = fromRows([
      [1, 2],
      [0, -1],
      [3, 1],
    ]);
    const z = fromRows([
      [1, -1],
      [1, 1],
      [-1, 0],
    ]);
    const a = Float64Array.of(0.5, 2, 1);
    // node 0 sees samples 0 and 1: (0.5, −1)/2; node 1 sees 1 and 2: (3, −1)/2
    const gram = await backend.syrk(x);
    expect(await nthActivity(z, gram, a, 1, backend)).toBeCloseTo(Math.sqrt(10) / 2, 14);
    expect(await nthActivity(z, gram, a, 2, backend)).toBeCloseTo(Math.sqrt(1.25) / 2, 14);
  });
});

describe("gradient sizes", () => {
  it("are the norms of the gradients", async () => {
    const { network, weights, state, problem } = await deep();
    const { x } = problem.dataset;
    const found = await gradientSizes(network, weights, state.pass, x, backend, state.residual, 1 / 6);
    const cotangents = await backward(network, weights, state.pass, backend, state.residual);
    const whole = await gradient(network, x, state.pass, cotangents, backend);
    for (const [l, size] of found.spectral.entries()) {
      expect(size * 6).toBeCloseTo(await normOf(whole[`W${l + 1}`], backend), 2);
    }
    const square = whole.W3.data.reduce((sum, value) => sum + value * value, 0) / 36;
    expect(found.topSquare / square).toBeCloseTo(1, 10);
  });
});

/** log₁₀ of a whole number of any size. */
function log10(value: bigint): number {
  const digits = value.toString();
  return Math.log10(Number(`0.${digits.slice(0, 17)}`)) + digits.length;
}

describe("the orders of Zou et al.", () => {
  it("are those of the table, in exact whole numbers", () => {
    // φ = ½, ε = 1/1000, so that every term is a whole number
    const [n, depth, B] = [10n, 3n, 2n];
    const at = (p: number) => zouOrders({ n: 10, depth: 3, phi: 0.5, p, epsilon: 1e-3, batch: 2 });
    const tail = depth ** 38n * 2n ** 8n;
    const steps = depth ** 9n * 2n ** 2n;
    expect(at(0).width.log10).toBeCloseTo(log10(n ** 26n * tail), 10);
    expect(at(0).iterations.log10).toBeCloseTo(log10((n ** 12n * steps) / B ** 2n), 10);
    expect(at(1).width.log10).toBeCloseTo(log10(n ** 24n * tail + n ** 26n * tail * 1000n), 10);
    expect(at(1).iterations.log10).toBeCloseTo(log10((n ** 10n * steps + n ** 8n * steps * 1000n) / B ** 2n), 10);
    // log(1/ε) = 6.907755278982137
    const logarithm = 6907755278982137n;
    const scale = 10n ** 15n;
    expect(at(0.5).width.log10).toBeCloseTo(log10(n ** 26n * tail * scale + n ** 25n * tail * logarithm) - 15, 10);
    expect(at(0.5).iterations.log10).toBeCloseTo(
      log10(((n ** 11n * scale + n ** 10n * logarithm) * steps) / B ** 2n) - 15,
      10,
    );
    expect(sgdWidthFactor(1, 1e-3).log10).toBeCloseTo(6, 12);
    expect(sgdWidthFactor(0.5, 1e-3).log10).toBeCloseTo(2 * Math.log10(6.907755278982137), 12);
    expect(sgdWidthFactor(0.2, 1e-3).log10).toBe(0);
  });
});

describe("the separation", () => {
  it("is that of the closest pair with different labels, and names it", () => {
    const x = fromRows([
      [0, 0],
      [0, 0.1],
      [3, 4],
      [0, 2],
    ]);
    const of = (y: number[]) =>
      separation({ x, y: Float64Array.from(y), provenance: { source: "", steps: [], sourceRows: [] } });
    expect(of([1, 1, -1, -1])).toEqual({ phi: 1.9, pair: [1, 3] });
    expect(of([1, -1, 1, 1])).toEqual({ phi: 0.1, pair: [0, 1] });
    expect(of([1, 1, 1, 1])).toBeUndefined();
  });
});

describe("the desk of Zou et al. 2019", () => {
  const desk = async (network: object, data: string | Dataset, mu?: number) => {
    const dataset = typeof data === "string" ? await loadDataset(data, mu === undefined ? {} : { mu }) : data;
    const { problem, weights } = await setting({ dataset, network, initialiser: HE, loss: "sum" });
    const squared = asSquared(problem);
    if (!squared) throw new Error("the squared loss");
    const found = await explain({
      problem: squared,
      weights,
      initialiser: HE,
      seed: 0,
      stepSize: 1e-3,
      steps: 8,
      papers: ["zou2019"],
      mode: "float",
    });
    return found.desks[0];
  };

  it("lays out 8 + 6 properties, the gradient bounds of six runs and the orders", async () => {
    const wide = { ...DEEP, widths: [64, 64, 64] };
    const found = await desk(wide, "two-clusters:n=8,d=4", 0.3);
    const ids = found.claims.map(({ id }) => id);
    for (const name of ["i-lengths", "i-norms", "ii", "iii", "iv", "v", "vi", "vii", "viii"])
      expect(ids).toContain(`initial-${name}`);
    for (const name of ["i", "ii", "iii", "iv", "v", "vi"]) expect(ids).toContain(`perturbation-${name}`);
    expect(ids.filter((id) => id.startsWith("gradient-lower"))).toHaveLength(6);
    expect(new Set(ids).size).toBe(ids.length);
    for (const row of found.claims) expect(row.constantNeeded, row.id).not.toBeNull();
    const verdicts = Object.fromEntries(found.hypotheses.map(({ id, verdict }) => [id, verdict]));
    expect(verdicts).toMatchObject({
      "unit-inputs": "holds",
      "constant-coordinate": "holds",
      separation: "holds",
      "output-weights": "holds",
      "gaussian-start": "holds",
      "loss-exponential": "fails",
    });
    for (const { log10: order } of found.prescriptions) expect(order).not.toBeNull();
  });

  it("says what fails without the constant coordinate, and where two equal inputs have different labels", async () => {
    const spread = await loadDataset("sphere:n=6,d=4,labels=sign");
    const x = { ...spread.x, data: spread.x.data.slice() };
    x.data.copyWithin(20, 0, 4);
    const y = Float64Array.of(1, 1, 1, -1, 1, -1);
    const found = await desk(DEEP, { ...spread, x, y });
    const row = (id: string) => found.hypotheses.find((each) => each.id === id);
    expect(row("constant-coordinate")?.verdict).toBe("fails");
    expect(row("separation")).toMatchObject({ measured: 0, verdict: "fails" });
    expect(row("separation")?.note).toContain("samples 0 and 5");
    expect(found.prescriptions.find(({ id }) => id === "width-logistic")?.log10).toBeNull();
  });

  it("does not speak of other networks and labels, and says why", async () => {
    const silent = async (network: object, data = "sphere:n=4,d=3,labels=sign") =>
      (await desk(network, data)).notApplicable;
    expect(await silent({ ...DEEP, activation: "tanh" })).toMatch(/fully connected ReLU/);
    expect(await silent({ ...DEEP, scaling: "ntk" })).toMatch(/"scaling": "standard"/);
    expect(await silent({ ...DEEP, frozen: [] })).toMatch(/"frozen": \["W4"\]/);
    expect(await silent(DEEP, "sphere:n=4,d=3,labels=gaussian")).toMatch(/--classes A,B/);
  });

  const alongRun = async (loss: Parameters<typeof createTrainingProblem>[2], options: object = {}) => {
    const dataset = await loadDataset("two-clusters:n=8,d=4", { mu: 0.3 });
    const wide = { ...DEEP, widths: [24, 24, 24] };
    const { problem, weights } = await setting({ dataset, network: wide, initialiser: HE, loss: "sum" });
    const training = await createTrainingProblem(problem.network, dataset, loss, backend);
    return explain({ problem: training, weights, initialiser: HE, seed: 0, stepSize: 1e-3, steps: 6, ...options });
  };

  it("looks along a run on a classification loss, and makes the other method's itself", async () => {
    for (const batch of [undefined, { size: 3, seed: 1, sampling: "independent" as const }]) {
      const optimiser = {
        kind: "gradient-descent",
        schedule: { kind: "constant" },
        ...(batch ? { batch } : {}),
      } as const;
      const found = await alongRun("logistic", { optimiser });
      expect(found).toMatchObject({ loss: "logistic", certificate: null });
      const by = Object.fromEntries(found.desks.map((each) => [each.paper, each]));
      for (const paper of ["du2018", "du2019", "chatterjee2022"] as const) {
        expect(by[paper].notApplicable).toMatch(/squared loss, not the logistic/);
      }
      expect(by.flow.notApplicable === null).toBe(batch === undefined);
      const zou = by.zou2019;
      expect(zou.claims.filter(({ id }) => id.startsWith("gradient-")).map(({ id }) => id)).toEqual(
        (batch ? ["sgd-b-3", "gradient-descent"] : ["gradient-descent", "sgd-b-2"]).flatMap((method) => [
          `gradient-lower-logistic-loss-${method}`,
          `gradient-upper-logistic-loss-${method}`,
        ]),
      );
      expect(zou.hypotheses.filter(({ id }) => id.startsWith("loss-"))).toHaveLength(1);
      // the constants are the extremes of what the figure shows
      const [series] = zou.series;
      const row = (side: string) => zou.claims.find(({ id }) => id.startsWith(`gradient-${side}`))?.constantNeeded;
      expect(series.curves[0].x).toEqual([0, 1, 2, 3, 4, 5, 6]);
      expect(row("lower")).toBe(Math.min(...series.curves[0].y));
      expect(row("upper")).toBe(Math.max(...series.curves[1].y));
    }
  });

  it("takes a loss of the user's own, with its p in the orders", async () => {
    const cubic = marginLoss({
      name: "cubic hinge",
      value: (z) => Math.max(0, 1 - z) ** 3 / 3,
      slope: (z) => -(Math.max(0, 1 - z) ** 2),
      constants: { p: 2 / 3, alpha1: 3 ** (2 / 3) * (1 - 1e-12), smoothness: null },
    });
    const found = await alongRun(cubic, { papers: ["zou2019", "flow"] });
    const zou = found.desks[0];
    expect(zou.prescriptions.find(({ id }) => id === "width-cubic-hinge")?.source).toContain("p = 0.66");
    expect(found.desks[1].claims.map(({ id }) => id)).toContain("flow-cubic-hinge");
  });

  it("stops between two products when it is interrupted, and says what is missing", async () => {
    const controller = new AbortController();
    const lines: string[] = [];
    const found = await alongRun("logistic", {
      papers: ["zou2019"],
      signal: controller.signal,
      onProgress: (line: string) => {
        lines.push(line);
        if (line.includes("(v), norms")) controller.abort();
      },
    });
    const [zou] = found.desks;
    expect(lines.filter((line) => line.includes("(v), norms"))).toHaveLength(1);
    expect(zou.notes[0]).toMatch(/^Interrupted/);
    expect(zou.claims.map(({ id }) => id)).toContain("initial-iv");
    expect(zou.claims.map(({ id }) => id)).not.toContain("initial-v");
    // the run was made before
    expect(zou.claims.map(({ id }) => id)).toContain("gradient-lower-logistic-loss-gradient-descent");
  });
});
