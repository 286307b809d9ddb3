import { formatCount, formatNumber } from "../figure/index.ts";
import { weakest } from "../warrant.ts";
import { type Html, html } from "./html.ts";
import type { ReportInput } from "./report-input.ts";

/** Bare verdict of a report; `none` if no certificate was sought. */
export type ReportVerdict = "certified" | "undecided" | "impossible" | "none";

export const verdictOf = (input: ReportInput): ReportVerdict => input.certificate?.verdict ?? "none";

/** The outcome in one plain sentence. */
export function verdictSentence(input: ReportInput): string {
  const step = input.run?.certifiedStep;
  const theorem = "it is a theorem that gradient descent drives the training loss of this network to zero";
  switch (verdictOf(input)) {
    case "certified":
      if (step === undefined || step === null) return `From the given weights, ${theorem}.`;
      return step === 0 ? `From its very first step, ${theorem}.` : `From step ${formatCount(step)} on, ${theorem}.`;
    case "impossible":
      return "It is a theorem that no setting of the trained weights brings the training loss of this network on these data to zero.";
    case "undecided":
      return `Undecided: no theorem applied, so nothing is proved about where ${whichTraining(input)} ends.`;
    case "none":
      if (input.run?.unspoken !== undefined) return input.run.unspoken;
      return `No certificate was computed, so nothing is proved about where ${whichTraining(input)} ends.`;
  }
}

const whichTraining = (input: ReportInput) => (input.run ? "this training run" : "training from these weights");

/** How far the verdict can be trusted, in one sentence; undefined where nothing is claimed. */
function trust(input: ReportInput): string | undefined {
  const certificate = input.certificate;
  if (!certificate || certificate.verdict === "undecided") return undefined;
  const hypotheses = certificate.hypotheses ?? [];
  const assumed = hypotheses.filter((h) => h.status === "assumed").map((h) => h.name);
  const warrants = [certificate.warrant, ...hypotheses.map((h) => h.status)].filter(
    (w) => w !== undefined && w !== "failed",
  );
  if (warrants.length === 0) return "How its hypotheses were checked was not recorded.";
  switch (weakest(...warrants)) {
    case "proved":
      return "Every hypothesis was proved for the exact numbers of the data and the weights.";
    case "computed":
      return "Its hypotheses were computed in floating point: the theorem is exact, but rounding errors in checking that it applies were not bounded.";
    case "assumed":
      return `It rests on hypotheses that were assumed, not checked${assumed.length > 0 ? `: ${assumed.join("; ")}` : ""}.`;
  }
}

/** Steps in which the certified bound falls to a tenth; undefined for a rate that is not in (0, 1). */
export function stepsPerTenth(ratePerStep: number | null | undefined): number | undefined {
  if (typeof ratePerStep !== "number" || !(ratePerStep > 0 && ratePerStep < 1)) return undefined;
  return Math.ceil(Math.LN10 / -Math.log(ratePerStep));
}

function meaning(input: ReportInput): { means: (string | undefined)[]; not: string[] } {
  const certificate = input.certificate;
  switch (verdictOf(input)) {
    case "certified": {
      const start = input.run?.certifiedStep ? `step ${formatCount(input.run.certifiedStep)}` : "the start";
      const tenth = stepsPerTenth(certificate?.ratePerStep);
      const { stepSize, radius } = certificate ?? {};
      return {
        means: [
          `Continuing from ${start} with${typeof stepSize === "number" ? ` step size ${formatNumber(stepSize, 4)}` : " the certified step size"}, the loss never rises above the certified curve${tenth === undefined ? "" : `, which falls to a tenth at least every ${formatCount(tenth)} steps`}.`,
          typeof radius === "number"
            ? `The weights converge, to a point with training loss exactly 0, and never get further than ${formatNumber(radius)} from where they were at ${start}.`
            : "The weights converge, to a point with training loss exactly 0.",
          "It is a statement about gradient descent in exact arithmetic. A run in floating point follows it down to the rounding errors of its numbers.",
        ],
        not: [
          "It says nothing about data the network was not trained on.",
          "It holds for these data, these weights, this step size and the full gradient: not for other seeds, minibatches or momentum.",
          "The steps before the certified one were observed, not predicted.",
        ].slice(0, input.run?.certifiedStep ? 3 : 2),
      };
    }
    case "impossible":
      return {
        means: [certificate?.statement, "Training longer cannot change it."],
        not: [
          "It does not say that the loss cannot become small.",
          "It says nothing about data the network was not trained on.",
        ],
      };
    default:
      return {
        means: [
          certificate?.statement,
          `The theorem's conditions did not hold at ${input.run ? "any step where they were checked" : "these weights"}. They are sufficient, not necessary: the loss may still go to zero.`,
        ],
        not: [
          "It is not a verdict against the network or the run.",
          "A small loss alone is no proof that it reaches zero.",
        ],
      };
  }
}

const WORD: Record<ReportVerdict, string> = {
  certified: "✓ Certified",
  undecided: "? Undecided",
  impossible: "✗ Impossible",
  none: "No certificate",
};

export function verdictSection(input: ReportInput): Html {
  const verdict = verdictOf(input);
  const { means, not } = meaning(input);
  const list = (items: readonly (string | undefined)[]) =>
    html`<ul>${items.filter((item) => item !== undefined && item !== "").map((item) => html`<li>${item}</li>`)}</ul>`;
  const certainty = trust(input);
  return html`<section class="verdict ${verdict}" aria-label="Verdict"><p class="word">${WORD[verdict]}</p>
<p class="sentence">${verdictSentence(input)}</p>${certainty && html`<p>${certainty}</p>`}
${input.run?.stopped === "diverged" && html`<p>The run diverged: its loss grew beyond all bounds. A smaller step size may help.</p>`}</section>
${
  verdict !== "none" &&
  html`<div class="columns"><section aria-labelledby="means"><h2 id="means">What this means</h2>${list(means)}</section>
<section aria-labelledby="not"><h2 id="not">What it does not mean</h2>${list(not)}</section></div>`
}`;
}

/** Reasons and advice of an outcome that is not certified. */
export function adviceSection({ certificate }: ReportInput): Html | undefined {
  const reasons = certificate?.reasons ?? [];
  const advice = certificate?.advice ?? [];
  if (certificate === undefined || certificate.verdict === "certified" || reasons.length + advice.length === 0)
    return undefined;
  const list = (items: readonly string[]) => html`<ul>${items.map((item) => html`<li>${item}</li>`)}</ul>`;
  return html`<section aria-labelledby="advice"><h2 id="advice">Why, and what would help</h2>
${reasons.length > 0 && html`<h3>Why</h3>${list(reasons)}`}${advice.length > 0 && html`<h3>Try</h3>${list(advice)}`}</section>`;
}
