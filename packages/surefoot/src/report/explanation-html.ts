import { curvesFigure, type FigureSpec, formatCount, formatNumber } from "../figure/index.ts";
import type { Basis, ClaimRow, ClaimVerdict, Desk, DeskSeries, Prescription } from "../theory/desk.ts";
import type { Explanation } from "../theory/explain.ts";
import { figureBlock } from "./figure-block.ts";
import { type Html, html, markup } from "./html.ts";
import { htmlPage } from "./page.ts";

/**
 * The desks of one instance as a self-contained page: no scripts, no requests, the same bytes for the same input. `document` draws the figures.
 */
export function explanationHtml(found: Explanation, document: Document): string {
  const title = `Surefoot desks: ${found.data.source}`;
  return htmlPage({
    title,
    description: "Hypotheses, claims and prescriptions of the source papers next to what was measured",
    style: STYLE,
    body: html`<h1>${title}</h1>
${instance(found)}
<nav aria-label="Papers"><ul>${found.desks.map((desk) => html`<li><a href="#${desk.paper}">${desk.title}</a>${desk.notApplicable !== null && " (does not apply)"}</li>`)}</ul></nav>
${found.desks.map((desk) => deskSection(desk, document))}
<section><h2>How to read the tables</h2><p><b>Holds</b> and <b>fails</b> compare the two numbers of this run: evidence, not a theorem; theorems
come from the certificate above. <b>Open</b>: the paper leaves a constant unknown, or nothing decides. The <b>constant</b> is the one for which
a claim holds with equality here. Marks: ᵖ proved, ˢ sampled, ᵃ assumed, ° order only (every hidden constant taken as 1); all
else was computed in floating point.</p></section>`,
  });
}

const STYLE = `main,footer{max-width:1080px}.holds{color:var(--certified)}.fails{color:var(--impossible)}.open{color:var(--undecided)}
.not-applicable{color:var(--muted)}td.verdict-cell{font-weight:600;white-space:nowrap}nav ul{list-style:none;padding:0}`;

const BASIS: Readonly<Record<Basis, string>> = {
  proved: "ᵖ",
  computed: "",
  assumed: "ᵃ",
  sampled: "ˢ",
  "order-only": "°",
};
const WORD: Readonly<Record<ClaimVerdict, string>> = {
  holds: "✓ holds",
  fails: "✗ fails",
  open: "? open",
  "not-applicable": "– n/a",
};

function instance(found: Explanation): Html {
  const { n, d, parameters, run, certificate, loss, network, initialiser, seed, optimiser } = found;
  const batch = optimiser.kind === "gradient-descent" ? optimiser.batch : undefined;
  const how =
    certificate === null
      ? "no theorem speaks of this loss"
      : run.certified
        ? `certified from step ${formatCount(run.certified.step)} on by ${run.certified.theorem}`
        : "at no measured step certified for its own step size";
  return html`${certificate && html`<div class="verdict ${certificate.verdict}"><p class="word">${certificate.verdict}</p><p>${certificate.statement}</p></div>`}
<div class="table facts"><table><caption>The instance</caption><tbody>
<tr><th scope="row">Data</th><td>n = ${formatCount(n)}, d = ${formatCount(d)}</td></tr>
<tr><th scope="row">Network</th><td><code>${JSON.stringify(network)}</code>, ${formatCount(parameters)} trained parameters</td></tr>
<tr><th scope="row">Initial weights</th><td>${initialiser === null ? "from a file" : html`<code>${JSON.stringify(initialiser)}</code>, seed ${String(seed)}`}</td></tr>
<tr><th scope="row">Run</th><td>${formatCount(run.steps)} steps${batch && ` on batches of ${formatCount(batch.size)}`} of size ${number(run.stepSize)} (${loss} loss), loss ${number(run.initialLoss)} → ${number(run.finalLoss)}${run.stopped !== "steps-done" && ` (${run.stopped})`}; ${how}</td></tr>
</tbody></table></div>`;
}

function deskSection(desk: Desk, document: Document): Html {
  return html`<section aria-labelledby="${desk.paper}"><h2 id="${desk.paper}">${desk.title}</h2><p class="note">${desk.reference}</p>
${desk.notApplicable !== null && html`<p>Does not apply: ${desk.notApplicable}.</p>`}
${claims("Hypotheses", desk.hypotheses)}${claims("Claims", desk.claims)}${prescriptions(desk.prescriptions)}
${desk.series.map((series) => figureBlock((width) => seriesFigure(series, width), document))}
${desk.notes.length > 0 && html`<ul>${desk.notes.map((note) => html`<li>${note}</li>`)}</ul>`}</section>`;
}

function seriesFigure({ title, caption, x, y, log, curves, levels = [] }: DeskSeries, width: number): FigureSpec {
  return curvesFigure({
    title,
    caption,
    x: { label: x, scale: "linear", whole: x === "step" },
    y: { label: y, scale: log ? "log" : "linear" },
    curves: curves.map((curve) => ({ ...curve, draw: curve.x.length > 60 ? "line" : "line-and-dots" })),
    rules: levels.map(({ name, at }) => ({ axis: "y", at, label: name, tone: "threshold" })),
    width,
  });
}

function claims(caption: string, rows: readonly ClaimRow[]): Html | undefined {
  if (rows.length === 0) return undefined;
  return html`<h3>${caption}</h3><div class="table"><table>
<thead><tr><th scope="col">Claim</th><th scope="col" class="number">Allowed</th><th scope="col" class="number">Measured</th><th scope="col">Verdict</th><th scope="col" class="number">Constant</th></tr></thead><tbody>
${rows.map(
  (
    row,
  ) => html`<tr><th scope="row">${row.claim} <span class="note">[${row.source}]</span>${row.note !== null && html`<br><span class="note">${row.note}</span>`}</th>
<td class="number">${row.bound !== null && `${row.relation ?? ""} ${number(row.bound)}${BASIS[row.boundBasis]}`}</td><td class="number">${row.measured !== null && `${number(row.measured)}${BASIS[row.measuredBasis]}`}</td>
<td class="verdict-cell ${row.verdict}">${WORD[row.verdict]}</td><td class="number">${row.constantNeeded !== null && number(row.constantNeeded)}</td></tr>\n`,
)}</tbody></table></div>`;
}

function prescriptions(rows: readonly Prescription[]): Html | undefined {
  if (rows.length === 0) return undefined;
  return html`<h3>Prescriptions</h3><div class="table"><table>
<thead><tr><th scope="col">What</th><th scope="col" class="number">Number</th></tr></thead><tbody>
${rows.map(
  ({
    quantity,
    source,
    log10,
    basis,
    note,
  }) => html`<tr><th scope="row">${quantity} <span class="note">[${source}]</span>${note !== null && html`<br><span class="note">${note}</span>`}</th>
<td class="number">${power(log10)}${log10 !== null && BASIS[basis]}</td></tr>\n`,
)}</tbody></table></div>`;
}

function power(log10: number | null): Html | string {
  if (log10 === null) return "undefined here";
  return log10 > -4 && log10 < 5 ? number(10 ** log10) : html`10${markup(`<sup>${log10.toFixed(1)}</sup>`)}`;
}

function number(value: number | null): string {
  if (value === null) return "–";
  return Number.isInteger(value) && Math.abs(value) < 1e7 ? formatCount(value) : formatNumber(value, 4);
}
