import type { TwoLayerReluSpec } from "../spec/network.ts";
import type { Architecture } from "./architecture.ts";
import { reluKernelByCounts } from "./tangent-kernel.ts";

/** Du et al. 2018: one hidden layer, s_1 = 1, s_2 = 1/√m, W2 frozen. */
export const twoLayerRelu: Architecture<TwoLayerReluSpec> = {
  activation: () => "relu",
  outputs: "sign",
  hasLimit: () => true,
  layers: ({ width }, inputs) => {
    const frozen = { trainsWeight: false, trainsBias: false };
    return [
      { weight: "W1", rows: width, cols: inputs, scale: 1, trainsWeight: true, trainsBias: false },
      { weight: "W2", rows: 1, cols: width, scale: 1 / Math.sqrt(width), ...frozen },
    ];
  },
  kernel: reluKernelByCounts,
};
