import { createReferenceBackend } from "@surefoot/linalg";
import { describe, expect, it } from "vitest";
import {
  createProblem,
  type Desk,
  type ExplainOptions,
  explain,
  initialise,
  initialiserFromText,
  loadDataset,
  networkFromText,
  resolveNetwork,
} from "../../src/index.ts";

const backend = createReferenceBackend();

async function instance(data: string, network: string, fields: Partial<ExplainOptions> = {}, init = "gaussian") {
  const dataset = await loadDataset(data);
  const resolved = resolveNetwork(networkFromText(network), dataset.x.cols);
  const initialiser = initialiserFromText(init);
  const weights = await initialise(resolved, initialiser, fields.seed ?? 0, backend);
  const problem = await createProblem(resolved, dataset, "sum", backend);
  const options: ExplainOptions = {
    problem,
    weights,
    initialiser,
    seed: 0,
    stepSize: 0.05,
    steps: 6,
    every: 2,
    mode: "float",
    papers: ["du2019"],
  };
  return { ...options, ...fields };
}

async function deskOf(options: ExplainOptions): Promise<Desk> {
  const found = await explain(options);
  expect(JSON.parse(JSON.stringify(found))).toEqual(found);
  return found.desks[0];
}

const row = (desk: Desk, id: string) => {
  const found = [...desk.hypotheses, ...desk.claims].find((one) => one.id === id);
  if (!found) throw new Error(`no row ${id}`);
  return found;
};

/** What is true of any network and any run, theorem or not: inequalities of linear algebra and of the triangle. */
const ALWAYS = ["lemma-1.6", "psd-sum", "inequality-3", "display-1", "display-1-printed"];

describe("the desk of Du et al. 2019", () => {
  it.each([
    ["tanh:24,24", "gaussian"],
    ["softplus:32", "gaussian"],
    ["tanh:16,16,16", "antisymmetric"],
    ["resnet-tanh:3x24", "gaussian"],
    ["resnet-gelu:2x16", "antisymmetric"],
    ["conv-resnet-tanh:2x12@3", "gaussian"],
    ["conv-resnet-swish:3x8@2", "antisymmetric"],
  ])("lays every lemma beside the run, and what is true of every run holds: %s from %s", async (network, init) => {
    const desk = await deskOf(await instance("sphere:n=5,d=6", network, {}, init));
    expect(desk.notApplicable).toBeNull();
    for (const id of ALWAYS) expect(row(desk, id).verdict, id).toBe("holds");
    const lemmas = ["1.4-below", "1.4-above", "1.5", "1.6", "1.7", "1.8", "1.8-step", "1.9", "1.10"];
    for (const lemma of lemmas) expect(row(desk, `lemma-${lemma}`).measured, lemma).not.toBeNull();
    expect(row(desk, "condition-1.3").measured).not.toBeNull();
    expect(row(desk, "gaussian-weights").verdict).toBe(init === "gaussian" ? "holds" : "fails");
    expect(desk.prescriptions.map(({ id }) => id)).toContain("width");
  });

  it("comes near K^(H) as the width grows, and shows the printed index with its own λ₀", async () => {
    const off = async (width: number) => {
      let squares = 0;
      let bounds: (number | null)[] = [];
      for (let seed = 0; seed < 8; seed++) {
        const options = await instance("sphere:n=4,d=5", `tanh:${width},${width}`, { steps: 0, seed });
        const desk = await deskOf(options);
        squares += (row(desk, "gram-limit").measured ?? Number.NaN) ** 2;
        bounds = ["gram-limit", "gram-limit-printed"].map((id) => row(desk, id).bound);
      }
      return { distance: Math.sqrt(squares), bounds };
    };
    const [narrow, wide] = [await off(16), await off(96)];
    // six times the width: 2.4 times nearer, up to a fifth or so in a mean of eight
    expect(wide.distance).toBeLessThan(narrow.distance / 1.5);
    expect(wide.bounds).toEqual(narrow.bounds);
    expect(wide.bounds[1]).not.toBeCloseTo(wide.bounds[0] ?? Number.NaN, 4);
  });

  it("shows the misprints for what they are: the lost η fails for small steps, the lost square for small residuals", async () => {
    const desk = await deskOf(await instance("sphere:n=5,d=6", "tanh:64,64", { stepSize: 1e-3 }));
    expect(row(desk, "inequality-3").verdict).toBe("holds");
    expect(row(desk, "inequality-3-printed").verdict).toBe("fails");
    const [kept, lost] = [row(desk, "lemma-1.10"), row(desk, "lemma-1.10-printed")];
    expect(kept.measured).not.toBe(lost.measured);
    // I₂ is of second order in η, so its share of ηλ₀‖e‖ falls with η
    const smaller = await deskOf(await instance("sphere:n=5,d=6", "tanh:64,64", { stepSize: 1e-4 }));
    const ratio = (row(desk, "lemma-1.9").measured ?? 0) / (row(smaller, "lemma-1.9").measured ?? 0);
    expect(ratio).toBeGreaterThan(8);
    expect(ratio).toBeLessThan(12);
  });

  it("says that Condition 1.3 fails where the step is too large, and that Lemma 1.6 needs R ≤ c_{w,0}", async () => {
    const desk = await deskOf(await instance("sphere:n=5,d=6", "softplus:12,12", { stepSize: 3, steps: 20, every: 1 }));
    expect(row(desk, "condition-1.3").verdict).toBe("fails");
    const lemma = row(desk, "lemma-1.6");
    expect(lemma.verdict).toBe("not-applicable");
    expect(lemma.note).toMatch(/needs R ≤ c_\{w,0\}/);
  });

  it("leaves what needs λ₀ open where two samples are equal", async () => {
    const options = await instance("sphere:n=4,d=5", "resnet-tanh:2x16");
    const { dataset, network } = options.problem;
    dataset.x.data.copyWithin(0, 5, 10);
    const desk = await deskOf({ ...options, problem: await createProblem(network, dataset, "sum", backend) });
    expect(row(desk, "no-parallel-inputs").verdict).toBe("open");
    expect(row(desk, "no-parallel-inputs").note).toMatch(/samples 0 and 1/);
    const least = row(desk, "lambda0").measured ?? Number.NaN;
    expect(Math.abs(least)).toBeLessThan(1e-12);
  });

  it("keeps silent about networks that it does not speak of, and says why", async () => {
    const cases: [string, RegExp][] = [
      ["two-layer-relu:32", /trains the first alone/],
      ['{"kind":"fully-connected","widths":[8],"activation":"tanh","scaling":"standard"}', /scaling is "ntk"/],
      ['{"kind":"fully-connected","widths":[8],"activation":"tanh","biases":true}', /without biases/],
      ['{"kind":"residual","depth":2,"width":8,"activation":"tanh","frozen":["W3"]}', /W3 is frozen/],
    ];
    for (const [network, why] of cases) {
      const desk = await deskOf(await instance("sphere:n=4,d=5", network));
      expect(desk.notApplicable).toMatch(why);
      expect(desk.claims).toEqual([]);
    }
  });

  it("speaks of ReLU with the hypothesis that fails", async () => {
    const desk = await deskOf(await instance("sphere:n=4,d=5", "relu:16,16"));
    expect(row(desk, "smooth-activation").verdict).toBe("fails");
    expect(row(desk, "lambda0").verdict).toBe("holds");
  });
});
