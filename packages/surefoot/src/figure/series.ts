import { SurefootError } from "../error.ts";
import type { Curve } from "./spec.ts";

/** A measured number; null (or undefined) where it was not measured. */
export type Measured = number | null | undefined;

/** A quantity along a run: points in the order of steps, or two columns of equal length. */
export type SeriesInput =
  | readonly { readonly step: number; readonly value: Measured }[]
  | { readonly steps: ArrayLike<number>; readonly values: ArrayLike<Measured> };

/**
 * The columns of a run's record, each as long as `step`: `loss`, `lambdaMin`, `lambdaMax`, `certifiedLoss`, `margin`, `kernelDrift`
 * (‖K(k) − K(0)‖_F), `drift:W1` … (‖W_ℓ(k) − W_ℓ(0)‖_F), `flips` (share of all pairs, 0 to 1). A column may be missing; an entry is null where it was not measured.
 */
export interface RunColumns {
  readonly step: ArrayLike<number>;
  readonly [column: string]: ArrayLike<Measured> | undefined;
}

/** Values from here on stand for "no bound at all" (a margin with nothing to divide by is reported as 1e308). */
const UNBOUNDED = 1e300;

/**
 * A series as the coordinates of a curve. Steps without a measurement are left out, so that the curve joins their neighbours; NaN
 * and −∞ break it; +∞ breaks it and is marked as overflow. Throws `argument` if the columns differ in length or a step is not finite.
 */
export function toCoordinates(series: SeriesInput, name: string): Pick<Curve, "x" | "y" | "overflow"> {
  const [steps, values] =
    "steps" in series
      ? [series.steps, series.values]
      : [series.map((point) => point.step), series.map((point) => point.value)];
  if (steps.length !== values.length) {
    throw new SurefootError(
      "argument",
      `figure: "${name}" has ${values.length} values for ${steps.length} steps; give one value (or null) per step`,
    );
  }
  const x: number[] = [];
  const y: (number | null)[] = [];
  const overflow: number[] = [];
  for (let i = 0; i < steps.length; i++) {
    const value = values[i];
    if (value === null || value === undefined) continue;
    if (!Number.isFinite(steps[i])) {
      throw new SurefootError(
        "argument",
        `figure: "${name}" has the step ${steps[i]} in place ${i}; steps must be finite`,
      );
    }
    const unbounded = value >= UNBOUNDED;
    if (unbounded) overflow.push(steps[i]);
    x.push(steps[i]);
    y.push(unbounded || !Number.isFinite(value) ? null : value);
  }
  return overflow.length > 0 ? { x, y, overflow } : { x, y };
}

/** The named column of a record as a curve, or undefined if the record has no such column. */
export function columnCurve(
  columns: RunColumns,
  column: string,
  style: Omit<Curve, "x" | "y" | "overflow">,
): Curve | undefined {
  const values = columns[column];
  if (values === undefined) return undefined;
  const coordinates = toCoordinates({ steps: columns.step, values }, column);
  // A handful of measurements is shown as what it is; a dense one as a line.
  const sparse = coordinates.x.length <= 60 && style.stroke === undefined;
  return { ...style, ...coordinates, ...(sparse ? { draw: "line-and-dots" as const } : {}) };
}

/** The curves that exist, in order. */
export const present = (curves: readonly (Curve | undefined)[]): Curve[] =>
  curves.filter((curve) => curve !== undefined);

/** First and last step of a record (none if it is empty): the x range that all figures of one run share. */
export function stepRange(columns: RunColumns): number[] {
  const steps = Array.from(columns.step);
  return steps.length === 0 ? [] : [steps[0], steps[steps.length - 1]];
}
