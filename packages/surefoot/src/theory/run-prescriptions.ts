import type { Prescription } from "./desk.ts";
import type { DeskRequest, RunSummary } from "./request.ts";
import { prescription } from "./rows.ts";

/**
 * What was certified and what the run did, beside a paper's prescriptions: steps to ‖u − y‖² ≤ ε, and the width of this network. `square` is
 * ‖u(0) − y‖².
 */
export async function runPrescriptions(
  { problem, certificate, epsilon }: DeskRequest,
  run: RunSummary,
  square: number,
  width: number,
): Promise<Prescription[]> {
  const found = await certificate();
  const reached = run.losses.findIndex((loss) => (2 * loss) / problem.lossFactor <= epsilon);
  return [
    prescription({
      id: "steps-certified",
      source: "certificate",
      quantity: `steps to ‖u − y‖² ≤ ${epsilon} which are certified from the initial weights`,
      log10:
        found.ratePerStep === null
          ? null
          : Math.log10(Math.max(1, Math.log(epsilon / square) / Math.log(found.ratePerStep))),
      basis: found.warrant,
      note: found.ratePerStep === null ? "the initial weights are not certified" : null,
    }),
    prescription({
      id: "steps-made",
      source: "this run",
      quantity: "steps that the run took to that",
      log10: reached < 0 ? null : Math.log10(Math.max(1, reached)),
      basis: "computed",
      note: reached < 0 ? `not reached in ${run.steps} steps` : null,
    }),
    prescription({
      id: "width-here",
      source: "this run",
      quantity: "width of this network",
      log10: Math.log10(width),
      basis: "computed",
      note: hereNote(run, found.verdict),
    }),
  ];
}

function hereNote(run: RunSummary, verdict: string): string {
  const trained =
    run.stopped === "diverged"
      ? "diverged"
      : `loss ${run.initialLoss.toExponential(2)} → ${(run.finalLoss ?? Number.NaN).toExponential(2)} in ${run.steps} steps`;
  const later = run.certified ? `; this run certified from step ${run.certified.step} on` : "";
  return `${trained}; initial weights ${verdict}${later}; the least certified width: surefoot plan`;
}
