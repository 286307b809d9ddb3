import type { PatternsSeen } from "../engine/protocol.ts";
import { prepareCanvas } from "./canvas.ts";

/** By cell: off, was on, came on, on (bit 0: at the start, bit 1: now). */
const LIGHT = [0xffffff, 0xf5cf7a, 0xe69f00, 0x0072b2];
const DARK = [0x1e2227, 0xa87713, 0xffbf3f, 0x3a8fc4];

export function drawPatterns(canvas: HTMLCanvasElement, { n, neurons, cells }: PatternsSeen, dark: boolean): void {
  const prepared = prepareCanvas(canvas);
  if (!prepared) return;
  const palette = dark ? DARK : LIGHT;
  const image = new ImageData(neurons, n);
  for (let i = 0; i < cells.length; i++) {
    const colour = palette[cells[i]];
    image.data.set([colour >> 16, (colour >> 8) & 255, colour & 255, 255], 4 * i);
  }
  const small = new OffscreenCanvas(neurons, n);
  small.getContext("2d")?.putImageData(image, 0, 0);
  prepared.context.imageSmoothingEnabled = false;
  prepared.context.drawImage(small, 0, 0, prepared.width, prepared.height);
}
