import { SurefootError } from "../error.ts";
import type { ConvolutionalResidualSpec } from "../spec/network.ts";
import type { Architecture } from "./architecture.ts";
import { refusesFeedforwardOnly, residualLayers } from "./residual.ts";

/** Convolutional ResNet of Du et al. 2019 (theory/02), over one dimension. */
export const convolutionalResidual: Architecture<ConvolutionalResidualSpec> = {
  activation: ({ activation }) => activation,
  outputs: "gaussian",
  hasLimit: () => true,
  refuses: refusesFeedforwardOnly,
  layers: (spec, inputs) => {
    const { pixels, filter } = spec;
    if (inputs % pixels !== 0) {
      throw new SurefootError("spec", `network: ${inputs} inputs are no whole number of channels of ${pixels} pixels`);
    }
    return residualLayers(spec, inputs / pixels, { pixels, filter });
  },
};
