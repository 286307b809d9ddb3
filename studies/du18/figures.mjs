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
      caption: `${setting} ${slopeOf("du18-flips")}.`,
      x: width,
      y: { label: "flipped share of the pairs", scale: "log" },
      curves: [{ name: "flipped share", ...pointsOf(runs, "flips"), draw: "points", fit: true }],
    }),
    "du18-drift": curvesFigure({
      title: "Largest movement of a neuron against the width",
      caption: `${setting} ${slopeOf("du18-drift")}.`,
      x: width,
      y: { label: "max ‖w_r(k) − w_r(0)‖", scale: "log" },
      curves: [{ name: "largest movement", ...pointsOf(runs, "maxDrift"), draw: "points", fit: true }],
    }),
  };
  for (const [name, figure] of Object.entries(figures)) {
    const svg = renderSvgInNode(figure);
    writeFileSync(join(out, `${name}.svg`), svg);
    writeFileSync(join(out, `${name}.png`), rasterize(svg).png);
  }
}

function pointsOf(runs, name) {
  const sorted = runs.toSorted((a, b) => a.width - b.width);
  return { x: sorted.map(({ width }) => width), y: sorted.map((run) => run[name]) };
}
