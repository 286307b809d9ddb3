import type { Basis, ClaimRow, ClaimVerdict, Desk, Prescription } from "../theory/desk.ts";
import type { Explanation } from "../theory/explain.ts";
import { format, formatFactor } from "./terminal.ts";

/** The desks as tables, readable at 100 columns. */
export function describeExplanation(found: Explanation): string[] {
  return [...instance(found), ...found.desks.flatMap(desk), "", ...LEGEND];
}

const WIDTH = 100;
const CLAIM = 45;
const NUMBER = 14;
const MARK: Readonly<Record<ClaimVerdict, string>> = { holds: "✓", fails: "✗", open: "?", "not-applicable": "–" };
/** How a number came about, as a mark behind it. */
const BASIS: Readonly<Record<Basis, string>> = {
  proved: "ᵖ",
  computed: "",
  assumed: "ᵃ",
  sampled: "ˢ",
  "order-only": "°",
};
const LEGEND = [
  "✓ holds  ✗ fails  ? open: a constant is unknown or nothing decides  – does not apply",
  "ᵖ proved  ˢ sampled  ᵃ assumed  ° order only, hidden constants taken as 1; all else floating point",
  "constant: for which the claim holds with equality here",
];

function instance({ data, n, d, parameters, run, certificate, loss, optimiser }: Explanation): string[] {
  const { certified } = run;
  const batch = optimiser.kind === "gradient-descent" ? optimiser.batch : undefined;
  const how = batch ? ` on batches of ${format(batch.size)}` : "";
  return [
    `${data.source}: n = ${n}, d = ${d}; ${format(parameters)} trained parameters; ${loss} loss`,
    `run: ${format(run.steps)} steps${how} of size ${format(run.stepSize)}, loss ${format(run.initialLoss)} → ${format(run.finalLoss)}` +
      (run.stopped === "steps-done" ? "" : ` (${run.stopped})`),
    ...(certificate ? theorems(certificate, certified) : ["no theorem speaks of this loss: nothing is certified"]),
  ];
}

function theorems(
  certificate: NonNullable<Explanation["certificate"]>,
  certified: Explanation["run"]["certified"],
): string[] {
  return [
    `initial weights: ${certificate.verdict}` +
      (certificate.theorem === null ? "" : ` (${certificate.theorem}, margin ${format(certificate.margin)})`) +
      (certificate.ratePerStep === null
        ? ""
        : `, step size ${format(certificate.stepSize)}, rate ${formatFactor(certificate.ratePerStep)}`),
    certified
      ? `this run: certified from step ${format(certified.step)} on (${certified.theorem}, loss ${format(certified.loss)})`
      : "this run: at no measured step certified for its own step size",
  ];
}

function desk(desk: Desk): string[] {
  const head = ["", ...rule(desk.title), ...wrap(desk.reference, WIDTH - 3, "   ")];
  if (desk.notApplicable !== null) return [...head, ...wrap(`does not apply: ${desk.notApplicable}`, WIDTH - 2, "  ")];
  return [
    ...head,
    ...section("Hypotheses", desk.hypotheses),
    ...section("Claims", desk.claims),
    ...prescriptions(desk.prescriptions),
    ...desk.notes.flatMap((note) => wrap(`· ${note}`, WIDTH - 2, "  ", "    ")),
  ];
}

function rule(title: string): string[] {
  const lines = wrap(title, WIDTH - 4, "── ", "   ");
  const last = lines[lines.length - 1];
  return [...lines.slice(0, -1), `${last} ${"─".repeat(Math.max(0, WIDTH - 1 - length(last)))}`];
}

function section(title: string, rows: readonly ClaimRow[]): string[] {
  if (rows.length === 0) return [];
  const header = `  ${pad(title, CLAIM + 2)} ${pad("allowed", NUMBER + 2)} ${pad("measured", NUMBER)} constant`;
  return ["", header, ...rows.flatMap(claim)];
}

function claim(row: ClaimRow): string[] {
  const [first, ...rest] = wrap(`${row.claim}  [${row.source}]`, CLAIM);
  const allowed = row.bound === null ? "" : `${row.relation ?? ""} ${format(row.bound)}${BASIS[row.boundBasis]}`;
  const measured = row.measured === null ? "" : `${format(row.measured)}${BASIS[row.measuredBasis]}`;
  const constant = row.constantNeeded === null ? "" : format(row.constantNeeded);
  return [
    `  ${MARK[row.verdict]} ${pad(first, CLAIM)} ${pad(allowed, NUMBER + 2)} ${pad(measured, NUMBER)} ${constant}`.trimEnd(),
    ...rest.map((line) => `    ${line}`),
    ...(row.note === null ? [] : wrap(row.note, WIDTH - 8, "      ")),
  ];
}

function prescriptions(rows: readonly Prescription[]): string[] {
  if (rows.length === 0) return [];
  return [
    "",
    `  ${pad("Prescriptions", CLAIM + 14)} number`,
    ...rows.flatMap(({ quantity, source, log10, basis, note }) => {
      const [first, ...rest] = wrap(`${quantity}  [${source}]`, CLAIM + 12);
      return [
        `    ${pad(first, CLAIM + 12)} ${power(log10)}${log10 === null ? "" : BASIS[basis]}`,
        ...rest.map((line) => `    ${line}`),
        ...(note === null ? [] : wrap(note, WIDTH - 8, "      ")),
      ];
    }),
  ];
}

/** A number given by its log₁₀: as such where it is readable, else as a power of ten. */
export function power(log10: number | null): string {
  if (log10 === null) return "undefined here";
  if (log10 > -4 && log10 < 5) return format(10 ** log10);
  return `10^${log10.toFixed(1)}`;
}

export function wrap(text: string, width: number, indent = "", hanging = indent): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && length(line) + 1 + length(word) > width) {
      lines.push(line);
      line = "";
    }
    line = line === "" ? word : `${line} ${word}`;
  }
  if (line !== "") lines.push(line);
  return lines.map((each, i) => (i === 0 ? indent : hanging) + each);
}

const length = (text: string) => [...text].length;
const pad = (text: string, width: number) => text + " ".repeat(Math.max(0, width - length(text)));
