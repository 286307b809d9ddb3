import { createReferenceBackend } from "@surefoot/linalg";
import type { Dataset } from "../../src/data/dataset.ts";
import { loadDataset } from "../../src/data/index.ts";
import { createTrainingProblem } from "../../src/dynamics/problem.ts";
import { initialise } from "../../src/network/initialise.ts";
import { resolveNetwork } from "../../src/network/resolve.ts";
import type { InitialiserSpec } from "../../src/spec/initialiser.ts";
import { networkSpec } from "../../src/spec/network.ts";

export const backend = createReferenceBackend();

export interface Setting {
  readonly data?: string;
  readonly dataset?: Dataset;
  readonly network?: object;
  readonly loss?: Parameters<typeof createTrainingProblem>[2];
  readonly initialiser?: InitialiserSpec;
  readonly seed?: number;
}

/** A small problem with its initial weights. */
export async function setting(given: Setting = {}) {
  const dataset = given.dataset ?? (await loadDataset(given.data ?? "sphere:n=8,d=5,labels=sign"));
  const spec = given.network ?? { kind: "fully-connected", widths: [12], activation: "tanh" };
  const network = resolveNetwork(networkSpec.parse(spec), dataset.x.cols);
  const problem = await createTrainingProblem(network, dataset, given.loss ?? "half-mean", backend);
  const weights = await initialise(network, given.initialiser ?? { kind: "gaussian" }, given.seed ?? 0, backend);
  return { problem, weights, network, dataset };
}
