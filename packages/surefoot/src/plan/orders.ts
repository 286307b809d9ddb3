import type { Backend } from "@surefoot/linalg";
import type { Dataset } from "../data/dataset.ts";
import { hInfinity } from "../kernel/h-infinity.ts";
import { infiniteKernel, kernelMatrix } from "../kernel/index.ts";
import type { Network } from "../network/network.ts";
import { type LossSpec, lossFactor } from "../spec/loss.ts";
import { architectureSpecOf } from "../theory/deep-smooth-facts.ts";
import type { Prescription } from "../theory/desk.ts";
import { leastEigenvalueOf } from "../theory/matrix-norms.ts";
import { prescription } from "../theory/rows.ts";

/** What the papers prescribe for these data, every hidden constant taken as 1: for comparison. Step sizes are of the loss convention. */
export async function orderPrescriptions(
  network: Network,
  { x, y }: Dataset,
  target: number,
  delta: number,
  loss: LossSpec,
  backend: Backend,
): Promise<Prescription[]> {
  const n = x.rows;
  const { spec } = network;
  const factor = lossFactor(loss, n);
  const log = Math.log10;
  const square = y.reduce((sum, label) => sum + label * label, 0);
  const steps = (lambda: number) =>
    log(Math.max(1, Math.log((0.5 * factor * square) / target))) - 2 * log(lambda) + log(2) + 2 * log(n);
  if (spec.kind === "two-layer-relu") {
    const lambda = await leastEigenvalueOf(await hInfinity(x, backend), backend);
    const source = "Du et al. 2018";
    return [
      prescription({
        id: "width",
        source,
        quantity: "width n⁶/(λ₀⁴δ³)",
        log10: 6 * log(n) - 4 * log(lambda) - 3 * log(delta),
      }),
      prescription({
        id: "step-size",
        source,
        quantity: "step size λ₀/n²",
        log10: log(lambda) - 2 * log(n) - log(factor),
      }),
      prescription({ id: "steps", source, quantity: "steps (2n²/λ₀²) log(L(0)/target)", log10: steps(lambda) }),
    ];
  }
  if ("biases" in spec && spec.biases) return [];
  const fully = spec.kind === "fully-connected";
  const depth = network.layers.length - 1;
  const architecture = architectureSpecOf(spec);
  const kernel = await kernelMatrix(infiniteKernel(architecture, "k-top", x, backend));
  const lambda = await leastEigenvalueOf(kernel, backend);
  const source = "Du et al. 2019";
  const widths = [
    4 * log(n) - 4 * log(lambda),
    log(n / delta),
    2 * log(n) + log(Math.log((depth * n) / delta)) - 2 * log(lambda),
  ];
  const note = fully ? "2^{O(H)} taken as 2^H" : "the dependence on H is polynomial, its power not given: left out";
  const growth = fully ? depth * log(2) : 0;
  const [grown, over] = fully ? ["2^H ", " 2^H"] : ["", ""];
  return [
    prescription({
      id: "width",
      source,
      quantity: `width ${grown}max{n⁴/λ⁴, n/δ, n² log(Hn/δ)/λ²}, λ = λ_min(K^(H))`,
      log10: growth + Math.max(...widths),
      note,
    }),
    prescription({
      id: "step-size",
      source,
      quantity: `step size λ/(n²${over})`,
      log10: log(lambda) - 2 * log(n) - growth - log(factor),
      note,
    }),
    prescription({
      id: "steps",
      source,
      quantity: `steps (2${fully ? "·2^H " : ""}n²/λ²) log(L(0)/target)`,
      log10: steps(lambda) + growth,
      note,
    }),
  ];
}
