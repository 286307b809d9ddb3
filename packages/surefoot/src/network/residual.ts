import { activationOf } from "../activation/registry.ts";
import type { InitialiserSpec } from "../spec/initialiser.ts";
import type { ResidualSpec } from "../spec/network.ts";
import type { Architecture } from "./architecture.ts";
import type { Layer, Patches } from "./network.ts";

/** ResNet of Du et al. 2019 (theory/02): t_1 = √(c_σ/m), t_h = c_res/(H√m) with a skip, every s_ℓ = 1. */
export const residual: Architecture<ResidualSpec> = {
  activation: ({ activation }) => activation,
  outputs: "gaussian",
  hasLimit: () => true,
  refuses: refusesFeedforwardOnly,
  layers: (spec, inputs) => residualLayers(spec, inputs),
};

/** The layers of a residual network; `inputs` are those of one pixel where there are patches. */
export function residualLayers(spec: Omit<ResidualSpec, "kind">, inputs: number, patches?: Patches): Layer[] {
  const { depth, width, cRes, frozen } = spec;
  const { cSigma } = activationOf(spec.activation);
  const hidden = Array.from({ length: depth }, (_, h): Layer => {
    const channels = h === 0 ? inputs : width;
    return {
      weight: `W${h + 1}`,
      rows: width,
      cols: (patches?.filter ?? 1) * channels,
      scale: 1,
      gain: h === 0 ? Math.sqrt(cSigma / width) : cRes / (depth * Math.sqrt(width)),
      skip: h > 0,
      trainsWeight: !frozen.includes(`W${h + 1}`),
      trainsBias: false,
      ...(patches ? { patches } : {}),
    };
  });
  const weight = `W${depth + 1}`;
  const cols = (patches?.pixels ?? 1) * width;
  return [...hidden, { weight, rows: 1, cols, scale: 1, trainsWeight: !frozen.includes(weight), trainsBias: false }];
}

export function refusesFeedforwardOnly({ kind }: InitialiserSpec): string | undefined {
  return kind === "positive" || kind === "boxed-lecun"
    ? "it belongs to a theorem about networks without skips (theory/04)"
    : undefined;
}
