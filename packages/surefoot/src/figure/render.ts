import { dashOf, drawPanel, LABEL_FONT } from "./panel.ts";
import type { FigureSpec, Panel } from "./spec.ts";
import { type SvgMaker, serializeSvg, svgMaker } from "./svg.ts";
import { textWidth, wrapText } from "./text.ts";
import { DARK, LIGHT, type Theme, themePairs } from "./theme.ts";

/** Theme and wording of a drawing. */
export interface RenderOptions {
  /**
   * `light` and `dark` are fixed. `auto` (the default) is light, and dark on the screen of a reader who prefers it; programs that
   * ignore style sheets show it light.
   */
  readonly theme?: "light" | "dark" | "auto";
  /** Whether the title and the caption are drawn into the SVG (default) or left to the page that shows it. */
  readonly words?: "inside" | "omitted";
}

const TITLE_FONT = 16;
const PADDING = 12;

/**
 * A figure as SVG text. `document` makes the elements: a browser's own, or nodeDocument() elsewhere; the result is the same, byte for
 * byte, and depends on nothing but the arguments.
 */
export function renderSvg(spec: FigureSpec, document: Document, options: RenderOptions = {}): string {
  const theme = options.theme === "dark" ? DARK : LIGHT;
  const words = options.words !== "omitted";
  const make = svgMaker(document);
  const children: Element[] = [];
  let y = words ? PADDING : 4;

  const lines = (text: string, size: number, attributes: Record<string, string | number>) => {
    for (const line of wrapText(text, size, spec.width - 2 * PADDING)) {
      y += size * 1.4;
      children.push(make("text", { x: PADDING, y: y - size * 0.35, "font-size": size, ...attributes }, line));
    }
  };

  if (words) {
    lines(spec.title, TITLE_FONT, { class: "title", fill: theme.ink, "font-weight": "bold" });
    y += 6;
  }
  for (const panel of spec.panels) {
    const drawn = drawPanel(panel, spec.width, theme, document);
    lines(panel.y.label, LABEL_FONT, { class: "y-label", fill: theme.ink });
    const legend = drawLegend(make, panel, spec.width, theme, drawn.colourOf, y);
    children.push(...legend.nodes);
    y = legend.bottom;
    children.push(
      make("g", { class: "panel", transform: `translate(0,${y})`, "text-anchor": "middle" }, ...drawn.nodes),
    );
    y += drawn.height + 6;
  }
  if (words) lines(spec.caption, LABEL_FONT, { class: "caption", fill: theme.muted });
  const height = Math.ceil(y + (words ? PADDING : 2));

  const svg = make(
    "svg",
    {
      xmlns: "http://www.w3.org/2000/svg",
      class: "surefoot-figure",
      role: "img",
      "aria-label": `${spec.title}. ${spec.alt}`,
      width: spec.width,
      height,
      viewBox: `0 0 ${spec.width} ${height}`,
      "font-family": "system-ui, 'DejaVu Sans', sans-serif",
      fill: theme.ink,
    },
    ...((options.theme ?? "auto") === "auto" ? [make("style", {}, darkStyle())] : []),
    // One unit over the edge: a scale that leaves a fraction of a pixel must not leave it half painted.
    make("rect", { width: spec.width + 1, height: height + 1, fill: theme.background }),
    ...children,
  );
  return `${serializeSvg(svg)}\n`;
}

/** The light colours stand in attributes; this style sheet exchanges them for the dark ones where the reader prefers those. */
function darkStyle(): string {
  const rules = themePairs(LIGHT, DARK).flatMap(([light, dark]) =>
    ["fill", "stroke"].map(
      (property) =>
        `.surefoot-figure[${property}=${quoted(light)}],.surefoot-figure [${property}=${quoted(light)}]{${property}:${dark}}`,
    ),
  );
  return `@media screen and (prefers-color-scheme:dark){${rules.join("")}}`;
}

/** A colour as a CSS identifier: inside HTML a style element's text is not unescaped, so it must not hold quotes. */
const quoted = (colour: string) => colour.replace("#", "\\#");

/** One entry per curve, in rows; nothing for a single curve, which the axis label already names. */
function drawLegend(
  make: SvgMaker,
  panel: Panel,
  width: number,
  theme: Theme,
  colourOf: (index: number) => string,
  top: number,
): { nodes: Element[]; bottom: number } {
  if (panel.curves.length < 2) return { nodes: [], bottom: top };
  const nodes: Element[] = [];
  const row = LABEL_FONT * 1.5;
  let x = PADDING;
  let y = top + row;
  panel.curves.forEach((curve, i) => {
    const length = 30 + textWidth(curve.name, LABEL_FONT) + 16;
    if (x > PADDING && x + length > width) {
      x = PADDING;
      y += row;
    }
    const middle = y - LABEL_FONT * 0.35;
    const stroke = {
      stroke: colourOf(i),
      "stroke-width": 2,
      ...(dashOf(curve) ? { "stroke-dasharray": dashOf(curve) as string } : {}),
    };
    nodes.push(
      make(
        "g",
        { class: "legend-entry" },
        curve.draw === "dots"
          ? make("circle", { cx: x + 12, cy: middle, r: 3, fill: colourOf(i) })
          : make("line", { x1: x, x2: x + 24, y1: middle, y2: middle, ...stroke }),
        make("text", { x: x + 30, y, "font-size": LABEL_FONT, fill: theme.ink }, curve.name),
      ),
    );
    x += length;
  });
  return { nodes, bottom: y + 4 };
}
