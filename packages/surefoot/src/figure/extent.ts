import type { Axis, Panel } from "./spec.ts";

/** A curve cut into what an axis can hold: runs of consecutive points, and the places where it leaves the axis. */
export interface Strokes {
  /** Index of the run each point belongs to; points of one run are joined. */
  readonly points: readonly { readonly x: number; readonly y: number; readonly run: number }[];
  /** x where y is 0 or negative on a log axis. */
  readonly below: readonly number[];
  /** x where y is +∞. */
  readonly above: readonly number[];
}

const holds = (axis: Axis, value: number) => Number.isFinite(value) && (axis.scale === "linear" || value > 0);

/** Splits x, y into strokes: null breaks the line, and so does a value that the axis cannot hold. */
export function strokesOf(
  x: readonly number[],
  y: readonly (number | null)[],
  overflow: readonly number[],
  axes: { readonly x: Axis; readonly y: Axis },
): Strokes {
  const points: { x: number; y: number; run: number }[] = [];
  const below: number[] = [];
  let run = 0;
  x.forEach((at, i) => {
    const value = y[i];
    if (value !== null && holds(axes.x, at) && holds(axes.y, value)) {
      points.push({ x: at, y: value, run });
      return;
    }
    run++;
    if (value !== null && holds(axes.x, at) && axes.y.scale === "log" && value <= 0) below.push(at);
  });
  return { points, below, above: overflow.filter((at) => holds(axes.x, at)) };
}

export type Extent = readonly [low: number, high: number];

/** The range an axis covers: all values, padded so that curves do not run along the frame; undefined without values. */
export function extentOf(values: Iterable<number>, axis: Axis, pad: number): Extent | undefined {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  const add = (value: number) => {
    if (!holds(axis, value)) return;
    low = Math.min(low, value);
    high = Math.max(high, value);
  };
  for (const value of values) add(value);
  for (const value of axis.include ?? []) add(value);
  if (low > high) return undefined;
  if (axis.scale === "log") {
    const span = Math.log10(high) - Math.log10(low);
    const margin = 10 ** Math.max(span * pad, span < 0.3 ? 0.15 : 0);
    return [Math.max(low / margin, Number.MIN_VALUE), Math.min(high * margin, Number.MAX_VALUE)];
  }
  const span = high - low;
  if (span === 0) return low === 0 ? [-0.5, 0.5] : [low - Math.abs(low) / 2, low + Math.abs(low) / 2];
  const floor = low >= 0 && pad > 0 ? Math.max(0, low - span * pad) : low - span * pad;
  return [floor, high + span * pad];
}

/** The y values of everything drawn in a panel: strokes, bands, horizontal rules and the ends of horizontal regions. */
export function* panelValues(panel: Panel, strokes: readonly Strokes[]): Generator<number> {
  for (const stroke of strokes) for (const point of stroke.points) yield point.y;
  for (const { band } of panel.curves) {
    if (!band) continue;
    for (const value of [...band.lower, ...band.upper]) if (value !== null) yield value;
  }
  for (const rule of panel.rules) if (rule.axis === "y") yield rule.at;
}
