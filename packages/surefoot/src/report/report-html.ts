import { type FigureSpec, kernelFigure, lossFigure, marginFigure, spectrumFigure } from "../figure/index.ts";
import { confirm } from "./confirm.ts";
import { figureBlock } from "./figure-block.ts";
import { type Html, html } from "./html.ts";
import { htmlPage } from "./page.ts";
import type { ReportInput } from "./report-input.ts";
import { certificateSection, lossFormula, runSection, setupSection } from "./tables.ts";
import { explainTheorems } from "./theorems.ts";
import { adviceSection, verdictSection, verdictSentence } from "./verdict.ts";

/**
 * One run as a self-contained HTML page: no scripts, no requests, the same bytes for the same input. `document` draws the figures
 * (figure/render.ts); everything in `input` is shown as text, never as markup.
 */
export function reportHtml(input: ReportInput, document: Document): string {
  const title =
    input.title ?? (input.data?.source === undefined ? "Surefoot report" : `Surefoot report: ${input.data.source}`);
  const confirmation = input.record && confirm(input.record, input.run?.roundingFloor);
  return htmlPage({
    title,
    description: verdictSentence(input),
    version: input.versions?.surefoot,
    body: html`<h1>${title}</h1>
${verdictSection(input)}
${confirmation && confirmation.above.length > 0 && warning(confirmation.above[0])}
${adviceSection(input)}
${certificateSection(input)}
${figureSection(input, document)}
${runSection(input, confirmation)}
${setupSection(input)}
${input.certificate?.verdict !== "impossible" && explainTheorems(input.certificate?.theorem)}`,
  });
}

function warning(step: number): Html {
  return html`<p class="warning"><strong>The record contradicts the certificate.</strong> From step ${step} on, recorded losses lie above the
certified curve by more than rounding. One of the two is wrong: do not rely on this certificate, and please report it.</p>`;
}

function figureSection(input: ReportInput, document: Document): Html | undefined {
  const { record, run, spectra } = input;
  const certifiedStep = run?.certifiedStep ?? null;
  const make: ((width: number) => FigureSpec)[] = [];
  if (record && record.step.length > 0) {
    const loss = lossFormula(run?.loss);
    const floor = run?.roundingFloor;
    const norm = run?.kernelNorm;
    const how = run?.plainDescent === false ? { otherOptimiser: true } : {};
    make.push((width) =>
      lossFigure(record, {
        certifiedStep,
        width,
        ...how,
        ...(loss === undefined ? {} : { lossLabel: `loss ${loss}` }),
        ...(floor === undefined ? {} : { roundingFloor: floor }),
      }),
    );
    const measured = Array.from(record.margin ?? []).some((value) => value !== null);
    if (measured) make.push((width) => marginFigure(record, { certifiedStep, width, ...how }));
    const kernel = Object.keys(record).some((name) => /^(lambda|kernelDrift$|drift:|flips$)/.test(name));
    if (kernel)
      make.push((width) =>
        kernelFigure(record, { certifiedStep, width, ...how, ...(norm === undefined ? {} : { kernelNorm: norm }) }),
      );
  }
  if (spectra && spectra.length > 0) make.push((width) => spectrumFigure(spectra, { width }));
  if (make.length === 0) return undefined;
  return html`<section aria-labelledby="figures"><h2 id="figures">Figures</h2>
${make.map((build) => figureBlock(build, document))}</section>`;
}
