import { expect, test } from "vitest";
import { commandOf } from "../src/state/command.ts";
import { DEFAULT_EXPERIMENT, DEFAULT_STATE, type LabState } from "../src/state/experiment.ts";
import { formatState, parseState } from "../src/state/url.ts";

const ODD: LabState = {
  experiment: {
    data: {
      source: "own & odd,file.csv",
      classes: ["a b", "ü"],
      samples: 30,
      sampleSeed: 4,
      shuffle: 0,
      normalize: "none",
      mu: 0.25,
      label: "y=1",
    },
    network: {
      kind: "fully-connected",
      widths: [7, 5],
      activation: { kind: "leaky-relu", slope: 0.1 },
      scaling: "standard",
      biases: true,
      frozen: ["W1", "b2"],
    },
    initialiser: { kind: "boxed-lecun", box: 0.125 },
    seed: 2 ** 53 - 1,
    loss: "mean",
    stepSize: 1e-7,
    steps: 12,
    engine: "direct",
  },
  versus: { ...DEFAULT_EXPERIMENT, initialiser: { kind: "gaussian", output: "uniform" }, stepSize: "certified" },
  view: "ball",
  speed: 0,
  playing: false,
  theme: "dark",
  tour: { name: "du", step: 3 },
};

test("the URL holds the whole state: what is written is read back", () => {
  for (const state of [DEFAULT_STATE, ODD]) expect(parseState(formatState(state))).toEqual({ state });
  expect(formatState(DEFAULT_STATE)).toBe("");
});

test("what cannot be read is the default with the field that is wrong", () => {
  for (const [hash, field] of [
    ["seed=1.5", /seed/],
    ["mu=2", /mu/],
    ["nonsense", /name=value/],
    ["network={", /JSON/],
    ["steps=0", /steps/],
    ["vs=1&vs.loss=cubic", /loss/],
  ] as const) {
    const { state, problem } = parseState(hash);
    expect(state).toBe(DEFAULT_STATE);
    expect(problem).toMatch(field);
  }
});

test("the command of an experiment quotes what a shell would take apart", () => {
  expect(commandOf(DEFAULT_EXPERIMENT)).toBe(
    "surefoot train sphere:n=20,d=10,seed=0,labels=sign --network tanh:512 --init gaussian --seed 0 --step-size 1/lambda-max --steps 2000 --backend wasm --deterministic",
  );
  expect(commandOf(ODD.experiment)).toContain("'own & odd,file.csv'");
  const wide = { ...DEFAULT_EXPERIMENT, network: { kind: "two-layer-relu", width: 100_000 } } as const;
  expect(commandOf(wide)).toContain("--engine direct");
  expect(commandOf({ ...wide, engine: "lazy" })).toContain("--engine lazy");
});
