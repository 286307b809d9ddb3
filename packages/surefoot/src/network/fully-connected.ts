import { activationOf } from "../activation/registry.ts";
import type { FullyConnectedSpec } from "../spec/network.ts";
import type { Architecture } from "./architecture.ts";

/** Plain layers of any widths, with or without biases. */
export const fullyConnected: Architecture<FullyConnectedSpec> = {
  activation: ({ activation }) => activation,
  outputs: "gaussian",
  hasLimit: ({ scaling }) => scaling === "ntk",
  layers: (spec, inputs) => {
    const { cSigma } = activationOf(spec.activation);
    const sizes = [inputs, ...spec.widths, 1];
    return sizes.slice(1).map((rows, i) => {
      const cols = sizes[i];
      const weight = `W${i + 1}`;
      const bias = `b${i + 1}`;
      return {
        weight,
        ...(spec.biases ? { bias } : {}),
        rows,
        cols,
        scale: spec.scaling === "ntk" && i > 0 ? Math.sqrt(cSigma / cols) : 1,
        trainsWeight: !spec.frozen.includes(weight),
        trainsBias: spec.biases && !spec.frozen.includes(bias),
      };
    });
  },
};
