import { turn } from "@surefoot/linalg";
import type { ScheduleSpec } from "../../spec/schedule.ts";

/** η_k of a schedule, k = 0, 1, …, for the run's step size η. */
export function stepSizeAt(schedule: ScheduleSpec, stepSize: number, k: number): number {
  switch (schedule.kind) {
    case "constant":
      return stepSize;
    case "step-decay":
      return stepSize * wholePower(schedule.factor, Math.floor(k / schedule.every));
    case "cosine": {
      const { steps, floor } = schedule;
      const angle = { cos: 1, sin: 0 };
      turn((0.5 * Math.min(k, steps)) / steps, angle);
      return stepSize * (floor + (1 - floor) * 0.5 * (1 + angle.cos));
    }
    case "inverse-time":
      return stepSize / (1 + schedule.rate * k);
    case "list":
      return stepSize * schedule.factors[Math.min(k, schedule.factors.length - 1)];
  }
}

/** x^k by repeated squaring: the same bits in every engine, which `**` is not. */
export function wholePower(x: number, k: number): number {
  let [result, square] = [1, x];
  for (let left = k; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) result *= square;
    square *= square;
  }
  return result;
}
