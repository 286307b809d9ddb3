import type { Matrix } from "@surefoot/linalg";
import { copy } from "@surefoot/linalg";
import type { Network, Weights } from "../network/network.ts";
import { tensorShapes } from "../network/resolve.ts";
import { countFlips, signPattern } from "../network/sign-pattern.ts";
import type { TrainingProblem } from "./problem.ts";
import type { Snapshot } from "./snapshot.ts";

/** Something measured along a run: fills its columns of the record at one iterate (null: not defined there). */
export interface Probe {
  measure(at: Snapshot): Promise<Readonly<Record<string, number | null>>>;
}

/** Probes of the run itself; `margin` and the certified curve come from certify/. */
export const PROBE_NAMES = ["eigenvalues", "kernel-drift", "drift", "neuron-drift", "flips"] as const;
/** One of `PROBE_NAMES`. */
export type ProbeName = (typeof PROBE_NAMES)[number];

/** Builds a probe; `start` is the iterate that drifts are measured from (iterate 0). */
export async function createProbe(name: ProbeName, problem: TrainingProblem, start: Snapshot): Promise<Probe> {
  switch (name) {
    case "eigenvalues":
      return eigenvalues;
    case "kernel-drift":
      return kernelDrift(copy(await start.kernel()));
    case "drift":
      return drift(problem, start.state.weights);
    case "neuron-drift":
      return neuronDrift(start.state.weights[problem.network.layers[0].weight]);
    case "flips":
      return flips(start);
  }
}

/** The columns that a probe fills on this network. */
export function probeColumns(name: ProbeName, network: Network): readonly string[] {
  switch (name) {
    case "eigenvalues":
      return ["lambdaMin", "lambdaMax"];
    case "kernel-drift":
      return ["kernelDrift"];
    case "drift":
      return tensorShapes(network).flatMap((tensor) => (tensor.trained ? [`drift:${tensor.name}`] : []));
    case "neuron-drift":
      return network.layers[0].trainsWeight ? NEURON_DRIFT : [];
    case "flips":
      return ["flips"];
  }
}

/** λ_min and λ_max of K(k); null when the eigensolver did not converge or K is not finite. */
const eigenvalues: Probe = {
  measure: async (at) => {
    const found = await at.problem.backend.extremalEigenvalues(await at.kernel());
    if (found.status !== "ok") return { lambdaMin: null, lambdaMax: null };
    return { lambdaMin: found.smallest?.value ?? null, lambdaMax: found.largest?.value ?? null };
  },
};

/** ‖K(k) − K(0)‖_F. */
function kernelDrift(initial: Matrix): Probe {
  return {
    measure: async (at) => ({ kernelDrift: distance((await at.kernel()).data, initial.data) }),
  };
}

/** ‖W_ℓ(k) − W_ℓ(0)‖_F for every trained tensor, in columns "drift:W1", … . */
function drift(problem: TrainingProblem, weights: Weights): Probe {
  const names = tensorShapes(problem.network).flatMap(({ name, trained }) => (trained ? [name] : []));
  const initial = new Map(names.map((name) => [name, weights[name].data.slice()]));
  return {
    measure: async ({ state }) =>
      Object.fromEntries(
        names.map((name) => [`drift:${name}`, distance(state.weights[name].data, initial.get(name)!)]),
      ),
  };
}

export const NEURON_DRIFT = ["maxNeuronDrift", "meanNeuronDrift", "maxDriftNeuron"] as const;

/** max_r and mean_r of ‖w_r(k) − w_r(0)‖ over the neurons of the first layer, and the neuron (0-based) that attains the maximum. */
function neuronDrift(weight: Matrix): Probe {
  const initial = copy(weight);
  return {
    measure: async ({ problem, state }) => {
      const [layer] = problem.network.layers;
      if (!layer.trainsWeight) return {};
      const now = state.weights[layer.weight];
      let [largest, neuron, total] = [-1, 0, 0];
      for (let r = 0; r < now.rows; r++) {
        const at = [r * now.cols, (r + 1) * now.cols] as const;
        const length = distance(now.data.subarray(...at), initial.data.subarray(...at));
        total += length;
        if (length > largest) [largest, neuron] = [length, r];
      }
      return { maxNeuronDrift: largest, meanNeuronDrift: total / now.rows, maxDriftNeuron: neuron };
    },
  };
}

/** Share of the pairs (neuron of the first layer, sample) whose sign pattern differs from iterate 0. */
function flips(start: Snapshot): Probe {
  const initial = signPattern(start.state.pass.z[0]);
  return {
    measure: async ({ state }) => ({
      flips: countFlips(initial, signPattern(state.pass.z[0])) / (initial.rows * initial.bits),
    }),
  };
}

function distance(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return Math.sqrt(sum);
}
