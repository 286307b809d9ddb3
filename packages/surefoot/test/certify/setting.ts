import { createReferenceBackend } from "@surefoot/linalg";
import { type CertifyOptions, certify } from "../../src/certify/certify.ts";
import type { Dataset } from "../../src/data/dataset.ts";
import { generate } from "../../src/data/generate.ts";
import type { GeneratorInput } from "../../src/data/generator-spec.ts";
import { type DescentState, initDescent, stepDescent } from "../../src/dynamics/gradient-descent.ts";
import { createProblem } from "../../src/dynamics/problem.ts";
import { initialise } from "../../src/network/initialise.ts";
import type { Network, Weights } from "../../src/network/network.ts";
import { resolveNetwork } from "../../src/network/resolve.ts";
import type { InitialiserSpec } from "../../src/spec/initialiser.ts";
import { type NetworkInput, networkSpec } from "../../src/spec/network.ts";

export const backend = createReferenceBackend();

export interface Setting {
  readonly network: Network;
  readonly dataset: Dataset;
  readonly weights: Weights;
}

export async function setting(
  spec: NetworkInput,
  data: GeneratorInput | Dataset,
  initialiser: InitialiserSpec,
  seed = 0,
): Promise<Setting> {
  const dataset = "x" in data ? data : generate(data);
  const network = resolveNetwork(networkSpec.parse(spec), dataset.x.cols);
  return { network, dataset, weights: await initialise(network, initialiser, seed, backend) };
}

export function certifyHere(at: Setting, options: Partial<CertifyOptions> = {}) {
  return certify({ ...at, backend, ...options });
}

/** What rounding alone can leave of the loss ½‖e‖² (theory/05, law 1), times the depth of the sums. */
export function lossFloor(outputs: Float64Array, dataset: Dataset, depth: number): number {
  const largest = (v: Float64Array) => v.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  const error = 64 * 2 ** -53 * depth * (1 + largest(outputs) + largest(dataset.y));
  return 0.5 * dataset.y.length * error * error;
}

/** Gradient descent on ½‖e‖² from the setting; `visit` sees every iterate, the first included, and stops it with `false`. */
export async function descend(
  at: Setting,
  stepSize: number,
  steps: number,
  visit: (state: DescentState, k: number) => boolean | Promise<boolean>,
  loss: "sum" | "half-mean" | "mean" = "sum",
): Promise<void> {
  const problem = await createProblem(at.network, at.dataset, loss, backend);
  let state = await initDescent(problem, at.weights);
  for (let k = 0; k <= steps; k++) {
    if (!(await visit(state, k))) return;
    state = await stepDescent(problem, state, stepSize);
  }
}

/** ‖θ − θ₀‖ over the trained tensors. */
export function distance(network: Network, a: Weights, b: Weights): number {
  let squares = 0;
  for (const layer of network.layers) {
    const names = [layer.trainsWeight ? layer.weight : undefined, layer.trainsBias ? layer.bias : undefined];
    for (const name of names) {
      if (name === undefined) continue;
      a[name].data.forEach((value, k) => {
        squares += (value - b[name].data[k]) ** 2;
      });
    }
  }
  return Math.sqrt(squares);
}

/** Gradient descent from a certified start must stay under its curve and inside its ball; returns how close it came (≤ 1). */
export async function checkCertifiedRun(
  at: Setting,
  stepSize: number,
  ratePerStep: number,
  radius: number,
  steps: number,
) {
  let worst = 0;
  let initial = 0;
  const depth = Math.max(...at.network.layers.map((layer) => layer.cols));
  const violations: string[] = [];
  await descend(at, stepSize, steps, (state, k) => {
    if (k === 0) initial = state.loss;
    const curve = initial * ratePerStep ** k;
    const floor = lossFloor(state.pass.outputs, at.dataset, depth);
    if (state.loss > curve * (1 + 1e-9) + floor) violations.push(`step ${k}: loss ${state.loss} above ${curve}`);
    const moved = distance(at.network, state.weights, at.weights);
    if (moved > radius * (1 + 1e-9) + 1e-12) violations.push(`step ${k}: moved ${moved}, radius ${radius}`);
    if (curve > 1e6 * floor) worst = Math.max(worst, state.loss / curve);
    return true;
  });
  return { violations, worst };
}
