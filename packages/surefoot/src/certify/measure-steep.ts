import { type Backend, type Matrix, matrix } from "@surefoot/linalg";
import { activationOf } from "../activation/registry.ts";
import { forward } from "../network/forward.ts";
import { isFeedforward, type Network } from "../network/network.ts";
import type { Measurement, Point, SmoothEvidence } from "./evidence.ts";

/** By layer (index ℓ − 1): `steepBounds` of evidence.ts; undefined for ℓ = 1 and for the last layer, whose norms are known already. */
export type SteepNorms = readonly (Float64Array | undefined)[];

/** Whether measured products can say more than the products of norms: two hidden layers or more, no skips, no patches. */
export function hasSteepNorms(network: Network): boolean {
  return network.layers.length > 2 && isFeedforward(network);
}

/** The evidence with measured products. For the last layer, of one row, ‖s_LW_LD_{L−1}‖ is ‖g_{L−1}‖, as g_L = 1. */
export function withSteepNorms(evidence: SmoothEvidence, norms: SteepNorms): SmoothEvidence {
  const { layers } = evidence;
  const last = layers.length - 1;
  return {
    ...evidence,
    layers: layers.map((layer, l) => {
      const steepBounds = l === last ? layers[last - 1].gradientBounds : norms[l];
      return steepBounds === undefined ? layer : { ...layer, steepBounds };
    }),
  };
}

const ITERATIONS = 60;
/** The power method comes from below: what it may miss. */
const ALLOWANCE = 1.03;

/** In floating point: the power method for all samples at once, raised by 3 % (an estimate; measure-steep-proved.ts proves). */
export async function steepNorms(at: Point, backend: Backend): Promise<Measurement<SteepNorms>> {
  const { network, weights, dataset } = at;
  const activation = activationOf(network.activation);
  const pass = at.pass ?? (await forward(network, weights, dataset.x, backend));
  const n = dataset.x.rows;
  const norms: (Float64Array | undefined)[] = network.layers.map(() => undefined);
  for (let l = 1; l < network.layers.length - 1; l++) {
    const { weight, cols, rows, scale } = network.layers[l];
    const slopes = new Float64Array(n * cols).fill(1);
    activation.timesDerivative(pass.z[l - 1].data, pass.h[l - 1].data, slopes, slopes);
    const v = matrix(n, cols, slopes.slice());
    const out = matrix(n, rows);
    let sizes: Float64Array = new Float64Array(n);
    for (let k = 0; k < ITERATIONS; k++) {
      sizes = normalise(v.data, n, cols);
      for (let i = 0; i < v.data.length; i++) v.data[i] *= slopes[i];
      await backend.gemm(v, weights[weight], { transposeB: true, alpha: scale, out });
      await backend.gemm(out, weights[weight], { alpha: scale, out: v });
      for (let i = 0; i < v.data.length; i++) v.data[i] *= slopes[i];
    }
    sizes = normalise(v.data, n, cols); // ‖AᵀAv‖ for unit v
    norms[l] = sizes.map((size) => ALLOWANCE * Math.sqrt(size));
  }
  return { status: "ok", evidence: norms };
}

/** Makes every row a unit vector and returns the lengths; a row of zeros stays. */
function normalise(data: Float64Array, rows: number, cols: number): Float64Array {
  const sizes = new Float64Array(rows);
  for (let i = 0; i < rows; i++) {
    let square = 0;
    for (let k = i * cols; k < (i + 1) * cols; k++) square += data[k] * data[k];
    sizes[i] = Math.sqrt(square);
    if (sizes[i] > 0) for (let k = i * cols; k < (i + 1) * cols; k++) data[k] /= sizes[i];
  }
  return sizes;
}

/** An estimate of ‖A‖₂ for a symmetric A by the power method, raised by 3 %. */
export async function powerNorm(a: Matrix, backend: Backend): Promise<number> {
  const v = matrix(
    a.rows,
    1,
    Float64Array.from({ length: a.rows }, (_, r) => 1 + ((r * 7919) % 13) / 13),
  );
  let size = 0;
  for (let k = 0; k < ITERATIONS; k++) {
    const next = await backend.gemm(a, v);
    [size] = normalise(next.data, 1, a.rows);
    v.data.set(next.data);
    if (size === 0) return 0;
  }
  return ALLOWANCE * size;
}
