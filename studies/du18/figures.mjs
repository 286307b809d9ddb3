import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { curvesFigure } from "surefoot/figure";
import { rasterize, renderSvgInNode } from "surefoot/figure/node";

/** The three figures as SVG and PNG in `out`. */
export function drawFigures({ runs, verdicts, lambda0, stepSize, steps, samples, inputs, out }) {
  const setting = `n = ${samples}, d = ${inputs}, unit sphere, N(0, 1) labels, η = ${stepSize}, ${steps} steps.`;
  const firstSeed = runs.filter(({ seed }) => seed === runs[0].seed);
  const step = Array.from({ length: steps + 1 }, (_, k) => k);
  const share = (losses) => losses.map((loss) => loss / losses[0]);
  const width = { label: "width m", scale: "log" };
  const slopeOf = (id) => verdicts.find((verdict) => verdict.id === id).measured;
  const figures = {
    "du18-rate": curvesFigure({
      title: "Loss for several widths, and the bound of the theorem",
      caption: `${setting} Loss as a share of its start; bound (1 − ηλ₀/2)^k with λ₀ = ${lambda0.toPrecision(4)}.`,
      x: { label: "step k", scale: "linear" },
      y: { label: "loss / initial loss", scale: "log" },
      curves: [
        ...firstSeed.map(({ width: m, losses }) => ({ name: `m = ${m}`, x: step, y: share(losses) })),
        { name: "bound", x: step, y: step.map((k) => (1 - (stepSize * lambda0) / 2) ** k), stroke: "dashed" },
      ],
    }),
    "du18-flips": curvesFigure({
      title: "Share of flipped patterns against the width",
      caption: `${setting} Mean over seeds, band from the least to the greatest; ${slopeOf("du18-flips")}.`,
      x: width,
      y: { label: "flipped share of the pairs", scale: "log" },
      curves: [{ name: "flipped share", ...pointsOf(runs, "flips"), fit: true }],
    }),
    "du18-drift": curvesFigure({
      title: "Largest movement of a neuron against the width",
      caption: `${setting} Mean over seeds, band from the least to the greatest; ${slopeOf("du18-drift")}.`,
      x: width,
      y: { label: "max ‖w_r(k) − w_r(0)‖", scale: "log" },
      curves: [{ name: "largest movement", ...pointsOf(runs, "maxDrift"), fit: true }],
    }),
  };
  for (const [name, figure] of Object.entries(figures)) {
    const svg = renderSvgInNode(figure);
    writeFileSync(join(out, `${name}.svg`), svg);
    writeFileSync(join(out, `${name}.png`), rasterize(svg).png);
  }
}

/** Geometric mean over the seeds of a width, with the least and the greatest. */
function pointsOf(runs, name) {
  const widths = [...new Set(runs.map(({ width }) => width))].sort((a, b) => a - b);
  const values = widths.map((width) => runs.filter((run) => run.width === width).map((run) => run[name]));
  const mean = (list) => Math.exp(list.reduce((sum, value) => sum + Math.log(value), 0) / list.length);
  return {
    x: widths,
    y: values.map(mean),
    lower: values.map((list) => Math.min(...list)),
    upper: values.map((list) => Math.max(...list)),
  };
}
