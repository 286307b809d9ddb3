import type { LazyMemoryPlan } from "../dynamics/lazy/memory-plan.ts";
import type { LazyRun } from "../dynamics/lazy/run.ts";
import type { RecordRow } from "../train/train.ts";
import { format } from "./terminal.ts";

/** The memory plan, before anything large is allocated. */
export function describePlan(
  { needs, watchedPairs, watchedNeurons }: LazyMemoryPlan,
  width: number,
  n: number,
): string {
  return (
    `lazy simulator: needs ${needs}; watches about ${format(watchedPairs)} of ${format(n * width)} pairs (neuron, sample) ` +
    `and ${format(watchedNeurons)} of ${format(width)} neurons`
  );
}

/** What a lazy run has to say beside what every run says. */
export function lazyNotes(run: LazyRun, rows: readonly RecordRow[], withoutWeights: boolean): string[] {
  const { state, stepper } = run;
  const notes = [
    `Lazy simulator: exact steps in function space; ${format(state.flips)} flips of ${format(stepper.ledger.pairs)} pairs, ` +
      `${format(stepper.watch.slots.length)} pairs watched (${run.plan.needs}).`,
  ];
  const last = rows.findLast((row) => typeof row.maxNeuronDrift === "number");
  if (last) {
    notes.push(
      `At step ${format(last.step)} neuron ${format(last.maxDriftNeuron)} had moved farthest: ${format(last.maxNeuronDrift)}; the mean is ${format(last.meanNeuronDrift)}.`,
    );
  }
  if (state.firstNearTie !== undefined) {
    notes.push(
      `${format(state.nearTies)} decisions, the first at step ${format(state.firstNearTie)}, were too close for floating point to settle: from there on direct descent may take other sides.`,
    );
  }
  if (state.frozenAt !== undefined) {
    notes.push(`From step ${format(state.frozenAt)} on no weight changes any more in floating point.`);
  }
  if (withoutWeights)
    notes.push("The weights are too many to write; any neuron's can be computed from the checkpoint.");
  return notes;
}
