import { formatCount } from "./format.ts";
import { columnCurve, present, type RunColumns, stepRange } from "./series.ts";
import { DEFAULT_WIDTH, type FigureSpec, type Rule } from "./spec.ts";

/** What all figures of a run may be told. */
export interface RunFigureOptions {
  /** First step from which the run is certified; null or absent if none. */
  readonly certifiedStep?: number | null;
  /** The run is not by plain gradient descent: the margin is then that of plain gradient descent from its weights. */
  readonly otherOptimiser?: boolean;
  readonly width?: number;
}

/** The name of the axis of steps. */
export function stepLabel({ otherOptimiser }: RunFigureOptions): string {
  return otherOptimiser ? "step" : "gradient-descent step";
}

/** What the loss figure shows beside the record. */
export interface LossFigureOptions extends RunFigureOptions {
  /** Name of the loss on the axis, e.g. "loss ½ Σᵢ (f(xᵢ) − yᵢ)²". */
  readonly lossLabel?: string;
  /** The loss below which rounding hides everything, in units of the loss. */
  readonly roundingFloor?: number;
}

/** The rule that marks the certified step; none if there is none. */
export function certifiedRule(step: number | null | undefined): Rule[] {
  if (step === null || step === undefined) return [];
  const label = step === 0 ? "certified from the start" : `certified at step ${formatCount(step)}`;
  return [{ axis: "x", at: step, label, tone: "certified" }];
}

/** Training loss against step on a log axis, with the certified curve (columns `loss`, `certifiedLoss`) and the certified step. */
export function lossFigure(run: RunColumns, options: LossFigureOptions = {}): FigureSpec {
  const certified = options.certifiedStep ?? null;
  const loss = columnCurve(run, "loss", { name: "training loss", colour: 0 });
  const bound = columnCurve(run, "certifiedLoss", { name: "certified upper bound", colour: 1, stroke: "dashed" });
  const bounded = bound !== undefined && bound.x.length > 0;
  const floor = options.roundingFloor;
  const reading = bounded
    ? "From the certified step on, the dashed line is the bound below which the theorem keeps the loss; it goes on down to zero after the last step shown."
    : certified === null
      ? "No certified bound is drawn, because no step is certified."
      : "The certified bound was not recorded.";
  const zero = loss?.y.some((value) => value !== null && value <= 0) ? " ▼ marks a loss of exactly 0." : "";
  const offScale = zero + (loss?.overflow ? " ▲ marks a loss too large for a number." : "");
  return {
    title: "Training loss",
    caption: `The axis is logarithmic: a straight line down means that the loss shrinks by the same factor in every step. ${reading}${offScale}`,
    alt: `Training loss against step on a logarithmic axis${certified === null ? "; no step is certified" : `; certified from step ${certified} on, with the certified upper bound`}.`,
    width: options.width ?? DEFAULT_WIDTH,
    panels: [
      {
        x: { label: stepLabel(options), scale: "linear", whole: true, include: stepRange(run) },
        y: { label: options.lossLabel ?? "loss", scale: "log" },
        curves: present([loss, bounded ? bound : undefined]),
        rules: [
          ...certifiedRule(certified),
          ...(floor !== undefined && floor > 0
            ? [{ axis: "y", at: floor, label: "rounding of float64", labelAt: "start", tone: "muted" } as const]
            : []),
        ],
        regions: [],
        height: 300,
        whenEmpty: "No positive loss was measured.",
      },
    ],
  };
}
