import { prepareCanvas } from "./canvas.ts";

/** Blue through neutral to orange, told apart under the common colour-vision deficiencies. t in [−1, 1]. */
function diverging(t: number, dark: boolean): [number, number, number] {
  const middle = dark ? [30, 34, 39] : [247, 247, 247];
  const end = t < 0 ? (dark ? [86, 180, 233] : [0, 90, 160]) : dark ? [240, 165, 30] : [200, 80, 0];
  const share = Math.min(1, Math.abs(t));
  return [0, 1, 2].map((k) => Math.round(middle[k] + share * (end[k] - middle[k]))) as [number, number, number];
}

/** A matrix as pixels, entries from −scale (blue) to scale (orange). */
export function drawHeatMap(
  canvas: HTMLCanvasElement,
  data: ArrayLike<number>,
  rows: number,
  cols: number,
  scale: number,
  dark: boolean,
): void {
  const prepared = prepareCanvas(canvas);
  if (!prepared || rows === 0 || cols === 0) return;
  const image = new ImageData(cols, rows);
  for (let i = 0; i < rows * cols; i++) {
    image.data.set(diverging(scale > 0 ? data[i] / scale : 0, dark), 4 * i);
    image.data[4 * i + 3] = 255;
  }
  const small = new OffscreenCanvas(cols, rows);
  small.getContext("2d")?.putImageData(image, 0, 0);
  prepared.context.imageSmoothingEnabled = false;
  prepared.context.drawImage(small, 0, 0, prepared.width, prepared.height);
}
