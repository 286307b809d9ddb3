import { type Backend, type Matrix, matrix } from "@surefoot/linalg";
import type { InitialiserSpec } from "../spec/initialiser.ts";
import type { FullyConnectedSpec, NetworkSpec } from "../spec/network.ts";
import type { ArchitectureInput, InfiniteKind } from "./architecture-spec.ts";
import { kernelMatrix } from "./blocks.ts";
import { hInfinity } from "./h-infinity.ts";
import { infiniteKernel } from "./infinite.ts";

/**
 * The n × n kernel to which the tangent kernel K(0) of a network on the rows of x tends as its widths grow (theory/01, 02), or null where
 * the library knows of none: for weights that are not of size 1 in the factor-1/√m scaling `ntk`, for biases, for some frozen tensors.
 * For two-layer ReLU networks it is H^∞, whatever the lengths of the first layer's rows: only their directions count.
 *
 * Antisymmetric weights have twins in the last hidden layer with opposite output weights: what goes back to the layers below cancels, so
 * that these add nothing to K(0), at any width.
 */
export async function limitKernel(
  network: NetworkSpec,
  initialiser: InitialiserSpec,
  x: Matrix,
  backend: Backend,
): Promise<Matrix | null> {
  if ("output" in initialiser && initialiser.output === "uniform") return null;
  if (network.kind === "two-layer-relu") {
    return ["gaussian", "sphere", "antisymmetric", "he"].includes(initialiser.kind) ? hInfinity(x, backend) : null;
  }
  if (initialiser.kind !== "gaussian" && initialiser.kind !== "antisymmetric") return null;
  if (network.kind !== "fully-connected") {
    const { width: _, frozen, ...architecture } = network;
    if (initialiser.kind !== "gaussian" || frozen.length > 0) return null;
    return kernelMatrix(infiniteKernel(architecture, "ntk", x, backend));
  }
  if (network.scaling !== "ntk" || network.biases) return null;
  const kinds = partsOf(network, initialiser.kind === "antisymmetric");
  const architecture: ArchitectureInput = {
    kind: "fully-connected",
    depth: network.widths.length,
    activation: network.activation,
  };
  return kinds.length === 0 ? null : sumOf(kinds, architecture, x, backend);
}

/** The kernels whose sum is the limit; none: not known. */
function partsOf({ widths, frozen }: FullyConnectedSpec, antisymmetric: boolean): InfiniteKind[] {
  const depth = widths.length;
  const trains = (layer: number) => !frozen.includes(`W${layer}`);
  const below = Array.from({ length: depth - 1 }, (_, i) => i + 1).filter(trains).length;
  if (antisymmetric || below === 0) {
    return [...(trains(depth) ? ["k-top" as const] : []), ...(trains(depth + 1) ? ["nngp" as const] : [])];
  }
  return frozen.length === 0 ? ["ntk"] : [];
}

async function sumOf(kinds: readonly InfiniteKind[], architecture: ArchitectureInput, x: Matrix, backend: Backend) {
  const sum = matrix(x.rows, x.rows);
  for (const kind of kinds) {
    const part = await kernelMatrix(infiniteKernel(architecture, kind, x, backend));
    for (let k = 0; k < sum.data.length; k++) sum.data[k] += part.data[k];
  }
  return sum;
}
