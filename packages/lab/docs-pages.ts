import { readdirSync, readFileSync } from "node:fs";
import { Marked } from "marked";
import type { Plugin } from "vite";

const DOCS = new URL("../../docs/", import.meta.url);

/** Generated from the code, long, and full of links into it. */
const LEFT_OUT = ["api.md"];

/** Puts the manual beside the page, as HTML that any host can serve and that is kept for work without a network. */
export function manual(): Plugin {
  return {
    name: "surefoot-manual",
    apply: "build",
    generateBundle() {
      const names = readdirSync(DOCS).filter((name) => name.endsWith(".md") && !LEFT_OUT.includes(name));
      const emit = (fileName: string, source: string) => this.emitFile({ type: "asset", fileName, source });
      emit("docs/style.css", STYLE);
      for (const name of names) {
        emit(`docs/${htmlName(name)}`, page(readFileSync(new URL(name, DOCS), "utf8"), names));
      }
    },
  };
}

const htmlName = (name: string) => name.replace(/\.md$/, ".html");

function page(text: string, names: readonly string[]): string {
  const marked = new Marked({
    renderer: {
      // what does not come with the lab is named, not linked
      link({ href, tokens }) {
        const words = this.parser.parseInline(tokens);
        const [file, anchor] = href.split("#");
        if (/^https?:/.test(href)) return `<a href="${href}">${words}</a>`;
        if (file !== "" && !names.includes(file)) return words;
        return `<a href="${htmlName(file)}${anchor === undefined ? "" : `#${anchor}`}">${words}</a>`;
      },
      heading({ tokens, depth, text: words }) {
        return `<h${depth} id="${slug(words)}">${this.parser.parseInline(tokens)}</h${depth}>\n`;
      },
      table(token) {
        const row = (cells: typeof token.header, tag: "th" | "td") =>
          `<tr>${cells.map(({ tokens }) => `<${tag}>${this.parser.parseInline(tokens)}</${tag}>`).join("")}</tr>`;
        const body = token.rows.map((cells) => row(cells, "td")).join("\n");
        return `<div class="wide" tabindex="0"><table><thead>${row(token.header, "th")}</thead><tbody>${body}</tbody></table></div>\n`;
      },
    },
  });
  const title = /^# (.*)$/m.exec(text)?.[1] ?? "Manual";
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'" />
    <meta name="color-scheme" content="light dark" />
    <link rel="icon" href="data:," />
    <link rel="stylesheet" href="style.css" />
    <title>${title.replace(/[`*]/g, "").replaceAll("&", "&amp;").replaceAll("<", "&lt;")}</title>
  </head>
  <body>
    <main>
${marked.parse(text, { async: false })}
    </main>
  </body>
</html>
`;
}

/** As the hosts of repositories make anchors of headings. */
function slug(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .trim()
    .replace(/\s/g, "-");
}

const STYLE = `:root { color-scheme: light dark; font: 16px/1.55 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; }
body { margin: 0; background: light-dark(#ffffff, #15181c); color: light-dark(#1a1c1f, #e9ebee); }
main { max-width: 46rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; overflow-wrap: break-word; }
a { color: light-dark(#0061a1, #6cc1f5); }
code, pre { font: 0.9em/1.45 ui-monospace, "DejaVu Sans Mono", monospace; background: light-dark(#f5f6f8, #1e2227); border-radius: 4px; }
code { padding: 0.1em 0.25em; }
pre { padding: 0.7rem 0.9rem; overflow-x: auto; }
pre code { padding: 0; background: none; font-size: 1em; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.93em; }
th, td { text-align: left; vertical-align: top; padding: 0.3rem 0.7rem 0.3rem 0; border-bottom: 1px solid light-dark(#e6e8eb, #2b3036); }
`;
