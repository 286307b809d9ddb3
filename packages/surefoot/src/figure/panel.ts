import * as Plot from "@observablehq/plot";
import { keepExtrema } from "./downsample.ts";
import { type Extent, extentOf, panelValues, type Strokes, strokesOf } from "./extent.ts";
import { formatCount } from "./format.ts";
import type { Axis, Curve, Panel } from "./spec.ts";
import { textWidth } from "./text.ts";
import type { Theme } from "./theme.ts";
import { linearTicks, logTicks, type Tick } from "./ticks.ts";

export const TICK_FONT = 11;
export const LABEL_FONT = 12;
const MARGIN = { top: 8, bottom: 38 };

export interface DrawnPanel {
  /** The elements of the panel, to be placed into a group of the figure. */
  readonly nodes: readonly Element[];
  readonly height: number;
  readonly colourOf: (index: number) => string;
}

/** Draws one panel (without its heading and legend) with Observable Plot, `width` pixels wide, in the given document. */
export function drawPanel(panel: Panel, width: number, theme: Theme, document: Document): DrawnPanel {
  const colourOf = (index: number) => theme.curves[(panel.curves[index].colour ?? index) % theme.curves.length];
  const strokes = panel.curves.map((curve) => strokesOf(curve.x, curve.y, curve.overflow ?? [], panel));
  const xs = strokes.flatMap((s) => [...s.points.map((p) => p.x), ...s.below, ...s.above]);
  const drawable = xs.length > 0;
  const xExtent = extentOf(xs, panel.x, 0) ?? placeholder(panel.x);
  const yExtent = extentOf(panelValues(panel, strokes), panel.y, 0.06) ?? placeholder(panel.y);
  const yTicks = ticksOf(panel.y, yExtent, panel.height / 34);
  const marginLeft = 20 + Math.max(24, ...yTicks.map((tick) => textWidth(tick.label, TICK_FONT)));
  // Room for the half of the last tick's label that reaches over the frame.
  const marginRight = 12 + Math.max(...xExtent.map((end) => textWidth(formatCount(end), TICK_FONT))) / 2;
  const inner = width - marginLeft - marginRight;
  const xTicks = ticksOf(panel.x, xExtent, inner / 90);
  const height = panel.height + MARGIN.top + MARGIN.bottom;
  const context = { panel, xExtent, yExtent, theme, inner, colourOf };
  const svg = Plot.plot({
    document,
    className: "surefoot-panel",
    width,
    height,
    marginTop: MARGIN.top,
    marginRight,
    marginBottom: MARGIN.bottom,
    marginLeft,
    axis: null,
    x: { type: panel.x.scale, domain: [...xExtent], label: null },
    y: { type: panel.y.scale, domain: [...yExtent], label: null },
    marks: [
      ...panel.regions.map((_, i) => regionMark(context, i)),
      Plot.gridY(values(yTicks), { stroke: theme.grid, strokeOpacity: 1 }),
      Plot.gridX(values(xTicks), { stroke: theme.grid, strokeOpacity: 1 }),
      Plot.frame({ stroke: theme.frame }),
      axisMark("x", xTicks, theme, panel.x.label),
      axisMark("y", yTicks, theme),
      ...panel.curves.flatMap((curve, i) => bandMarks(context, curve, i)),
      ...panel.rules.map((_, i) => ruleMark(context, i)),
      ...panel.curves.flatMap((curve, i) => curveMarks(context, curve, strokes[i], i)),
      ...panel.rules.flatMap((_, i) => ruleLabel(context, i)),
      ...panel.regions.flatMap((_, i) => regionLabel(context, i)),
      ...(drawable
        ? []
        : [Plot.text([panel.whenEmpty], { frameAnchor: "middle", fill: theme.muted, fontSize: LABEL_FONT })]),
    ],
  });
  const nodes = Array.from(svg.children).filter((node) => node.localName !== "style");
  nodes.forEach(onWholePixels);
  return { nodes, height, colourOf };
}

/**
 * Plot shifts every mark by half a pixel where it takes the screen for a coarse one (a browser with one device pixel per CSS pixel),
 * and not elsewhere. All marks here are shifted by whole pixels, so rounding down gives the same drawing everywhere.
 */
function onWholePixels(node: Element): void {
  const shift = /^translate\((-?[\d.]+),(-?[\d.]+)\)$/.exec(node.getAttribute("transform") ?? "");
  if (!shift) return;
  const [x, y] = [Math.floor(Number(shift[1])), Math.floor(Number(shift[2]))];
  if (x === 0 && y === 0) node.removeAttribute("transform");
  else node.setAttribute("transform", `translate(${x},${y})`);
}

interface Context {
  readonly panel: Panel;
  readonly xExtent: Extent;
  readonly yExtent: Extent;
  readonly theme: Theme;
  readonly inner: number;
  readonly colourOf: (index: number) => string;
}

const placeholder = (axis: Axis): Extent => (axis.scale === "log" ? [0.1, 10] : [0, 1]);
const values = (ticks: readonly Tick[]) => ticks.map((tick) => tick.value);

function ticksOf(axis: Axis, [low, high]: Extent, count: number): Tick[] {
  return axis.scale === "log" ? logTicks(low, high, count) : linearTicks(low, high, count, axis.whole);
}

function axisMark(
  axis: "x" | "y",
  ticks: readonly Tick[],
  theme: Theme,
  label: string | null = null,
): Plot.CompoundMark {
  const options = {
    // Not tickFormat: on a log axis Plot lets the scale drop labels from it.
    text: (_: unknown, i: number) => ticks[i].label,
    color: theme.muted,
    fontSize: TICK_FONT,
    label,
    labelArrow: "none" as const,
    tickSize: 4,
  };
  return axis === "x"
    ? Plot.axisX(values(ticks), { ...options, labelAnchor: "center", labelOffset: 34 })
    : Plot.axisY(values(ticks), options);
}

function bandMarks({ xExtent, yExtent, panel, colourOf }: Context, curve: Curve, index: number): Plot.Markish[] {
  const band = curve.band;
  if (!band) return [];
  // An end that is not a number makes Plot break the area there.
  const points = curve.x.map((x, i) => {
    const [lower, upper] = [band.lower[i], band.upper[i]];
    const known = lower !== null && upper !== null && (panel.y.scale === "linear" || upper > 0) && x >= xExtent[0];
    return known ? { x, lower: Math.max(lower, yExtent[0]), upper } : { x, lower: Number.NaN, upper: Number.NaN };
  });
  return [
    Plot.areaY(points, {
      x: "x",
      y1: "lower",
      y2: "upper",
      fill: colourOf(index),
      fillOpacity: 0.18,
      className: "band",
      ariaLabel: () => `band of ${curve.name}`,
    }),
  ];
}

const DASHES = { solid: undefined, dashed: "7 4", dotted: "2 3" };

/** The dash pattern of a curve, as the legend shows it too. */
export const dashOf = (curve: Curve) => DASHES[curve.stroke ?? "solid"];

function curveMarks(context: Context, curve: Curve, strokes: Strokes, index: number): Plot.Markish[] {
  const colour = context.colourOf(index);
  const draw = curve.draw ?? "line";
  const points = draw === "dots" ? strokes.points : thinned(context, strokes.points);
  const alone = points.filter((p, i) => points[i - 1]?.run !== p.run && points[i + 1]?.run !== p.run);
  const dots = draw === "line" ? alone : points;
  const marks: Plot.Markish[] = [];
  if (draw !== "dots" && points.length > alone.length) {
    marks.push(
      Plot.line(points, {
        x: "x",
        y: "y",
        z: "run",
        stroke: colour,
        strokeWidth: 2,
        strokeLinejoin: "round",
        ...(dashOf(curve) ? { strokeDasharray: dashOf(curve) as string } : {}),
        className: "curve",
        ariaLabel: () => curve.name,
      }),
    );
  }
  if (dots.length > 0) {
    marks.push(
      Plot.dot(dots, {
        x: "x",
        y: "y",
        r: draw === "dots" ? 2.5 : 3,
        fill: colour,
        className: "points",
      }),
    );
  }
  const edge = (xs: readonly number[], glyph: string, y: number, dy: number) => {
    if (xs.length === 0) return;
    const shown = keepExtrema(
      xs.map((x) => Math.floor(scaled(context.panel.x, context.xExtent, x) * (context.inner / 12))),
      xs,
    );
    marks.push(
      Plot.text(
        shown.map((i) => ({ x: xs[i], y })),
        { x: "x", y: "y", text: () => glyph, dy, fill: colour, fontSize: 10, className: "off-scale" },
      ),
    );
  };
  edge(strokes.below, "▼", context.yExtent[0], -7);
  edge(strokes.above, "▲", context.yExtent[1], 7);
  return marks;
}

const middle = (axis: Axis, [low, high]: Extent) =>
  axis.scale === "log" ? Math.sqrt(low) * Math.sqrt(high) : (low + high) / 2;

/** Position on an axis as a fraction of its length. */
function scaled(axis: Axis, [low, high]: Extent, value: number): number {
  if (axis.scale === "linear") return (value - low) / (high - low);
  return (Math.log(value) - Math.log(low)) / (Math.log(high) - Math.log(low));
}

/** At most four points per pixel column and run, extrema kept. */
function thinned({ panel, xExtent, inner }: Context, points: Strokes["points"]): Strokes["points"] {
  if (points.length <= 2 * inner) return points;
  // Runs are told apart by columns of their own, so that no run loses its ends.
  const columns = Math.ceil(inner) + 1;
  const position = points.map((p) => p.run * columns + Math.floor(scaled(panel.x, xExtent, p.x) * inner));
  return keepExtrema(
    position,
    points.map((p) => p.y),
  ).map((i) => points[i]);
}

const colourOfTone = (theme: Theme) => ({ certified: theme.certified, threshold: theme.threshold, muted: theme.muted });

const inside = (value: number, [low, high]: Extent) => value >= low && value <= high;

function ruleMark({ panel, theme, xExtent, yExtent }: Context, index: number): Plot.Markish {
  const rule = panel.rules[index];
  const options = {
    stroke: colourOfTone(theme)[rule.tone],
    strokeWidth: rule.tone === "muted" ? 1 : 1.5,
    ...(rule.tone === "threshold" ? {} : { strokeDasharray: "4 3" }),
    className: `rule ${rule.tone}`,
    ariaLabel: () => rule.label ?? null,
  };
  const at = inside(rule.at, rule.axis === "x" ? xExtent : yExtent) ? [rule.at] : [];
  return rule.axis === "x" ? Plot.ruleX(at, options) : Plot.ruleY(at, options);
}

function ruleLabel({ panel, theme, xExtent, yExtent, inner }: Context, index: number): Plot.Markish[] {
  const rule = panel.rules[index];
  if (rule.label === undefined || !inside(rule.at, rule.axis === "x" ? xExtent : yExtent)) return [];
  const style = {
    text: () => rule.label,
    fill: colourOfTone(theme)[rule.tone],
    stroke: theme.background,
    strokeWidth: 3,
    fontSize: LABEL_FONT,
    className: "rule-label",
  };
  if (rule.axis === "y") {
    const end = rule.labelAt !== "start";
    const x = end ? xExtent[1] : xExtent[0];
    return [
      Plot.text([rule], { ...style, x: () => x, y: "at", textAnchor: end ? "end" : "start", dx: end ? -6 : 6, dy: -8 }),
    ];
  }
  const fraction = scaled(panel.x, xExtent, rule.at);
  const right = fraction * inner + textWidth(rule.label, LABEL_FONT) + 8 < inner;
  const at = {
    start: { y: yExtent[0], dy: -12 },
    middle: { y: middle(panel.y, yExtent), dy: 0 },
    end: { y: yExtent[1], dy: 12 },
  };
  const { y, dy } = at[rule.labelAt ?? "end"];
  return [
    Plot.text([rule], {
      ...style,
      x: "at",
      y: () => y,
      textAnchor: right ? "start" : "end",
      dx: right ? 6 : -6,
      dy,
    }),
  ];
}

function bounds({ panel, xExtent, yExtent }: Context, index: number) {
  const region = panel.regions[index];
  const [low, high] = region.axis === "x" ? xExtent : yExtent;
  const clamp = (value: number) => Math.min(high, Math.max(low, value));
  return { region, from: clamp(region.from ?? low), to: clamp(region.to ?? high) };
}

function regionMark(context: Context, index: number): Plot.Markish {
  const { region, from, to } = bounds(context, index);
  const across = region.axis === "x" ? context.yExtent : context.xExtent;
  const corners =
    region.axis === "x"
      ? { x1: from, x2: to, y1: across[0], y2: across[1] }
      : { x1: across[0], x2: across[1], y1: from, y2: to };
  return Plot.rect(from < to ? [corners] : [], {
    x1: "x1",
    x2: "x2",
    y1: "y1",
    y2: "y2",
    fill: context.theme.certified,
    fillOpacity: 0.12,
    className: "region",
    ariaLabel: () => region.label ?? null,
  });
}

function regionLabel(context: Context, index: number): Plot.Markish[] {
  const { region, from, to } = bounds(context, index);
  if (region.label === undefined || from >= to) return [];
  const at = region.axis === "x" ? { x: from, y: context.yExtent[1] } : { x: context.xExtent[0], y: to };
  return [
    Plot.text([at], {
      x: "x",
      y: "y",
      text: () => region.label,
      textAnchor: "start",
      dx: 6,
      dy: 12,
      fill: context.theme.certified,
      stroke: context.theme.background,
      strokeWidth: 3,
      fontSize: LABEL_FONT,
      className: "region-label",
    }),
  ];
}
