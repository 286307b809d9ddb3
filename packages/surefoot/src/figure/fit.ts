import type { Axis, Curve } from "./spec.ts";

/** A straight line through points, with its uncertainty. */
export interface Fit {
  /** In the axes' own coordinates: on two log axes the exponent p of y ∝ xᵖ; decades per unit of x where only y is logarithmic. */
  readonly slope: number;
  /** The fitted line's ends, in data units. */
  readonly ends: readonly [{ readonly x: number; readonly y: number }, { readonly x: number; readonly y: number }];
}

const forward = (axis: Axis) => (axis.scale === "log" ? Math.log10 : (v: number) => v);
const backward = (axis: Axis) => (axis.scale === "log" ? (v: number) => 10 ** v : (v: number) => v);

/** The least-squares line through a curve's points in the axes' coordinates; undefined with fewer than two different x. */
export function fitLine(curve: Pick<Curve, "x" | "y">, xAxis: Axis, yAxis: Axis): Fit | undefined {
  const points: [number, number][] = [];
  curve.x.forEach((x, i) => {
    const y = curve.y[i];
    if (y === null || (xAxis.scale === "log" && x <= 0) || (yAxis.scale === "log" && y <= 0)) return;
    points.push([forward(xAxis)(x), forward(yAxis)(y)]);
  });
  const mean = (k: 0 | 1) => points.reduce((sum, point) => sum + point[k], 0) / points.length;
  const [mx, my] = [mean(0), mean(1)];
  const spread = points.reduce((sum, [x]) => sum + (x - mx) ** 2, 0);
  if (points.length < 2 || spread === 0) return undefined;
  const slope = points.reduce((sum, [x, y]) => sum + (x - mx) * (y - my), 0) / spread;
  const xs = points.map(([x]) => x);
  const end = (x: number) => ({ x: backward(xAxis)(x), y: backward(yAxis)(my + slope * (x - mx)) });
  return { slope, ends: [end(Math.min(...xs)), end(Math.max(...xs))] };
}
