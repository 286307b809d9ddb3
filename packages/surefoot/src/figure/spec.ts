/**
 * A figure as plain data: JSON in, the same SVG out on every machine. The builders (loss.ts, kernel.ts, margin.ts, spectrum.ts,
 * curves.ts) make such specs from measurements; render.ts draws any of them.
 */
export interface FigureSpec {
  /** One line above the figure. */
  readonly title: string;
  /** How to read the figure, in full sentences: drawn below it, or left to the page that shows it. */
  readonly caption: string;
  /** What the figure shows, for readers who cannot see it. */
  readonly alt: string;
  /** Pixels. Fonts have a fixed size, so a narrow figure keeps readable text; 360 to 960 is sensible. */
  readonly width: number;
  /** Drawn one below the other. */
  readonly panels: readonly Panel[];
}

/** One set of axes with its curves. */
export interface Panel {
  readonly x: Axis;
  readonly y: Axis;
  readonly curves: readonly Curve[];
  readonly rules: readonly Rule[];
  readonly regions: readonly Region[];
  /** Pixels of the plotting area, without axes and legend. */
  readonly height: number;
  /** Shown in place of the curves when none has a value that the axes can hold. */
  readonly whenEmpty: string;
}

/** One axis of a panel. */
export interface Axis {
  /** The quantity and its unit. */
  readonly label: string;
  readonly scale: "linear" | "log";
  /** Values that must lie inside the axis besides the curves' own. Non-positive ones are ignored on a log axis. */
  readonly include?: readonly number[];
  /** Ticks at whole numbers only, e.g. for steps. */
  readonly whole?: boolean;
}

/** One named curve. All arrays have the length of `x`. */
export interface Curve {
  readonly name: string;
  /** Finite, not decreasing unless `draw` is "dots". */
  readonly x: readonly number[];
  /** Finite, or null where the curve breaks. On a log axis a value ≤ 0 breaks it too and is marked ▼ at the lower edge. */
  readonly y: readonly (number | null)[];
  /** x of the points whose value is too large for any axis (+∞): marked ▲ at the upper edge. */
  readonly overflow?: readonly number[];
  /** A confidence band around the curve; null where it is unknown. */
  readonly band?: { readonly lower: readonly (number | null)[]; readonly upper: readonly (number | null)[] };
  /** `line` by default; `line-and-dots` marks every measurement. */
  readonly draw?: "line" | "dots" | "line-and-dots";
  readonly stroke?: "solid" | "dashed" | "dotted";
  /** Index into the palette (theme.ts); the position in the panel by default. */
  readonly colour?: number;
}

/** A straight line across the panel. */
export interface Rule {
  readonly axis: "x" | "y";
  readonly at: number;
  readonly label?: string;
  /** Where along the rule the label stands; `start` is the bottom or the left. `end` by default; `middle` only for axis `x`. */
  readonly labelAt?: "start" | "middle" | "end";
  readonly tone: "certified" | "threshold" | "muted";
}

/** A shaded strip between two values of one axis; an end left out reaches the edge. */
export interface Region {
  readonly axis: "x" | "y";
  readonly from?: number;
  readonly to?: number;
  readonly label?: string;
}

/** Width of a figure where the caller names none. */
export const DEFAULT_WIDTH = 760;
