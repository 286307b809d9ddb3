import { type Backend, type Matrix, matrix, row } from "@surefoot/linalg";
import { lambda0Of } from "../measure.ts";

/** A seeded source of uniform numbers in [0, 1) for the search (a 32-bit mixer; only the search's path depends on it). */
export function uniforms(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let t = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    t = Math.imul(t ^ (t >>> 15), 0x735a2d97);
    return ((t ^ (t >>> 15)) >>> 0) / 2 ** 32;
  };
}

/** n points on a great circle, neighbours at chord δ: the crowd that the search starts from first. */
export function chain(n: number, d: number, delta: number): Matrix {
  const x = matrix(n, d);
  const step = 2 * Math.asin(delta / 2) * (1 + 1e-9);
  for (let i = 0; i < n; i++) {
    x.data[i * d] = Math.cos(i * step);
    x.data[i * d + 1] = Math.sin(i * step);
  }
  return x;
}

/** n points of a square grid in a small cap, neighbours at least δ apart. */
export function cap(n: number, d: number, delta: number): Matrix {
  const x = matrix(n, d);
  const side = Math.ceil(Math.sqrt(n));
  for (let i = 0; i < n; i++) {
    const line = row(x, i);
    // in the tangent plane, a little wider than δ: putting the points onto the sphere draws them together
    const [u, v] = [(i % side) - (side - 1) / 2, Math.floor(i / side) - (side - 1) / 2].map(
      (k) => k * delta * (1 + delta * delta * side * side),
    );
    line[0] = 1;
    line[1] = u;
    line[2] = v;
    unit(line);
  }
  return x;
}

/** The least of ‖x_i − x_j‖ and ‖x_i + x_j‖ over all pairs: antipodal points count as close (see `antipodal`). */
export function separation(x: Matrix): number {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < x.rows; i++) {
    for (let j = 0; j < i; j++) {
      const [a, b] = [row(x, i), row(x, j)];
      least = Math.min(
        least,
        distance(a, b),
        distance(
          a,
          b.map((value) => -value),
        ),
      );
    }
  }
  return least;
}

/**
 * d + 1 antipodal pairs ±x_k in R^d, far apart from one another, for which H^∞ is singular: x 1{w·x ≥ 0} − (−x) 1{−w·x ≥ 0} = x for almost every w,
 * whatever w is, and d + 1 vectors are linearly dependent; so Σ c_k x_k = 0 is a combination of the features that vanishes.
 */
export function antipodal(d: number): Matrix {
  const x = matrix(2 * (d + 1), d);
  for (let k = 0; k <= d; k++) {
    const line = row(x, 2 * k);
    if (k < d) line[k] = 1;
    else line.fill(1);
    unit(line);
    row(x, 2 * k + 1).set(line.map((value) => -value));
  }
  return x;
}

/**
 * Lowers λ₀ by moving one point at a time in a random direction, by a length that shrinks when nothing helps, keeping all distances at
 * least δ: an upper bound of the least λ₀, not a proof that there is none smaller.
 */
export async function descend(
  start: Matrix,
  delta: number,
  proposals: number,
  random: () => number,
  backend: Backend,
  signal: AbortSignal,
): Promise<number> {
  const x = matrix(start.rows, start.cols, start.data.slice());
  let best = await lambda0Of(x, backend);
  let length = delta;
  for (let proposal = 0; proposal < proposals; proposal++) {
    signal.throwIfAborted();
    const line = row(x, Math.floor(random() * x.rows));
    const before = line.slice();
    for (let k = 0; k < line.length; k++) line[k] += length * (random() + random() + random() - 1.5);
    unit(line);
    const value = separation(x) >= delta ? await lambda0Of(x, backend) : Number.POSITIVE_INFINITY;
    if (value < best) {
      best = value;
      length = Math.min(1, length * 1.5);
    } else {
      line.set(before);
      length = Math.max(1e-4 * delta, length * 0.97);
    }
  }
  return best;
}

function unit(v: Float64Array): void {
  const length = Math.sqrt(v.reduce((sum, value) => sum + value * value, 0));
  for (let k = 0; k < v.length; k++) v[k] /= length;
}

const distance = (a: Float64Array, b: Float64Array) =>
  Math.sqrt(a.reduce((sum, value, k) => sum + (value - b[k]) ** 2, 0));
