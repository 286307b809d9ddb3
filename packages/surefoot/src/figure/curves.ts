import { SurefootError } from "../error.ts";
import { fitLine } from "./fit.ts";
import { formatNumber } from "./format.ts";
import { type Measured, toCoordinates } from "./series.ts";
import { type Axis, type Curve, DEFAULT_WIDTH, type FigureSpec, type Region, type Rule } from "./spec.ts";

/** One curve of a figure, with its name. */
export interface NamedCurve {
  readonly name: string;
  readonly x: ArrayLike<number>;
  readonly y: ArrayLike<Measured>;
  /** Ends of a confidence band, one per point. */
  readonly lower?: ArrayLike<Measured>;
  readonly upper?: ArrayLike<Measured>;
  readonly draw?: Curve["draw"];
  readonly stroke?: Curve["stroke"];
  /** Draws the least-squares line in the axes' coordinates and names its slope in the legend. */
  readonly fit?: boolean;
}

/** Several named curves with their axes. */
export interface CurvesFigureInput {
  readonly title: string;
  readonly caption: string;
  readonly alt?: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly curves: readonly NamedCurve[];
  readonly rules?: readonly Rule[];
  readonly regions?: readonly Region[];
  readonly width?: number;
  /** Pixels of the plotting area; 300 by default. */
  readonly height?: number;
}

/** Any named curves over one pair of axes, with confidence bands and fitted slopes. Throws `argument` for columns of unequal length. */
export function curvesFigure(input: CurvesFigureInput): FigureSpec {
  const curves = input.curves.flatMap((curve, i) => {
    const drawn = toCurve(curve, i);
    const fit = curve.fit ? fitLine(drawn, input.x, input.y) : undefined;
    if (!fit) return [drawn];
    const line: Curve = {
      name: `fit to ${curve.name}: slope ${formatNumber(fit.slope)}`,
      x: fit.ends.map((end) => end.x),
      y: fit.ends.map((end) => end.y),
      stroke: "dotted",
      colour: i,
    };
    return [drawn, line];
  });
  return {
    title: input.title,
    caption: input.caption,
    alt: input.alt ?? `${input.y.label} against ${input.x.label}: ${input.curves.map(({ name }) => name).join(", ")}.`,
    width: input.width ?? DEFAULT_WIDTH,
    panels: [
      {
        x: input.x,
        y: input.y,
        curves,
        rules: input.rules ?? [],
        regions: input.regions ?? [],
        height: input.height ?? 300,
        whenEmpty: "There is no value to show.",
      },
    ],
  };
}

function toCurve({ name, x, y, lower, upper, draw, stroke }: NamedCurve, colour: number): Curve {
  const style = { name, colour, ...(draw ? { draw } : {}), ...(stroke ? { stroke } : {}) };
  const coordinates = toCoordinates({ steps: x, values: y }, name);
  if (lower === undefined && upper === undefined) return { ...style, ...coordinates };
  if (lower?.length !== x.length || upper?.length !== x.length) {
    throw new SurefootError(
      "argument",
      `figure: the band of "${name}" needs one lower and one upper end per point (${x.length})`,
    );
  }
  // The curve leaves out what was not measured: the band's ends must follow it.
  const measured = Array.from(x, (_, i) => i).filter((i) => y[i] !== null && y[i] !== undefined);
  const ends = (values: ArrayLike<Measured>) =>
    measured.map((i) => {
      const value = values[i];
      return typeof value === "number" && Number.isFinite(value) ? value : null;
    });
  return { ...style, ...coordinates, band: { lower: ends(lower), upper: ends(upper) } };
}
