import { toCoordinates } from "./series.ts";
import { DEFAULT_WIDTH, type FigureSpec } from "./spec.ts";

/** The eigenvalues of one kernel. */
export interface Spectrum {
  /** e.g. "K(0)", "H^∞". */
  readonly name: string;
  /** Eigenvalues in any order. */
  readonly eigenvalues: ArrayLike<number>;
}

/** What the spectrum figure shows beside the eigenvalues. */
export interface SpectrumFigureOptions {
  readonly width?: number;
  readonly title?: string;
}

/** Eigenvalues of one or several kernels, largest first, on a log axis; those ≤ 0 are counted in the caption and marked ▼. */
export function spectrumFigure(spectra: readonly Spectrum[], options: SpectrumFigureOptions = {}): FigureSpec {
  const sorted = spectra.map(({ name, eigenvalues }) => ({
    name,
    values: Float64Array.from(eigenvalues).sort().reverse(),
  }));
  const nonPositive = sorted.map(({ name, values }) => ({ name, count: values.filter((v) => v <= 0).length }));
  const notes = nonPositive
    .filter(({ count }) => count > 0)
    .map(({ name, count }) => ` ${name} has ${count} eigenvalue${count === 1 ? "" : "s"} ≤ 0, marked ▼.`);
  return {
    title: options.title ?? "Spectrum of the kernel",
    caption: `All eigenvalues, the largest first. The last one decides whether a theorem can apply: it must be above 0.${notes.join("")}`,
    alt: `Eigenvalues of ${sorted.map(({ name }) => name).join(", ")} in decreasing order on a logarithmic axis.`,
    width: options.width ?? DEFAULT_WIDTH,
    panels: [
      {
        x: { label: "index of the eigenvalue, largest first", scale: "linear", whole: true },
        y: { label: "eigenvalue", scale: "log" },
        curves: sorted.map(({ name, values }) => ({
          name,
          draw: "dots",
          ...toCoordinates({ steps: Array.from(values, (_, i) => i + 1), values }, name),
        })),
        rules: [],
        regions: [],
        height: 280,
        whenEmpty: "No eigenvalue is positive.",
      },
    ],
  };
}
