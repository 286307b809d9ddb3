import { prepareCanvas } from "./canvas.ts";
import type { Colours } from "./colours.ts";
import { linearTicks, logTicks, powerOfTen, tickLabel } from "./ticks.ts";

export interface Line {
  readonly name: string;
  readonly x: Float64Array;
  /** NaN: not measured, the line goes on to the next value. */
  readonly y: Float64Array;
  readonly colour: string;
  readonly dashed?: boolean;
  readonly width?: number;
}

export interface Rule {
  readonly axis: "x" | "y";
  readonly at: number;
  readonly label: string;
  readonly colour: string;
  /** Where the label of a horizontal rule stands; right by default. */
  readonly labelAt?: "left" | "right";
}

export interface Chart {
  readonly lines: readonly Line[];
  readonly rules: readonly Rule[];
  readonly yScale: "linear" | "log";
  /** Values that the y axis must show. */
  readonly include?: readonly number[];
  readonly xLabel: string;
}

const FONT = "12px system-ui, sans-serif";
const LEFT = 52;
const RIGHT = 12;
const TOP = 18;
const BOTTOM = 34;
/** Height of a label, and room between two of them. */
const LINE = 14;
const GAP = 10;

/** Draws the chart for the columns so far; cheap enough for every frame: at most four points of a line per pixel column. */
export function drawChart(canvas: HTMLCanvasElement, chart: Chart, colours: Colours): void {
  const prepared = prepareCanvas(canvas);
  if (!prepared) return;
  const { context, width, height } = prepared;
  const log = chart.yScale === "log";
  const plot = { left: LEFT, right: width - RIGHT, top: TOP, bottom: height - BOTTOM };
  const x = xRange(chart);
  const y = yRange(chart, log);
  const toX = (value: number) => plot.left + ((value - x.low) / (x.high - x.low)) * (plot.right - plot.left);
  const place = log ? Math.log10 : (value: number) => value;
  const toY = (value: number) => plot.bottom - ((place(value) - y.low) / (y.high - y.low)) * (plot.bottom - plot.top);

  context.font = FONT;
  context.lineWidth = 1;
  context.textBaseline = "middle";
  context.textAlign = "right";
  const ticks = log ? logTicks(y.low, y.high) : linearTicks(y.low, y.high, Math.max(2, Math.floor(height / 50)));
  for (const tick of ticks) {
    const at = Math.round(toY(log ? 10 ** tick : tick)) + 0.5;
    context.strokeStyle = colours.grid;
    segment(context, plot.left, at, plot.right, at);
    context.fillStyle = colours.muted;
    context.fillText(log ? powerOfTen(tick) : tickLabel(tick), plot.left - 6, at);
  }
  context.textAlign = "center";
  context.textBaseline = "top";
  context.fillStyle = colours.muted;
  for (const tick of linearTicks(x.low, x.high, Math.max(2, Math.floor(width / 110)))) {
    if (tick === Math.round(tick)) context.fillText(tickLabel(tick), toX(tick), plot.bottom + 4);
  }
  context.textBaseline = "bottom";
  context.fillText(chart.xLabel, (plot.left + plot.right) / 2, height);

  context.save();
  context.beginPath();
  context.rect(plot.left, plot.top - 2, plot.right - plot.left, plot.bottom - plot.top + 4);
  context.clip();
  for (const line of chart.lines) drawLine(context, line, toX, toY, log);
  for (const rule of chart.rules) {
    context.strokeStyle = rule.colour;
    context.setLineDash([2, 3]);
    if (rule.axis === "x") segment(context, toX(rule.at), plot.top, toX(rule.at), plot.bottom);
    else if (!log || rule.at > 0) segment(context, plot.left, toY(rule.at), plot.right, toY(rule.at));
    context.setLineDash([]);
  }
  context.restore();
  const labels = new Labels(context, plot, colours);
  for (const rule of chart.rules) {
    const size = context.measureText(rule.label).width;
    if (rule.axis === "x") {
      const at = toX(rule.at);
      labels.put(rule, plot.right - at > size ? at : at - size, plot.top - 2);
    } else if (!log || rule.at > 0) {
      const at = toY(rule.at);
      if (at < plot.top || at > plot.bottom + 1) continue;
      labels.put(rule, rule.labelAt === "left" ? plot.left + 4 : plot.right - size, at - 1);
    }
  }
}

/** Labels of rules: beside each other where they would overlap, and legible on top of a line. */
class Labels {
  readonly #context: CanvasRenderingContext2D;
  readonly #right: number;
  readonly #surface: string;
  readonly #placed: { readonly from: number; readonly to: number; readonly y: number }[] = [];

  constructor(context: CanvasRenderingContext2D, { right }: { readonly right: number }, { surface }: Colours) {
    this.#context = context;
    this.#right = right;
    this.#surface = surface;
    context.textAlign = "left";
    context.textBaseline = "bottom";
  }

  put({ label, colour }: Rule, left: number, y: number): void {
    if (label === "") return;
    const context = this.#context;
    const size = context.measureText(label).width;
    let from = left;
    for (const other of this.#placed) {
      if (Math.abs(other.y - y) >= LINE || from > other.to + GAP || from + size < other.from - GAP) continue;
      from = other.to + GAP + size <= this.#right ? other.to + GAP : other.from - GAP - size;
    }
    this.#placed.push({ from, to: from + size, y });
    context.strokeStyle = this.#surface;
    context.lineWidth = 4;
    context.strokeText(label, from, y);
    context.lineWidth = 1;
    context.fillStyle = colour;
    context.fillText(label, from, y);
  }
}

function drawLine(
  context: CanvasRenderingContext2D,
  { x, y, colour, dashed, width }: Line,
  toX: (value: number) => number,
  toY: (value: number) => number,
  log: boolean,
): void {
  context.strokeStyle = colour;
  context.lineWidth = width ?? 2;
  context.setLineDash(dashed ? [6, 4] : []);
  context.lineJoin = "round";
  context.beginPath();
  let drawing = false;
  let pixel = Number.NaN;
  let [low, high, last] = [0, 0, 0];
  let points = 0;
  const close = () => {
    if (points > 1) {
      context.lineTo(pixel, low);
      context.lineTo(pixel, high);
      context.lineTo(pixel, last);
    }
  };
  for (let i = 0; i < x.length; i++) {
    const value = y[i];
    if (Number.isNaN(value)) continue;
    if (!Number.isFinite(value) || (log && value <= 0)) {
      close();
      drawing = false;
      pixel = Number.NaN;
      points = 0;
      continue;
    }
    const [px, py] = [Math.round(toX(x[i]) * 2) / 2, toY(value)];
    if (px === pixel) {
      low = Math.min(low, py);
      high = Math.max(high, py);
      last = py;
      points++;
      continue;
    }
    close();
    if (drawing) context.lineTo(px, py);
    else context.moveTo(px, py);
    drawing = true;
    pixel = px;
    low = high = last = py;
    points = 1;
  }
  close();
  context.stroke();
  context.setLineDash([]);
  context.lineWidth = 1;
}

function xRange({ lines }: Chart): { low: number; high: number } {
  let high = 10;
  for (const { x } of lines) if (x.length > 0) high = Math.max(high, x[x.length - 1]);
  return { low: 0, high };
}

function yRange({ lines, rules, include = [] }: Chart, log: boolean): { low: number; high: number } {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  const take = (value: number) => {
    if (!Number.isFinite(value) || value > 1e300 || (log && value <= 0)) return;
    if (value < low) low = value;
    if (value > high) high = value;
  };
  for (const { y } of lines) for (let i = 0; i < y.length; i++) take(y[i]);
  for (const value of include) take(value);
  for (const { axis, at } of rules) if (axis === "y") take(at);
  if (low > high) return log ? { low: -1, high: 1 } : { low: 0, high: 1 };
  if (log) {
    const [bottom, top] = [Math.max(Math.log10(low), -320), Math.log10(high)];
    const pad = Math.max(0.08 * (top - bottom), 0.1);
    return { low: bottom - pad, high: top + pad };
  }
  const pad = 0.06 * (high - low) || Math.abs(high) * 0.1 || 1;
  return { low: low >= 0 && low - pad < 0 ? 0 : low - pad, high: high + pad };
}

const segment = (context: CanvasRenderingContext2D, x1: number, y1: number, x2: number, y2: number) => {
  context.beginPath();
  context.moveTo(x1, y1);
  context.lineTo(x2, y2);
  context.stroke();
};
