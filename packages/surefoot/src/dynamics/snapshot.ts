import type { Matrix } from "@surefoot/linalg";
import { architectureOf } from "../network/architectures.ts";
import { backward } from "../network/backward.ts";
import { tangentKernel } from "../network/tangent-kernel.ts";
import type { DescentState } from "./gradient-descent.ts";
import type { TrainingProblem } from "./problem.ts";

/** One iterate as probes see it: what several of them need is computed once, on first use, before the run moves on. */
export interface Snapshot {
  readonly problem: TrainingProblem;
  readonly state: DescentState;
  /** Backward pass with cotangent 1: g_ℓ = ∂f/∂z_ℓ per sample. */
  cotangents(): Promise<Matrix[]>;
  /** K(k), the tangent kernel (H(k) for the two-layer ReLU network). */
  kernel(): Promise<Matrix>;
}

/** The snapshot of one iterate; valid until the next step. */
export function snapshot(problem: TrainingProblem, state: DescentState): Snapshot {
  const { network, dataset, backend, gram } = problem;
  let cotangents: Promise<Matrix[]> | undefined;
  let kernel: Promise<Matrix> | undefined;
  const self: Snapshot = {
    problem,
    state,
    cotangents: () => {
      cotangents ??= backward(network, state.weights, state.pass, backend);
      return cotangents;
    },
    kernel: () => {
      kernel ??=
        architectureOf(network.spec).kernel?.(network, state.weights, dataset.x, state.pass, backend, gram) ??
        self.cotangents().then((g) => tangentKernel(network, dataset.x, state.pass, g, backend, gram));
      return kernel;
    },
  };
  return self;
}
