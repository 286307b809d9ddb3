import { SurefootError } from "../error.ts";
import { activationSpec } from "../spec/activation.ts";
import { type NetworkSpec, networkSpec } from "../spec/network.ts";
import { parseSpec } from "../spec/parse.ts";
import type { ArchitectureSpec } from "./architecture-spec.ts";

/**
 * The finite network of width m whose kernels tend to those of the architecture, all tensors trained. Throws `spec` for an activation that only
 * infinite width knows, and for weightStd and biasStd, which finite networks do not have.
 */
export function finiteSpec(architecture: ArchitectureSpec, width: number): NetworkSpec {
  const activation = parseSpec(activationSpec, architecture.activation, "activation of a finite network");
  if (architecture.kind !== "fully-connected") {
    return parseSpec(networkSpec, { ...architecture, activation, width }, "network");
  }
  const { kind, depth, weightStd, biasStd } = architecture;
  if (weightStd !== undefined || biasStd !== 0) {
    throw new SurefootError(
      "spec",
      "weightStd and biasStd (--w-std, --b-std) are of infinite width alone; leave them out for a finite network",
    );
  }
  return parseSpec(networkSpec, { kind, widths: new Array(depth).fill(width), activation }, "network");
}
