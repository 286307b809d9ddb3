import type { Backend, Matrix } from "@surefoot/linalg";
import type { ActivationSpec } from "../spec/activation.ts";
import type { InitialiserSpec } from "../spec/initialiser.ts";
import type { ForwardPass, Layer, Network, Weights } from "./network.ts";

/**
 * All that the rest of the library needs to know of an architecture. A new one is a file with such an object, a line in architectures.ts and
 * its schema in spec/network.ts; passes, gradients, kernels, probes, proofs and κ bounds read the layers alone.
 */
export interface Architecture<Spec> {
  activation(spec: Spec): ActivationSpec;
  /** Layers 1 … L for inputs of dimension d; the last has one output. Throws `spec` where such inputs do not fit. */
  layers(spec: Spec, inputs: number): Layer[];
  /** The law of the output weights where the initialiser leaves it open. */
  readonly outputs: "sign" | "gaussian";
  /** Why an initialiser makes no sense here; undefined where it does. */
  refuses?(initialiser: InitialiserSpec): string | undefined;
  /** Whether the scales carry 1/√m, so that the tangent kernel has a limit and its drift falls as the width grows. */
  hasLimit(spec: Spec): boolean;
  /** The tangent kernel by a way of the architecture's own; without it `tangentKernel` computes it. */
  kernel?(
    network: Network,
    weights: Weights,
    x: Matrix,
    pass: ForwardPass,
    backend: Backend,
    gram?: Matrix,
  ): Promise<Matrix>;
}
