/** Figures that run in browsers and in Node alike. Node's document and PNG writer are in node.ts and png-node.ts. */
export { type CurvesFigureInput, curvesFigure, type NamedCurve } from "./curves.ts";
export { type Fit, fitLine } from "./fit.ts";
export { formatCount, formatNumber } from "./format.ts";
export { type KernelFigureOptions, kernelFigure } from "./kernel.ts";
export { type LossFigureOptions, lossFigure, type RunFigureOptions } from "./loss.ts";
export { marginFigure } from "./margin.ts";
export { rasterizeInBrowser } from "./png-browser.ts";
export { type RenderOptions, renderSvg } from "./render.ts";
export type { Measured, RunColumns, SeriesInput } from "./series.ts";
export { type Axis, type Curve, DEFAULT_WIDTH, type FigureSpec, type Panel, type Region, type Rule } from "./spec.ts";
export { type Spectrum, type SpectrumFigureOptions, spectrumFigure } from "./spectrum.ts";
