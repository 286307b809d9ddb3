import { type FigureSpec, renderSvg } from "../figure/index.ts";
import { type Html, html, markup } from "./html.ts";

const WIDE = 780;
const NARROW = 380;

/** A figure in both widths, of which the style sheet shows one, with its caption below it. */
export function figureBlock(build: (width: number) => FigureSpec, document: Document): Html {
  const spec = build(WIDE);
  const draw = (each: FigureSpec) => markup(renderSvg(each, document, { theme: "auto", words: "omitted" }));
  return html`<figure><h3>${spec.title}</h3><div class="wide">${draw(spec)}</div><div class="narrow">${draw(build(NARROW))}</div>
<figcaption>${spec.caption}</figcaption></figure>\n`;
}
