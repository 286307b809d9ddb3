import { createReferenceBackend } from "@surefoot/linalg";
import { type CertifyOptions, certify } from "../../src/certify/certify.ts";
import type { CertifyOutcome } from "../../src/certify/outcome.ts";
import type { Dataset } from "../../src/data/dataset.ts";
import { generate } from "../../src/data/generate.ts";
import type { GeneratorInput } from "../../src/data/generator-spec.ts";
import { type DescentState, initDescent, stepDescent } from "../../src/dynamics/gradient-descent.ts";
import { createProblem } from "../../src/dynamics/problem.ts";
import { forward } from "../../src/network/forward.ts";
import { initialise } from "../../src/network/initialise.ts";
import type { Network, Weights } from "../../src/network/network.ts";
import { resolveNetwork } from "../../src/network/resolve.ts";
import type { InitialiserSpec } from "../../src/spec/initialiser.ts";
import { type LossSpec, lossFactor } from "../../src/spec/loss.ts";
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

/**
 * What rounding alone can leave of ‖e‖ (theory/05, law 1, scaled by the depth of the sums). It is added to ‖e‖ and not to the loss: a curve
 * that is tight (ε = 0, residual along the slowest eigenvector) is missed by 2‖e‖ times this in the loss.
 */
export function residualFloor(outputs: Float64Array, dataset: Dataset, depth: number, gain = 0): number {
  const largest = (v: Float64Array) => v.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  return 64 * 2 ** -53 * depth * (1 + largest(outputs) + largest(dataset.y) + gain) * Math.sqrt(dataset.y.length);
}

/** s_L‖W_L‖: hidden values are off by a rounding of 1, which the output layer magnifies by about so much (train/certification.ts). */
function outputGain({ network }: Setting, { weights }: DescentState): number {
  const { weight, scale } = network.layers[network.layers.length - 1];
  return scale * Math.sqrt(weights[weight].data.reduce((sum, w) => sum + w * w, 0));
}

/** Gradient descent on ½‖e‖² from the setting; `visit` sees every iterate, the first included, and stops it with `false`. */
export async function descend(
  at: Setting,
  stepSize: number,
  steps: number,
  visit: (state: DescentState, k: number) => boolean | Promise<boolean>,
  loss: LossSpec = "sum",
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

export type Promised = Pick<CertifyOutcome, "stepSize" | "ratePerStep" | "radius">;

/**
 * Gradient descent from a certified start must stay under its curve and inside its ball; `violations` names what did not, `worst` is the
 * largest loss/curve after the start (1 would touch the curve).
 */
export async function checkCertifiedRun(at: Setting, outcome: Promised, steps: number, loss: LossSpec = "sum") {
  const { stepSize, ratePerStep, radius } = outcome;
  if (stepSize === null || ratePerStep === null || radius === null) throw new Error("not a certificate");
  const depth = Math.max(...at.network.layers.map((layer) => layer.cols));
  const violations: string[] = [];
  let worst = 0;
  let initial = 0;
  await descend(
    at,
    stepSize,
    steps,
    (state, k) => {
      if (k === 0) initial = state.loss;
      const curve = initial * ratePerStep ** k;
      const c = lossFactor(loss, at.dataset.y.length);
      const floor = Math.sqrt(0.5 * c) * residualFloor(state.pass.outputs, at.dataset, depth, outputGain(at, state));
      const below = Math.sqrt(state.loss) <= Math.sqrt(curve) * (1 + 1e-9) + floor;
      if (!below) violations.push(`step ${k}: loss ${state.loss} above ${curve}`);
      const moved = distance(at.network, state.weights, at.weights);
      if (!(moved <= radius * (1 + 1e-9) + 1e-12)) violations.push(`step ${k}: moved ${moved}, radius ${radius}`);
      if (k > 0 && curve > 1e6 * floor * floor) worst = Math.max(worst, state.loss / curve);
      return true;
    },
    loss,
  );
  return { violations, worst };
}

/** The setting with labels moved along the line from the outputs, so that ‖e₀‖ = `norm`. */
export async function withResidual(at: Setting, norm: number): Promise<Setting> {
  const { outputs } = await forward(at.network, at.weights, at.dataset.x, backend);
  const residual = outputs.map((u, i) => u - at.dataset.y[i]);
  const size = Math.sqrt(residual.reduce((sum, e) => sum + e * e, 0));
  const y = outputs.map((u, i) => u - (residual[i] * norm) / size);
  return { ...at, dataset: { ...at.dataset, y } };
}

/** The weights with storage of their own (a run overwrites its weights in place). */
export function copied(weights: Weights): Weights {
  return Object.fromEntries(Object.entries(weights).map(([name, t]) => [name, { ...t, data: t.data.slice() }]));
}
