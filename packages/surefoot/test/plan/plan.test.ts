import { createReferenceBackend } from "@surefoot/linalg";
import { describe, expect, it } from "vitest";
import {
  certify,
  initialise,
  leastWidth,
  loadDataset,
  networkFromText,
  plan,
  resolveNetwork,
} from "../../src/index.ts";
import { predictWidth } from "../../src/plan/predict-width.ts";
import { uniform } from "../../src/random/draw.ts";

const backend = createReferenceBackend();
const common = { loss: "sum", target: 1e-6, confidence: 0.95, draws: 6, backend } as const;

describe("the search for the least width", () => {
  const search = { first: 100, confidence: 0.95, draws: 20 };

  it.each([3, 40, 100, 101, 777, 5000])(
    "finds the threshold %i to 5 %, whichever side it begins on",
    async (threshold) => {
      const found = await leastWidth({ ...search, attempt: async (width) => width >= threshold });
      expect(found.status).toBe("found");
      expect(found.width).toBeGreaterThanOrEqual(threshold);
      expect(found.width).toBeLessThanOrEqual(1.05 * threshold + 3);
      expect(found.certified).toMatchObject({ successes: 20, trials: 20, upper: 1 });
      expect(found.certified?.lower).toBeCloseTo(0.025 ** (1 / 20), 9);
    },
  );

  it("grows the width until fresh draws are certified often enough, and counts those alone", async () => {
    // certified with probability 1 − e^{−width/100}: 95 % from width 300 on
    const drawn: [number, number, boolean][] = [];
    const found = await leastWidth({
      ...search,
      draws: 200,
      attempt: async (width, seed) => {
        const hit = uniform({ seed: [seed, 7], stream: 1, row: width }, 0) < 1 - Math.exp(-width / 100);
        drawn.push([width, seed, hit]);
        return hit;
      },
    });
    expect(found.width).toBeGreaterThan(200);
    expect(found.width).toBeLessThan(600);
    const last = drawn.slice(-200);
    expect(new Set(last.map(([, seed]) => seed)).size).toBe(200);
    expect(last.filter(([, , hit]) => hit).length).toBe(found.certified?.successes);
    const truth = 1 - Math.exp(-(found.width ?? 0) / 100);
    expect(found.certified?.lower).toBeLessThan(truth);
    expect(found.certified?.upper).toBeGreaterThan(truth);
    expect(drawn.find(([, seed]) => seed === found.seed)?.[2]).toBe(true);
  });

  it("gives up at the greatest width, and stops when told to", async () => {
    const never = await leastWidth({ ...search, greatest: 1000, attempt: async () => false });
    expect(never).toMatchObject({ status: "too-wide", width: null, certified: null, seed: null });
    const controller = new AbortController();
    const stopped = await leastWidth({
      ...search,
      signal: controller.signal,
      attempt: async (width) => {
        if (width > 400) controller.abort();
        return false;
      },
    });
    expect(stopped.status).toBe("interrupted");
  });
});

describe("the predicted width", () => {
  it("is larger for an ordinary start than for an antisymmetric one, and grows with the labels", async () => {
    const network = resolveNetwork(networkFromText("two-layer-relu:2"), 8);
    const dataset = await loadDataset("sphere:n=6,d=8");
    const of = async (start: "antisymmetric" | "gaussian", factor = 1) =>
      (await predictWidth(network, { ...dataset, y: dataset.y.map((y) => factor * y) }, start, backend)).width ?? 0;
    const least = await of("antisymmetric");
    expect(await of("gaussian")).toBeGreaterThan(least);
    // movement ∝ ‖y‖/√m: four times the width for twice the labels, to the resolution of a percent
    expect((await of("antisymmetric", 2)) / least).toBeGreaterThan(3.7);
    expect((await of("antisymmetric", 2)) / least).toBeLessThan(4.3);
  });

  it("is none where the kernel is singular at every width", async () => {
    const dataset = await loadDataset("sphere:n=4,d=5");
    dataset.x.data.copyWithin(0, 5, 10);
    const relu = resolveNetwork(networkFromText("two-layer-relu:2"), 5);
    expect((await predictWidth(relu, dataset, "antisymmetric", backend)).width).toBeNull();
  });
});

describe("plan", () => {
  it("plans a two-layer ReLU network that `certify` then certifies, and says how each number came about", async () => {
    const dataset = await loadDataset("orthonormal:n=4,d=4");
    const found = await plan({
      ...common,
      network: networkFromText("two-layer-relu:2"),
      dataset,
      starts: ["antisymmetric"],
    });
    const [width] = found.widths;
    expect(width).toMatchObject({ status: "found", recommended: true });
    expect(width.certified?.trials).toBe(6);
    expect(width.certificate).toMatchObject({ verdict: "certified", warrant: "proved" });
    expect(width.steps?.predicted).toBeLessThanOrEqual(width.steps?.certified ?? 0);
    const network = resolveNetwork(networkFromText(`two-layer-relu:${width.width}`), 4);
    const weights = await initialise(network, { kind: "antisymmetric" }, width.seed ?? 0, backend);
    expect((await certify({ network, weights, dataset, backend })).verdict).toBe("certified");
    expect(found.scale?.unplanned).toMatch(/S3 needs/);
    expect(found.orders.map(({ basis }) => basis)).toEqual(["order-only", "order-only", "order-only"]);
    expect(found.notes.join(" ")).toMatch(/--draws 72/);
    expect(JSON.parse(JSON.stringify(found))).toEqual(found);
  });

  it("plans width and output scale of a smooth network", async () => {
    const dataset = await loadDataset("orthonormal:n=3,d=4");
    const found = await plan({ ...common, network: networkFromText("tanh:4"), dataset, starts: ["antisymmetric"] });
    expect(found.widths[0].status).toBe("found");
    const { scale, certificate, steps, fastest } = found.scale ?? {};
    expect(certificate).toMatchObject({ verdict: "certified", warrant: "proved" });
    expect(fastest?.steps.certified).toBeLessThanOrEqual(steps?.certified ?? 0);
    const network = resolveNetwork(networkFromText("tanh:4"), 4);
    const verdict = async (a: number) =>
      (
        await certify({
          network,
          weights: await initialise(network, { kind: "positive", scale: a }, 0, backend),
          dataset,
          backend,
        })
      ).verdict;
    expect(await verdict(scale ?? 0)).toBe("certified");
    expect(await verdict(0.97 * (scale ?? 0))).toBe("undecided");
  });

  it("plans nothing where the data contradict every choice of weights, and refuses senseless wishes", async () => {
    const dataset = await loadDataset("sphere:n=4,d=5");
    dataset.x.data.copyWithin(0, 5, 10);
    dataset.y.set([1, -1]);
    const network = networkFromText("two-layer-relu:2");
    const found = await plan({ ...common, network, dataset });
    expect(found.impossible?.rows).toEqual([0, 1]);
    expect(found.widths).toEqual([]);
    await expect(plan({ ...common, network, dataset, target: 0 })).rejects.toThrow(/target loss/);
    await expect(plan({ ...common, network, dataset, confidence: 1 })).rejects.toThrow(/confidence/);
    await expect(plan({ ...common, network, dataset, draws: 0 })).rejects.toThrow(/draws/);
  });
});

describe("a plan for a residual network", () => {
  it("finds the least width by drawing, and proves it", async () => {
    const loaded = await loadDataset("sphere:n=2,d=6,labels=sign");
    const dataset = { ...loaded, y: loaded.y.map((y) => y / 10) };
    const network = networkFromText("resnet-tanh:2x8");
    const found = await plan({ ...common, network, dataset, draws: 3, confidence: 0.6, starts: ["antisymmetric"] });
    const [width] = found.widths;
    expect(width).toMatchObject({ status: "found", predicted: { width: null } });
    expect(width.predicted.how).toMatch(/by drawing/);
    expect(width.certificate).toMatchObject({ verdict: "certified", warrant: "proved" });
    expect(found.orders).toHaveLength(3);
    // the seed and width that are named are certified by themselves
    const wide = resolveNetwork({ ...network, width: width.width ?? 0 } as typeof network, 6);
    const weights = await initialise(wide, { kind: "antisymmetric" }, width.seed ?? 0, backend);
    expect((await certify({ network: wide, weights, dataset, backend })).verdict).toBe("certified");
  });

  it("keeps the widths of a deep fully connected network, and says so", async () => {
    const dataset = await loadDataset("sphere:n=2,d=6");
    const found = await plan({ ...common, network: networkFromText("relu:4,4"), dataset });
    expect(found.widths).toEqual([]);
    expect(found.notes[0]).toMatch(/keeps the widths/);
  });
});

describe("a round of confirming draws", () => {
  it("is given up when its share is out of reach", async () => {
    const rounds = new Map<number, number>();
    const found = await leastWidth({
      first: 100,
      confidence: 0.95,
      draws: 20,
      attempt: async (width, seed) => {
        rounds.set(width, (rounds.get(width) ?? 0) + 1);
        return seed < 4 ? width >= 100 : width >= 130;
      },
    });
    expect(found.width).toBeGreaterThanOrEqual(130);
    // two failures of twenty are one too many
    expect(rounds.get(100)).toBe(4 + 2);
  });
});
