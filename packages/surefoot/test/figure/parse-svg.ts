import { parseHTML } from "linkedom";

/** The elements of an SVG text, read by an HTML parser of its own. */
export function parseSvg(svg: string): Element {
  const root = parseHTML(`<!doctype html><html><body>${svg}</body></html>`).document.querySelector("svg");
  if (!root) throw new Error("there is no svg element");
  return root as Element;
}

export const texts = (root: Element) => Array.from(root.querySelectorAll("text"), (node) => node.textContent ?? "");

/** The vertices of the lines drawn for a curve, in pixels of its panel. */
export function vertices(root: Element, name: string): [number, number][] {
  const paths = Array.from(root.querySelectorAll(".curve path")).filter(
    (node) => node.getAttribute("aria-label") === name,
  );
  return paths.flatMap((path) =>
    Array.from(
      (path.getAttribute("d") ?? "").matchAll(/[ML](-?[\d.e-]+),(-?[\d.e-]+)/g),
      ([, x, y]) => [Number(x), Number(y)] as [number, number],
    ),
  );
}

/** The plotting area of the panel an element lies in, from its frame. */
export function frameOf(root: Element): { left: number; top: number; right: number; bottom: number } {
  const frame = root.querySelector('[aria-label="frame"]');
  const read = (name: string) => Number(frame?.getAttribute(name));
  return { left: read("x"), top: read("y"), right: read("x") + read("width"), bottom: read("y") + read("height") };
}
