/**
 * Artificial data with the same bits on every platform: the counter-based generator and operations that IEEE 754 fixes, nothing else.
 */
import { type Matrix, matrix, normals, row } from "@surefoot/linalg";
import { SurefootError } from "../error.ts";
import { uniform } from "../random/draw.ts";
import { seedWords } from "../random/streams.ts";
import type { Dataset } from "./dataset.ts";
import {
  formatGenerator,
  type GeneratorInput,
  type GeneratorSpec,
  type LabelLaw,
  resolveGenerator,
} from "./generator-spec.ts";
import { scaleToUnit } from "./normalize.ts";
import { checkEntries, datasetFrom } from "./samples.ts";
import { STREAMS } from "./streams.ts";

/** The dataset of a spec. Throws `argument` for a spec that does not fit and `data` when points so separated cannot be placed. */
export function generate(input: GeneratorInput): Dataset {
  const spec = resolveGenerator(input);
  const source = formatGenerator(spec);
  checkEntries(spec.n, spec.d, source);
  return datasetFrom(inputs(spec, source), labels(spec.n, spec.seed, spec.labels), source);
}

function inputs(spec: GeneratorSpec, source: string): Matrix {
  const { n, d, seed } = spec;
  switch (spec.kind) {
    case "gaussian":
      return gaussianRows(n, d, seed, STREAMS.inputs);
    case "sphere":
      return sphere(n, d, seed);
    case "orthonormal":
      return orthonormalize(gaussianRows(n, d, seed, STREAMS.inputs));
    case "basis": {
      const x = matrix(n, d);
      for (let i = 0; i < n; i++) x.data[i * d + i] = 1;
      return x;
    }
    case "colliding-pair": {
      const x = sphere(n, d, seed);
      row(x, 1).set(atDistance(row(x, 0), spec.epsilon, seed));
      return x;
    }
    case "separated":
      return separated(n, d, seed, spec.delta, source);
    case "two-clusters":
      return twoClusters(n, d, seed, spec.distance, spec.spread);
  }
}

function gaussianRows(n: number, d: number, seed: number, stream: number, firstRow = 0): Matrix {
  return normals({ seed: seedWords(seed), stream, firstRow, rows: n, cols: d });
}

/** Row i is the direction of a Gaussian vector: uniform on the sphere. A zero vector (probability about 2⁻⁵³ᵈ) becomes e_1. */
function sphere(n: number, d: number, seed: number, stream: number = STREAMS.inputs, firstRow = 0): Matrix {
  const x = gaussianRows(n, d, seed, stream, firstRow);
  for (let i = 0; i < n; i++) if (!scaleToUnit(row(x, i))) x.data[i * d] = 1;
  return x;
}

/** Gram–Schmidt, each row twice: orthonormal to rounding ("twice is enough", Giraud, Langou & Rozložník 2005). */
function orthonormalize(x: Matrix): Matrix {
  for (let i = 0; i < x.rows; i++) {
    const v = row(x, i);
    for (let pass = 0; pass < 2; pass++) {
      for (let j = 0; j < i; j++) removeComponent(v, row(x, j));
      scaleToUnit(v);
    }
  }
  return x;
}

/** v ← v − (v·u)u for a unit vector u. */
function removeComponent(v: Float64Array, u: Float64Array): void {
  let dot = 0;
  for (let j = 0; j < v.length; j++) dot += v[j] * u[j];
  for (let j = 0; j < v.length; j++) v[j] -= dot * u[j];
}

/**
 * A unit vector at distance `chord` from the unit vector u, in a direction of its own uniform choice: u cos θ + t sin θ with
 * cos θ = 1 − c²/2, sin θ = c√(1 − c²/4). The distance is met to rounding of the coordinates, about 1e-16.
 */
function atDistance(u: Float64Array, chord: number, seed: number): Float64Array {
  const t = row(sphere(1, u.length, seed, STREAMS.direction), 0);
  for (let pass = 0; pass < 2; pass++) {
    removeComponent(t, u);
    scaleToUnit(t);
  }
  const cos = 1 - (chord * chord) / 2;
  const sin = chord * Math.sqrt((1 - chord / 2) * (1 + chord / 2));
  return u.map((value, j) => cos * value + sin * t[j]);
}

/** Draws that one row of `separated` may take before it is given up. */
const PLACEMENT_DRAWS = 10_000;

function separated(n: number, d: number, seed: number, delta: number, source: string): Matrix {
  // Σ_ij ‖x_i − x_j‖² = 2n² − 2‖Σx_i‖² ≤ 2n², and n(n − 1) of the terms are at least δ².
  const most = Math.sqrt((2 * n) / (n - 1));
  if (delta > most || (d === 1 && n > 2)) {
    throw new SurefootError(
      "data",
      `${source}: no ${n} points of the sphere in ${d} dimensions are all ${delta} apart; ` +
        (d === 1
          ? "in one dimension there are only two points"
          : `at most ${most.toPrecision(4)} is possible in any dimension`),
    );
  }
  const x = matrix(n, d);
  let draw = 0;
  for (let i = 0; i < n; i++) {
    const limit = draw + PLACEMENT_DRAWS;
    for (let placed = false; !placed; draw++) {
      if (draw === limit) {
        throw new SurefootError(
          "data",
          `${source}: only ${i} of ${n} points could be placed (${PLACEMENT_DRAWS} draws for the next one failed); ` +
            "lower delta or n, raise d, or try another seed",
        );
      }
      const candidate = row(sphere(1, d, seed, STREAMS.inputs, draw), 0);
      placed = farFromAll(x, i, candidate, delta);
      if (placed) row(x, i).set(candidate);
    }
  }
  return x;
}

/** Whether v is at least `delta` away from rows 0 … count − 1 of x. */
function farFromAll(x: Matrix, count: number, v: Float64Array, delta: number): boolean {
  for (let i = 0; i < count; i++) {
    let square = 0;
    for (let j = 0; j < x.cols; j++) {
      const difference = x.data[i * x.cols + j] - v[j];
      square += difference * difference;
    }
    if (!(Math.sqrt(square) >= delta)) return false;
  }
  return true;
}

function twoClusters(n: number, d: number, seed: number, distance: number, spread: number): Matrix {
  const first = row(sphere(1, d, seed, STREAMS.centres), 0);
  const centres = [first, atDistance(first, distance, seed)];
  const x = gaussianRows(n, d, seed, STREAMS.inputs);
  const scale = spread / Math.sqrt(d);
  for (let i = 0; i < n; i++) {
    const v = row(x, i);
    const centre = centres[i % 2];
    for (let j = 0; j < d; j++) v[j] = centre[j] + scale * v[j];
    if (!scaleToUnit(v)) v.set(centre);
  }
  return x;
}

function labels(n: number, seed: number, law: LabelLaw): Float64Array {
  if (law === "cluster") return Float64Array.from({ length: n }, (_, i) => (i % 2 === 0 ? -1 : 1));
  if (law === "gaussian") return gaussianRows(n, 1, seed, STREAMS.labels).data;
  const words = seedWords(seed);
  return Float64Array.from({ length: n }, (_, i) => {
    const u = uniform({ seed: words, stream: STREAMS.labels, row: i }, 0);
    return law === "sign" ? (u < 0.5 ? -1 : 1) : 2 * u - 1;
  });
}
