import type { ClaimRow } from "./desk.ts";
import type { DeskRequest } from "./request.ts";
import { claimRow } from "./rows.ts";
import type { TwoLayerFacts } from "./two-layer-facts.ts";
import type { TwoLayerWatch } from "./two-layer-watch.ts";

/** Hoeffding's inequality for every entry of H(0) at once: a row of Du et al. 2018 and of the slides. */
export function hoeffdingRow(
  { problem, initialiser, delta }: DeskRequest,
  { n, m, independentNeurons, unitOutputs }: TwoLayerFacts,
  { limit, initialKernel }: TwoLayerWatch,
): ClaimRow {
  let entry = 0;
  for (let k = 0; k < limit.data.length; k++) {
    const g = Math.abs(problem.gram.data[k]);
    if (g > 0) entry = Math.max(entry, Math.abs(initialKernel.data[k] - limit.data[k]) / g);
  }
  const speaks = unitOutputs && uniformDirections(initialiser);
  return claimRow({
    id: "hoeffding",
    source: "Hoeffding, union over entries",
    claim: "max |H_ij(0) − H^∞_ij|/|x_i·x_j| ≤ √(log(n(n+1)/δ)/2m)",
    relation: "≤",
    bound: Math.sqrt(Math.log((n * (n + 1)) / delta) / (2 * independentNeurons)),
    measured: entry,
    verdict: speaks ? undefined : "not-applicable",
    note: speaks
      ? `fails with probability at most δ = ${delta} over the draw${independentNeurons < m ? "; m/2 independent neurons" : ""}`
      : "needs a_r² = 1 and independent neurons of uniform direction",
  });
}

/** Directions of the w_r uniform on the sphere and independent (antisymmetric: of m/2 of them). */
function uniformDirections(initialiser: DeskRequest["initialiser"]): boolean {
  return initialiser !== null && ["gaussian", "sphere", "antisymmetric", "lecun", "he"].includes(initialiser.kind);
}
