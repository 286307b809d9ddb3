import { escapeXml } from "../figure/svg.ts";

/** Markup that is already safe. Only the `html` template makes it from data; markup() vouches for text made by this package. */
export class Html {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

type Content = Html | string | number | null | undefined | false | readonly Content[];

/** A template whose holes are escaped, unless they hold Html; null, undefined and false leave nothing, arrays are joined. */
export function html(strings: TemplateStringsArray, ...holes: readonly Content[]): Html {
  return new Html(strings.reduce((text, next, i) => text + written(holes[i - 1]) + next));
}

function written(content: Content): string {
  if (content === null || content === undefined || content === false) return "";
  if (content instanceof Html) return content.text;
  if (typeof content === "object") return content.map(written).join("");
  return escapeXml(String(content));
}

/** Text that is markup by construction: this package's own SVG and style sheet, never anything a user supplies. */
export const markup = (text: string) => new Html(text);
