/** XML names and values are escaped here and nowhere else: everything that reaches an SVG goes through the DOM and this writer. */
export function escapeXml(text: string): string {
  return Array.from(text, (c) => (holdable(c) ? c : "\ufffd"))
    .join("")
    .replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}

/** XML 1.0 has no way to write most control characters; lone surrogates are no characters at all. */
function holdable(character: string): boolean {
  const code = character.codePointAt(0) ?? 0;
  if (code >= 0xd800 && code <= 0xdfff) return false;
  return code >= 0x20 ? code !== 0xfffe && code !== 0xffff : code === 0x9 || code === 0xa || code === 0xd;
}

const ELEMENT = 1;
const TEXT = 3;

/** Two decimals of a pixel are beyond sight, and they hide the last bits in which mathematical functions differ between engines. */
const rounded = (text: string) =>
  text.replace(/-?\d+\.\d{3,}(?:e[-+]?\d+)?/g, (n) => String(Number(Number(n).toFixed(2)) + 0));

/** Attributes that hold words, not coordinates. */
const WORDS = new Set(["aria-label", "class", "fill", "stroke", "font-family", "role", "xmlns"]);

/**
 * The XML of a DOM subtree, attributes in alphabetical order and coordinates rounded to 0.01: the same bytes from every DOM
 * implementation, which their own serialisers do not promise.
 */
export function serializeSvg(node: Node): string {
  if (node.nodeType === TEXT) return escapeXml(node.nodeValue ?? "");
  if (node.nodeType !== ELEMENT) return "";
  const element = node as Element;
  const name = element.localName;
  const attributes = Array.from(element.attributes)
    .map(({ name, value }) => [name, WORDS.has(name) ? value : rounded(value)] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => ` ${key}="${escapeXml(value)}"`)
    .join("");
  const inside = Array.from(element.childNodes, serializeSvg).join("");
  return inside === "" ? `<${name}${attributes}/>` : `<${name}${attributes}>${inside}</${name}>`;
}

const SVG = "http://www.w3.org/2000/svg";

/** Makes SVG elements in a given document, so that drawing needs no global one. */
export function svgMaker(document: Document) {
  return (
    name: string,
    attributes: Readonly<Record<string, string | number>>,
    ...children: (Node | string)[]
  ): Element => {
    const element = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
    for (const child of children)
      element.appendChild(typeof child === "string" ? document.createTextNode(child) : child);
    return element;
  };
}

export type SvgMaker = ReturnType<typeof svgMaker>;
