import { layerStream, seedWords } from "../random/streams.ts";
import { flatten, lossAndGradient, norm, plus } from "./parameters.ts";
import type { DeskRequest } from "./request.ts";

const DIRECTIONS = layerStream(2 ** 31 + 1);
const POINTS = 6;
const ITERATIONS = 12;

/** The greatest |eigenvalue| of ∇²(½‖e‖²) seen at points of B(θ₀, r) ∩ {f ≤ f(θ₀)}: from below, by power iteration on gradient differences. */
export async function smoothness(
  { problem, weights, seed }: DeskRequest,
  r: number,
): Promise<{ readonly largest: number; readonly points: number }> {
  const centre = flatten(problem.network, weights);
  const start = await lossAndGradient(problem, centre, weights);
  let largest = 0;
  let points = 0;
  for (let k = 0; k < POINTS; k++) {
    let theta = plus(centre, 0, centre);
    if (k > 0) {
      const direction = await draw(2 * k);
      theta = plus(centre, (r * k) / POINTS / norm(direction), direction);
      if ((await lossAndGradient(problem, theta, weights)).loss > start.loss) {
        // along the negative gradient f falls, so that some of the points lie in the set
        const size = norm(start.gradient);
        theta = plus(centre, size > 0 ? -Math.min(1e-3, r / size / POINTS) * k : 0, start.gradient);
        if ((await lossAndGradient(problem, theta, weights)).loss > start.loss) continue;
      }
    }
    points++;
    let v = await draw(2 * k + 1);
    for (let i = 0; i < ITERATIONS; i++) {
      const h = (1e-5 * (1 + norm(theta))) / norm(v);
      const ahead = (await lossAndGradient(problem, plus(theta, h, v), weights)).gradient;
      const behind = (await lossAndGradient(problem, plus(theta, -h, v), weights)).gradient;
      const image = ahead.map((g, j) => (g - behind[j]) / (2 * h));
      const size = norm(image);
      if (!(size > 0)) break;
      largest = Math.max(largest, size / norm(v));
      v = image.map((entry) => entry / size);
    }
  }
  return { largest, points };

  async function draw(row: number): Promise<Float64Array> {
    const request = { seed: seedWords(seed ?? 0), stream: DIRECTIONS, firstRow: row, rows: 1, cols: centre.length };
    return (await problem.backend.normals(request)).data;
  }
}
