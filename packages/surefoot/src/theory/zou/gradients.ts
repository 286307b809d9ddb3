import type { Backend, Matrix } from "@surefoot/linalg";
import { backward } from "../../network/backward.ts";
import type { ForwardPass, Network, Weights } from "../../network/network.ts";

/** Sizes of ∇_{W_l} = factor·G_lᵀH_{l−1} without forming it. */
export interface GradientSizes {
  /** ‖∇_{W_l}‖₂ for l = 1 … L. */
  readonly spectral: readonly number[];
  /** ‖∇_{W_L}‖_F². */
  readonly topSquare: number;
}

/** Of the loss factor·Σℓ with the cotangent ∂ℓ/∂u (0 for samples that do not count). From n × n Gram matrices: ‖GᵀH‖₂² = λ_max(GGᵀHHᵀ). */
export async function gradientSizes(
  network: Network,
  weights: Weights,
  pass: ForwardPass,
  x: Matrix,
  backend: Backend,
  cotangent: Float64Array,
  factor: number,
): Promise<GradientSizes> {
  const g = await backward(network, weights, pass, backend, cotangent);
  const hidden = network.layers.length - 1;
  const spectral: number[] = [];
  let topSquare = 0;
  for (let l = 0; l < hidden; l++) {
    const left = await backend.syrk(g[l]);
    const right = await backend.syrk(l === 0 ? x : pass.h[l - 1]);
    spectral.push(factor * Math.sqrt(productNorm(left, right)));
    if (l === hidden - 1) {
      for (let k = 0; k < left.data.length; k++) topSquare += factor * factor * left.data[k] * right.data[k];
    }
  }
  return { spectral, topSquare };
}

/** λ_max(AB) of positive semidefinite A, B by power iteration, to about three digits. */
function productNorm(a: Matrix, b: Matrix): number {
  const n = a.rows;
  let v = new Float64Array(n).map((_, i) => 1 + (i % 7) / 10);
  let found = 0;
  for (let round = 0; round < 200; round++) {
    const next = times(a, times(b, v));
    const size = Math.sqrt(next.reduce((sum, value) => sum + value * value, 0));
    if (!(size > 0)) return 0;
    const settled = round > 3 && Math.abs(size - found) <= 1e-5 * size;
    found = size;
    v = next.map((value) => value / size);
    if (settled) break;
  }
  return found;
}

function times({ rows, data }: Matrix, v: Float64Array): Float64Array {
  return Float64Array.from({ length: rows }, (_, i) => {
    let sum = 0;
    for (let k = 0; k < rows; k++) sum += data[i * rows + k] * v[k];
    return sum;
  });
}
