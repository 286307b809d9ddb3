import type { CircleSeen } from "../engine/protocol.ts";
import { prepareCanvas } from "./canvas.ts";
import type { Colours } from "./colours.ts";

/** How long a flip stays lit. */
export const FLASH_MILLISECONDS = 700;

/**
 * The plane of inputs: a dot per neuron in the direction of its weights (at the rim; inside where it started), each sample as a mark with the
 * line across on which it changes a neuron's sign, and flips lit.
 */
export function drawCircle(
  canvas: HTMLCanvasElement,
  seen: CircleSeen,
  flashes: ReadonlyMap<number, number>,
  now: number,
  colours: Colours,
): void {
  const prepared = prepareCanvas(canvas);
  if (!prepared) return;
  const { context, width, height } = prepared;
  const radius = Math.min(width, height) / 2 - 26;
  context.translate(width / 2, height / 2);
  context.strokeStyle = colours.grid;
  context.lineWidth = 1;
  ring(context, radius);
  ring(context, 0.72 * radius);
  const n = seen.y.length;
  for (let i = 0; i < n; i++) {
    const angle = Math.atan2(seen.x[2 * i + 1], seen.x[2 * i]);
    const colour = seen.y[i] >= 0 ? colours.curves[1] : colours.curves[0];
    context.strokeStyle = colour;
    context.globalAlpha = 0.5;
    const [cx, cy] = [-Math.sin(angle) * radius, Math.cos(angle) * radius];
    context.beginPath();
    context.moveTo(-cx, cy);
    context.lineTo(cx, -cy);
    context.stroke();
    context.globalAlpha = 1;
    const [sx, sy] = [Math.cos(angle) * (radius + 12), -Math.sin(angle) * (radius + 12)];
    context.fillStyle = colour;
    if (seen.y[i] >= 0) disc(context, sx, sy, 6);
    else context.fillRect(sx - 5, sy - 5, 10, 10);
  }
  for (let r = 0; r < seen.now.length / 2; r++) {
    const lit = flashes.get(r);
    const from = Math.atan2(seen.initial[2 * r + 1], seen.initial[2 * r]);
    const to = Math.atan2(seen.now[2 * r + 1], seen.now[2 * r]);
    const age = lit === undefined ? 1 : Math.min(1, (now - lit) / FLASH_MILLISECONDS);
    context.globalAlpha = 0.25;
    context.strokeStyle = colours.muted;
    context.beginPath();
    context.moveTo(0.72 * radius * Math.cos(from), -0.72 * radius * Math.sin(from));
    context.lineTo(radius * Math.cos(to), -radius * Math.sin(to));
    context.stroke();
    context.globalAlpha = 1;
    context.fillStyle = age < 1 ? colours.certified : colours.muted;
    disc(context, radius * Math.cos(to), -radius * Math.sin(to), age < 1 ? 3 + 5 * (1 - age) : 2);
  }
}

/** f around the circle against the angle, with the samples on it. */
export function drawFitted(canvas: HTMLCanvasElement, seen: CircleSeen, colours: Colours): void {
  const prepared = prepareCanvas(canvas);
  if (!prepared) return;
  const { context, width, height } = prepared;
  const [left, right, top, bottom] = [44, width - 12, 10, height - 26];
  let most = 0.1;
  for (const value of [...seen.fitted, ...seen.y]) if (Number.isFinite(value)) most = Math.max(most, Math.abs(value));
  const toY = (value: number) => (top + bottom) / 2 - (value / (1.1 * most)) * ((bottom - top) / 2);
  const toX = (angle: number) => left + (((angle + 2 * Math.PI) % (2 * Math.PI)) / (2 * Math.PI)) * (right - left);
  context.font = "12px system-ui, sans-serif";
  context.fillStyle = colours.muted;
  context.textAlign = "right";
  context.textBaseline = "middle";
  for (const value of [-most, 0, most]) {
    context.strokeStyle = colours.grid;
    context.beginPath();
    context.moveTo(left, toY(value));
    context.lineTo(right, toY(value));
    context.stroke();
    context.fillText(String(Number(value.toPrecision(2))).replace("-", "−"), left - 6, toY(value));
  }
  context.textBaseline = "bottom";
  for (const [angle, label] of [
    [0, "0°"],
    [Math.PI / 2, "90°"],
    [Math.PI, "180°"],
    [1.5 * Math.PI, "270°"],
  ] as const) {
    context.textAlign = "center";
    context.fillText(label, toX(angle), height);
  }
  context.strokeStyle = colours.ink;
  context.lineWidth = 2;
  context.beginPath();
  seen.fitted.forEach((value, k) => {
    const x = left + (k / seen.fitted.length) * (right - left);
    if (k === 0) context.moveTo(x, toY(value));
    else context.lineTo(x, toY(value));
  });
  context.stroke();
  for (let i = 0; i < seen.y.length; i++) {
    const x = toX(Math.atan2(seen.x[2 * i + 1], seen.x[2 * i]));
    context.fillStyle = seen.y[i] >= 0 ? colours.curves[1] : colours.curves[0];
    if (seen.y[i] >= 0) disc(context, x, toY(seen.y[i]), 5);
    else context.fillRect(x - 4.5, toY(seen.y[i]) - 4.5, 9, 9);
  }
}

function ring(context: CanvasRenderingContext2D, radius: number): void {
  context.beginPath();
  context.arc(0, 0, Math.max(0, radius), 0, 2 * Math.PI);
  context.stroke();
}

function disc(context: CanvasRenderingContext2D, x: number, y: number, radius: number): void {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fill();
}
