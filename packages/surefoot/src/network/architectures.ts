import type { NetworkSpec } from "../spec/network.ts";
import type { Architecture } from "./architecture.ts";
import { convolutionalResidual } from "./convolutional-residual.ts";
import { fullyConnected } from "./fully-connected.ts";
import { residual } from "./residual.ts";
import { twoLayerRelu } from "./two-layer-relu.ts";

/** The architectures that there are, by the `kind` of their spec. */
const ARCHITECTURES: { readonly [K in NetworkSpec["kind"]]: Architecture<Extract<NetworkSpec, { kind: K }>> } = {
  "two-layer-relu": twoLayerRelu,
  "fully-connected": fullyConnected,
  residual,
  "convolutional-residual": convolutionalResidual,
};

/** The architecture of a spec. */
export function architectureOf<S extends NetworkSpec>(spec: S): Architecture<S> {
  // each entry takes the specs of its own kind, which the type of an indexed access cannot say
  return ARCHITECTURES[spec.kind] as unknown as Architecture<S>;
}
