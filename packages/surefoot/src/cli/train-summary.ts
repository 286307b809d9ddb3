import { relative } from "node:path";
import { isPlain } from "../spec/optimiser.ts";
import { describeOptimiser, uncertifiable } from "./optimiser-options.ts";
import type { FinishedRun } from "./run-follow.ts";
import { format, formatFactor } from "./terminal.ts";

export const DIVERGED = "The run DIVERGED: the step size is too large for this kernel. Try --step-size 1/lambda-max.";

/** How a run ended, in sentences that a newcomer understands. */
export function summary(run: FinishedRun): string[] {
  const { result, lastOutcome } = run;
  const { state, initialLoss, certified } = result;
  const lines: string[] = [];
  const took = `${format(Math.round(run.seconds))} s on ${run.backend.name} (${run.backend.detail})`;
  lines.push(
    `${format(state.step)} ${run.spec.optimiser.kind === "gradient-flow" ? "rows, each after the time" : "steps at"} η = ${format(run.stepSize)}${isPlain(run.spec.optimiser) ? "" : ` by ${describeOptimiser(run.spec.optimiser)}`}: loss ${format(initialLoss)} → ${format(state.loss)}, ${took}`,
  );
  if (result.stopped === "diverged") {
    lines.push("", DIVERGED);
  } else if (certified) {
    const { outcome, step } = certified;
    lines.push(
      "",
      `CERTIFIED at step ${format(step)}. From there on it is ${outcome.warrant === "proved" ? "a theorem" : "a theorem, given that its hypotheses hold as computed in floating point,"}`,
      `that gradient descent with this step size drives the training loss to zero: each step multiplies it by at most ${formatFactor(certified.ratePerStep)},`,
      `and the weights never move further than ${format(outcome.radius)} from where they stood at step ${format(step)} (theorem ${outcome.theorem}, margin ${format(outcome.margin)}).`,
    );
    const later = run.rows.filter((row) => row.step >= step).length;
    lines.push(
      result.curveViolations === 0
        ? `All ${format(later)} recorded losses since then stay under the certified curve.`
        : `${format(result.curveViolations)} of ${format(later)} recorded losses lie ABOVE the certified curve: this contradicts the theorem; please report it.`,
    );
  } else if (uncertifiable(run) !== undefined) {
    lines.push("", `UNDECIDED. ${uncertifiable(run)}`);
  } else if (lastOutcome) {
    lines.push("", `${lastOutcome.verdict.toUpperCase()}. ${lastOutcome.statement}`);
    for (const advice of lastOutcome.advice) lines.push(`  · ${advice}`);
  }
  if (result.stopped === "out-of-memory") {
    lines.push("", "Stopped: going on needs more memory than allowed; resume with a higher --memory-limit.");
  }
  if (run.notes) lines.push("", ...run.notes);
  if (result.stopped === "interrupted" && run.folder)
    lines.push("", `Interrupted; go on with: surefoot train --resume ${run.folder}`);
  if (run.files.length > 0) {
    lines.push("", "Written:", ...run.files.map((file) => `  ${relative(process.cwd(), file) || file}`));
    lines.push("", `Open ${relative(process.cwd(), run.files[0])} in a browser for the figures and the certificate.`);
  }
  return lines;
}
