import { prepareCanvas } from "./canvas.ts";
import type { Colours } from "./colours.ts";
import { logTicks, powerOfTen } from "./ticks.ts";

export interface SpectrumLine {
  readonly name: string;
  readonly values: Float64Array;
  readonly colour: string;
  readonly shape: "dot" | "ring" | "bar";
}

/** Eigenvalues from the largest down on a log axis; those ≤ 0 are marked at the lower edge. */
export function drawSpectrum(canvas: HTMLCanvasElement, lines: readonly SpectrumLine[], colours: Colours): void {
  const prepared = prepareCanvas(canvas);
  if (!prepared) return;
  const { context, width, height } = prepared;
  const [left, right, top, bottom] = [52, width - 12, 12, height - 34];
  const all = lines.flatMap(({ values }) => Array.from(values)).filter((value) => value > 0);
  const low = Math.log10(Math.min(...all)) - 0.1;
  const high = Math.log10(Math.max(...all)) + 0.1;
  const most = Math.max(1, ...lines.map(({ values }) => values.length - 1));
  context.font = "12px system-ui, sans-serif";
  for (const tick of logTicks(low, high)) {
    const y = bottom - ((tick - low) / (high - low)) * (bottom - top);
    context.strokeStyle = colours.grid;
    context.beginPath();
    context.moveTo(left, y);
    context.lineTo(right, y);
    context.stroke();
    context.fillStyle = colours.muted;
    context.textAlign = "right";
    context.textBaseline = "middle";
    context.fillText(powerOfTen(tick), left - 6, y);
  }
  context.textAlign = "center";
  context.textBaseline = "bottom";
  context.fillText("eigenvalue number, from the largest", (left + right) / 2, height);
  for (const { values, colour, shape } of lines) {
    context.fillStyle = context.strokeStyle = colour;
    context.lineWidth = 1.5;
    const sorted = Array.from(values).reverse();
    sorted.forEach((value, k) => {
      const x = left + 8 + (k / most) * (right - left - 16);
      const y = value > 0 ? bottom - ((Math.log10(value) - low) / (high - low)) * (bottom - top) : bottom;
      context.beginPath();
      if (shape === "bar") context.rect(x - 4, y - 1, 8, 2);
      else context.arc(x, y, shape === "dot" ? 3 : 4.5, 0, 2 * Math.PI);
      if (shape === "ring") context.stroke();
      else context.fill();
    });
  }
}
