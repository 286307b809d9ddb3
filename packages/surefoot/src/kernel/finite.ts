import { activationSpec } from "../spec/activation.ts";
import { type NetworkSpec, networkSpec } from "../spec/network.ts";
import { parseSpec } from "../spec/parse.ts";
import type { ArchitectureSpec } from "./architecture-spec.ts";

/**
 * The finite residual network of width m whose kernels tend to those of the architecture, all tensors trained. Throws `spec` for an
 * activation that only infinite width knows.
 */
export function finiteSpec(
  architecture: Extract<ArchitectureSpec, { kind: "residual" | "convolutional-residual" }>,
  width: number,
): NetworkSpec {
  const activation = parseSpec(activationSpec, architecture.activation, "activation of a finite network");
  return parseSpec(networkSpec, { ...architecture, activation, width }, "network");
}
