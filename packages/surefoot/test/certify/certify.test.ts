import { describe, expect, it } from "vitest";
import { SurefootError } from "../../src/error.ts";
import type { NetworkInput } from "../../src/spec/network.ts";
import { certifyHere, type Setting, setting, withResidual } from "./setting.ts";

const SPHERE = { kind: "sphere", n: 4, d: 6 } as const;
const TANH: NetworkInput = { kind: "fully-connected", widths: [400], activation: "tanh", frozen: ["W2"] };
const RELU: NetworkInput = { kind: "two-layer-relu", width: 400 };

async function rejection(promise: Promise<unknown>): Promise<SurefootError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof SurefootError)) throw new Error("expected a SurefootError");
  return error;
}

function withEntry(at: Setting, name: string, index: number, value: number): Setting {
  const data = at.weights[name].data.slice();
  data[index] = value;
  return { ...at, weights: { ...at.weights, [name]: { ...at.weights[name], data } } };
}

describe("certify", () => {
  it("answers with plain data: JSON keeps every field, every number is finite", async () => {
    for (const spec of [TANH, RELU]) {
      for (const norm of [1e-6, 1e6]) {
        const outcome = await certifyHere(await withResidual(await setting(spec, SPHERE, { kind: "gaussian" }), norm));
        expect(JSON.parse(JSON.stringify(outcome))).toEqual(outcome);
      }
    }
  });

  it("labels every hypothesis of a certificate as computed, or proved where it is mathematics", async () => {
    for (const spec of [TANH, RELU]) {
      const at = await withResidual(await setting(spec, SPHERE, { kind: "gaussian" }), 1e-4);
      const outcome = await certifyHere(at);
      expect(outcome).toMatchObject({ verdict: "certified", warrant: "computed", reasons: [], obstacle: null });
      expect(outcome.hypotheses.length).toBeGreaterThanOrEqual(3);
      for (const { name, status, how } of outcome.hypotheses) {
        expect(status).toBe(name === "smooth activation" ? "proved" : "computed");
        if (status === "computed") expect(how).toContain("computed in floating point");
      }
      for (const { name, value, bound } of outcome.hypotheses) {
        if (name === "residual" || name === "determined kernel") expect(value!).toBeLessThan(bound!);
      }
      expect(outcome.statement).toContain("reaches zero training loss");
    }
  });

  it("says how far training must go on, and keeps its word: below that residual it certifies", async () => {
    const at = await withResidual(await setting(TANH, SPHERE, { kind: "gaussian" }), 12);
    const outcome = await certifyHere(at);
    expect(outcome.verdict).toBe("undecided");
    if (outcome.obstacle?.kind !== "residual") throw new Error("expected the residual to bind");
    expect(outcome.advice[0]).toContain("must fall below");
    expect(outcome.hypotheses.find(({ name }) => name === "residual")?.status).toBe("failed");
    const { reach } = outcome.obstacle;
    expect((await certifyHere(await withResidual(at, 0.999 * reach))).verdict).toBe("certified");
    // the quadrature is the same at every residual, so the limit is sharp
    expect((await certifyHere(await withResidual(at, 1.001 * reach))).verdict).toBe("undecided");
  });

  it("counts p < n as undecided and says how many parameters are needed", async () => {
    const spec: NetworkInput = { kind: "fully-connected", widths: [1], activation: "tanh" };
    const outcome = await certifyHere(await setting(spec, { kind: "sphere", n: 4, d: 2 }, { kind: "gaussian" }));
    expect(outcome).toMatchObject({
      verdict: "undecided",
      obstacle: { kind: "parameters", parameters: 3, samples: 4 },
    });
    expect(outcome.advice.join()).toContain("at least 4 parameters");
  });

  it("has no theorem for ReLU networks with all layers trained, and says which would have one", async () => {
    const spec: NetworkInput = { kind: "fully-connected", widths: [20], activation: "relu" };
    const outcome = await certifyHere(await setting(spec, SPHERE, { kind: "gaussian" }));
    expect(outcome).toMatchObject({ verdict: "undecided", theorem: null, margin: null });
    expect(outcome.reasons.join()).toMatch(/Lipschitz derivative.*frozen output layer/);
  });

  it("certifies a start at zero loss with radius 0, whatever the kernel", async () => {
    for (const spec of [TANH, RELU]) {
      const at = await setting(spec, SPHERE, { kind: "antisymmetric" });
      const done = { ...at, dataset: { ...at.dataset, y: new Float64Array(4) } };
      expect(await certifyHere(done)).toMatchObject({
        verdict: "certified",
        radius: 0,
        residualNorm: 0,
        margin: 1e308,
      });
    }
    const few: NetworkInput = { kind: "fully-connected", widths: [2], activation: "tanh", frozen: ["W2"] };
    const at = await setting(few, { kind: "sphere", n: 6, d: 2 }, { kind: "antisymmetric" });
    const done = { ...at, dataset: { ...at.dataset, y: new Float64Array(6) } };
    expect(await certifyHere(done)).toMatchObject({ verdict: "certified", form: "zero loss", radius: 0 });
  });

  it("handles one sample", async () => {
    for (const spec of [TANH, RELU]) {
      const at = await setting(spec, SPHERE, { kind: "gaussian" });
      const one = {
        ...at,
        dataset: {
          ...at.dataset,
          x: { rows: 1, cols: 6, data: at.dataset.x.data.slice(0, 6) },
          y: Float64Array.of(0.3),
        },
      };
      expect((await certifyHere(await withResidual(one, 1e-3))).verdict).toBe("certified");
    }
  });

  it("certifies the step size it is given, up to twice 1/λ_max, and refuses beyond", async () => {
    for (const spec of [TANH, RELU]) {
      const at = await withResidual(await setting(spec, SPHERE, { kind: "gaussian" }), 1e-6);
      const { lambdaMin, lambdaMax, suggestedStepSize } = await certifyHere(at);
      for (const stepSize of [1e-9, 0.5 / lambdaMax!, 1.99 / (lambdaMin! + lambdaMax!)]) {
        expect(await certifyHere(at, { stepSize })).toMatchObject({ verdict: "certified", stepSize });
      }
      const refused = await certifyHere(at, { stepSize: 2.01 / (lambdaMin! + lambdaMax!) });
      expect(refused).toMatchObject({ verdict: "undecided", margin: 0, obstacle: { kind: "step size" } });
      expect(refused.advice.join()).toContain("use a step size of at most");
      expect((await certifyHere(at, { stepSize: suggestedStepSize! })).verdict).toBe("certified");
    }
  });
});

describe("certify refuses what cannot be used, naming what and where", () => {
  it("weights that are not finite or do not fit", async () => {
    const at = await setting(TANH, SPHERE, { kind: "gaussian" });
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const error = await rejection(certifyHere(withEntry(at, "W1", 8, value)));
      expect(error).toMatchObject({ code: "weights" });
      expect(error.message).toMatch(/W1.*row 1, column 2/);
    }
    const { W2: _, ...missing } = at.weights;
    expect((await rejection(certifyHere({ ...at, weights: missing }))).message).toContain("W2 is missing");
  });

  it("data that are not finite or do not fit", async () => {
    const at = await setting(TANH, SPHERE, { kind: "gaussian" });
    const bad = (change: (x: Float64Array, y: Float64Array) => void) => {
      const [x, y] = [at.dataset.x.data.slice(), at.dataset.y.slice()];
      change(x, y);
      return rejection(certifyHere({ ...at, dataset: { ...at.dataset, x: { ...at.dataset.x, data: x }, y } }));
    };
    expect((await bad((x) => x.fill(Number.NaN, 7, 8))).message).toContain("row 1, column 1");
    expect((await bad((_, y) => y.fill(Number.POSITIVE_INFINITY, 2, 3))).message).toContain("label of row 2");
    const fewer = { ...at.dataset, y: at.dataset.y.slice(0, 3) };
    expect((await rejection(certifyHere({ ...at, dataset: fewer }))).message).toContain("4 samples but 3 labels");
    const none = { ...at.dataset, x: { rows: 0, cols: 6, data: new Float64Array(0) }, y: new Float64Array(0) };
    expect((await rejection(certifyHere({ ...at, dataset: none }))).code).toBe("data");
  });

  it("a step size that is not a positive number", async () => {
    const at = await setting(TANH, SPHERE, { kind: "gaussian" });
    for (const stepSize of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect((await rejection(certifyHere(at, { stepSize }))).code).toBe("argument");
    }
  });

  it("finite weights whose outputs overflow are undecided, with the reason", async () => {
    const at = withEntry(await setting(RELU, SPHERE, { kind: "gaussian" }), "W1", 0, 1e308);
    const huge = withEntry(at, "W2", 0, 1e308);
    const outcome = await certifyHere(huge);
    expect(outcome).toMatchObject({ verdict: "undecided", obstacle: { kind: "measurement" } });
    expect(outcome.reasons.join()).toMatch(/not finite/);
  });
});
