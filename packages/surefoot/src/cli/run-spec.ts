import { z } from "zod";
import { PROBE_NAMES } from "../dynamics/probe.ts";
import { initialiserSpec } from "../spec/initialiser.ts";
import { namedLossSpec } from "../spec/loss.ts";
import { networkSpec } from "../spec/network.ts";
import { GRADIENT_DESCENT, optimiserSpec } from "../spec/optimiser.ts";

/** Everything that `--resume` needs beside the weights: run.json. */
export const runSpec = z.object({
  /** As on the command line. */
  data: z.object({ source: z.string(), options: z.record(z.string(), z.json()) }),
  /** SHA-256 of the data after all steps: a run is not continued on other data. */
  dataHash: z.string(),
  engine: z.enum(["direct", "lazy"]).default("direct"),
  /** Lazy: data, labels, step size and initial weights in a few letters; and the limit in bytes, if one was given. */
  fingerprint: z.string().optional(),
  memoryLimit: z.number().nullable().optional(),
  network: networkSpec,
  initialiser: initialiserSpec,
  seed: z.number(),
  /** The run started from a file: a copy of it lies in the folder. */
  fromFile: z.boolean(),
  origin: z.string(),
  loss: namedLossSpec,
  optimiser: optimiserSpec.default(GRADIENT_DESCENT),
  stepSize: z.number().positive(),
  steps: z.number(),
  targetLoss: z.number(),
  probes: z.array(z.enum(PROBE_NAMES)),
  mode: z.enum(["float", "proved"]),
  probeEvery: z.number(),
  backend: z.string(),
  seconds: z.number(),
  curveViolations: z.number(),
  certified: z.object({ step: z.number(), loss: z.number(), ratePerStep: z.number(), outcome: z.json() }).nullable(),
  /** Another optimiser: where plain gradient descent from the run's weights was first certifiable. */
  descentCertifiable: z.object({ step: z.number(), loss: z.number(), margin: z.number() }).nullable().default(null),
  command: z.string(),
});

export type RunSpec = z.infer<typeof runSpec>;
