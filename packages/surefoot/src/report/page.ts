import { type Html, html, markup } from "./html.ts";
import { STYLE } from "./style.ts";

/** Nothing may be loaded or run: a page is its own text, styles and drawings. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

export interface Page {
  readonly title: string;
  readonly description: string;
  /** The content of <main>. */
  readonly body: Html;
  /** After the common style sheet; this package's own text. */
  readonly style?: string;
  readonly version?: string | undefined;
}

/** A self-contained HTML page in the report's style: no scripts, no requests. */
export function htmlPage({ title, description, body, style = "", version }: Page): string {
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="description" content="${description}">
<title>${title}</title>
<style>${markup(STYLE + style)}</style>
</head>
<body>
<main>
${body}
</main>
<footer>Made by Surefoot${version !== undefined && ` ${version}`}. This page holds everything it shows and loads nothing.</footer>
</body>
</html>
`;
  return page.text;
}
