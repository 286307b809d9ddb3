import { initialiserSpec, lossSpec, NORMALIZATIONS, networkSpec, stepSizeSpec } from "surefoot";
import { z } from "zod";

export const VIEWS = ["curves", "kernel", "spectrum", "drift", "patterns", "circle", "ball"] as const;
export type ViewName = (typeof VIEWS)[number];

export const ENGINES = ["direct", "lazy"] as const;
export const THEMES = ["auto", "light", "dark"] as const;

/** Steps a second; 0: as fast as the machine can. */
export const SPEEDS = [1, 5, 20, 100, 0] as const;

const seed = z.int().min(0).max(Number.MAX_SAFE_INTEGER);

/** Data as `surefoot train` takes them: a generator, an extract that comes with the lab, or the name of a file that the user chose. */
export const dataSpec = z.strictObject({
  source: z.string().min(1).max(500),
  classes: z.array(z.string().min(1)).min(2).max(20).optional(),
  samples: z.int().min(2).max(100_000).optional(),
  sampleSeed: seed.default(0),
  shuffle: seed.optional(),
  normalize: z.enum(NORMALIZATIONS).default("unit-rows"),
  mu: z.number().gt(0).lt(1).optional(),
  label: z.string().min(1).max(200).optional(),
});

/** Everything that decides the numbers of a run. */
export const experimentSpec = z.strictObject({
  data: dataSpec,
  network: networkSpec,
  initialiser: initialiserSpec,
  seed,
  loss: lossSpec,
  stepSize: stepSizeSpec,
  steps: z.int().min(1).max(10_000_000),
  engine: z.enum(ENGINES),
});

/** Everything that the page shows: the experiment, a second one to compare with, and how to look at them. */
export const labState = z.strictObject({
  experiment: experimentSpec,
  versus: experimentSpec.optional(),
  view: z.enum(VIEWS),
  speed: z.number().min(0).max(10_000),
  playing: z.boolean(),
  theme: z.enum(THEMES),
  tour: z.strictObject({ name: z.string().min(1).max(40), step: z.int().min(0).max(50) }).optional(),
});

export type DataSpec = z.infer<typeof dataSpec>;
export type Experiment = z.infer<typeof experimentSpec>;
export type LabState = z.infer<typeof labState>;

export const DEFAULT_EXPERIMENT: Experiment = {
  data: { source: "sphere:n=20,d=10,seed=0,labels=sign", sampleSeed: 0, normalize: "unit-rows" },
  network: { kind: "fully-connected", widths: [512], activation: "tanh", scaling: "ntk", biases: false, frozen: [] },
  initialiser: { kind: "gaussian" },
  seed: 0,
  loss: "sum",
  stepSize: "1/lambda-max",
  steps: 2000,
  engine: "direct",
};

export const DEFAULT_STATE: LabState = {
  experiment: DEFAULT_EXPERIMENT,
  view: "curves",
  speed: 20,
  playing: true,
  theme: "auto",
};

/** Extracts that come with the lab, and what they hold. */
export const EXTRACTS = [
  {
    source: "examples/data/mnist-1000.npz",
    title: "MNIST, 1000 digits",
    usual: { classes: ["0", "1"], samples: 100, normalize: "center,unit-rows" },
  },
  {
    source: "examples/data/iris.csv",
    title: "Iris, 150 flowers",
    usual: { classes: ["setosa", "virginica"], normalize: "unit-rows", mu: 0.3 },
  },
] as const;
