import { formatCount, formatNumber, type RunColumns } from "../figure/index.ts";
import type { Confirmation } from "./confirm.ts";
import { type Html, html } from "./html.ts";
import type { ReportCertificate, ReportHypothesis, ReportInput } from "./report-input.ts";
import { theoremTitle } from "./theorems.ts";
import { stepsPerTenth } from "./verdict.ts";

type Row = readonly [name: string, value: string | Html | undefined, note?: string | undefined];

/** A table of names and values; rows without a value are left out, and so is a table without rows. */
function facts(caption: string, rows: readonly Row[]): Html | undefined {
  const known = rows.filter(([, value]) => value !== undefined);
  if (known.length === 0) return undefined;
  return html`<div class="table facts"><table><caption>${caption}</caption><tbody>
${known.map(([name, value, note]) => html`<tr><th scope="row">${name}</th><td>${value}${note !== undefined && html`<br><span class="note">${note}</span>`}</td></tr>\n`)}</tbody></table></div>`;
}

function number(value: number | null | undefined, digits = 4): string | undefined {
  if (typeof value !== "number") return undefined;
  if (value >= 1e300) return "without limit";
  return Number.isInteger(value) && Math.abs(value) < 1e7 ? formatCount(value) : formatNumber(value, digits);
}
const count = (value: number | null | undefined) => (typeof value === "number" ? formatCount(value) : undefined);
const text = (value: string | null | undefined) => (typeof value === "string" && value !== "" ? value : undefined);

/** 1 − ρ is what tells slow rates apart: ρ itself is often 0.9999…. */
function rate(rho: number | null | undefined): string | undefined {
  if (typeof rho !== "number") return undefined;
  return rho > 0.99 && rho < 1 ? `1 − ${formatNumber(1 - rho)}` : formatNumber(rho, 4);
}

export function certificateSection(input: ReportInput): Html | undefined {
  const c = input.certificate;
  if (!c) return undefined;
  const certified = c.verdict === "certified";
  const step = input.run?.certifiedStep;
  const tenth = stepsPerTenth(c.ratePerStep);
  const title = typeof c.theorem === "string" ? theoremTitle(c.theorem) : undefined;
  const table = facts(certified ? "What was certified" : "What was found", [
    ["Theorem", text(c.theorem), title],
    ["Form", text(c.form)],
    ["Certified at step", certified ? count(step) : undefined],
    ["Margin", number(c.margin), "certified when above 1"],
    ["Step size", number(c.stepSize)],
    [
      "Rate per step ρ",
      rate(c.ratePerStep),
      `k steps later the loss is at most ρᵏ times what it was${tenth === undefined ? "" : `: a tenth at least every ${formatCount(tenth)} steps`}`,
    ],
    ["Radius", number(c.radius), "the trained weights never get further than this from where they were"],
    ["λₘᵢₙ of the tangent kernel", number(c.lambdaMin)],
    ["λₘₐₓ of the tangent kernel", number(c.lambdaMax)],
    ["Residual norm ‖e‖", number(c.residualNorm)],
  ]);
  const hypotheses = hypothesisTable(c);
  if (!table && !hypotheses) return undefined;
  return html`<section aria-labelledby="certificate"><h2 id="certificate">${certified ? "The certificate" : "What was checked"}</h2>
${table}${hypotheses}</section>`;
}

const STATUS: Record<ReportHypothesis["status"], string> = {
  proved: "✓ proved",
  computed: "≈ computed in floating point",
  assumed: "? assumed",
  failed: "✗ does not hold",
};

function hypothesisTable({ hypotheses }: ReportCertificate): Html | undefined {
  if (hypotheses === undefined || hypotheses.length === 0) return undefined;
  const numbers = hypotheses.some((h) => typeof h.value === "number" || typeof h.bound === "number");
  return html`<h3>Hypotheses of the theorem</h3><div class="table"><table>
<caption>What the theorem needs, and how it is known here${numbers && ": a value must stay within its bound"}</caption>
<thead><tr><th scope="col">Hypothesis</th>${numbers && html`<th scope="col" class="number">Value</th><th scope="col" class="number">Bound</th>`}<th scope="col">Status</th></tr></thead><tbody>
${hypotheses.map(
  (
    h,
  ) => html`<tr><th scope="row">${h.name}${h.statement !== undefined && html`<br><span class="note">${h.statement}</span>`}</th>
${numbers && html`<td class="number">${number(h.value) ?? "–"}</td><td class="number">${number(h.bound) ?? "–"}</td>`}<td class="status">${STATUS[h.status]}</td></tr>\n`,
)}</tbody></table></div>`;
}

const LOSSES: Readonly<Record<string, string>> = {
  sum: "½ Σ (f(xᵢ) − yᵢ)²",
  "half-mean": "1/(2n) Σ (f(xᵢ) − yᵢ)²",
  mean: "1/n Σ (f(xᵢ) − yᵢ)²",
  logistic: "1/n Σ log(1 + exp(−yᵢ f(xᵢ)))",
  exponential: "1/n Σ exp(−yᵢ f(xᵢ))",
  "squared-hinge": "1/n Σ ½ max(0, 1 − yᵢ f(xᵢ))²",
};

/** The formula of a loss convention, or its bare name. */
export function lossFormula(name: string | undefined): string | undefined {
  return name === undefined ? undefined : Object.hasOwn(LOSSES, name) ? LOSSES[name] : name;
}

export function runSection(input: ReportInput, confirmation: Confirmation | undefined): Html | undefined {
  const { run, record } = input;
  const table =
    run &&
    facts("The run", [
      ["Steps", count(run.steps), run.stopped === undefined ? undefined : `ended: ${run.stopped}`],
      ["Optimiser", text(run.optimiser)],
      ["Step size", number(run.stepSize)],
      ["Loss", lossFormula(run.loss), run.loss === undefined ? undefined : `“${run.loss}”`],
      ["Loss at the start", number(run.initialLoss)],
      ["Loss at the end", number(run.finalLoss)],
      [
        "Against the certified curve",
        confirmation &&
          (confirmation.above.length === 0
            ? `all ${formatCount(confirmation.compared)} recorded losses lie on or below it`
            : `${formatCount(confirmation.above.length)} of ${formatCount(confirmation.compared)} recorded losses lie above it`),
      ],
      ["Time", run.seconds === undefined ? undefined : `${formatNumber(run.seconds)} s`],
      [
        "Backend",
        run.backend &&
          [
            run.backend.name,
            run.backend.detail,
            run.backend.threads && `${run.backend.threads} thread${run.backend.threads === 1 ? "" : "s"}`,
          ]
            .filter(Boolean)
            .join(", "),
      ],
    ]);
  const samples = record && sampleTable(record, run?.certifiedStep ?? undefined);
  if (!table && !samples) return undefined;
  return html`<section aria-labelledby="run"><h2 id="run">The run in numbers</h2>${table}${samples}</section>`;
}

const SAMPLED: readonly (readonly [column: string, heading: string])[] = [
  ["loss", "Loss"],
  ["certifiedLoss", "Certified bound"],
  ["lambdaMin", "λₘᵢₙ"],
  ["margin", "Margin"],
];

/** About ten rows of the record, evenly spread, the certified step among them: the figures' content as text. */
function sampleTable(record: RunColumns, certifiedStep: number | undefined): Html | undefined {
  const columns = SAMPLED.filter(([name]) => record[name] !== undefined);
  // Rows where the kernel was measured too say more than their neighbours.
  const indices = Array.from(record.step, (_, i) => i);
  const wanted = columns.map(([name]) => name).filter((name) => name !== "certifiedLoss");
  const full = indices.filter((i) => wanted.every((name) => typeof record[name]?.[i] === "number"));
  const pool = full.length >= 2 ? full : indices;
  if (columns.length === 0 || pool.length === 0) return undefined;
  const chosen = new Set(Array.from({ length: 9 }, (_, k) => pool[Math.round(((pool.length - 1) * k) / 8)]));
  const certified = certifiedStep === undefined ? undefined : indices.find((i) => record.step[i] === certifiedStep);
  if (certified !== undefined) chosen.add(certified);
  const rows = [...chosen].sort((a, b) => a - b);
  return html`<div class="table"><table><caption>A few rows of the record</caption>
<thead><tr><th scope="col">Step</th>${columns.map(([, heading]) => html`<th scope="col" class="number">${heading}</th>`)}</tr></thead><tbody>
${rows.map(
  (i) =>
    html`<tr><th scope="row">${formatCount(record.step[i])}${i === certified && " (certified)"}</th>${columns.map(([name]) => html`<td class="number">${number(record[name]?.[i]) ?? "–"}</td>`)}</tr>\n`,
)}</tbody></table></div>`;
}

export function setupSection(input: ReportInput): Html | undefined {
  const { data, versions, files } = input;
  const json = (value: unknown) => (value === undefined ? undefined : html`<code>${JSON.stringify(value)}</code>`);
  const table = facts("Data and network", [
    ["Data", text(data?.source)],
    [
      "Samples × features",
      data?.n === undefined || data.d === undefined ? undefined : `${formatCount(data.n)} × ${formatCount(data.d)}`,
    ],
    [
      "Prepared by",
      data?.steps && data.steps.length > 0
        ? html`${data.steps.map((step, i) => html`${i > 0 && html`<br>`}${step}`)}`
        : undefined,
    ],
    ["Network", json(input.network)],
    ["Initial weights", json(input.initialiser)],
    ["Seed", input.seed === undefined ? undefined : String(input.seed)],
    ["Trained parameters", count(input.parameters)],
    [
      "Software",
      versions && Object.keys(versions).length > 0
        ? Object.entries(versions)
            .map(([name, version]) => `${name} ${version}`)
            .join(", ")
        : undefined,
    ],
  ]);
  const command = text(input.command);
  const left = files !== undefined && files.length > 0 ? files : undefined;
  if (!table && !command && !left) return undefined;
  return html`<section aria-labelledby="setup"><h2 id="setup">Data, network and how to repeat this</h2>${table}
${command && html`<h3>Command</h3><pre><code>${command}</code></pre>`}
${left && html`<h3>Files beside this report</h3><ul>${left.map(({ name, holds }) => html`<li><code>${name}</code>: ${holds}</li>`)}</ul>`}</section>`;
}
