import { breathe, type Long } from "./long-work.ts";
import type { LazyProblem } from "./problem.ts";
import { shardSize } from "./start.ts";
import { TangentCounts } from "./tangent-counts.ts";

/** Steps that are simulated at most, and products in them; what the horizon asks beyond them is extrapolated. */
const SIMULATED = 192;
const PRODUCTS = 6e7;

/**
 * How far any ζ_ri is likely to travel within `horizon` steps, by sample: the linear dynamics of a pilot network, made of the first
 * neurons of the source, run forward with its initial kernel; `room` times the longest path. A guess that only decides how many pairs are watched; the run checks
 * its clocks against it at every step.
 */
export async function predictReach(
  problem: LazyProblem,
  horizon: number,
  room: number,
  long: Long,
): Promise<Float64Array> {
  const { x, source, backend } = problem;
  const n = x.rows;
  const pilot = Math.min(source.width, Math.max(2048, 4 * n));
  const size = shardSize(n, x.cols);
  const counts = new Float64Array(n * n);
  // Several draws of u(0), from disjoint groups, where n is too small for ‖e‖ to concentrate.
  const groups = n < 200 && source.width >= 8 ? 8 : 1;
  const draws = Array.from({ length: groups }, () => new Float64Array(n));
  for (let first = 0; first < pilot; first += size) {
    await breathe(long, "pilot", first, pilot);
    const { w, a } = await source.block(first, Math.min(size, pilot - first));
    const z = await backend.gemm(x, w, { transposeB: true });
    const words = Math.ceil(w.rows / 32);
    const masks = { rows: n, bits: w.rows, wordsPerRow: words, words: new Uint32Array(n * words) };
    for (let i = 0; i < n; i++) {
      for (let r = 0; r < w.rows; r++) {
        const value = z.data[i * w.rows + r];
        if (value < 0) continue;
        masks.words[i * words + (r >>> 5)] |= 1 << (r & 31);
        // Pairs of neurons stay together, so that antisymmetric twins cancel in each group as they do in the network.
        draws[((first + r) >>> 1) % groups][i] += a[r] * value;
      }
    }
    const weights = source.signs ? {} : { weights: a.map((value) => value * value) };
    const block = await backend.maskCounts(masks, weights);
    for (let i = 0; i < n * n; i++) counts[i] += block.data[i];
  }
  const tangent = new TangentCounts(problem.gram, counts, pilot);
  const reach = new Float64Array(n);
  const scale = 1 / Math.sqrt(pilot / groups);
  for (const draw of draws) {
    await breathe(long, "pilot", pilot, pilot);
    const path = await linearPath(
      tangent,
      draw.map((sum, i) => sum * scale - problem.y[i]),
      problem.stepSize,
      horizon,
    );
    for (let i = 0; i < n; i++) reach[i] = Math.max(reach[i], room * path[i]);
  }
  return reach;
}

/** Per sample the longer of the upward and downward path under e ← (I − ηH)e with H fixed. */
async function linearPath(
  tangent: TangentCounts,
  e: Float64Array,
  eta: number,
  horizon: number,
): Promise<Float64Array> {
  const { n } = tangent;
  const [product, up, down] = [new Float64Array(n), new Float64Array(n), new Float64Array(n)];
  const [upPath, downPath] = [new Float64Array(n), new Float64Array(n)];
  const simulated = Math.min(horizon, SIMULATED, Math.max(32, Math.floor(PRODUCTS / n ** 2)));
  let early = 0;
  let late = 0;
  for (let k = 0; k < simulated; k++) {
    await tangent.rates(e, product, up, down);
    let size = 0;
    for (let i = 0; i < n; i++) {
      upPath[i] += eta * up[i];
      downPath[i] += eta * down[i];
      e[i] -= eta * product[i];
      size += Math.abs(e[i]);
    }
    if (k === simulated >> 1) early = size;
    if (k === simulated - 1) late = size;
  }
  const ratio = early > 0 ? Math.min(1, (late / early) ** (1 / Math.max(1, simulated - 1 - (simulated >> 1)))) : 0;
  const rest = horizon - simulated;
  const tail = ratio < 1 ? Math.min(rest, (ratio * (1 - ratio ** rest)) / (1 - ratio)) : rest;
  return upPath.map((length, i) => {
    const more = eta * tail * Math.max(up[i], down[i]);
    const path = Math.max(length, downPath[i]);
    return path + Math.min(more, 8 * path);
  });
}
