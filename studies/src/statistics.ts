/** Upper 97.5 % points of Student's t with 1, 2, … degrees of freedom; 1.96 beyond. */
const STUDENT = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131, 2.12, 2.11,
  2.101, 2.093, 2.086,
];

/** A fitted slope with its 95 % confidence interval. */
export interface SlopeFit {
  readonly slope: number;
  readonly lower: number;
  readonly upper: number;
  readonly points: number;
}

/** Least squares line through (x, y), with the 95 % interval of its slope (independent errors of equal size assumed). */
export function lineFit(x: readonly number[], y: readonly number[]): SlopeFit {
  const [mx, my] = [mean(x), mean(y)];
  const spread = x.reduce((sum, u) => sum + (u - mx) ** 2, 0);
  const slope = x.reduce((sum, u, i) => sum + (u - mx) * (y[i] - my), 0) / spread;
  const rest = x.reduce((sum, u, i) => sum + (y[i] - my - slope * (u - mx)) ** 2, 0);
  const freedom = x.length - 2;
  const half =
    freedom > 0 ? (STUDENT[freedom - 1] ?? 1.96) * Math.sqrt(rest / freedom / spread) : Number.POSITIVE_INFINITY;
  return { slope, lower: slope - half, upper: slope + half, points: x.length };
}

/** p of y ∝ xᵖ: `lineFit` on logarithms. */
export function powerLaw(x: readonly number[], y: readonly number[]): SlopeFit {
  return lineFit(x.map(Math.log), y.map(Math.log));
}

/** "slope −0.497, 95 % interval [−0.51, −0.48] from 12 points". */
export function describeSlope({ slope, lower, upper, points }: SlopeFit): string {
  return `slope ${slope.toFixed(3)}, 95 % interval [${lower.toFixed(3)}, ${upper.toFixed(3)}] from ${points} points`;
}

/**
 * Whether a fitted power agrees with `expected`: its interval must come within `tolerance` of it, for a power law is approached, not
 * exact, at finite size.
 */
export function slopeAgrees({ lower, upper }: SlopeFit, expected: number, tolerance: number): boolean {
  return lower <= expected + tolerance && upper >= expected - tolerance;
}

/** R² of log(value) against the index over the second half of a sequence: 1 for a straight line; NaN where a value is not positive. */
export function linearity(values: readonly number[]): number {
  const tail = values.slice(Math.floor(values.length / 2)).map(Math.log);
  const [my, mx] = [mean(tail), (tail.length - 1) / 2];
  let [xy, xx, yy] = [0, 0, 0];
  tail.forEach((v, k) => {
    xy += (k - mx) * (v - my);
    xx += (k - mx) ** 2;
    yy += (v - my) ** 2;
  });
  return (xy * xy) / (xx * yy);
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, v) => sum + v, 0) / values.length;
}

/** exp of the mean logarithm; all values positive. */
export function geometricMean(values: readonly number[]): number {
  return Math.exp(mean(values.map(Math.log)));
}

/** Points of a curve with a band: per distinct x the geometric mean of its y, the least and the greatest. */
export function pointsBy<R>(rows: readonly R[], x: (row: R) => number, y: (row: R) => number) {
  const xs = [...new Set(rows.map(x))].sort((a, b) => a - b);
  const groups = xs.map((value) => rows.filter((row) => x(row) === value).map(y));
  return {
    x: xs,
    y: groups.map(geometricMean),
    lower: groups.map((group) => Math.min(...group)),
    upper: groups.map((group) => Math.max(...group)),
  };
}
