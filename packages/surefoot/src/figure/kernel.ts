import { certifiedRule, type RunFigureOptions, stepLabel } from "./loss.ts";
import { columnCurve, present, type RunColumns, stepRange } from "./series.ts";
import { type Curve, DEFAULT_WIDTH, type FigureSpec, type Panel } from "./spec.ts";

/** What the kernel figure shows beside the record. */
export interface KernelFigureOptions extends RunFigureOptions {
  /** ‖K(0)‖_F: the kernel's drift is shown relative to it. */
  readonly kernelNorm?: number;
}

/**
 * The tangent kernel along a run: extremal eigenvalues (columns `lambdaMin`, `lambdaMax`), its drift (`kernelDrift`), the drift of
 * every layer's weights (`drift:W1` …) and the share of flipped signs (`flips`), one panel each; a panel without columns is left out.
 */
export function kernelFigure(run: RunColumns, options: KernelFigureOptions = {}): FigureSpec {
  const rules = certifiedRule(options.certifiedStep);
  const x = { label: stepLabel(options), scale: "linear", whole: true, include: stepRange(run) } as const;
  const layers = Object.keys(run)
    .filter((column) => column.startsWith("drift:"))
    .sort((a, b) => byLayer(a.slice(6), b.slice(6)));
  const eigenvalues: Panel = {
    x,
    y: { label: "eigenvalues of the tangent kernel K", scale: "log" },
    curves: present([
      columnCurve(run, "lambdaMax", { name: "λₘₐₓ(K)", colour: 1, stroke: "dashed" }),
      columnCurve(run, "lambdaMin", { name: "λₘᵢₙ(K)", colour: 0 }),
    ]),
    // Between the two eigenvalues, where no curve runs.
    rules: rules.map((rule) => ({ ...rule, labelAt: "middle" })),
    regions: [],
    height: 200,
    whenEmpty: "No positive eigenvalue was measured.",
  };
  const norm = options.kernelNorm;
  const relative = norm !== undefined && norm > 0;
  const below = (label: string, curves: readonly (Curve | undefined)[], whenEmpty: string): Panel => ({
    x,
    y: { label, scale: "linear", include: [0] },
    curves: present(curves),
    rules: rules.map(({ label: _, ...rule }) => rule),
    regions: [],
    height: 150,
    whenEmpty,
  });
  const drift = columnCurve(run, "kernelDrift", { name: "kernel drift", colour: 2 });
  const kernel = relative
    ? below(
        "relative drift of the kernel ‖K(k) − K(0)‖ / ‖K(0)‖ (Frobenius)",
        [drift && scaledBy(drift, 1 / norm)],
        "The kernel's drift was not measured.",
      )
    : below("drift of the kernel ‖K(k) − K(0)‖ (Frobenius)", [drift], "The kernel's drift was not measured.");
  const weights = below(
    "drift of each layer ‖W(k) − W(0)‖ (Frobenius)",
    layers.map((column, i) => columnCurve(run, column, { name: column.slice(6), colour: i })),
    "No layer's drift was measured.",
  );
  const flips = below(
    "share of neuron–sample pairs whose sign has flipped",
    [columnCurve(run, "flips", { name: "flips", colour: 3 })],
    "No flips were counted.",
  );
  const panels = [eigenvalues, kernel, weights, flips].filter((panel) => panel.curves.length > 0);
  return {
    title: "Tangent kernel and drift",
    caption:
      "The smallest eigenvalue λₘᵢₙ of the tangent kernel K sets the speed at which the slowest part of the error shrinks; it must stay away from 0. The drifts say how far the kernel and the weights have moved from where they started; a certificate bounds how far the weights can still go by its radius.",
    alt: "Smallest and largest eigenvalue of the tangent kernel, its drift and the drift of each layer's weights against step.",
    width: options.width ?? DEFAULT_WIDTH,
    panels: panels.length > 0 ? panels : [eigenvalues],
  };
}

const scaledBy = (curve: Curve, factor: number): Curve => ({
  ...curve,
  y: curve.y.map((value) => (value === null ? null : value * factor)),
});

/** W1, b1, W2, … W10: by number, weights before biases. */
function byLayer(a: string, b: string): number {
  return Number.parseInt(a.slice(1), 10) - Number.parseInt(b.slice(1), 10) || (a < b ? -1 : 1);
}
