import { prepareCanvas } from "./canvas.ts";
import type { Colours } from "./colours.ts";

/** The half-plane of distances from θ_c: the ball's rim, the way of the weights, where they are. */
export function drawBall(
  canvas: HTMLCanvasElement,
  radius: number,
  distance: Float64Array,
  along: Float64Array,
  colours: Colours,
): void {
  const prepared = prepareCanvas(canvas);
  if (!prepared) return;
  const { context, width, height } = prepared;
  let most = radius;
  for (const value of distance) if (Number.isFinite(value)) most = Math.max(most, value);
  const scale = Math.min(width / 2 - 14, height - 40) / most;
  context.translate(width / 2, height - 26);
  context.fillStyle = colours.certified;
  context.globalAlpha = 0.12;
  context.beginPath();
  context.arc(0, 0, radius * scale, Math.PI, 2 * Math.PI);
  context.fill();
  context.globalAlpha = 1;
  context.strokeStyle = colours.certified;
  context.lineWidth = 2;
  context.stroke();
  context.strokeStyle = colours.muted;
  context.lineWidth = 1;
  context.beginPath();
  context.moveTo(-radius * scale, 0);
  context.lineTo(radius * scale, 0);
  context.stroke();
  context.strokeStyle = colours.curves[0];
  context.lineWidth = 2.5;
  context.beginPath();
  let [x, y] = [0, 0];
  context.moveTo(0, 0);
  for (let i = 0; i < distance.length; i++) {
    if (!Number.isFinite(distance[i])) continue;
    x = along[i] * scale;
    y = -Math.sqrt(Math.max(0, distance[i] ** 2 - along[i] ** 2)) * scale;
    context.lineTo(x, y);
  }
  context.stroke();
  context.fillStyle = colours.curves[1];
  context.beginPath();
  context.arc(x, y, 5, 0, 2 * Math.PI);
  context.fill();
  context.fillStyle = colours.ink;
  context.beginPath();
  context.arc(0, 0, 4, 0, 2 * Math.PI);
  context.fill();
  context.font = "12px system-ui, sans-serif";
  context.textAlign = "center";
  context.textBaseline = "top";
  context.fillText("weights when certified", 0, 8);
}
