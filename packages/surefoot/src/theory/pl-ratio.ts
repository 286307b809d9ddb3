import type { Problem } from "../dynamics/problem.ts";
import type { Weights } from "../network/network.ts";
import { layerStream, seedWords } from "../random/streams.ts";
import { flatten, lossAndGradient, norm, plus } from "./parameters.ts";

/** The least value seen of ‖∇f‖²/f, f = ½‖e‖², on balls around θ₀: an upper bound of α(θ₀, r) (Chatterjee 2022; theory/04). */
export interface RatioSearch {
  /** Ascending radii, and the least ratio found within each: it does not increase. */
  readonly radii: readonly number[];
  readonly ratios: readonly number[];
  readonly evaluations: number;
}

export interface RatioOptions {
  readonly radii: readonly number[];
  /** Random points per radius (default 12) and steps of descent on the ratio from the best of them (default 20). */
  readonly samples?: number;
  readonly descent?: number;
  readonly seed?: number;
  readonly signal?: AbortSignal;
}

/** The stream of the random directions: no layer has so large a number. */
const DIRECTIONS = layerStream(2 ** 31);

/**
 * Looks for a small ‖∇f‖²/f within each radius: random points of the sphere and of the ball, then descent on the ratio from the best, by
 * ∇(‖g‖²/f) = 2∇²f·g/f − ‖g‖²g/f² with the Hessian product by a difference of gradients, projected on the ball. A search bounds α from above and
 * nothing more. Points where f = 0 up to rounding are left out, as in α.
 */
export async function searchRatio(problem: Problem, weights: Weights, options: RatioOptions): Promise<RatioSearch> {
  const { radii, samples = 12, descent = 20, seed = 0, signal } = options;
  const centre = flatten(problem.network, weights);
  let evaluations = 0;
  const evaluate = async (theta: Float64Array) => {
    evaluations++;
    const { loss, gradient } = await lossAndGradient(problem, theta, weights);
    const size = norm(gradient);
    return { theta, loss, gradient, size, ratio: loss > 0 ? (size * size) / loss : Number.POSITIVE_INFINITY };
  };
  const start = await evaluate(centre);
  const floor = 1e-20 * start.loss;
  const ratioOf = (found: typeof start) => (found.loss > floor ? found.ratio : Number.POSITIVE_INFINITY);
  const ratios: number[] = [];
  let best = start;
  let draw = 0;
  for (const radius of radii) {
    for (let k = 0; k < samples && !signal?.aborted; k++) {
      const direction = (await normalsAt(problem, seed, draw++, centre.length)).data;
      // half of them on the sphere, half inside
      const length = (k % 2 === 0 ? 1 : (k + 1) / samples) * radius;
      const found = await evaluate(plus(centre, length / norm(direction), direction));
      if (ratioOf(found) < ratioOf(best)) best = found;
    }
    let stride = 0.3 * radius;
    for (let k = 0; k < descent && stride > 1e-4 * radius && !signal?.aborted; k++) {
      const { theta, loss, gradient, size, ratio } = best;
      if (size === 0) break;
      const h = (1e-6 * (1 + norm(theta))) / size;
      const ahead = await evaluate(plus(theta, h, gradient));
      const slope = gradient.map((g, i) => ((2 * (ahead.gradient[i] - g)) / h - ratio * g) / loss);
      const length = norm(slope);
      if (!(length > 0)) break;
      const found = await evaluate(inBall(plus(theta, -stride / length, slope), centre, radius));
      if (ratioOf(found) < ratioOf(best)) best = found;
      else stride /= 2;
    }
    ratios.push(ratioOf(best));
  }
  return { radii, ratios, evaluations };
}

function normalsAt({ backend }: Problem, seed: number, row: number, cols: number) {
  return backend.normals({ seed: seedWords(seed), stream: DIRECTIONS, firstRow: row, rows: 1, cols });
}

function inBall(theta: Float64Array, centre: Float64Array, radius: number): Float64Array {
  const offset = plus(theta, -1, centre);
  const length = norm(offset);
  return length <= radius ? theta : plus(centre, radius / length, offset);
}
