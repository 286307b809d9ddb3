/** Upper 97.5 % points of Student's t with 1, 2, … degrees of freedom; 1.96 beyond. */
const STUDENT = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131, 2.12, 2.11,
  2.101, 2.093, 2.086,
];

/** p of y ∝ xᵖ by least squares on logarithms, with its 95 % confidence interval (independent errors of equal size assumed). */
export function powerLaw(x, y) {
  const points = x.map((value, i) => [Math.log(value), Math.log(y[i])]);
  const mean = (k) => points.reduce((sum, point) => sum + point[k], 0) / points.length;
  const [mx, my] = [mean(0), mean(1)];
  const spread = points.reduce((sum, [u]) => sum + (u - mx) ** 2, 0);
  const slope = points.reduce((sum, [u, v]) => sum + (u - mx) * (v - my), 0) / spread;
  const rest = points.reduce((sum, [u, v]) => sum + (v - my - slope * (u - mx)) ** 2, 0);
  const freedom = points.length - 2;
  const half =
    freedom > 0 ? (STUDENT[freedom - 1] ?? 1.96) * Math.sqrt(rest / freedom / spread) : Number.POSITIVE_INFINITY;
  return { slope, lower: slope - half, upper: slope + half, points: points.length };
}

/** R² of log(loss) against the step over the second half of a run: 1 for a straight line. */
export function linearity(losses) {
  const tail = losses.slice(Math.floor(losses.length / 2)).map(Math.log);
  const mean = tail.reduce((sum, v) => sum + v, 0) / tail.length;
  const middle = (tail.length - 1) / 2;
  let [xy, xx, yy] = [0, 0, 0];
  tail.forEach((v, k) => {
    xy += (k - middle) * (v - mean);
    xx += (k - middle) ** 2;
    yy += (v - mean) ** 2;
  });
  return (xy * xy) / (xx * yy);
}
