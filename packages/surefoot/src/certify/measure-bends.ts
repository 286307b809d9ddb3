import { type Backend, type Matrix, matrix } from "@surefoot/linalg";
import { activationOf } from "../activation/registry.ts";
import { createBreather } from "../dynamics/breathe.ts";
import { backward } from "../network/backward.ts";
import { forward } from "../network/forward.ts";
import type { Network } from "../network/network.ts";
import type { Point, SmoothEvidence } from "./evidence.ts";
import { powerNorm } from "./measure-steep.ts";

/** By hidden layer (index ℓ − 1): `bendBounds` of evidence.ts. */
export type BendNorms = readonly Float64Array[];

/** The evidence with measured second derivatives; `undefined` leaves it as it is. */
export function withBends(evidence: SmoothEvidence, norms: BendNorms | undefined, network: Network): SmoothEvidence {
  const { thirdBound } = activationOf(network.activation);
  if (!norms || thirdBound === undefined) return evidence;
  const layers = evidence.layers.map((layer, l) => (norms[l] ? { ...layer, bendBounds: norms[l] } : layer));
  return { ...evidence, thirdBound, layers };
}

/**
 * C_ℓ = ∂²f/∂z_ℓ² of one sample, hidden layers from the top: C = diag(σ''(z_ℓ)∘q_ℓ) + EᵀC_{ℓ+1}E, E = s_{ℓ+1}W_{ℓ+1} diag σ'(z_ℓ).
 * `diagonal` is σ''∘q of the layer; `above` is C_{ℓ+1}, absent at the top hidden layer, where the second term is 0.
 */
export async function bentLayer(
  diagonal: Float64Array,
  above: { readonly bend: Matrix; readonly steep: Matrix } | undefined,
  backend: Backend,
): Promise<{ readonly bend: Matrix; readonly half: Matrix | undefined }> {
  const m = diagonal.length;
  const half = above && (await backend.gemm(above.bend, above.steep));
  const bend = above && half ? await backend.gemm(above.steep, half, { transposeA: true }) : matrix(m, m);
  for (let r = 0; r < m; r++) bend.data[r * m + r] += diagonal[r];
  return { bend, half };
}

/** s·W·diag d. */
export function steepMatrix(w: Matrix, scale: number, slopes: Float64Array): Matrix {
  const out = matrix(w.rows, w.cols);
  for (let r = 0, k = 0; r < w.rows; r++)
    for (let c = 0; c < w.cols; c++, k++) out.data[k] = scale * (w.data[k] * slopes[c]);
  return out;
}

/** In floating point: an estimate by the power method, raised a little (measure-bends-proved.ts proves). */
export async function bendNorms(at: Point, backend: Backend): Promise<BendNorms | undefined> {
  const { network, weights, dataset } = at;
  const activation = activationOf(network.activation);
  if (activation.thirdBound === undefined) return undefined;
  const pass = at.pass ?? (await forward(network, weights, dataset.x, backend));
  const n = dataset.x.rows;
  const gradients = at.gradients ?? (await backward(network, weights, pass, backend, new Float64Array(n).fill(1)));
  const hidden = network.layers.length - 1;
  const slopes = pass.z.slice(0, hidden).map(({ data }, l) => {
    const out = new Float64Array(data.length).fill(1);
    activation.timesDerivative(data, pass.h[l].data, out, out);
    return out;
  });
  const q: Matrix[] = [];
  for (let l = 0; l < hidden; l++) {
    const { weight, scale } = network.layers[l + 1];
    q.push(await backend.gemm(gradients[l + 1], weights[weight], { alpha: scale }));
  }
  const found = network.layers.slice(0, hidden).map(() => new Float64Array(n));
  const breathe = createBreather();
  for (let i = 0; i < n; i++) {
    await breathe();
    let bend: Matrix | undefined;
    for (let l = hidden - 1; l >= 0; l--) {
      const m = network.layers[l].rows;
      const own = (values: Float64Array) => values.subarray(i * m, (i + 1) * m);
      const back = own(q[l].data);
      const diagonal = own(pass.z[l].data).map((z, r) => activation.second(z) * back[r]);
      const { weight, scale } = network.layers[l + 1];
      const above = bend && { bend, steep: steepMatrix(weights[weight], scale, own(slopes[l])) };
      bend = (await bentLayer(diagonal, above, backend)).bend;
      found[l][i] = above
        ? await powerNorm(bend, backend)
        : diagonal.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
    }
  }
  return found;
}
