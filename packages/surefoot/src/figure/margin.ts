import { certifiedRule, type RunFigureOptions, stepLabel } from "./loss.ts";
import { columnCurve, present, type RunColumns, stepRange } from "./series.ts";
import { DEFAULT_WIDTH, type FigureSpec } from "./spec.ts";

/** Certification margin against step on a log axis (column `margin`); above 1 the theorem applies. */
export function marginFigure(run: RunColumns, options: RunFigureOptions = {}): FigureSpec {
  const certified = options.certifiedStep ?? null;
  return {
    title: options.otherOptimiser ? "Certification margin of plain gradient descent" : "Certification margin",
    caption:
      (options.otherOptimiser
        ? "Of plain gradient descent started at the weights of each step, with a step size of the theorem's choice; it says nothing of the optimiser that made the run. "
        : "") +
      "How far the theorem's main inequality is from holding: at a margin of 0.1 one side is ten times too small, above 1 (shaded) the theorem applies. ▲ marks a margin without limit, ▼ one of 0: the theorem has nothing to work with there.",
    alt: `Certification margin against step on a logarithmic axis with the threshold 1${certified === null ? "; no step is certified" : `; above the threshold from step ${certified} on`}.`,
    width: options.width ?? DEFAULT_WIDTH,
    panels: [
      {
        x: { label: stepLabel(options), scale: "linear", whole: true, include: stepRange(run) },
        y: {
          label: options.otherOptimiser ? "margin of gradient descent from here" : "margin (certified above 1)",
          scale: "log",
          include: [0.8, 2],
        },
        curves: present([columnCurve(run, "margin", { name: "margin", colour: 0 })]),
        rules: [
          { axis: "y", at: 1, label: "threshold 1", labelAt: "start", tone: "threshold" },
          ...certifiedRule(certified).map((rule) => ({ ...rule, labelAt: "start" as const })),
        ],
        regions: [{ axis: "y", from: 1 }],
        height: 260,
        whenEmpty: "No margin was measured.",
      },
    ],
  };
}
