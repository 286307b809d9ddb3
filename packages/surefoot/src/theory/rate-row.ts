import type { ClaimRow } from "./desk.ts";
import type { RunSummary } from "./request.ts";
import { claimRow } from "./rows.ts";

/**
 * ‖u(k) − y‖² ≤ (1 − ηλ₀/2)^k ‖u(0) − y‖² at every step of the run: the conclusion of Du et al. 2018 and 2019. λ₀ null or NaN where it is not
 * established; `innerStep` is η of ½‖u − y‖².
 */
export function rateRow(
  names: Pick<ClaimRow, "id" | "source" | "claim">,
  lambda0: number | null,
  innerStep: number,
  run: RunSummary,
): ClaimRow {
  const factor = lambda0 === null ? Number.NaN : 1 - (innerStep * lambda0) / 2;
  let worst = { step: 0, ratio: 0 };
  let rate = Number.POSITIVE_INFINITY;
  run.losses.forEach((loss, k) => {
    if (k === 0 || loss <= run.roundingFloor) return;
    const ratio = Math.exp(Math.log(loss / run.initialLoss) - k * Math.log(factor));
    if (ratio > worst.ratio || Number.isNaN(ratio)) worst = { step: k, ratio };
    rate = Math.min(rate, -Math.expm1(Math.log(loss / run.initialLoss) / k) / innerStep);
  });
  return claimRow({
    ...names,
    relation: "≤",
    bound: 1,
    measured: run.losses.length > 1 ? worst.ratio : undefined,
    verdict: run.stopped === "diverged" ? "fails" : undefined,
    constantNeeded: rate / (lambda0 ?? Number.NaN),
    note: `measured: the greatest ratio of the two sides, at step ${worst.step}; constant: what could stand for the ½${factor <= 0 ? "; ηλ₀/2 ≥ 1: the bound is 0 or less" : ""}`,
  });
}
