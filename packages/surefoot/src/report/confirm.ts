import type { RunColumns } from "../figure/index.ts";
import { contradicts } from "../train/certification.ts";

/** How the recorded losses compare with the certified curve. */
export interface Confirmation {
  /** Steps at which both were recorded. */
  readonly compared: number;
  /** Steps whose loss lies above the curve by more than rounding. */
  readonly above: readonly number[];
}

/**
 * Compares `loss` with `certifiedLoss` wherever both were recorded, up to rounding (`roundingFloor`, in units of the loss; theory/05, law 1).
 * NaN and infinite losses contradict it. Undefined if nothing can be compared.
 */
export function confirm(record: RunColumns, roundingFloor = 0): Confirmation | undefined {
  const { step, loss, certifiedLoss } = record;
  if (loss === undefined || certifiedLoss === undefined) return undefined;
  let compared = 0;
  const above: number[] = [];
  for (let i = 0; i < step.length; i++) {
    const [value, bound] = [loss[i], certifiedLoss[i]];
    if (value === null || value === undefined || bound === null || bound === undefined) continue;
    compared++;
    if (contradicts(value, bound, roundingFloor)) above.push(step[i]);
  }
  return compared > 0 ? { compared, above } : undefined;
}
